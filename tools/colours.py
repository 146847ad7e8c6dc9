"""python -m tools.colours: how far `sr.image.read` is from other decoders, format by format.

Each file shows the same picture; other libraries write it, and their own decoders and the
standards' formulas say what its sRGB levels are. The table has the mean absolute difference in
levels, 0..255, or the sentence with which a file is refused. Nothing is written.
"""

import io
import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from sr import image as images

HEIGHT, WIDTH = 96, 128
PRIMARIES = {  # ITU-T H.273: x and y of red, green, blue; all with the white of D65
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
PQ, HLG = 16, 18
Case = tuple[str, bytes, np.ndarray]  # its name, the file, the (H, W, 3 or 4) levels in sRGB


def picture() -> np.ndarray:
    """(H, W, 3) uint8 with all hues, smooth but for a bright square."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    channels = (columns * 255 / (WIDTH - 1), rows * 255 / (HEIGHT - 1), 255 - columns - rows)
    levels = np.stack(channels, 2).clip(0, 255).astype(np.uint8)
    levels[10:30, 10:30] = 255
    return levels


RGB = picture()
GREY = RGB[:, :, 0]
DEEP = RGB.astype(np.uint16) * 257
ALPHA = np.dstack([RGB, np.tile(np.where(np.arange(WIDTH) < 64, 255, 128), (HEIGHT, 1))])
ALPHA = ALPHA.astype(np.uint8)


# The standards


def light(levels: np.ndarray, transfer: int | float) -> np.ndarray:
    """Levels 0..255 to linear light. transfer: a gamma, or a code point of H.273."""
    v = levels / 255
    if isinstance(transfer, float):
        return v**transfer
    if transfer == PQ:  # SMPTE ST 2084, in paper whites of 203 nits
        root = v ** (1 / 78.84375)
        nits = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (
            1 / 0.1593017578125
        )
        return nits * 10_000 / 203
    if transfer == HLG:  # ITU-R BT.2100, 1000 nits
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(v <= 0.5, v**2 / 3, (np.exp((v - c) / a) + b) / 12)
        weights = np.array([0.2627, 0.6780, 0.0593])
        return scene * (scene @ weights)[..., None] ** 0.2 * 1000 / 203
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def to_xyz(primaries: int) -> np.ndarray:
    columns = np.array(
        [(x / y, 1, (1 - x - y) / y) for x, y in (*PRIMARIES[primaries], (0.3127, 0.329))]
    ).T
    return columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3])


def srgb(levels: np.ndarray, primaries: int = 1, transfer: int | float = 13) -> np.ndarray:
    """(H, W, 3) levels of other colours as sRGB's, what is out of its range at the range's end."""
    linear = light(levels, transfer) @ to_xyz(primaries).T @ np.linalg.inv(to_xyz(1)).T
    linear = linear.clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def rgb(levels: np.ndarray) -> np.ndarray:
    """Grey as RGB."""
    return np.repeat(levels[:, :, None], 3, axis=2) if levels.ndim == 2 else levels


# The files


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(levels: np.ndarray, *extra: bytes) -> bytes:
    data = imagecodecs.png_encode(levels)
    return data[:33] + b"".join(extra) + data[33:]


def saved(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def tiff(values: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


def of_jpeg() -> Iterator[Case]:
    for quality in (75, 95):
        data = imagecodecs.jpeg8_encode(RGB, level=quality)
        yield f"JPEG, quality {quality}", data, imagecodecs.jpeg8_decode(data)
        cut = data[: len(data) // 3] + b"\xff\xd9"
        yield f"JPEG, quality {quality}, cut, end marker put back", cut, RGB


def of_jpeg2000() -> Iterator[Case]:
    for name, levels in (("grey", GREY), ("RGB", RGB), ("RGBA", ALPHA)):
        for bits in (8, 12, 16):
            kind = np.uint8 if bits == 8 else np.uint16
            values = np.round(levels / 255 * (2**bits - 1)).astype(kind)
            data = imagecodecs.jpeg2k_encode(values, bitspersample=bits, reversible=True, level=0)
            decoded = imagecodecs.jpeg2k_decode(data)
            yield f"JPEG 2000, {name}, {bits} bits", data, decoded / (2**bits - 1) * 255


def of_tiff() -> Iterator[Case]:
    planes = np.moveaxis(DEEP, 2, 0)
    for order in "<>":
        end = {"<": "", ">": ", big end first"}[order]
        options = {"photometric": "rgb", "byteorder": order}
        yield f"TIFF, RGB 16{end}", tiff(DEEP, **options), RGB
        planar = tiff(planes, planarconfig="separate", **options)
        yield (
            f"TIFF, RGB 16 in planes{end}",
            planar,
            tifffile.imread(io.BytesIO(planar)).transpose(1, 2, 0) / 257,
        )
        yield f"BigTIFF{end}", tiff(RGB, bigtiff=True, **options), RGB
        for kind, white in (("u4", 2**32 - 1), ("i4", 65535), ("i2", 32767), ("f4", 1)):
            values = (GREY / 255 * white).astype(kind)
            for compression in (None, "zlib"):
                data = tiff(values, compression=compression, byteorder=order)
                decoded = tifffile.imread(io.BytesIO(data)) / white * 255
                yield f"TIFF, grey {kind}, {compression or 'raw'}{end}", data, decoded
    webp = tiff(RGB, photometric="rgb", compression="webp", compressionargs={"level": 100})
    yield "TIFF, WebP inside", webp, RGB
    version = [(50706, 1, 4, b"\1\4\0\0", True)]
    yield "DNG: its preview", tiff(RGB, photometric="rgb", extratags=version), RGB


def of_png() -> Iterator[Case]:
    yield "PNG", png(RGB), RGB
    for gamma in (45455, 100000, 55556):
        data = png(RGB, chunk(b"gAMA", struct.pack(">I", gamma)))
        reference = RGB if gamma == 45455 else srgb(RGB, 1, 100000 / gamma)
        yield f"PNG, gAMA {gamma / 100000:g}", data, reference
    for primaries, transfer in ((12, 13), (9, 13), (1, 8), (9, PQ), (9, HLG)):
        data = png(RGB, chunk(b"cICP", bytes([primaries, transfer, 0, 1])))
        yield (
            f"PNG, cICP {primaries}/{transfer}",
            data,
            srgb(RGB, primaries, float(1) if transfer == 8 else transfer),
        )
    numbers = [31270, 32900, *(round(v * 100_000) for xy in PRIMARIES[12] for v in xy)]
    yield "PNG, cHRM of P3", png(RGB, chunk(b"cHRM", struct.pack(">8I", *numbers))), srgb(RGB, 12)
    key = DEEP[50, 50]
    data = png(DEEP, chunk(b"tRNS", struct.pack(">3H", *key)))
    clear = np.where((key == DEEP).all(axis=2), 0, 255)
    yield "PNG, RGB 16, tRNS", data, np.dstack([RGB, clear])


def of_iso() -> Iterator[Case]:
    for primaries, transfer in ((1, 13), (12, 13), (9, PQ), (9, HLG)):
        points = f"nclx {primaries}/{transfer}"
        options = {"primaries": primaries, "transfer": transfer, "level": 95}
        data = imagecodecs.avif_encode(RGB, pixelformat="444", **options)
        yield f"AVIF, {points}", data, srgb(imagecodecs.avif_decode(data), primaries, transfer)
        data = saved(Image.fromarray(RGB), "HEIF", quality=95, chroma=444)
        start = b"colrnclx\0"
        at = data.index(start) + len(start)
        data = data[:at] + bytes([primaries, 0, transfer]) + data[at + 3 :]
        decoded = np.asarray(pillow_heif.open_heif(io.BytesIO(data)))
        yield f"HEIC, {points}", data, srgb(decoded, primaries, transfer)


def of_animations() -> Iterator[Case]:
    """One frame in a corner of a canvas twice as wide."""
    canvas = np.zeros((HEIGHT, 2 * WIDTH, 4), np.uint8)
    canvas[:, :WIDTH, :3], canvas[:, :WIDTH, 3] = RGB, 255
    grey = canvas.copy()
    grey[:, :WIDTH, :3] = rgb(GREY)
    gif = imagecodecs.gif_encode(GREY)
    yield "GIF, frame in a corner", gif[:6] + struct.pack("<H", 2 * WIDTH) + gif[8:], grey
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0))
    still = imagecodecs.png_encode(RGB)
    head = chunk(b"IHDR", struct.pack(">II", 2 * WIDTH, HEIGHT) + still[24:29])
    apng = still[:8] + head + chunk(b"acTL", struct.pack(">II", 1, 0)) + control + still[33:]
    yield "APNG, frame in a corner", apng, canvas
    three = (WIDTH - 1, HEIGHT - 1, 100)
    frame = bytes(6) + b"".join(n.to_bytes(3, "little") for n in three) + b"\0"
    frame += imagecodecs.webp_encode(RGB, lossless=True)[12:]
    size = b"".join(n.to_bytes(3, "little") for n in (2 * WIDTH - 1, HEIGHT - 1))
    parts = ((b"VP8X", b"\2\0\0\0" + size), (b"ANIM", bytes(6)), (b"ANMF", frame))
    body = b"WEBP" + b"".join(
        kind + struct.pack("<I", len(d)) + d + bytes(len(d) % 2) for kind, d in parts
    )
    yield "WebP, frame in a corner", b"RIFF" + struct.pack("<I", len(body)) + body, canvas


# The table


def outcome(data: bytes, reference: np.ndarray, path: Path) -> str:
    path.write_bytes(data)
    try:
        photo = images.read(path)
    except images.PhotoError as error:
        return f"refused: {error}"
    opaque = np.full(photo.pixels.shape[:2], 255, np.uint8)
    alpha = opaque if photo.alpha is None else photo.alpha
    expected = rgb(reference)
    if expected.shape[2] == 3:
        expected = np.dstack([expected, opaque])
    if expected.shape[:2] != alpha.shape:
        return f"another size: {photo.size}"
    seen = expected[:, :, 3] > 0  # what is hidden has no colour
    colours = np.abs(photo.pixels[seen] - expected[seen][:, :3].astype(float)).mean()
    hidden = np.abs(alpha - expected[:, :, 3].astype(float)).mean()
    return " ".join((f"{colours:.2f}, alpha {hidden:.2f}", *photo.notes))


GROUPS: tuple[Callable[[], Iterator[Case]], ...] = (
    of_jpeg, of_jpeg2000, of_tiff, of_png, of_iso, of_animations,
)  # fmt: skip


def main() -> None:
    print("| file | mean absolute difference in levels |")
    print("| --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for group in GROUPS:
            for name, data, reference in group():
                print(f"| {name} | {outcome(data, reference, Path(folder) / 'photo')} |")


if __name__ == "__main__":
    sys.exit(main())
