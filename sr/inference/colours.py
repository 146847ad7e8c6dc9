"""The result's low frequencies, given back to the photo's.

Networks shift colours: white comes out a little grey, and the slider shows a seam. A network can't
know better than the photo how bright and of what colour a part is, only what is in it.
"""

import numpy as np
import torch
from torch import Tensor

from sr.settings import SCALE

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
    left, right, across = _between(result.shape[1], differences.shape[1])
    wide = torch.lerp(differences[:, left], differences[:, right], across[:, None])
    for start in range(0, len(result), CELL * SCALE):
        rows = slice(start, start + CELL * SCALE)
        shift = torch.lerp(wide[above[rows]], wide[below[rows]], down[rows, None, None])
        shifted = shift.add_(torch.from_numpy(result[rows])).round_().clamp_(0, 255)
        result[rows] = shifted.byte().numpy()


def _means(pixels: np.ndarray, cell: int) -> np.ndarray:
    """(H, W, C) uint8 -> the means of its cells, float32; the last ones may be smaller."""
    edges = [np.arange(0, side, cell) for side in pixels.shape[:2]]
    sums = np.add.reduceat(pixels, edges[0], 0, dtype=np.uint32)
    sums = np.add.reduceat(sums, edges[1], 1)
    sizes = [
        np.diff(starts, append=side) for starts, side in zip(edges, pixels.shape[:2], strict=True)
    ]
    return (sums / np.outer(*sizes)[:, :, None]).astype(np.float32)


def _between(length: int, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """For each pixel of a side the cells before and behind it, and how far it is from the first."""
    place = (torch.arange(length) + 0.5) / (CELL * SCALE) - 0.5
    place = place.clamp(0, cells - 1)
    first = place.long()
    return first, (first + 1).clamp(max=cells - 1), place - first
