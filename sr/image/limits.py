"""Files made to exhaust memory or time, stopped before Pillow meets them. Knows no Pillow."""

import io
import re
import struct
import time

from sr.image.headers import without_end
from sr.settings import MAX_OPENING_SECONDS

MAX_EXIF = 256 << 10  # bytes; what is behind them is ignored
# Numbers in a TIFF's tags (two for each strip or tile), and passes over a progressive JPEG (ten
# are usual; some more are seen by chance in its metadata).
MAX_NUMBERS = 1 << 18
MAX_SCANS = 250
_BYTES = {1, 2, 6, 7}  # TIFF types that stay bytes in Pillow


class Reader(io.BytesIO):
    """A file in memory that is hard to use as a bomb.

    A few megabytes of tags that all point at the same bytes become gigabytes
    in Pillow, and tiny blocks or JPEG scans become hours. So what is read may
    be at most eight times the file, with a toll on each call and each scan,
    and nothing is read once the thread has worked `MAX_OPENING_SECONDS`.
    EXIF of JPEG, AVIF and HEIF, which their plugins parse at once, is taken
    out and kept as `exif`; a JPEG's end and a GIF's comments are taken out.
    """

    def __init__(self, data: bytes) -> None:
        self.exif = b""
        self.jpeg = data[:2] == b"\xff\xd8"
        if data[4:8] == b"ftyp":
            self.exif = data
            data = re.sub(rb"(infe.{8,10}?)Exif", rb"\1none", data, flags=re.DOTALL)
        elif self.jpeg:
            data = without_end(data)
        elif data[:3] == b"GIF":
            data = _without_comments(data)
        super().__init__(data)
        self.left = 8 * len(data) + (1 << 20)
        self.toll = 0 if data[:2] in (b"BM", b"GI") else 256  # whose pixels come in tiny pieces
        self.scan_toll = self.left // MAX_SCANS if self.jpeg else 0
        self.deadline = time.thread_time() + MAX_OPENING_SECONDS
        self.late = False
        self.calls = 0

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        if self.jpeg:
            chunk = self._without_exif(chunk)
        self.left -= len(chunk) + self.toll
        self.calls += 1
        if len(chunk) > 2 or self.calls % 64 == 0:  # the clock takes longer than a tiny piece
            self.late = self.late or time.thread_time() > self.deadline
        if self.left < 0 or self.late:
            raise OSError("far more is read than the file holds, or for far too long")
        return chunk

    def _without_exif(self, chunk: bytes) -> bytes:
        """A piece of a JPEG, zeros if it is an EXIF segment's content; the toll of its scans."""
        self.left -= self.scan_toll * chunk.count(b"\xff\xda")
        if chunk[:6] != b"Exif\0\0":  # an APP1 segment; long EXIF continues in the next
            return chunk
        if len(self.exif) < MAX_EXIF:
            self.exif += chunk[6 if self.exif else 0 :]
        return bytes(len(chunk))


def _without_comments(data: bytes) -> bytes:
    """A GIF whose comments before the second picture are blocks of no known kind.

    Pillow joins comments piece by piece, which takes time with the square of their length.
    """
    gif = bytearray(data)
    try:
        at = 13 + _palette(gif[10])
        for _ in range(2):
            while gif[at] == ord("!"):
                if gif[at + 1] == 0xFE and gif[at + 2]:  # Pillow reads on behind other empty ones
                    gif[at + 1] = 0
                at = _after_blocks(gif, at + 2)
            if gif[at] != ord(","):
                break
            at = _after_blocks(gif, at + 11 + _palette(gif[at + 9]))
    except IndexError:  # no second picture, or a cut file
        pass
    return bytes(gif)


def _palette(flags: int) -> int:
    """Bytes of the palette that a GIF's flags tell of."""
    return 3 << (flags & 7) + 1 if flags & 128 else 0


def _after_blocks(gif: bytearray, at: int) -> int:
    """Where the blocks that begin at `at` have ended, each its length and as many bytes."""
    while gif[at]:
        at += gif[at] + 1
    return at + 1


def check_tags(data: bytes) -> None:
    """Raise if a TIFF's first directory holds more numbers than strips and tiles can need.

    Pillow turns each into an object and walks them all, for minutes and gigabytes.
    """
    order = "<" if data[:1] == b"I" else ">"
    big = b"+" in data[2:4]
    head, tag = (struct.Struct(order + f) for f in (("Q", "HHQQ") if big else ("H", "HHII")))
    (at,) = struct.unpack_from(order + ("8xQ" if big else "4xI"), data)
    (tags,) = head.unpack_from(data, at)
    rows = tag.iter_unpack(data[at + head.size :][: tags * tag.size])
    if sum(count for _, kind, count, _ in rows if kind not in _BYTES) > MAX_NUMBERS:
        raise OSError("far more numbers than a photo's tags hold")
