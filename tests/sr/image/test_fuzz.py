"""Damaged files: `images.read` gives a sound photo or a `PhotoError`, nothing else.

A long run, with its figures:

    FUZZ_EXAMPLES=20000 python -m pytest -s tests/sr/image/test_fuzz.py
"""

import os
import resource
import time
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from PIL import Image

from sr import image as images
from sr import settings
from tests.sr.image import pictures
from tests.sr.image.structure import ACTIONS, restructured, taken_apart

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))
LIMIT = 4 << 30  # bytes of address space for a long run; its peak is asserted below

pytestmark = pytest.mark.filterwarnings("ignore")


def seeds() -> dict[str, bytes]:
    """A small file of each kind, with what makes parsers stumble: EXIF, ICC, alpha, frames."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8))
    exif = Image.Exif()
    exif[274], exif[271], exif[0x8769] = 6, "Maker", {0x9003: "2024:01:02 03:04:05"}
    rich = {"exif": exif.tobytes(), "icc_profile": pictures.swapped_profile()}
    clear = pictures.seethrough()
    encoded = pictures.encoded
    return {
        "jpeg": encoded(noise, "JPEG", **rich),
        "progressive": encoded(noise, "JPEG", progressive=True),
        "jpeg cmyk": encoded(noise.convert("CMYK"), "JPEG", icc_profile=pictures.cmyk_profile()),
        "mpo": pictures.frames("MPO"),
        "png": encoded(clear, "PNG", **rich),
        "apng": pictures.frames("PNG"),
        "palette": encoded(pictures.seethrough().quantize(8), "PNG"),
        "png 16": pictures.png(pictures.deep(*pictures.COLOUR), 2, 16),
        "webp": encoded(clear, "WEBP", **rich),
        "webp two": pictures.frames("WEBP", lossless=True),
        "avif": encoded(clear, "AVIF", **rich),
        "heic": encoded(clear, "HEIF", **rich),
        "gif": encoded(clear, "GIF"),
        "gif two": pictures.frames("GIF"),
        "webp canvas": pictures.half_canvas("WEBP"),
        "avif window": pictures.avif_with_window(),
        "jpeg restarts": encoded(noise, "JPEG", restart_marker_rows=1),
        "png colours": pictures.png(
            pictures.deep(*pictures.COLOUR),
            2,
            16,
            pictures.chunk(b"gAMA", bytes(3) + b"\xff")
            + pictures.chunk(b"cICP", b"\x0c\x10\0\1")
            + pictures.chunk(b"tRNS", bytes(6)),
        ),
        "bmp": encoded(noise.quantize(16), "BMP"),
        "tiff": encoded(noise, "TIFF", exif=exif.tobytes()),
        "tiff lzw": encoded(clear, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": encoded(noise, "TIFF", compression="jpeg"),
        "tiff two": pictures.frames("TIFF", compression="tiff_adobe_deflate"),
        "tiff float": encoded(pictures.levels(0.4, 1, np.float32), "TIFF"),
        "jpeg 2000": encoded(clear, "JPEG2000"),
        "j2k": encoded(noise, "JPEG2000", no_jp2=True),
    }


SEEDS = seeds()
place = st.floats(0, 1, exclude_max=True)
edge = st.sampled_from(
    [b"\0" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\0\0\xff\xff", b"\x80", b"\1"]
)
mutation = st.one_of(
    st.tuples(st.just("flip"), place, st.integers(1, 255)),
    st.tuples(st.just("header"), place, st.integers(1, 255)),
    st.tuples(st.just("write"), place, edge),
    st.tuples(st.just("insert"), place, st.binary(min_size=1, max_size=8)),
    st.tuples(st.just("delete"), place, st.integers(1, 64)),
    st.tuples(st.just("cut"), place, st.none()),
    st.tuples(st.just("splice"), place, st.sampled_from(sorted(SEEDS))),
)
# Of a unit of the format: which one, what is done to it, and where in it or with which other.
restructuring = st.tuples(
    st.just("unit"),
    place,
    st.tuples(st.sampled_from(ACTIONS), place, edge),
)


def mutated(data: bytes, kind: str, where: float, what) -> bytes:
    if kind == "unit":
        return restructured(data, where, *what)
    at = int(where * (min(len(data), 64) if kind == "header" else len(data)))
    if kind in ("flip", "header"):
        return data[:at] + bytes(b ^ what for b in data[at : at + 1]) + data[at + 1 :]
    if kind == "write":
        return data[:at] + what + data[at + len(what) :]
    if kind == "insert":
        return data[:at] + what + data[at:]
    if kind == "delete":
        return data[:at] + data[at + what :]
    return data[:at] + (SEEDS[what][at:] if kind == "splice" else b"")


@pytest.mark.parametrize("name", SEEDS)
def test_the_seeds_are_photos_and_so_are_their_units_joined(tmp_path, name):
    units, joined = taken_apart(SEEDS[name])
    assert len(units) > 1 or name == "bmp"
    for data in (SEEDS[name], joined(units)):
        (tmp_path / name).write_bytes(data)
        assert images.read(tmp_path / name).pixels.size >= 24 * 32 * 3


def outcome(path) -> str:
    try:
        read = images.read(path)
    except images.PhotoError as error:
        assert str(error).startswith("“a b.jpg”") and str(error).endswith(".")
        return "refused"
    width, height = read.size
    assert read.pixels.shape == (height, width, 3) and read.pixels.dtype == np.uint8
    assert 0 < width * height <= settings.max_pixels() and max(read.size) <= settings.MAX_SIDE
    assert read.alpha is None or read.alpha.shape == (height, width)
    assert read.alpha is None or (read.alpha.dtype == np.uint8 and read.alpha.min() < 255)
    assert read.name == "a b" and isinstance(read.notes, tuple)
    assert read.exif is None or isinstance(read.exif, bytes)
    return "photo"


def test_damaged_files_are_photos_or_refused(tmp_path):
    path, counts, start = tmp_path / "a b.jpg", Counter(), time.perf_counter()

    @trying(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=EXAMPLES <= 1000,  # the short run is the same each time
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.sampled_from(sorted(SEEDS)),
        st.lists(st.one_of(mutation, restructuring), min_size=1, max_size=4),
    )
    def run(name, mutations):
        data = SEEDS[name]
        for kind, where, what in mutations:
            data = mutated(data, kind, where, what)
        path.write_bytes(data)
        counts[outcome(path)] += 1

    old = resource.getrlimit(resource.RLIMIT_AS)
    try:
        if EXAMPLES > 1000:
            resource.setrlimit(resource.RLIMIT_AS, (LIMIT, old[1]))
        run()
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\n{dict(counts)}, peak {peak} MB, {time.perf_counter() - start:.0f} s")
    assert counts["photo"] and counts["refused"]
    assert EXAMPLES <= 1000 or peak < 1000  # a short run shares its process with other tests
