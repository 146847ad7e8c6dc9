"""A table of files and what becomes of each: one row, one test. `pictures.py` makes the files.

Each good file shows `marked`: 32 x 24 pixels, a colour with a white square at
the top left. The row says what colour, alpha, name and notes must come out.
"""

import struct
import zlib
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from PIL import Image, ImageCms

from sr import image as images
from sr.image.read import FORMATS
from tests.sr.image.pictures import (
    COLOUR,
    GREY,
    HEIGHT,
    MARK,
    WIDTH,
    animation_control,
    chunk,
    cmyk_profile,
    cut_and_ended,
    deep,
    encoded,
    frame_control,
    frames,
    half_canvas,
    jpeg2000,
    levels,
    linear_grey_profile,
    marked,
    number_bomb,
    png,
    scan_bomb,
    seethrough,
    swapped_profile,
    tag_bomb,
    tiff,
    turned,
    with_frame,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # Pillow warns of what it then refuses

HDR = "The photo is HDR: its brightest parts and its colours are approximate here."
SEVERAL = "The file holds more than one picture; this is the first."
NO_PHOTO = (
    "is not a photo this app can read: choose a JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF or "
    "JPEG 2000 file."
)
DAMAGED = "is damaged or cut off: save or download it again and choose the new file."
TEXT_BOMB = "would unpack to far more text than a photo has: save it again without its texts."
PIXEL_BOMB = "would unpack to far more pixels than a photo has: save it smaller first."
RAW = (
    "is a camera's raw file or another kind of TIFF that this app can't read: save it as JPEG or "
    "PNG first."
)
KIND = "is a kind of {} that this app can't read: save it as JPEG or PNG first."
EMPTY = "is empty (0 bytes): choose the photo again, or another one."
HIDDEN = "hidden"  # the right half is transparent
OUTSIDE = "outside"  # all but the square is transparent


@dataclass(frozen=True)
class Good:
    """What `open` gives. alpha: None, one number, or HIDDEN, OUTSIDE. within: grey levels."""

    make: object
    colour: tuple[float, ...] = COLOUR
    within: float = 0
    alpha: object = None
    notes: tuple[str, ...] = ()
    file: str = "photo.bin"
    name: str = "photo"


@dataclass(frozen=True)
class Bad:
    """The sentence that `open` refuses with, after the file's name."""

    make: object
    sentence: str
    file: str = "photo.bin"


def grey(value: float = GREY) -> tuple[float, ...]:
    return (value,) * 3


def saved(kind: str, mode: str = "RGB", **options):
    return lambda: encoded(marked(mode), kind, **options)


def clear(kind: str, mode: str = "RGBA", alpha: int | None = None, **options):
    return lambda: encoded(seethrough(mode, alpha), kind, **options)


def cut(kind: str, share: float, **options):
    def make() -> bytes:
        noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8))
        data = encoded(noise, kind, **options)
        return data[: int(len(data) * share)]

    return make


def ended(share: float, **options):
    return lambda: cut_and_ended(cut("JPEG", 1, **options)(), share)


def with_chunk(data: bytes, extra: bytes) -> bytes:
    """A PNG with one more chunk behind its header."""
    return data[:33] + extra + data[33:]


def deep_tiff(*colour: int, order: str = "<", photometric: int = 2, invert=False):
    def make() -> bytes:
        values = deep(*colour)
        values = (65535 - values if invert else values).astype(f"{order}u2")
        bits = {258: (16,) * len(colour), 262: (photometric,), 277: (len(colour),)}
        return tiff(values, bits, order)

    return make


