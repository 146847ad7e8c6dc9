"""File -> Photo and Photo -> lossless file. Only this module knows Pillow.

`open` reads the header first and refuses what is too large before a pixel is
decoded. Every photo becomes upright 8-bit sRGB with its alpha apart.
"""

from __future__ import annotations

import io
import math
import os
import re
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFilter, UnidentifiedImageError

from sr.guard import MAX_EXIF, Reader, check_tags

# What may be upscaled (a 4 megapixel photo takes minutes on two cores), and what may be looked at.
MAX_PIXELS = int(float(os.environ.get("SR_MAX_MEGAPIXELS", "4")) * 1e6)
MAX_PIXELS_READ = 64_000_000
# Longest side (the result's is four times that) and largest file.
MAX_SIDE = 16_384
MAX_BYTES = 32 << 20
MIN_CROP = 8  # pixels along a side
# AVIF goes before HEIF: both claim the general brand "mif1", and only AVIF's plugin lets go of it.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "BMP", "TIFF", "JPEG2000")

FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}

_MAX_PROFILE = 4 << 20  # a larger ICC profile is ignored
_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")
# ICC colour space -> the mode its profiles apply to, and the modes that convert to it losslessly.
_SPACES = {"GRAY": ("L", {"L"}), "RGB": ("RGB", {"L", "RGB"}), "CMYK": ("CMYK", {"CMYK"})}
# EXIF orientation -> swap rows and columns, then reverse the rows or the columns.
_TURNS = {2: "c", 3: "rc", 4: "r", 5: "s", 6: "sc", 7: "src", 8: "sr"}
# EXIF tags. Copied: description, make, model, date, artist, copyright; the camera's, but for maker
# note and interoperability (offsets that would break) and the old size; the place's.
_ORIENTATION, _CAMERA, _PLACE = 0x0112, 0x8769, 0x8825
_KEPT = (0x010E, 0x010F, 0x0110, 0x0132, 0x013B, 0x8298)
_LEFT = {0x927C, 0xA002, 0xA003, 0xA005}


class PhotoError(ValueError):
    """A file can't be used as a photo; the message says why and what to do, for its owner."""


