"""Equal crops of photos and of what each method made of them, as one PNG with honest pixels."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sr.compare import metrics
from sr.compare.crops import Square, cut, most_detailed
from sr.image.luma import luma

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The figure's measures in its own pixels; a power of two of them to the inch, so that
# matplotlib, which counts in inches, loses none.
WIDTH, DPI = 1200, 128
EDGE, GAP = 6, 5
HEADING, TITLE = 28, 36  # above a photo's crops, above each crop
TEXT, POINTS = 12, 6.75  # the letters' size in pixels, and as matplotlib counts it
COLUMNS = 6  # at most; with more, the titles would run into each other


@dataclass
class Strip:
    """One photo's crops, all of the square that was chosen in the original.

    title: the photo's name.
    crops: (side, side, 3) uint8 by method, the original's first.
    where: the square, once it is chosen.
    """

    title: str
    crops: dict[str, np.ndarray] = field(default_factory=dict)
    where: Square | None = None

    def keep(self, name: str, pixels: np.ndarray) -> None:
        """Cut the square out of a picture, (H, W, 3) uint8; the first one chooses it."""
        self.where = self.where or most_detailed(pixels)
        self.crops[name] = cut(pixels, self.where).copy()


def draw(strips: list[Strip], order: list[str], file: Path) -> None:
    """Write the strips below each other as a PNG, each one's crops in the order of `order`.

    Crops are enlarged by whole numbers, every pixel to a square. Each has its own PSNR against
    the original's crop, and its own sharpness, on luma. Needs matplotlib. Raises `OSError`.
    """
    from matplotlib.figure import Figure

    lines = -(-len(order) // COLUMNS)
    columns = -(-len(order) // lines)
    pitch = (WIDTH - 2 * EDGE + GAP) // columns  # from a crop to the next, and room for it below
    step = HEADING + lines * (TITLE + pitch)
    height = 2 * EDGE + len(strips) * step
    figure = Figure((WIDTH / DPI, height / DPI), dpi=DPI, facecolor="white")
    for number, strip in enumerate(strips):
        top, side = EDGE + number * step, strip.where.side
        original = next(iter(strip.crops.values()))
        zoom = max(1, (pitch - GAP) // side)
        about = f"{strip.title}: {side} x {side} pixels, shown {zoom} times as large"
        _write(figure, EDGE, top + TEXT, about, weight="bold")
        for place, name in enumerate(order):
            left = EDGE + place % columns * pitch
            below = top + HEADING + place // columns * (TITLE + pitch) + TITLE
            crop = strip.crops[name]
            _write(figure, left, below - TEXT // 2, f"{name}\n{_numbers(original, crop)}")
            large = crop.repeat(zoom, axis=0).repeat(zoom, axis=1)
            figure.figimage(large, left, height - below - zoom * side, origin="upper")
    figure.savefig(file, dpi=DPI, format="png")


def _numbers(original: np.ndarray, crop: np.ndarray) -> str:
    sharpness = f"sharpness {metrics.sharpness(luma(crop)):.1f}"
    if crop is original:
        return sharpness
    return f"{metrics.psnr(luma(original), luma(crop)):.2f} dB, {sharpness}"


def _write(figure: Figure, left: int, baseline: int, text: str, **style: str) -> None:
    x, y = left / WIDTH, 1 - baseline / figure.bbox.height
    figure.text(x, y, text, va="baseline", size=POINTS, parse_math=False, **style)
