"""File -> Photo and Photo -> lossless file. Only this module knows Pillow.

`open` reads the header first and refuses what is too large before a pixel is
decoded. Every photo becomes upright 8-bit sRGB with its alpha apart.
"""

from __future__ import annotations

import io
import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

# What may be upscaled (a 4 megapixel photo takes minutes on two cores), and what may be looked at.
MAX_PIXELS = int(float(os.environ.get("SR_MAX_MEGAPIXELS", "4")) * 1e6)
MAX_PIXELS_READ = 64_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000")

_SRGB = ImageCms.createProfile("sRGB")


class PhotoError(ValueError):
    """A file can't be used as a photo; the message says why and what to do, for its owner."""


@dataclass(frozen=True)
class Photo:
    """pixels: (H, W, 3) uint8 sRGB, upright.  alpha: (H, W) uint8, or None if opaque.
    name: the file's name without its ending.  notes: what was left out, in sentences.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    name: str = "photo"
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def open(path: str | Path, *, name: str | None = None, max_pixels: int = MAX_PIXELS) -> Photo:
    """The photo in a file, upright, in sRGB. Raises `PhotoError`.

    name: the file's own name where `path` is a temporary one.
    max_pixels: width times height above which the file is refused undecoded.
    """
    path = Path(path)
    name = name or path.name
    with _sentences(name), _header(path, name) as image:
        _check_size(image, name, max_pixels)
        notes = _notes(image)
        image.load()
        image = ImageOps.exif_transpose(image)
        alpha = _alpha(image)
        pixels = np.asarray(_rgb(image))
    return Photo(pixels, alpha, Path(name).stem or "photo", notes)


def _header(path: Path, name: str) -> Image.Image:
    """The opened image with nothing decoded yet."""
    if not path.is_file():
        raise PhotoError(f"There is no file “{name}”: check its name.")
    if path.stat().st_size == 0:
        raise PhotoError(f"“{name}” is empty (0 bytes): choose the photo again, or another one.")
    return Image.open(path, formats=FORMATS)


@contextmanager
def _sentences(name: str) -> Iterator[None]:
    """Turn whatever Pillow raises on a bad file into one `PhotoError`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PhotoError:
        raise
    except UnidentifiedImageError:
        raise PhotoError(
            f"“{name}” is not a photo this app can read: choose a JPEG, PNG, WebP, AVIF, GIF, "
            "BMP, TIFF or JPEG 2000 file."
        ) from None
    except Image.DecompressionBombError:
        raise PhotoError(
            f"“{name}” would unpack to far more pixels than a photo has: save it smaller first."
        ) from None
    except Exception:
        # Pillow's plugins raise a dozen kinds on damaged files, SyntaxError and struct.error too.
        raise PhotoError(
            f"“{name}” is damaged or cut off: save or download it again and choose the new file."
        ) from None


def _check_size(image: Image.Image, name: str, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise PhotoError(
            f"“{name}” has {width} x {height} pixels ({width * height / 1e6:.1f} megapixels); the "
            f"limit here is {max_pixels / 1e6:g} megapixels: crop it or shrink it first."
        )


def _notes(image: Image.Image) -> tuple[str, ...]:
    frames = getattr(image, "n_frames", 1)
    return (f"The file holds {frames} pictures; this is the first.",) if frames > 1 else ()


def _alpha(image: Image.Image) -> np.ndarray | None:
    """(H, W) uint8, or None if every pixel is opaque."""
    if not image.has_transparency_data:
        return None
    alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return None if alpha.min() == 255 else alpha


def _rgb(image: Image.Image) -> Image.Image:
    """8-bit sRGB without alpha."""
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB").convert("RGB")
    return _to_srgb(image).convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey is 0..65535; float grey is 0..1, or as it is if its largest value is above 1."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = 65535.0
    if image.mode == "F":
        top = 1.0 if values.max() <= 1 else max(255.0, values.max())
    return Image.fromarray((values / top * 255).round().clip(0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image) -> Image.Image:
    """Colours through the file's ICC profile, where it has a usable one."""
    profile = image.info.get("icc_profile")
    if not profile:
        return image
    try:
        return ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), _SRGB, outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a broken profile is no reason to refuse the photo


def bicubic(pixels: np.ndarray, scale: int = 4) -> np.ndarray:
    """(H, W[, 3]) uint8 -> `scale` times the size, by Pillow's bicubic (a = -0.5)."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((width * scale, height * scale), Image.Resampling.BICUBIC))


def save(pixels: np.ndarray, path: str | Path, alpha: np.ndarray | None = None) -> Path:
    """Write (H, W, 3) uint8 and an (H, W) alpha as PNG, whole or not at all.

    The file appears under its name only once it is complete. Compression is
    the fastest: it is 3 % larger and 5 times quicker than Pillow's default.
    """
    path = Path(path)
    image = Image.fromarray(pixels)
    if alpha is not None:
        image.putalpha(Image.fromarray(alpha))
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            image.save(file, "PNG", compress_level=1)
        Path(part).chmod(0o644)  # temporary files are private to their owner
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return path