@dataclass(frozen=True)
class Photo:
    """pixels: (H, W, 3) uint8 sRGB, upright.  alpha: (H, W) uint8, or None if opaque.
    name: the file's name without its ending.  notes: what was left out, in sentences.
    exif: camera, date and place for `save`, where the file has them; nothing else uses it.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    name: str = "photo"
    notes: tuple[str, ...] = ()
    exif: bytes | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def open(path: str | Path, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Photo:
    """The photo in a file, upright, in sRGB. Raises `PhotoError`.

    name: the file's own name where `path` is a temporary one.
    max_pixels: width times height above which the file is refused undecoded.
    """
    # Control characters and undecodable bytes would break the sentence or the result's name.
    name = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "?", name or Path(path).name)
    _load_plugins()
    file = Reader(_read(Path(path), name))
    with _sentences(name, file), _header(file) as image:
        check_size(image.size, name, max_pixels)
        notes = _notes(image)
        image.load()
        check_size(image.size, name, max_pixels)  # HEIF learns the true size while decoding
        turn = _exif(file.exif if image.format in ("JPEG", "MPO") else b"", image)
        planes = np.asarray(_rgb(image)), _alpha(image)
        pixels, alpha = (_upright(plane, turn.get(_ORIENTATION)) for plane in planes)
        exif = _kept(_exif(file.exif, image))
        return Photo(_fill_hidden(pixels, alpha), alpha, _stem(name), notes, exif)


@cache
def _load_plugins() -> None:
    import pillow_heif

    Image.init()
    pillow_heif.register_heif_opener()


def _read(path: Path, name: str) -> bytes:
    try:
        if not path.is_file():
            raise PhotoError(f"There is no file “{name}”: check its name.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PhotoError(
                f"“{name}” is {size / 2**20:.1f} MB large; the limit here is "
                f"{MAX_BYTES / 2**20:g} MB: shrink it or save it as JPEG first."
            )
        data = path.read_bytes()
    except OSError:
        raise PhotoError(
            f"“{name}” can't be opened: check its name and that you may read it."
        ) from None
    if not data:
        raise PhotoError(f"“{name}” is empty (0 bytes): choose the photo again, or another one.")
    return data


def _header(file: Reader) -> Image.Image:
    """The opened image with nothing decoded yet."""
    if re.match(rb"(II|MM)\0?[*+]", file.getvalue()):
        check_tags(file.getvalue())
    return Image.open(file, formats=FORMATS)


@contextmanager
def _sentences(name: str, file: Reader) -> Iterator[None]:
    """Turn whatever Pillow raises on a bad file into one `PhotoError`."""
    try:
        yield
    except PhotoError:
        raise
    except MemoryError:
        raise PhotoError(
            f"“{name}” needs more memory than there is here: crop it or shrink it first."
        ) from None
    except Image.DecompressionBombError:
        raise PhotoError(
            f"“{name}” would unpack to far more pixels than a photo has: save it smaller first."
        ) from None
    except Exception as error:
        # Pillow's plugins raise a dozen kinds on damaged files, SyntaxError and struct.error too.
        raise PhotoError(f"“{name}” {_what_is_wrong(error, file)}") from None


def _what_is_wrong(error: Exception, file: Reader) -> str:
    if "MAX_TEXT" in str(error):
        return "would unpack to far more text than a photo has: save it again without its texts."
    known = file.left < 0 or _starts_like_a_photo(file.getvalue())
    if isinstance(error, UnidentifiedImageError) and not known:
        return (
            "is not a photo this app can read: choose a JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, "
            "TIFF or JPEG 2000 file."
        )
    return "is damaged or cut off: save or download it again and choose the new file."


def _starts_like_a_photo(data: bytes) -> bool:
    # Cameras' raw files are TIFFs of kinds that Pillow lacks; a cut TIFF fails in `check_tags`.
    return any(Image.OPEN[kind][1](data[:16]) for kind in FORMATS if kind != "TIFF")


def check_size(size: tuple[int, int], name: str, max_pixels: int) -> None:
    """Raise `PhotoError` if a photo of (width, height) is too large."""
    width, height = size
    if width * height > max_pixels:
        raise PhotoError(
            f"“{name}” has {width} x {height} pixels ({width * height / 1e6:.1f} megapixels); the "
            f"limit here is {max_pixels / 1e6:g} megapixels: crop it or shrink it first."
        )
    if max(width, height) > MAX_SIDE:
        raise PhotoError(
            f"“{name}” has {width} x {height} pixels; the limit here is {MAX_SIDE} along a side: "
            "crop it first."
        )


def _notes(image: Image.Image) -> tuple[str, ...]:
    # Not how many: counting would read all of a long GIF or TIFF.
    if not getattr(image, "is_animated", False):
        return ()
    return ("The file holds more than one picture; this is the first.",)


def _stem(name: str) -> str:
    """The name without its ending, not hidden, and short enough for "_bicubic.png" behind it."""
    stem = Path(name).stem.lstrip(".").encode()[:200].decode(errors="ignore")
    return stem or "photo"


def _alpha(image: Image.Image) -> np.ndarray | None:
    """(H, W) uint8, or None if every pixel is opaque."""
    if not image.has_transparency_data:
        return None
    if image.mode.startswith("I"):
        alpha = np.where(np.asarray(image) == image.info["transparency"], 0, 255).astype(np.uint8)
    else:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _rgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB without alpha."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    elif image.mode in ("1", "LA"):
        image = image.convert("L")
    elif image.mode == "LAB":
        return ImageCms.profileToProfile(image, _LAB, _SRGB, outputMode="RGB")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB").convert("RGB")
    return _to_srgb(image, profile).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Deep grey to 8 bits: integers are 0..65535 (TIFF: 0..4095 if it says 12 bits), floats 0..1.

    Larger values than that move white up to the largest, at least 255 in floats.
    """
    values = np.asarray(image).astype(np.float32)
    tags = getattr(image, "tag_v2", {})
    largest = values.max(where=np.isfinite(values), initial=0)
    if image.mode == "F":
        white = 1 if largest <= 1 else max(255, largest)
    else:
        white = max(4095 if tags.get(0x0102) == (12,) else 65535, largest)
    levels = np.nan_to_num(values, posinf=white, neginf=0) / white * 255
    levels = levels.round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(255 - levels if tags.get(0x0106) == 0 else levels)  # 0: white is zero


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Colours through the file's ICC profile, where it has a usable one."""
    if not profile or len(profile) > _MAX_PROFILE:
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode, modes = _SPACES[source.profile.xcolor_space.strip()]
        if image.mode not in modes:
            return image
        return ImageCms.profileToProfile(image.convert(mode), source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, KeyError):
        return image  # a broken profile is no reason to refuse the photo


