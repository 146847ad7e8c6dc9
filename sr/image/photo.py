"""A photo as everything here handles it, and parts of one."""

import math
from dataclasses import dataclass, replace

import numpy as np

MIN_CROP = 8  # pixels along a side
Box = tuple[float, float, float, float]  # left, top, right, bottom: each 0..1 of a side


class PhotoError(ValueError):
    """A file can't be used as a photo; the message says why and what to do, for its owner."""


@dataclass(frozen=True)
class Photo:
    """An upright photo in sRGB.

    pixels: (H, W, 3) uint8.
    alpha: (H, W) uint8, or None if it is opaque.
    name: the file's name without its ending.
    notes: what was left out, in sentences.
    exif: camera, date and place for `write`, where the file has them; nothing else uses it.
    jpeg_quality: 1..100, of the JPEG it was read from, by its tables; None where it was no JPEG.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    name: str = "photo"
    notes: tuple[str, ...] = ()
    exif: bytes | None = None
    jpeg_quality: int | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def crop(photo: Photo, box: Box) -> Photo:
    """The part of a photo in a box, as `part_of` has it. Raises `PhotoError`."""
    columns, rows = part_of(photo.size, box)
    alpha = None if photo.alpha is None else photo.alpha[rows, columns]
    if alpha is not None:
        alpha = None if alpha.min() == 255 else alpha.copy()
    # Copies, so that the rest of the photo is let go of.
    return replace(photo, pixels=photo.pixels[rows, columns].copy(), alpha=alpha)


def part_of(size: tuple[int, int], box: Box) -> tuple[slice, slice]:
    """The columns and rows of a photo of (width, height) that a box takes.

    What is outside the photo is left out; less than `MIN_CROP` pixels a side grows to that, where
    the photo has them.  Raises `PhotoError`.
    """
    if not all(math.isfinite(edge) for edge in box):
        raise PhotoError("The crop box has an edge that is no number: draw it again.")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in box)
    if left >= right or top >= bottom:
        raise PhotoError(
            "The crop box is empty: its right edge must be right of its left edge, and its bottom "
            "below its top, within the photo."
        )
    return _span(left, right, size[0]), _span(top, bottom, size[1])


def _span(start: float, end: float, size: int) -> slice:
    """The pixels between two fractions of a side of `size` pixels; at least `MIN_CROP`."""
    first, last = round(start * size), round(end * size)
    length = max(last - first, min(MIN_CROP, size))
    first = min(max(first - (length - (last - first)) // 2, 0), size - length)
    return slice(first, first + length)
