"""Image files for the tests, made on the spot: nothing is stored."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

WIDTH, HEIGHT, MARK = 32, 24, 8
COLOUR = (200, 80, 40)
GREY = 111  # what luma makes of COLOUR
UNDO = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # FLIP_LEFT_RIGHT = 0 ... TRANSVERSE = 6

pillow_heif.register_heif_opener()


def marked(mode: str = "RGB", colour: tuple[int, int, int] = COLOUR) -> Image.Image:
    """`colour` with a white square at the top left."""
    image = Image.new("RGB", (WIDTH, HEIGHT), colour)
    image.paste("white", (0, 0, MARK, MARK))
    return image.convert(mode)


def levels(grey: float, white: float, kind: type | str) -> Image.Image:
    """The same in deep grey."""
    values = np.full((HEIGHT, WIDTH), grey)
    values[:MARK, :MARK] = white
    return Image.fromarray(values.astype(kind))


def seethrough(mode: str = "RGBA", alpha: int | None = None) -> Image.Image:
    """`marked` with constant alpha, or the right half hidden."""
    image = marked("RGBA")
    plane = Image.new("L", image.size, 255 if alpha is None else alpha)
    if alpha is None:
        plane.paste(0, (WIDTH // 2, 0, WIDTH, HEIGHT))
    image.putalpha(plane)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def frames(kind: str, count: int = 2, **options) -> bytes:
    """A file whose first picture is `marked` and the others are blue."""
    others = [marked(colour=(0, 0, 255 - i)) for i in range(count - 1)]
    return encoded(marked(), kind, save_all=True, append_images=others, **options)


def turned(orientation: int, kind: str, image: Image.Image | None = None, **options) -> bytes:
    """A file whose pixels lie as `orientation` says, with the tag that puts them upright."""
    image = image or marked()
    exif = Image.Exif()
    exif[274] = orientation
    image = image.transpose(UNDO[orientation]) if orientation in UNDO else image
    return encoded(image, kind, exif=exif.tobytes(), **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(
    values: np.ndarray,
    colour_type: int,
    bits: int = 8,
    extra: bytes = b"",
    size: tuple[int, int] | None = None,
) -> bytes:
    """PNG by hand. values: (H, W, channels); size: the forged width and height."""
    height, width = values.shape[:2]
    header = struct.pack(">IIBBBBB", *(size or (width, height)), bits, colour_type, 0, 0, 0)
    rows = values.astype(">u2" if bits == 16 else np.uint8)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


def deep(*colour: int) -> np.ndarray:
    """(H, W, channels) of 16 bits with the white square."""
    values = np.tile(np.array(colour, np.uint16) * 257, (HEIGHT, WIDTH, 1))
    values[:MARK, :MARK] = 65535
    return values


def tiff(values: np.ndarray, tags: dict[int, tuple[int, ...]], order: str = "<") -> bytes:
    """Uncompressed TIFF by hand with one strip; tags are SHORTs unless a value needs a LONG."""
    height, width = values.shape[:2]
    pixels = values.tobytes()
    tags = {256: (width,), 257: (height,), 259: (1,), 278: (height,), 279: (len(pixels),), **tags}
    tags[273] = (0,)  # for its place in the order; filled in below
    start = 8 + 2 + 12 * len(tags) + 4
    body = b""
    entries = b""
    tags[273] = (start + sum(2 * len(v) for v in tags.values() if len(v) > 2),)
    for tag, numbers in sorted(tags.items()):
        if len(numbers) == 1:
            entries += struct.pack(f"{order}HHII", tag, 4, 1, numbers[0])
        elif len(numbers) == 2:
            entries += struct.pack(f"{order}HHIHH", tag, 3, 2, *numbers)
        else:
            entries += struct.pack(f"{order}HHII", tag, 3, len(numbers), start + len(body))
            body += struct.pack(f"{order}{len(numbers)}H", *numbers)
    magic = b"II*\0" if order == "<" else b"MM\0*"
    head = magic + struct.pack(f"{order}IH", 8, len(tags))
    return head + entries + bytes(4) + body + pixels


def tag_bomb(pointers: int = 4000, size: int = 1 << 20) -> bytes:
    """TIFF directory whose tags all claim the same megabyte."""
    tags = b"".join(struct.pack("<HHII", 40000 + i, 7, size, 8) for i in range(pointers))
    return b"II*\0" + struct.pack("<IH", 8, pointers) + tags + bytes(4) + bytes(size)


def number_bomb(count: int = 5_000_000) -> bytes:
    """TIFF with millions of strips."""
    one = [(256, 1000), (257, 1000), (258, 8), (259, 1), (262, 1), (277, 1), (278, 1)]
    tags = [(tag, 4, 1, value) for tag, value in one] + [(273, 4, count, 8), (279, 4, count, 8)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in sorted(tags))
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4 + 4 * count)


def scan_bomb(times: int = 1000) -> bytes:
    """Progressive JPEG that passes over its 4 megapixels again and again."""
    data = encoded(Image.new("L", (2000, 2000)), "JPEG", progressive=True)
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * times + data[end:]


def swapped_profile() -> bytes:
    """sRGB whose red and green primaries have changed places."""
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return data.replace(b"rXYZ", b"tmp ").replace(b"gXYZ", b"rXYZ").replace(b"tmp ", b"gXYZ")


def _profile(space: bytes, kind: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags.items():
        data += bytes(-len(data) % 4)
        table += struct.pack(">4sII", name, 132 + 12 * len(tags) + len(body), len(data))
        body += data
    head = bytearray(128)
    head[8:12] = b"\x02\x40\0\0"
    head[12:24] = kind + space + pcs
    head[36:40] = b"acsp"
    head[68:80] = struct.pack(">iii", 63190, 65536, 54061)  # D50
    struct.pack_into(">I", head, 0, 128 + len(table) + len(body))
    return bytes(head) + table + body


def linear_grey_profile() -> bytes:
    """Grey whose values are proportional to light: 55 of 255 is 128 in sRGB."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">I", 0)
    return _profile(b"GRAY", b"mntr", b"XYZ ", {b"wtpt": white, b"kTRC": curve})


def cmyk_profile() -> bytes:
    """CMYK where cyan ink makes a mid grey, black ink black, and the others do nothing."""
    ramp = bytes(range(256))
    light = [0 if i & 1 else 128 if i & 8 else 255 for i in range(16)]
    corners = b"".join(bytes([value, 128, 128]) for value in light)
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + corners + ramp * 3
    return _profile(b"CMYK", b"prtr", b"Lab ", {b"A2B0": table})