def _upright(array: np.ndarray | None, orientation: object) -> np.ndarray | None:
    """Turn (H, W[, 3]) as EXIF orientation 1..8 says; anything else is taken for 1."""
    if array is None or orientation not in _TURNS:
        return array
    steps = _TURNS[orientation]
    array = array.swapaxes(0, 1) if "s" in steps else array
    return np.ascontiguousarray(array[:: -1 if "r" in steps else 1, :: -1 if "c" in steps else 1])


def _fill_hidden(pixels: np.ndarray, alpha: np.ndarray | None) -> np.ndarray:
    """Give fully transparent pixels the colour of near visible ones.

    Upscaling mixes neighbours, so what is hidden would bleed into the visible edge.
    """
    if alpha is None or alpha.min() > 0 or alpha.max() == 0:
        return pixels
    return _spread(pixels, alpha > 0)


def _spread(pixels: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 with what isn't `known` (H, W) taken from the mean of its 2x2 block.

    Blocks with nothing known take theirs from blocks of blocks: at most 4/3 of the work.
    """
    if known.all():
        return pixels
    height, width = known.shape
    half = ((height + 1) // 2, (width + 1) // 2)
    total, count = np.zeros((*half, 3), np.uint16), np.zeros(half, np.uint16)
    for part in (np.s_[::2, ::2], np.s_[::2, 1::2], np.s_[1::2, ::2], np.s_[1::2, 1::2]):
        mask = known[part]
        here = np.s_[: mask.shape[0], : mask.shape[1]]
        total[here] += pixels[part] * mask[:, :, None]
        count[here] += mask
    means = (total + count[:, :, None] // 2) // np.maximum(count, 1)[:, :, None]
    coarse = _spread(means.astype(np.uint8), count > 0)
    coarse = coarse.repeat(2, axis=0)[:height].repeat(2, axis=1)[:, :width]
    return np.where(known[:, :, None], pixels, coarse)


def _exif(raw: bytes, image: Image.Image) -> Image.Exif:
    """EXIF from `raw` bytes or the opened image; empty where there is none or it is broken."""
    try:
        raw = raw or image.info.get("exif", b"")
        if not raw and "Raw profile type exif" in image.info:  # as ImageMagick wrote it into PNG
            raw = bytes.fromhex("".join(image.info["Raw profile type exif"].split("\n")[3:]))
        if not raw:
            return image.getexif()  # a TIFF's own tags; elsewhere XMP's orientation
        exif = Image.Exif()
        start = re.search(rb"II\*\0|MM\0\*", raw).start()
        exif.load_from_fp(Reader(raw[start : start + MAX_EXIF]))
        return exif
    except Exception:
        return Image.Exif()


def _kept(exif: Image.Exif) -> bytes | None:
    """What to copy: camera, date, place; upright and without thumbnail. None if there is none."""
    try:
        kept = Image.Exif()
        for tag in (*_KEPT, _CAMERA, _PLACE):
            value = exif.get(tag)
            if tag in (_CAMERA, _PLACE):
                value = {k: v for k, v in exif.get_ifd(tag).items() if k not in _LEFT}
            if value:
                kept[tag] = value
        if not len(kept):
            return None
        kept[_ORIENTATION] = 1
        return kept.tobytes()
    except Exception:
        return None  # the photo matters more


def crop(photo: Photo, box: tuple[float, float, float, float]) -> Photo:
    """The part of a photo from left, top to right, bottom, each 0..1 of its width or height.

    What is outside the photo is left out; less than `MIN_CROP` pixels a side
    grows to that, where the photo has them. Raises `PhotoError`.
    """
    if not all(math.isfinite(edge) for edge in box):
        raise PhotoError("The crop box has an edge that is no number: draw it again.")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in box)
    if left >= right or top >= bottom:
        raise PhotoError(
            "The crop box is empty: its right edge must be right of its left edge, and its bottom "
            "below its top, within the photo."
        )
    columns, rows = (
        _span(*edges, size)
        for edges, size in zip(((left, right), (top, bottom)), photo.size, strict=True)
    )
    alpha = None if photo.alpha is None else photo.alpha[rows, columns]
    if alpha is not None:
        alpha = None if alpha.min() == 255 else alpha.copy()
    # Copies, so that the rest of the photo is let go of.
    return replace(photo, pixels=photo.pixels[rows, columns].copy(), alpha=alpha)


def _span(start: float, end: float, size: int) -> slice:
    """The pixels between two fractions of a side of `size` pixels; at least `MIN_CROP`."""
    first, last = round(start * size), round(end * size)
    length = max(last - first, min(MIN_CROP, size))
    first = min(max(first - (length - (last - first)) // 2, 0), size - length)
    return slice(first, first + length)


def bicubic(pixels: np.ndarray, scale: int = 4) -> np.ndarray:
    """(H, W[, 3]) uint8 -> `scale` times the size, by Pillow's bicubic (a = -0.5)."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((width * scale, height * scale), Image.Resampling.BICUBIC))


def shrink(pixels: np.ndarray, scale: int = 4, resample: str = "bicubic") -> np.ndarray:
    """(H, W[, 3]) uint8, sides multiples of `scale` -> 1 / `scale` the size.

    resample: one of `FILTERS`, all of which see every pixel (antialiasing).
    """
    height, width = pixels.shape[:2]
    size = (width // scale, height // scale)
    return np.asarray(Image.fromarray(pixels).resize(size, FILTERS[resample]))


def blur(pixels: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """(H, W, 3) uint8 under a Gaussian of `sigma` pixels across and down, as Pillow nears it."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    """(H, W, 3) uint8 as it comes back from a JPEG file of `quality` 1..95."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def png(pixels: np.ndarray) -> bytes:
    """(H, W, 3) uint8 as a PNG file's bytes, for small pictures; `save` is for large ones."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def save_preview(pixels: np.ndarray, path: Path) -> None:
    """Write (H, W, 3) uint8 as JPEG, quickly: something to look at while the result is made."""
    Image.fromarray(pixels).save(path, "JPEG", quality=85)


def save(
    pixels: np.ndarray,
    path: str | Path,
    alpha: np.ndarray | None = None,
    *,
    exif: bytes | None = None,
) -> Path:
    """Write (H, W, 3) uint8 and an (H, W) alpha as PNG, whole or not at all.

    exif: a `Photo`'s, to copy its camera, date and place; None writes none.
    The file appears under its name only once it is complete. Compression looks
    for runs only: for photos, whose rows are filtered first, that is the fastest
    and, in 30 % of the default's time, only 1 % larger.
    """
    path = Path(path)
    image = Image.fromarray(pixels)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            image.save(file, "PNG", compress_level=1, compress_type=zlib.Z_RLE, exif=exif or b"")
        Path(part).chmod(0o644)  # temporary files are private to their owner
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return path
