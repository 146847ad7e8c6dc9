"""The result's low frequencies, given back to the photo's.

Networks shift colours: white comes out a little grey, and the slider shows a seam. A network can't
know better than the photo how bright and of what colour a part is, only what is in it.
"""

import numpy as np
import torch
from torch import Tensor

from sr.settings import SCALE

STRIP = 64  # rows of the result that are shifted at a time
CELL = 4  # pixels of the photo; JPEG blocks didn't come back with it (6 photos, quality 70)


def keep_colours(result: np.ndarray, source: np.ndarray) -> None:
    """Shift the result, in place, so that it is on average as bright and coloured as the photo.

    result: (4H, 4W, C) uint8.
    source: (H, W, C) uint8.
    The means over cells of 4 x 4 pixels are compared, and their differences added, linearly
    from the middle of one cell to the next. So a result is the same whatever tiles made it.
    """
    differences = torch.from_numpy(_means(source, CELL) - _means(result, CELL * SCALE))
    above, below, down = _between(len(result), len(differences))
    down = down[:, None, None]
    left, right, across = _between(result.shape[1], differences.shape[1])
    for start in range(0, len(result), STRIP):
        rows = slice(start, start + STRIP)
        tall = torch.lerp(differences[above[rows]], differences[below[rows]], down[rows])
        shift = torch.lerp(tall[:, left], tall[:, right], across[:, None])
        shifted = shift.add_(torch.from_numpy(result[rows])).round_().clamp_(0, 255)
        result[rows] = shifted.byte().numpy()


def _means(pixels: np.ndarray, cell: int) -> np.ndarray:
    """(H, W, C) uint8 -> the means of its cells, float32; the last ones may be smaller."""
    rows, columns = (np.arange(0, side, cell) for side in pixels.shape[:2])
    means = []
    for row in rows:  # one after the other, or all would be held in 32 bits
        strip = pixels[row : row + cell]
        sums = np.add.reduceat(strip.sum(0, dtype=np.uint32), columns, 0)
        sizes = len(strip) * np.diff(columns, append=pixels.shape[1])
        means.append(sums / sizes[:, None])
    return np.stack(means).astype(np.float32)


def _between(length: int, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each pixel of a side the cells before and behind it, and how far it is from the first."""
    place = (torch.arange(length) + 0.5) / (CELL * SCALE) - 0.5
    place = place.clamp(0, cells - 1)
    first = place.long()
    return first, (first + 1).clamp(max=cells - 1), place - first
