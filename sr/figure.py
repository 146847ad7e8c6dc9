"""Equal crops of photos and of what each method made of them, as one PNG with honest pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr import compare, metrics
from sr.catalog import SCALE
from sr.luma import luma

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 64  # pixels of the original along a crop's side
INSET = 16  # pixels between a crop and the photo's border: networks know less there

# The figure's measures in its own pixels; a power of two of them to the inch, so that
# matplotlib, which counts in inches, loses none.
WIDTH, DPI = 1200, 128
EDGE, GAP = 6, 5
HEADING, TITLE, LINE = 28, 36, 16  # above a photo's crops, above each crop, a line of text
POINTS = 6.75  # 12 pixels
COLUMNS = 6  # at most; with more, the titles would run into each other


@dataclass
class Strip:
    """One photo's crops by method, the original's first, all of the square chosen there."""

    title: str
    crops: dict[str, np.ndarray] = field(default_factory=dict)
    where: compare.Square | None = None

    def keep(self, name: str, pixels: np.ndarray) -> None:
        """Cut the square out of a picture, (H, W, 3) uint8; the first one chooses it."""
        self.where = self.where or busiest(pixels)
        self.crops[name] = compare.cut(pixels, self.where).copy()


def busiest(pixels: np.ndarray, side: int = SIDE) -> compare.Square:
    """The square of (H, W, 3) uint8, at least 4 x 4, with the largest squared differences.

    Squares, for edges are what methods differ in; the finest grain none of them can know.
    Not at the border, and of `side` pixels, as far as the photo has the room.
    """
    sums = np.pad(_detail(luma(pixels)).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    side = min(side, *pixels.shape[:2]) // SCALE * SCALE
    tops, lefts = (_starts(length, side) for length in pixels.shape[:2])
    found = (
        sums[np.ix_(tops + side, lefts + side)]
        - sums[np.ix_(tops, lefts + side)]
        - sums[np.ix_(tops + side, lefts)]
        + sums[np.ix_(tops, lefts)]
    )
    row, column = np.unravel_index(found.argmax(), found.shape)
    return compare.Square(int(lefts[column]), int(tops[row]), side)


def _detail(values: np.ndarray) -> np.ndarray:
    """(H, W) luma -> (H, W): squared differences to the pixels left and above, summed."""
    across, down = np.diff(values, axis=1), np.diff(values, axis=0)
    return np.pad(across**2, ((0, 0), (1, 0))) + np.pad(down**2, ((1, 0), (0, 0)))


def _starts(length: int, side: int) -> np.ndarray:
    """Where a crop may start along a photo's side: between pixels of the shrunk photo."""
    inset = min(INSET, (length - side) // 2 // SCALE * SCALE)
    return np.arange(inset, length - side - inset + 1, SCALE)


def draw(strips: list[Strip], order: list[str], file: Path) -> None:
    """Write the strips below each other as a PNG, each one's crops in the order of `order`.

    Crops are enlarged by whole numbers, every pixel to a square. Each has its own PSNR against
    the original's crop, and its own sharpness, on luma. Needs matplotlib. Raises `OSError`.
    """
    from matplotlib.figure import Figure

    lines = -(-len(order) // COLUMNS)
    columns = -(-len(order) // lines)
    pitch = (WIDTH - 2 * EDGE + GAP) // columns
    heights = [HEADING + lines * _step(strip, pitch) for strip in strips]
    inches = WIDTH / DPI, (sum(heights) + 2 * EDGE) / DPI
    figure = Figure(inches, dpi=DPI, facecolor="white")
    for number, strip in enumerate(strips):
        top = EDGE + sum(heights[:number])
        _write(figure, EDGE, top + LINE, _heading(strip, pitch), weight="bold")
        for place, name in enumerate(order):
            line, column = divmod(place, columns)
            below = top + HEADING + line * _step(strip, pitch)
            _place(figure, strip, name, EDGE + column * pitch, below, _zoom(strip, pitch))
    figure.savefig(file, dpi=DPI, format="png")


def _zoom(strip: Strip, pitch: int) -> int:
    """How many times as large crops fit into columns of `pitch` pixels."""
    return max(1, (pitch - GAP) // strip.where.side)


def _step(strip: Strip, pitch: int) -> int:
    """Pixels from a line of crops to the next."""
    return TITLE + _zoom(strip, pitch) * strip.where.side + GAP


def _heading(strip: Strip, pitch: int) -> str:
    side, zoom = strip.where.side, _zoom(strip, pitch)
    return f"{strip.title}: {side} x {side} pixels, shown {zoom} times as large"


def _place(figure: Figure, strip: Strip, name: str, left: int, top: int, zoom: int) -> None:
    """A crop below its title; `left` and `top` count from the figure's upper left corner."""
    original, crop = next(iter(strip.crops.values())), strip.crops[name]
    for number, text in enumerate((name, _numbers(original, crop)), 1):
        _write(figure, left, top + number * LINE - 3, text)
    enlarged = crop.repeat(zoom, axis=0).repeat(zoom, axis=1)
    bottom = int(figure.bbox.height) - top - TITLE - len(enlarged)
    figure.figimage(enlarged, left, bottom, origin="upper")


def _numbers(original: np.ndarray, crop: np.ndarray) -> str:
    sharpness = f"sharpness {metrics.sharpness(luma(crop)):.1f}"
    if crop is original:
        return sharpness
    return f"{metrics.psnr(luma(original), luma(crop)):.2f} dB, {sharpness}"


def _write(figure: Figure, left: int, baseline: int, text: str, **style: str) -> None:
    x, y = left / WIDTH, 1 - baseline / figure.bbox.height
    figure.text(x, y, text, va="baseline", size=POINTS, parse_math=False, **style)
