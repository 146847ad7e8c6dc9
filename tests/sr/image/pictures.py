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


def tiff(
    values: np.ndarray, tags: dict[int, tuple[int, ...]], order: str = "<", strips: int = 1
) -> bytes:
    """Uncompressed TIFF by hand; tags are SHORTs unless a value needs a LONG.

    strips: 1, or 3 planes one behind the other.
    """
    height, width = values.shape[:2]
    pixels = values.tobytes()
    size = len(pixels) // strips
    tags = {256: (width,), 257: (height,), 259: (1,), 278: (height,), 279: (size,) * strips, **tags}
    tags[273] = (0,) * strips  # for its place in the order; filled in below
    start = 8 + 2 + 12 * len(tags) + 4
    body = b""
    entries = b""
    first = start + sum(2 * len(v) for v in tags.values() if len(v) > 2)
    tags[273] = tuple(first + size * i for i in range(strips))
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


def cut_and_ended(data: bytes, share: float) -> bytes:
    """A JPEG's beginning with an end marker put behind it."""
    return data[: int(len(data) * share)].rstrip(b"\xff") + b"\xff\xd9"


def with_frame(data: bytes, at: int, field: str, value: int) -> bytes:
    """A baseline JPEG with another number in its frame header: `at` 4 precision, 5 height."""
    changed = bytearray(data)
    struct.pack_into(field, changed, data.index(b"\xff\xc0") + at, value)
    return bytes(changed)


def jpeg2000(bits: int, mode: str = "RGB") -> bytes:
    """A JPEG 2000 whose header says that its samples have so many bits."""
    data = bytearray(encoded(marked(mode), "JPEG2000"))
    at = data.index(b"\xff\x4f\xff\x51") + 42
    for component in range(len(mode)):
        data[at + 3 * component] = bits - 1
    return bytes(data)


def frame_control(width: int, height: int = HEIGHT) -> bytes:
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0))


def animation_control(frames: int) -> bytes:
    return chunk(b"acTL", struct.pack(">II", frames, 0))


def half_canvas(kind: str) -> bytes:
    """An animation of one picture, `marked`'s left half, on a canvas of the whole size."""
    half = marked().crop((0, 0, WIDTH // 2, HEIGHT))
    if kind == "PNG":
        extra = animation_control(1) + frame_control(WIDTH // 2)
        return png(np.asarray(half), 2, extra=extra, size=(WIDTH, HEIGHT))
    if kind == "GIF":
        data = encoded(half, "GIF")
        return data[:6] + struct.pack("<H", WIDTH) + data[8:]
    picture = encoded(half, "WEBP", lossless=True)[12:]
    frame = bytes(6) + _three(WIDTH // 2 - 1, HEIGHT - 1, 100) + b"\0" + picture
    body = b"WEBP" + riff(b"VP8X", b"\2\0\0\0" + _three(WIDTH - 1, HEIGHT - 1))
    body += riff(b"ANIM", bytes(6)) + riff(b"ANMF", frame)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _three(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(3, "little") for number in numbers)


def avif_with_window() -> bytes:
    """An AVIF of 40 x 24 pixels with the property (clap) that shows the left 32 of each row."""
    wide = Image.new("RGB", (WIDTH + 8, HEIGHT), "blue")
    wide.paste(marked(), (0, 0))
    data = bytearray(encoded(wide, "AVIF", quality=95, subsampling="4:4:4"))
    clap = struct.pack(">I4s8i", 40, b"clap", WIDTH, 1, HEIGHT, 1, -4, 1, 0, 1)
    ipco, ipma = data.index(b"ipco"), data.index(b"ipma")
    extent = data.index(b"iloc") + 18  # of its only item; offsets of four bytes
    end, properties = ipco - 4, 0
    (size,) = struct.unpack_from(">I", data, end)
    at = end + 8
    while at < end + size:
        properties, at = properties + 1, at + struct.unpack_from(">I", data, at)[0]
    for place, more in ((extent, 41), (ipma - 4, 1), (ipco - 4, 40)):
        _add(data, place, more)
    _add(data, data.index(b"iprp") - 4, 41)
    _add(data, data.index(b"meta") - 4, 41)
    data[ipma + 14] += 1  # associations of the item
    data.insert(ipma + 15, 0x80 | properties + 1)
    data[at:at] = clap
    return bytes(data)


def _add(data: bytearray, at: int, more: int) -> None:
    struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + more)