def twelve_bits() -> bytes:
    values = np.full((HEIGHT, WIDTH), GREY * 4095 // 255)
    values[:MARK, :MARK] = 4095
    even, odd = values[:, ::2], values[:, 1::2]
    packed = np.stack([even >> 4, (even & 15) << 4 | odd >> 8, odd & 255], 2).astype(np.uint8)
    tags = {256: (WIDTH,), 258: (12,), 262: (1,), 277: (1,)}
    return tiff(packed.reshape(HEIGHT, WIDTH * 3 // 2, 1), tags)


def deep_planes(order: str, alpha: bool = False):
    """RGB of 16 bits, or with a constant alpha of 128, plane by plane."""

    def make() -> bytes:
        values = deep(*COLOUR, *[128] * alpha)
        values[:MARK, :MARK, 3:] = 128 * 257
        count = values.shape[2]
        planes = np.moveaxis(values.astype(f"{order}u2"), 2, 0)
        tags = {258: (16,) * count, 262: (2,), 277: (count,), 284: (2,)}
        tags |= {256: (WIDTH,), 257: (HEIGHT,), 278: (HEIGHT,), **({338: (2,)} if alpha else {})}
        return tiff(planes, tags, order, strips=count)

    return make


def grey_tiff(kind: str, white: float, sample_format: int, order: str = "<"):
    """Grey of 2 or 4 bytes. sample_format: 1 without a sign, 2 with one, 3 floats."""

    def make() -> bytes:
        values = np.full((HEIGHT, WIDTH), GREY / 255 * white)
        values[:MARK, :MARK] = white
        values = values.astype(f"{order}{kind}")
        bits = (8 * values.itemsize,)
        return tiff(values, {258: bits, 262: (1,), 277: (1,), 339: (sample_format,)}, order)

    return make


def tagged(**tags: int):
    """An RGB TIFF with other tags: `t259=5` is tag 259."""
    more = {int(name[1:]): (value,) for name, value in tags.items()}
    values = np.asarray(marked())
    return lambda: tiff(values, {258: (8,) * 3, 262: (2,), 277: (3,), **more})


def float_rgb() -> bytes:
    values = np.ones((HEIGHT, WIDTH, 3), np.float32)
    return tiff(values, {258: (32,) * 3, 262: (2,), 277: (3,), 339: (3,) * 3})


def lab() -> bytes:
    profiles = [ImageCms.createProfile(space) for space in ("sRGB", "LAB")]
    return encoded(ImageCms.profileToProfile(marked(), *profiles, outputMode="LAB"), "TIFF")


def cyan(kind: str, **options):
    """White square on full cyan ink."""

    def make() -> bytes:
        image = Image.new("CMYK", (WIDTH, HEIGHT), (255, 0, 0, 0))
        image.paste((0, 0, 0, 0), (0, 0, MARK, MARK))
        return encoded(image, kind, **options)

    return make


def linear(mode: str, kind: str = "PNG"):
    """Linear grey 55, which is 128 in sRGB."""
    image = marked("L", grey(55)).convert(mode) if mode != "I;16" else None
    image = image or levels(55 * 257, 65535, np.uint16)
    return lambda: encoded(image, kind, icc_profile=linear_grey_profile())


def packed(bits: int, value: int, extra: bytes = b""):
    """Grey PNG of 1, 2 or 4 bits."""

    def make() -> bytes:
        values = np.full((HEIGHT, WIDTH), value, np.uint8)
        values[:MARK, :MARK] = 2**bits - 1
        places = (values[:, :, None] >> np.arange(bits)[::-1]) & 1
        rows = np.packbits(places.reshape(HEIGHT, -1), axis=1)
        return png(rows[:, :, None], 0, bits, extra, (WIDTH, HEIGHT))

    return make


def keyed_sixteen(besides: int):
    """RGB of 16 bits whose lower bytes aren't the upper, and the transparent colour."""
    numbers = [level * 257 - 5 for level in COLOUR]

    def make() -> bytes:
        values = np.where(deep(*COLOUR) == 65535, 65535, numbers)
        return png(values, 2, 16, key(*(number + besides for number in numbers)))

    return make


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


def code_points(primaries: int, transfer: int) -> bytes:
    return chunk(b"cICP", bytes([primaries, transfer, 0, 1]))


def nclx(kind: str, primaries: int, transfer: int):
    """An AVIF or HEIC whose colours have other code points than sRGB's, 1 and 13."""

    def make() -> bytes:
        options = {"quality": 95, "subsampling": "4:4:4"}
        if kind == "HEIF":
            options = {**EXACT, "color_primaries": 1, "transfer_characteristic": 13}
        data = encoded(marked(), kind, **options)
        start = b"colrnclx"
        assert data.count(start + b"\0\1\0\x0d") == 1
        return data.replace(start + b"\0\1\0\x0d", start + bytes([0, primaries, 0, transfer]))

    return make


def by_hand(colour_type: int, *colour: int, bits: int = 8, extra: bytes = b"", size=None):
    values = deep(*colour)
    values = values if bits == 16 else values >> 8
    return lambda: png(values, colour_type, bits, extra, size)


def key(*colour: int) -> bytes:
    return chunk(b"tRNS", struct.pack(f">{len(colour)}H", *colour))


def upside_down() -> bytes:
    """EXIF of orientation 3, behind the six bytes that it has in JPEG."""
    exif = Image.Exif()
    exif[274] = 3
    return exif.tobytes()


def raw_profile_exif() -> bytes:
    """Orientation 3 as older ImageMagick wrote it into PNG."""
    exif = upside_down()
    text = f"\nexif\n{len(exif):8}\n{exif.hex()}\n".encode()
    data = chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))
    return png(np.asarray(marked().transpose(3)), 2, extra=data)


def xmp_orientation() -> bytes:
    xmp = b'<x:xmpmeta xmlns:tiff="t"><r tiff:Orientation="3"/></x:xmpmeta>'
    return encoded(marked().transpose(3), "JPEG", quality=100, xmp=xmp)


def bomb(kind: bytes, head: bytes, megabytes: int = 50, times: int = 1):
    data = head + zlib.compress(bytes(megabytes << 20))
    return by_hand(2, *COLOUR, extra=chunk(kind, data) * times)


def long_jpeg_exif() -> bytes:
    """EXIF in 40 segments, 2.5 MB: tags that all claim all of it would be gigabytes."""
    size = 40 * 65000
    tags = b"".join(struct.pack("<HHII", 40000 + i, 7, size - 99, 8) for i in range(5000))
    exif = (b"II*\0" + struct.pack("<IH", 8, 5000) + tags).ljust(size, b"\0")
    parts = [b"Exif\0\0" + exif[i : i + 65000] for i in range(0, size, 65000)]
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", len(p) + 2) + p for p in parts)
    data = encoded(marked(), "JPEG", quality=100, subsampling=0)
    return data[:2] + segments + data[2:]


# x and y, times 100,000, of white, red, green and blue.
P3 = chunk(b"cHRM", struct.pack(">8I", *(31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)))
SRGB = chunk(b"cHRM", struct.pack(">8I", *(31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)))
NO_PRIMARIES = chunk(b"cHRM", bytes(32))
FROM_P3 = (216.4, 68.9, 17.1)  # COLOUR's levels in Display P3, as sRGB's
JPEG = {"quality": 100, "subsampling": 0}
SHARP = {"lossless": True}
EXACT = {"quality": -1, "chroma": 444}  # HEIC's lossless is to one level, for its YCbCr
ROWS = {
    # Orientation: the square comes to the top left
    **{f"jpeg turned {i}": Good(partial(turned, i, "JPEG", **JPEG), within=3) for i in range(1, 9)},
    **{f"png turned {i}": Good(partial(turned, i, "PNG")) for i in range(1, 9)},
    **{f"tiff turned {i}": Good(partial(turned, i, "TIFF")) for i in (3, 5, 6, 8)},
    **{f"webp turned {i}": Good(partial(turned, i, "WEBP", **SHARP)) for i in (4, 6)},
    **{f"avif turned {i}": Good(partial(turned, i, "AVIF"), within=3) for i in (5, 6, 8)},
    **{f"heic turned {i}": Good(partial(turned, i, "HEIF", **EXACT), within=3) for i in (2, 6, 7)},
    "turned, grey 16": Good(
        partial(turned, 6, "PNG", levels(GREY * 257, 65535, np.uint16)), grey()
    ),
    "turned, alpha": Good(partial(turned, 8, "PNG", seethrough()), alpha=HIDDEN),
    "turned 9 is ignored": Good(partial(turned, 9, "PNG")),
    "turned 0 is ignored": Good(partial(turned, 0, "JPEG", **JPEG), within=3),
    "turned by exif with jpeg's prefix": Good(
        lambda: png(np.asarray(marked().transpose(3)), 2, extra=chunk(b"eXIf", upside_down()))
    ),
    "turned by imagemagick": Good(raw_profile_exif),
    "turned by xmp": Good(xmp_orientation, within=3),
    # Modes
    "jpeg": Good(saved("JPEG", **JPEG), within=3),
    "jpeg progressive": Good(saved("JPEG", progressive=True, **JPEG), within=3),
    "jpeg grey": Good(saved("JPEG", "L", **JPEG), grey(), 1),
    "jpeg cmyk": Good(saved("JPEG", "CMYK", **JPEG), within=3),
    "png": Good(saved("PNG")),
    "png 1 bit": Good(lambda: encoded(marked("L", grey(0)).convert("1"), "PNG"), grey(0)),
    "png grey": Good(saved("PNG", "L"), grey()),
    "png palette": Good(lambda: encoded(marked().quantize(4), "PNG"), within=1),
    "png palette, clear": Good(
        lambda: encoded(seethrough().quantize(4), "PNG"), within=1, alpha=HIDDEN
    ),
    "png grey and alpha": Good(clear("PNG", "LA"), grey(), alpha=HIDDEN),
    "png rgba": Good(clear("PNG"), alpha=HIDDEN),
    "png grey 16": Good(by_hand(0, GREY, bits=16), grey()),
    "png rgb 16": Good(by_hand(2, *COLOUR, bits=16)),
    "png grey and alpha 16": Good(by_hand(4, GREY, 255, bits=16), grey()),
    "png rgba 16": Good(by_hand(6, *COLOUR, 255, bits=16)),
    "png grey, one clear": Good(by_hand(0, GREY, extra=key(GREY)), grey(255), alpha=OUTSIDE),
    "png rgb, one clear": Good(by_hand(2, *COLOUR, extra=key(*COLOUR)), grey(255), alpha=OUTSIDE),
    "png grey 16, one clear": Good(
        by_hand(0, GREY, bits=16, extra=key(GREY * 257)), grey(255), alpha=OUTSIDE
    ),
    "webp": Good(saved("WEBP", quality=100), within=4),
    "webp lossless": Good(saved("WEBP", **SHARP)),
    "webp rgba": Good(clear("WEBP", **SHARP), alpha=HIDDEN),
    "avif": Good(saved("AVIF", quality=95), within=3),
    "avif grey": Good(saved("AVIF", "L", quality=95), grey(), 3),
    "avif rgba": Good(clear("AVIF", quality=95), within=3, alpha=HIDDEN),
    "heic": Good(saved("HEIF", **EXACT), within=3),
    "heic grey": Good(saved("HEIF", "L", **EXACT), grey(), 3),
    "heic rgba": Good(clear("HEIF", **EXACT), within=3, alpha=HIDDEN),
    "gif": Good(saved("GIF"), within=1),
    "gif grey": Good(saved("GIF", "L"), grey()),
    "gif clear": Good(clear("GIF"), within=1, alpha=HIDDEN),
    "bmp": Good(saved("BMP")),
    "bmp 1 bit": Good(lambda: encoded(marked("L", grey(0)).convert("1"), "BMP"), grey(0)),
    "bmp grey": Good(saved("BMP", "L"), grey()),
    "bmp palette": Good(lambda: encoded(marked().quantize(4), "BMP"), within=1),
    "tiff": Good(saved("TIFF")),
    "tiff 1 bit": Good(lambda: encoded(marked("L", grey(0)).convert("1"), "TIFF"), grey(0)),
    "tiff grey": Good(saved("TIFF", "L"), grey()),
    "tiff palette": Good(lambda: encoded(marked().quantize(4), "TIFF"), within=1),
    "tiff rgba": Good(clear("TIFF"), alpha=HIDDEN),
    "tiff cmyk": Good(saved("TIFF", "CMYK")),
    "tiff lab": Good(lab, within=2),
    "tiff ycbcr": Good(saved("TIFF", "YCbCr", compression="jpeg"), within=3),
    "tiff lzw": Good(saved("TIFF", compression="tiff_lzw")),
    "tiff big": Good(saved("TIFF", big_tiff=True)),
    "tiff deflate": Good(saved("TIFF", compression="tiff_adobe_deflate")),
    "tiff fax": Good(
        lambda: encoded(marked("L", grey(0)).convert("1"), "TIFF", compression="group4"), grey(0)
    ),
    "tiff grey 16": Good(deep_tiff(GREY, photometric=1), grey()),
    "tiff grey 16, big end first": Good(deep_tiff(GREY, photometric=1, order=">"), grey()),
    "tiff grey 16, white is 0": Good(deep_tiff(GREY, photometric=0, invert=True), grey()),
    "tiff grey 12": Good(twelve_bits, grey()),
    "tiff grey 32": Good(lambda: encoded(levels(GREY * 257, 65535, np.int32), "TIFF"), grey()),
    "tiff grey 32, beyond 16 bits": Good(
        lambda: encoded(levels(GREY * 1000, 255000, np.int32), "TIFF"), grey()
    ),
    "tiff rgb 16": Good(deep_tiff(*COLOUR)),
    "tiff rgb 16, big end first": Good(deep_tiff(*COLOUR, order=">")),
    "tiff float": Good(lambda: encoded(levels(GREY / 255, 1, np.float32), "TIFF"), grey()),
    "tiff float to 255": Good(lambda: encoded(levels(GREY, 255, np.float32), "TIFF"), grey()),
    "tiff float, infinite": Good(
        lambda: encoded(levels(GREY / 255, np.inf, np.float32), "TIFF"), grey()
    ),
    "tiff float, not numbers": Good(
        lambda: encoded(levels(np.nan, 1, np.float32), "TIFF"), grey(0)
    ),
    "tiff float rgb": Bad(float_rgb, RAW),
    "tiff float, big end first": Good(grey_tiff("f4", 1, 3, ">"), grey()),
    "tiff grey 32, big end first": Good(grey_tiff("i4", 65535, 2, ">"), grey()),
    "tiff grey 32 without a sign": Good(grey_tiff("u4", 2**32 - 1, 1), grey()),
    "tiff grey 32 without a sign, to 16 bits": Good(grey_tiff("u4", 65535, 1), grey()),
    "tiff grey 16 with a sign": Good(grey_tiff("i2", 32767, 2), grey()),
    "tiff grey 16 with a sign, big end first": Good(grey_tiff("i2", 32767, 2, ">"), grey()),
    "tiff rgb 16 in planes": Good(deep_planes("<")),
    "tiff rgb 16 in planes, big end first": Good(deep_planes(">")),
    "tiff rgba 16 in planes": Good(deep_planes("<", alpha=True), alpha=128),
    "tiff big, big end first": Bad(lambda: b"MM\0+\0\x08\0\0" + bytes(99), RAW),
    "tiff webp": Bad(tagged(t259=50001), RAW),
    "tiff of another compression": Bad(tagged(t259=34712), RAW),
    "dng": Bad(tagged(t50706=1), RAW),
    "preview of a raw file": Bad(tagged(t254=1, t330=8), RAW),
    "tiff that is small of something": Good(tagged(t254=1)),
    "jpeg 2000": Good(saved("JPEG2000")),
    "jpeg 2000 grey": Good(saved("JPEG2000", "L"), grey()),
    "jpeg 2000 rgba": Good(clear("JPEG2000"), alpha=HIDDEN),
    "jpeg 2000 grey 16": Good(
        lambda: encoded(levels(GREY * 257, 65535, np.uint16), "JPEG2000"), grey()
    ),
    "jpeg 2000 rgb 16": Bad(partial(jpeg2000, 16), KIND.format("JPEG 2000")),
    "jpeg 2000 rgb 12": Bad(partial(jpeg2000, 12), KIND.format("JPEG 2000")),
    "jpeg 2000 rgba 16": Bad(partial(jpeg2000, 16, "RGBA"), KIND.format("JPEG 2000")),
    "jpeg 2000 grey 4": Bad(partial(jpeg2000, 4, "L"), KIND.format("JPEG 2000")),
    "jpeg of 12 bits": Bad(
        lambda: with_frame(encoded(marked(), "JPEG"), 4, ">B", 12), KIND.format("JPEG")
    ),
    "jpeg 2000 without box": Good(saved("JPEG2000", no_jp2=True)),
    "png rgb 16, one clear": Good(keyed_sixteen(0), grey(255), 0, OUTSIDE),
    "png rgb 16, one nearly that is clear": Good(keyed_sixteen(1)),
    "png grey 4": Good(packed(4, 7), grey(119)),
    "png grey 4, one clear": Good(packed(4, 7, key(7)), grey(255), 0, OUTSIDE),
    "png grey 2, one clear": Good(packed(2, 1, key(1)), grey(255), 0, OUTSIDE),
    "png 1 bit, one clear": Good(packed(1, 0, key(0)), grey(255), 0, OUTSIDE),
    # Alpha
    "alpha all opaque": Good(clear("PNG", alpha=255)),
    "alpha all half": Good(clear("PNG", alpha=128), alpha=128),
    "alpha all 254": Good(clear("WEBP", alpha=254, **SHARP), alpha=254),
    "alpha all clear": Good(clear("PNG", alpha=0), alpha=0),
    "alpha all clear, grey": Good(clear("PNG", "LA", alpha=0), grey(), alpha=0),
    # Colour profiles
    "icc png": Good(saved("PNG", icc_profile=swapped_profile()), (80, 200, 40), 1),
    "icc jpeg": Good(saved("JPEG", icc_profile=swapped_profile(), **JPEG), (80, 200, 40), 3),
    "icc tiff": Good(saved("TIFF", icc_profile=swapped_profile()), (80, 200, 40), 1),
    "icc webp": Good(saved("WEBP", icc_profile=swapped_profile(), **SHARP), (80, 200, 40), 1),
    "icc avif": Good(saved("AVIF", icc_profile=swapped_profile()), (80, 200, 40), 3),
    "icc heic": Good(saved("HEIF", icc_profile=swapped_profile(), **EXACT), (80, 200, 40), 3),
    "icc rgba": Good(clear("PNG", icc_profile=swapped_profile()), (80, 200, 40), 1, alpha=HIDDEN),
    "icc palette": Good(
        lambda: encoded(marked().quantize(4), "PNG", icc_profile=swapped_profile()),
        (80, 200, 40),
        1,
    ),
    "icc of rgb on grey": Good(saved("PNG", "L", icc_profile=swapped_profile()), grey(), 1),
    "icc grey": Good(linear("L"), grey(128), 1),
    "icc grey and alpha": Good(linear("LA"), grey(128), 1),
    "icc grey 16": Good(linear("I;16"), grey(128), 1),
    "icc of grey on rgb": Good(saved("PNG", icc_profile=linear_grey_profile())),
    "icc cmyk jpeg": Good(cyan("JPEG", icc_profile=cmyk_profile(), **JPEG), grey(119), 1),
    "icc cmyk tiff": Good(cyan("TIFF", icc_profile=cmyk_profile()), grey(119), 1),
    "cmyk without icc": Good(cyan("TIFF"), (0, 255, 255)),
    "icc broken": Good(saved("PNG", icc_profile=b"broken")),
    "icc cut": Good(saved("PNG", icc_profile=swapped_profile()[:200])),
    "icc giant": Good(saved("TIFF", icc_profile=swapped_profile() + bytes(5 << 20))),
    # Colours told of in other ways
    "gamma 1": Good(by_hand(0, 55, extra=gamma(1)), grey(128), 1),
    "gamma 1, rgb": Good(by_hand(2, 55, 55, 55, extra=gamma(1)), grey(128), 1),
    "gamma, the usual": Good(by_hand(2, *COLOUR, extra=gamma(0.45455))),
    "gamma, the usual, and srgb's primaries": Good(
        by_hand(2, *COLOUR, extra=gamma(0.45455) + SRGB)
    ),
    "gamma 0": Good(by_hand(2, *COLOUR, extra=gamma(0))),
    "gamma that leaves nothing to see": Good(by_hand(2, *COLOUR, extra=gamma(40_000))),
    "gamma 1 and srgb": Good(by_hand(2, *COLOUR, extra=chunk(b"sRGB", b"\0") + gamma(1))),
    "gamma 1 and cicp of srgb": Good(by_hand(2, *COLOUR, extra=code_points(1, 13) + gamma(1))),
    "gamma 1 and icc": Good(
        lambda: with_chunk(encoded(marked(), "PNG", icc_profile=swapped_profile()), gamma(1)),
        (80, 200, 40),
        1,
    ),
    "primaries of p3": Good(by_hand(2, *COLOUR, extra=P3), FROM_P3, 1),
    "primaries of nothing": Good(by_hand(2, *COLOUR, extra=NO_PRIMARIES)),
    "cicp of p3": Good(by_hand(2, *COLOUR, extra=code_points(12, 13)), FROM_P3, 1),
    "cicp of p3 goes before gamma": Good(
        by_hand(2, *COLOUR, extra=gamma(1) + code_points(12, 13)), FROM_P3, 1
    ),
    "cicp of linear light": Good(by_hand(2, 55, 55, 55, extra=code_points(1, 8)), grey(128), 1),
    "cicp that is unknown": Good(by_hand(2, *COLOUR, extra=code_points(2, 2))),
    "cicp cut": Good(by_hand(2, *COLOUR, extra=chunk(b"cICP", b"\x0c"))),
    # A PQ level of 148 is 203 nits, paper white; 128 is 92 nits, 0.46 of that and sRGB's 180.
    "cicp of pq": Good(
        by_hand(2, 128, 128, 128, extra=code_points(1, 16)), grey(180), 1, None, (HDR,)
    ),
    # An HLG level of 191 is paper white; 128 is 51 nits, 0.25 of that and sRGB's 137.
    "cicp of hlg": Good(
        by_hand(2, 128, 128, 128, extra=code_points(9, 18)), grey(137), 1, None, (HDR,)
    ),
    "avif in p3": Good(nclx("AVIF", 12, 13), FROM_P3, 3),
    "avif in unknown colours": Good(nclx("AVIF", 2, 2), within=3),
    "heic in p3": Good(nclx("HEIF", 12, 13), FROM_P3, 3),
    "heic with video's curve": Good(nclx("HEIF", 1, 1), within=3),
    # More than one picture
    "gif frames": Good(partial(frames, "GIF", 3), within=1, notes=(SEVERAL,)),
    "gif of 3000 frames": Good(partial(frames, "GIF", 3000), within=1, notes=(SEVERAL,)),
    "png frames": Good(partial(frames, "PNG"), notes=(SEVERAL,)),
    "webp frames": Good(partial(frames, "WEBP", **SHARP), notes=(SEVERAL,)),
    "avif frames": Good(partial(frames, "AVIF"), within=3, notes=(SEVERAL,)),
    "heic frames": Good(partial(frames, "HEIF", **EXACT), within=3, notes=(SEVERAL,)),
    "tiff pages": Good(partial(frames, "TIFF"), notes=(SEVERAL,)),
    "mpo": Good(partial(frames, "MPO", **JPEG), within=3, notes=(SEVERAL,)),
    "png that claims frames": Good(
        by_hand(2, *COLOUR, extra=animation_control(5) + frame_control(WIDTH))
    ),
    **{
        f"{kind} on a larger canvas".lower(): Good(partial(half_canvas, kind), alpha=HIDDEN)
        for kind in ("PNG", "GIF", "WEBP")
    },
    # Names
    "name with unicode": Good(saved("PNG"), file="Rødstrupe 鸟 👩‍🔬.png", name="Rødstrupe 鸟 👩‍🔬"),
    "name with commas": Good(saved("PNG"), file="Blaue Meise, 2, a.png", name="Blaue Meise, 2, a"),
    "name with dots": Good(saved("PNG"), file="a.b.tar.png", name="a.b.tar"),
    "name with a leading dot": Good(saved("PNG"), file=".hidden.png", name="hidden"),
    "name of an upload": Good(saved("PNG"), file="Möwe (1)#?%20.PNG", name="Möwe (1)#?%20"),
    "name without ending": Good(saved("PNG"), file="bird", name="bird"),
    "name of dots": Good(saved("PNG"), file="...", name="photo"),
    "name too long for a suffix": Good(saved("PNG"), file="é" * 125 + ".png", name="é" * 100),
    "name with another ending": Good(saved("PNG"), file="really.jpg", name="really"),
    "name with a line break": Bad(lambda: b"text", NO_PHOTO, file="a\nb.png"),
    "name that is not text": Bad(lambda: b"text", NO_PHOTO, file="a\udce9b.png"),
    # No photos
    "text": Bad(lambda: b"not a photo", NO_PHOTO, file="note.png"),
    "svg": Bad(lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", NO_PHOTO, file="a.jpg"),
    "html": Bad(lambda: b"<!doctype html><title>404</title>", NO_PHOTO, file="a.webp"),
    "pdf": Bad(saved("PDF"), NO_PHOTO, file="scan.tiff"),
    "eps": Bad(saved("EPS"), NO_PHOTO, file="a.jpg"),
    "ico": Bad(saved("ICO"), NO_PHOTO, file="a.png"),
    "ppm": Bad(saved("PPM"), NO_PHOTO),
    "mp4": Bad(lambda: b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(99), NO_PHOTO),
    "empty": Bad(lambda: b"", EMPTY, file="nothing.jpg"),
    "one byte": Bad(lambda: b"\xff", NO_PHOTO),
    # Cut off
    **{
        f"{kind} cut at {share:.0%}".lower(): Bad(cut(kind, share), DAMAGED)
        for kind in FORMATS
        for share in (0.1, 0.9)
    },
    **{
        f"jpeg cut at {share:.0%} and ended": Bad(ended(share), DAMAGED)
        for share in (0.3, 0.6, 0.9)
    },
    "jpeg cut at its restart and ended": Bad(ended(0.5, restart_marker_rows=1), DAMAGED),
    "jpeg progressive, cut and ended": Bad(ended(0.3, progressive=True), DAMAGED),
    "jpeg of a third of its rows": Bad(
        lambda: with_frame(encoded(marked(), "JPEG"), 5, ">H", 3 * HEIGHT), DAMAGED
    ),
    "jpeg without its end": Good(lambda: encoded(marked(), "JPEG", **JPEG)[:-2], within=3),
    "jpeg with half its end": Good(lambda: encoded(marked(), "JPEG", **JPEG)[:-1], within=3),
    "jpeg with more behind it": Good(
        lambda: encoded(marked(), "JPEG", **JPEG) + bytes(999) + b"\xff\xd9", within=3
    ),
    "jpeg with a jpeg behind it": Good(
        lambda: encoded(marked(), "JPEG", **JPEG) + encoded(marked(), "JPEG"), within=3
    ),
    "jpeg with bytes before its end": Good(
        lambda: encoded(marked(), "JPEG", **JPEG)[:-2] + bytes(99) + b"\xff\xff\xd9", within=3
    ),
    "jpeg with bytes between markers": Good(
        lambda: (d := encoded(marked(), "JPEG", **JPEG))[:20] + b"\0\0\xff" + d[20:], within=3
    ),
    "jpeg progressive cut": Bad(cut("JPEG", 0.8, progressive=True), DAMAGED),
    "tiff lzw cut": Bad(cut("TIFF", 0.5, compression="tiff_lzw"), DAMAGED),
    "png signature only": Bad(lambda: b"\x89PNG\r\n\x1a\n", DAMAGED),
    # Too much
    "png of 50000 x 50000": Bad(by_hand(2, *COLOUR, size=(50000, 50000)), PIXEL_BOMB),
    "png of 3000 x 2000": Bad(
        by_hand(2, *COLOUR, size=(3000, 2000)),
        "has 3000 x 2000 pixels (6.0 megapixels); the limit here is 4 megapixels: crop it or "
        "shrink it first.",
    ),
    "png of 100 x 16385": Bad(
        by_hand(2, *COLOUR, size=(100, 16385)),
        "has 100 x 16385 pixels; the limit here is 16384 along a side: crop it first.",
    ),
    "png of 0 x 20": Bad(by_hand(2, *COLOUR, size=(0, 20)), DAMAGED),
    "png text bomb": Bad(bomb(b"zTXt", b"a\0\0"), TEXT_BOMB),
    "png international text bomb": Bad(bomb(b"iTXt", b"a\0\1\0\0\0"), TEXT_BOMB),
    "png many texts": Bad(bomb(b"zTXt", b"a\0\0", megabytes=1, times=70), TEXT_BOMB),
    "png profile bomb": Bad(bomb(b"iCCP", b"a\0\0"), TEXT_BOMB),
    "tiff tag bomb": Bad(tag_bomb, DAMAGED),
    "tiff number bomb": Bad(number_bomb, DAMAGED),
    "tiff cut in its header": Bad(lambda: b"MM\0*\0", DAMAGED),
    "jpeg scan bomb": Bad(scan_bomb, DAMAGED),
    "jpeg exif bomb": Good(long_jpeg_exif, within=3),
    "more than 32 MB": Bad(
        lambda: bytes((32 << 20) + (1 << 19)),
        "is 32.5 MB large; the limit here is 32 MB: shrink it or save it as JPEG first.",
    ),
}


def expected_alpha(alpha: object) -> np.ndarray | None:
    if alpha is None:
        return None
    plane = np.full((HEIGHT, WIDTH), 0 if isinstance(alpha, str) else alpha, np.uint8)
    if alpha == HIDDEN:
        plane[:, : WIDTH // 2] = 255
    elif alpha == OUTSIDE:
        plane[:MARK, :MARK] = 255
    return plane


def check_good(path, row: Good) -> None:
    read = images.read(path)
    assert (read.size, read.name, read.notes) == ((WIDTH, HEIGHT), row.name, row.notes)
    assert read.pixels.shape == (HEIGHT, WIDTH, 3) and read.pixels.dtype == np.uint8
    square, rest = read.pixels[1 : MARK - 1, 1 : MARK - 1], read.pixels[MARK + 2 :, 2:14]
    np.testing.assert_allclose(square.mean((0, 1)), grey(255), atol=row.within)
    np.testing.assert_allclose(rest.mean((0, 1)), row.colour, atol=row.within)
    if row.alpha is None:
        assert read.alpha is None
    else:
        assert read.alpha.dtype == np.uint8
        np.testing.assert_array_equal(read.alpha, expected_alpha(row.alpha))


def check_bad(path, row: Bad) -> None:
    with pytest.raises(images.PhotoError) as caught:
        images.read(path)
    name = row.file.replace("\n", "?").replace("\udce9", "?")
    assert str(caught.value) == f"“{name}” {row.sentence}"


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_what_becomes_of(tmp_path, row):
    path = tmp_path / row.file
    path.write_bytes(row.make())
    if isinstance(row, Good):
        check_good(path, row)
    else:
        check_bad(path, row)
