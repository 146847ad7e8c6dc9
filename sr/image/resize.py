"""Pixels at another size."""

import numpy as np
from PIL import Image, ImageFilter

from sr.settings import SCALE

FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "box": Image.Resampling.BOX,
    "lanczos": Image.Resampling.LANCZOS,
}
SUPPORT = 2  # pixels on each side that bicubic enlarging looks at
STRIP = 1 << 20  # pixels of the result that are made at a time


def bicubic(pixels: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """(H, W[, 3]) uint8 -> four times the size, by Pillow's bicubic (a = -0.5).

    out: (4H, 4W[, 3]) uint8 to write the result into.
    Strip by strip, for Pillow holds an enlarged photo twice.
    """
    height, width = pixels.shape[:2]
    if out is None:
        out = np.empty((height * SCALE, width * SCALE, *pixels.shape[2:]), np.uint8)
    rows = max(1, STRIP // (width * SCALE))
    for top in range(0, len(out), rows):
        out[top : top + rows] = bicubic_rows(pixels, top, min(top + rows, len(out)))
    return out


def bicubic_rows(pixels: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Rows `start` to `stop` of what `bicubic` makes of (H, W[, 3]) uint8 pixels, exactly."""
    first = max(0, start // SCALE - SUPPORT)
    last = min(len(pixels), -(-stop // SCALE) + SUPPORT)
    width = pixels.shape[1]
    box = (0, start / SCALE - first, width, stop / SCALE - first)
    image = Image.fromarray(pixels[first:last])
    return np.asarray(image.resize((width * SCALE, stop - start), FILTERS["bicubic"], box))


def shrink(pixels: np.ndarray, scale: int = SCALE, resample: str = "bicubic") -> np.ndarray:
    """(H, W[, 3]) uint8, sides multiples of `scale` -> 1 / `scale` the size.

    resample: one of `FILTERS`, all of which see every pixel (antialiasing).
    """
    height, width = pixels.shape[:2]
    return resize(pixels, (width // scale, height // scale), resample)


def shrink_to(pixels: np.ndarray, short: int) -> np.ndarray:
    """(H, W[, 3]) uint8 -> a short side of `short` pixels, by bicubic with antialiasing."""
    height, width = pixels.shape[:2]
    side = min(height, width)
    return resize(pixels, (width * short // side, height * short // side))


def thumbnail(pixels: np.ndarray, short: int) -> np.ndarray:
    """(H, W, 3) uint8 -> a short side of at most `short` pixels, made quickly: to look at only."""
    step = max(min(pixels.shape[:2]) // (2 * short), 1)
    coarse = pixels[::step, ::step]
    return shrink_to(coarse, min(short, *coarse.shape[:2]))


def resize(pixels: np.ndarray, size: tuple[int, int], resample: str = "bicubic") -> np.ndarray:
    """(H, W[, 3]) uint8 -> `size`, which is (width, height); `resample` is one of `FILTERS`."""
    return np.asarray(Image.fromarray(pixels).resize(size, FILTERS[resample]))


def blur(pixels: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """(H, W, 3) uint8 under a Gaussian of `sigma` pixels across and down, as Pillow nears it."""
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))
