"""Files made to exhaust memory or time, stopped before Pillow meets them. Knows no Pillow."""

import io
import re
import struct

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
    be at most eight times the file, with a toll on each call and each scan.
    And EXIF of JPEG, AVIF and HEIF, which their plugins parse at once, is
    taken out and kept as `exif`.
    """

    def __init__(self, data: bytes) -> None:
        self.exif = b""
        if data[4:8] == b"ftyp":
            self.exif = data
            data = re.sub(rb"(infe.{8,10}?)Exif", rb"\1none", data, flags=re.DOTALL)
        super().__init__(data)
        self.left = 8 * len(data) + (1 << 20)
        self.scan_toll = self.left // MAX_SCANS if data[:2] == b"\xff\xd8" else 0

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        self.left -= len(chunk) + 256 + self.scan_toll * chunk.count(b"\xff\xda")
        if self.left < 0:
            raise OSError("far more is read than the file holds")
        if chunk[:6] == b"Exif\0\0":  # a JPEG's APP1 segment; long EXIF continues in the next
            if len(self.exif) < MAX_EXIF:
                self.exif += chunk[6 if self.exif else 0 :]
            return bytes(len(chunk))
        return chunk


def check_tags(data: bytes) -> None:
    """Raise if a TIFF's first directory holds more numbers than strips and tiles can need.

    Pillow turns each into an object and walks them all, for minutes and gigabytes.
    """
    order = "<" if data[:1] == b"I" else ">"
    big = data[2:3] == b"+"  # BigTIFF, as Pillow recognises it
    head, tag = (struct.Struct(order + f) for f in (("Q", "HHQQ") if big else ("H", "HHII")))
    (at,) = struct.unpack_from(order + ("8xQ" if big else "4xI"), data)
    (tags,) = head.unpack_from(data, at)
    rows = tag.iter_unpack(data[at + head.size :][: tags * tag.size])
    if sum(count for _, kind, count, _ in rows if kind not in _BYTES) > MAX_NUMBERS:
        raise OSError("far more numbers than a photo's tags hold")
