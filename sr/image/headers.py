"""What files say that Pillow passes over, read from their own bytes. Knows no Pillow."""

import re
import struct
from collections.abc import Iterator

KIND = "is a kind of {} that this app can't read: save it as JPEG or PNG first."
RAW = (
    "is a camera's raw file or another kind of TIFF that this app can't read: save it as JPEG or "
    "PNG first."
)
MAX_SEGMENTS = 10_000  # of a JPEG, which has some dozens
Extent = tuple[int, int, int, int]  # left, top, right, bottom in pixels
# JPEG's markers, but for stuffed bytes and restarts.
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])", re.DOTALL)
_ALONE = {0x01, 0xD8, 0xD9}  # markers without a length
_END = b"\xff\xd9"
_SCAN = 0xDA
_BASELINE = {0xC0, 0xC1}  # frames of Huffman codes in sequence
_PROGRESSIVE = {0xC2, 0xCA}
_FRAMES = {*_BASELINE, *_PROGRESSIVE, 0xC9}  # 0xC9 and 0xCA are of arithmetic codes
LOOKED_AHEAD = 8  # bytes that libjpeg's Huffman decoder fetches before it needs them


class KindError(OSError):
    """A sound file is of a kind that can't be read; the message follows the file's name."""


def without_end(data: bytes) -> bytes:
    """A JPEG of one Huffman-coded scan without its end marker and what is behind.

    Of a cut file to which an end marker was put, or whose header claims more rows than there are,
    libjpeg makes the rest grey, with a warning that Pillow drops.  Without the marker it asks for
    more, and Pillow says that the file is cut.
    """
    try:
        frame, components = 0, 0
        for marker, body, at in _segments(data):
            if marker in _FRAMES:
                frame, components = marker, body[5]
            elif marker == _SCAN:
                if frame not in _BASELINE or body[0] != components:
                    return data
                end = data.find(_END, at)
                return data[: end if end >= 0 else None] + bytes(LOOKED_AHEAD)
    except (IndexError, struct.error):
        pass
    return data


def check_jpeg(data: bytes) -> None:
    """Raise if a JPEG of several scans lacks some, or has samples of more than 8 bits.

    A progressive one's coefficients must each come down to their last bit (ITU-T T.81, G.1.1).
    """
    left: dict[int, list[int]] = {}  # component -> bits still to come, of 64 coefficients
    frame = 0
    for marker, body, _ in _segments(data):
        if marker in _FRAMES:
            if body[0] != 8:
                raise KindError(KIND.format("JPEG"))
            frame, left = marker, {number: [8] * 64 for number in body[6 : 6 + 3 * body[5] : 3]}
        elif marker == _SCAN and left:
            numbers = body[1 : 1 + 2 * body[0] : 2]
            if frame in _BASELINE and len(numbers) == len(left):
                return  # as `without_end` leaves it: there is no more to look at
            first, last, bits = body[1 + 2 * body[0] : 4 + 2 * body[0]]
            if frame not in _PROGRESSIVE:
                first, last, bits = 0, 63, 0
            for number in numbers:
                left[number][first : last + 1] = [bits & 15] * (last + 1 - first)
    if any(any(bits) for bits in left.values()):
        raise OSError("scans are missing")


def check_jpeg2000(data: bytes) -> None:
    """Raise unless a JPEG 2000 has 8 bits for each component, or is grey with more.

    From others Pillow makes wrong levels: white becomes black.
    """
    at = data.index(b"\xff\x4f\xff\x51")  # the markers SOC and SIZ (ITU-T T.800, A.5.1)
    (count,) = struct.unpack_from(">H", data, at + 40)
    bits = [(depth & 127) + 1 for depth in data[at + 42 : at + 42 + 3 * count : 3]]
    if set(bits) != {8} and (count > 1 or bits[0] < 8):
        raise KindError(KIND.format("JPEG 2000"))


def webp_extent(data: bytes) -> Extent | None:
    """Where the first picture of an animated WebP lies on its canvas; None if it isn't animated."""
    at = 12
    while at + 24 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            left, top, width, height = (
                int.from_bytes(data[i : i + 3], "little") for i in range(at + 8, at + 20, 3)
            )
            return 2 * left, 2 * top, 2 * left + width + 1, 2 * top + height + 1
        at += 8 + size + size % 2
    return None


def png_chunk(data: bytes, wanted: bytes) -> bytes:
    """The content of a PNG's chunk of a kind, if there is one before the pixels; or nothing."""
    at = 8
    while (kind := data[at + 4 : at + 8]) not in (b"IDAT", b""):
        size = int.from_bytes(data[at : at + 4], "big")
        if kind == wanted:
            return data[at + 8 : at + 8 + size]
        at += 12 + size
    return b""


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """A JPEG's markers that have a length, each with its content and where that ends."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if not found or found[1] == _END[1:]:
            return
        at = found.end()
        if found[1][0] not in _ALONE:
            at += max(struct.unpack_from(">H", data, at)[0], 2)
            yield found[1][0], data[found.end() + 2 : at], at
