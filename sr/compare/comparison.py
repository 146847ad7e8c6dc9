"""One photo, shrunk four times, restored by several methods and scored.

The scores are those of `python -m sr.evaluate`, which does the same to folders of photos.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sr import settings
from sr.compare import methods
from sr.compare.degradations import Degradation, seeded
from sr.compare.methods import Method, Steps
from sr.image import Photo, PhotoError, shrink
from sr.settings import SCALE

if TYPE_CHECKING:  # the page needs no PyTorch
    from sr.inference.engine import Step

SMALLEST_SIDE = 20  # SSIM's window is 11 pixels wide and the scores leave out 4 at each border

Keep = Callable[[str, np.ndarray], None]  # a method's name and its (H, W, 3) uint8 picture


@dataclass(frozen=True)
class Pair:
    """The photo, its sides multiples of four, and the same shrunk four times; both opaque.

    The small one may have met harm besides.
    """

    high: Photo
    low: Photo


@dataclass(frozen=True)
class Row:
    """A method's line in the table; numbers are None where the method is unavailable.

    psnr_y: dB, as in `metrics.Quality`.
    ssim_y: as there.
    contrast: the sharpness, where the original's is 1.
    unavailable: the reason, or "".
    named: the bird that a classifier, if one was asked, sees in the picture; None for no bird.
    original: the one that it sees in the original; None for no bird.
    agrees: whether they are the same; None where there is no picture, or no bird in the original.
    """

    method: str
    psnr_y: float | None = None
    ssim_y: float | None = None
    contrast: float | None = None
    unavailable: str = ""
    named: str | None = None
    original: str | None = None
    agrees: bool | None = None


def max_pixels() -> int:
    """How many pixels a photo to be compared may have, as the shrunk one is restored.

    Raises `settings.SettingError`.
    """
    return SCALE * settings.max_pixels()


def pair(source: Photo) -> Pair:
    """The photo cut to multiples of four, and shrunk. Alpha is left out. Raises `PhotoError`."""
    width, height = (side - side % SCALE for side in source.size)
    if min(width, height) < SMALLEST_SIDE:
        raise PhotoError(
            f"“{source.name}” has {source.size[0]} x {source.size[1]} pixels; to be shrunk and "
            f"compared it needs {SMALLEST_SIDE} along each side: choose a larger photo."
        )
    pixels = np.ascontiguousarray(source.pixels[:height, :width])
    high = replace(source, pixels=pixels, alpha=None)
    return Pair(high, replace(high, pixels=shrink(pixels)))


def harmed(pair: Pair, degradation: Degradation, file: str) -> Pair:
    """The same with the small photo harmed. file: the large one's name, by which harm is seeded."""
    pixels = degradation.harm(pair.low.pixels, seeded(file))
    return replace(pair, low=replace(pair.low, pixels=pixels))


def work(pixels: int, chosen: list[Method]) -> float:
    """What `steps` will have to do for a photo of so many pixels, in pixels of SRGAN's."""
    return pixels / SCALE**2 * sum(method.cost for method in chosen)


def steps(
    pair: Pair, chosen: list[Method], keep: Keep, run: Steps | None = None
) -> Generator[Step, None, list[Row]]:
    """Restore and score with each method; returns the rows, in the methods' order.

    keep: called with each picture once it is made, which is then let go of.
    run: what restores with a network, `engine.steps` unless given.
    Yields `work` done, often; closing it stops the work.  Raises `EngineError`.
    """
    from sr.compare import metrics
    from sr.inference.engine import Step

    high = pair.high.pixels
    pixels = high.shape[0] * high.shape[1]
    rows, done, total = [], 0.0, work(pixels, chosen)
    original = metrics.sharpness(metrics.inner_luma(high))
    for method in chosen:
        if method.reason:
            rows.append(Row(method.name, unavailable=method.reason))
            continue
        restored = yield from _restored(pair.low, method, run, Step(done, total, None))
        keep(method.name, restored)
        found = metrics.quality(high, restored)
        contrast = found.sharpness / original if original else 1.0
        rows.append(Row(method.name, found.psnr_y, found.ssim_y, contrast))
        done += work(pixels, [method])
        yield Step(done, total, None)
    return rows


def _restored(
    low: Photo, method: Method, run: Steps | None, before: Step
) -> Generator[Step, None, np.ndarray]:
    """Restore with one method, after what was done before; returns (4H, 4W, 3) uint8."""
    restoring = methods.steps(low, method, run)
    while True:
        try:
            step = next(restoring)
        except StopIteration as end:
            return end.value.pixels
        here = method.cost * low.pixels.shape[0] * low.pixels.shape[1] * step.done / step.total
        yield replace(before, done=before.done + here)


def extremes(rows: list[Row]) -> tuple[Row, Row] | None:
    """(the sharpest method's row, that of the highest PSNR); None with fewer than two methods."""
    there = [row for row in rows if not row.unavailable]
    if len(there) < 2:
        return None
    return max(there, key=lambda row: row.contrast), max(there, key=lambda row: row.psnr_y)
