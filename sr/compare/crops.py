"""Equal parts of pictures, to be seen side by side."""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from sr.image.luma import luma
from sr.settings import SCALE


@dataclass(frozen=True)
class Square:
    """A part of the photo; all three are multiples of four pixels."""

    left: int
    top: int
    side: int


def square(width: int, height: int, x: float, y: float, side: int) -> Square:
    """The square of `side` around a point of a photo, moved into the photo; smaller if it must be.

    It starts and ends between pixels of the shrunk photo, so that crops of both show the same.
    """
    side = min(side, width, height) // SCALE * SCALE
    left, top = (
        min(max(round((middle - side / 2) / SCALE), 0), (length - side) // SCALE) * SCALE
        for middle, length in ((x, width), (y, height))
    )
    return Square(left, top, side)


def cut(pixels: np.ndarray, where: Square, shrunk: int = 1) -> np.ndarray:
    """The square's pixels, of a picture that is `shrunk` times smaller than the photo."""
    left, top, side = (n // shrunk for n in (where.left, where.top, where.side))
    return pixels[top : top + side, left : left + side]


def most_detailed(pixels: np.ndarray, side: int = 64, inset: int = 16) -> Square:
    """The square of (H, W, 3) uint8, at least 4 x 4, with the strongest edges.

    Their strength is the sum of squared differences to the pixels left and above.
    inset: pixels to keep from the photo's border, where networks know less, if there is room.
    """
    values = luma(pixels)
    strength = np.zeros_like(values)
    strength[:, 1:] += np.diff(values, axis=1) ** 2
    strength[1:] += np.diff(values, axis=0) ** 2
    height, width = (length // SCALE for length in values.shape)
    blocks = strength[: height * SCALE, : width * SCALE].reshape(height, SCALE, width, SCALE)
    sums, side = blocks.sum((1, 3)), min(side // SCALE, height, width)
    for axis in (0, 1):
        sums = sliding_window_view(sums, side, axis).sum(-1)
    top, left = (min(inset // SCALE, (starts - 1) // 2) for starts in sums.shape)
    inner = sums[top : len(sums) - top, left : sums.shape[1] - left]
    row, column = np.unravel_index(inner.argmax(), inner.shape)
    return Square(int(left + column) * SCALE, int(top + row) * SCALE, side * SCALE)
