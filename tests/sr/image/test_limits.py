"""Files that take long to open: the work grows with the file, and ends at the limit."""

import struct
import time

import numpy as np
import pytest
from PIL import Image

from sr import image as images
from sr.image import limits
from tests.sr.image import pictures

COMMENT = b"!\xfe" + (b"\xff" + b"c" * 255) + b"\0"


def opened(path, data: bytes) -> tuple[images.Photo, float]:
    """The photo and the seconds of work on it."""
    path.write_bytes(data)
    start = time.thread_time()
    return images.read(path), time.thread_time() - start


def gif() -> tuple[bytes, bytes]:
    """Header with palette, and the rest."""
    data = pictures.encoded(pictures.marked(), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at], data[at:]


@pytest.mark.parametrize(
    "comments",
    [COMMENT * 80_000, b"!\xfe" + (b"\xff" + b"c" * 255) * 80_000 + b"\0"],
    ids=["many", "one long"],
)
@pytest.mark.parametrize("between", [False, True], ids=["before", "between"])
def test_comments_of_20_mb_take_a_moment(tmp_path, comments, between):
    """Pillow joins them piece by piece: a file like these took it minutes."""
    head, rest = gif()
    data = head + rest[:-1] + comments + b";" if between else head + comments + rest
    photo, seconds = opened(tmp_path / "a.gif", data)
    assert photo.size == (pictures.WIDTH, pictures.HEIGHT) and seconds < 5


def test_comments_change_nothing_else(tmp_path):
    head, rest = gif()
    plain, _ = opened(tmp_path / "a.gif", head + rest)
    photo, _ = opened(tmp_path / "a.gif", head + COMMENT + b"!\xfe\0" + rest)
    np.testing.assert_array_equal(photo.pixels, plain.pixels)


@pytest.mark.parametrize("length", [1, 30])
def test_a_gif_of_tiny_blocks_is_no_bomb(tmp_path, length):
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300), np.uint8))
    data = pictures.encoded(noise, "GIF")
    at = data.index(b",", 13 + (3 << (data[10] & 7) + 1)) + 11  # where the pixels' blocks begin
    codes, block = b"", at
    while data[block]:
        codes += data[block + 1 : block + 1 + data[block]]
        block += 1 + data[block]
    pieces = (codes[i : i + length] for i in range(0, len(codes), length))
    tiny = data[:at] + b"".join(bytes([len(p)]) + p for p in pieces) + b"\0;"
    photo, _ = opened(tmp_path / "a.gif", tiny)
    np.testing.assert_array_equal(photo.pixels[:, :, 0], np.asarray(noise))


@pytest.mark.parametrize("bits", [4, 8])
def test_a_bmp_of_tiny_runs_is_no_bomb(tmp_path, bits):
    """Each run is of one pixel (RLE8) or two (RLE4): a call or two for each two bytes."""
    levels = np.random.default_rng(0).integers(0, 2**bits, (200, 200 * bits // 8)).astype(np.uint8)
    run = 8 // bits
    rows = (np.stack([np.full_like(row, run), row * (17 if bits == 4 else 1)], 1) for row in levels)
    body = b"".join(row.tobytes() + b"\0\0" for row in rows) + b"\0\1"
    palette = b"".join(bytes([i * 255 // (2**bits - 1)] * 3 + [0]) for i in range(2**bits))
    start = 54 + len(palette)
    width = levels.shape[1] * run
    head = struct.pack("<IiiHHIIiiII", 40, width, 200, 1, bits, run, len(body), 0, 0, 0, 0)
    data = b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + palette + body
    photo, _ = opened(tmp_path / "a.bmp", data)
    expected = (levels[::-1].astype(int) * 255 // (2**bits - 1)).repeat(run, axis=1)
    np.testing.assert_array_equal(photo.pixels[:, :, 0], expected)


def test_what_takes_too_long_is_given_up(tmp_path, monkeypatch):
    """A GIF's block of 20 million bytes, one by one, would take half a minute."""
    monkeypatch.setattr(limits, "MAX_OPENING_SECONDS", 0.5)
    head, rest = gif()
    (tmp_path / "a.gif").write_bytes(head + b"!\1" + b"\1c" * 10_000_000 + b"\0" + rest)
    start = time.thread_time()
    with pytest.raises(images.PhotoError, match=r"takes too long to open: save it again as JPEG"):
        images.read(tmp_path / "a.gif")
    assert time.thread_time() - start < 5
