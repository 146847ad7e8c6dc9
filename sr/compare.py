"""One photo, shrunk four times and restored by several methods: scores and equal crops.

The scores are those of `python -m sr.evaluate`, which does the same to folders of photos.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from hub import WeightsUnavailable
from sr import catalog, photo
from sr.photo import Photo, PhotoError

# SSIM's window is 11 pixels wide and the scores leave out 4 at each border.
SMALLEST_SIDE = 20
# 16 megapixels unless set otherwise: the shrunk photo is 1 megapixel then.
MAX_PIXELS = catalog.SCALE * photo.MAX_PIXELS
PREFERRED = (catalog.BICUBIC, "srcnn", "fsrcnn", "srresnet-div2k", "srgan-div2k")

# What a method costs for a pixel of the shrunk photo, relative to SRGAN; only estimates need it.
SRGAN_PARAMETERS = 1.6e6
BICUBIC_COST = 0.01
SCORING_COST = 0.3

Run = Callable[[Photo, catalog.Upscaler], Generator]  # as `engine.steps`
Keep = Callable[[str, np.ndarray], None]  # a method's name and its (H, W, 3) uint8 picture


@dataclass(frozen=True)
class Pair:
    """The photo, its sides multiples of four, and the same shrunk four times; both opaque."""

    high: Photo
    low: Photo


@dataclass(frozen=True)
class Method:
    """A way to restore. upscaler: None for bicubic, and where `reason` says why there is none."""

    name: str
    title: str
    upscaler: catalog.Upscaler | None = None
    reason: str = ""

    @property
    def cost(self) -> float:
        """Of a pixel of the shrunk photo, scoring included, where SRGAN without it is 1."""
        if self.reason:
            return 0.0
        if self.upscaler is None:
            return BICUBIC_COST + SCORING_COST
        weights = sum(p.numel() for stage in self.upscaler.stages for p in stage.parameters())
        pixels = (catalog.SCALE // self.upscaler.model.scale) ** 2
        return pixels * weights / SRGAN_PARAMETERS + SCORING_COST


@dataclass(frozen=True)
class Row:
    """A method's line in the table; numbers are None where the method is unavailable.

    psnr_y, ssim_y: as `metrics.Quality`.  contrast: the sharpness, where the original's is 1.
    unavailable: the reason, or "".
    """

    method: str
    psnr_y: float | None = None
    ssim_y: float | None = None
    contrast: float | None = None
    unavailable: str = ""


@dataclass(frozen=True)
class Step:
    """Progress: `done` of `total`, in pixels that SRGAN could have made meanwhile.

    canvas: as `engine.Step` has one; here there is no single picture to be seen.
    """

    done: float
    total: float
    canvas: None = None


@dataclass(frozen=True)
class Square:
    """A part of the photo; all three are multiples of four pixels."""

    left: int
    top: int
    side: int


def names() -> list[str]:
    """All methods' names: bicubic, then the catalog's."""
    return [catalog.BICUBIC, *catalog.MODELS]


def preferred() -> list[str]:
    """Those to compare unless others are chosen: quick ones whose weights come with packages."""
    return [name for name in PREFERRED if name in names()]


def pair(source: Photo) -> Pair:
    """The photo cut to multiples of four, and shrunk. Alpha is left out. Raises `PhotoError`."""
    width, height = (side - side % catalog.SCALE for side in source.size)
    if min(width, height) < SMALLEST_SIDE:
        raise PhotoError(
            f"“{source.name}” has {source.size[0]} x {source.size[1]} pixels; to be shrunk and "
            f"compared it needs {SMALLEST_SIDE} along each side: choose a larger photo."
        )
    pixels = np.ascontiguousarray(source.pixels[:height, :width])
    high = replace(source, pixels=pixels, alpha=None)
    return Pair(high, replace(high, pixels=photo.shrink(pixels, catalog.SCALE)))


def method(name: str) -> Method:
    """A method with its weights read, or with the reason why they can't be had.

    May fetch them from the Hub, which can take minutes. Raises `UnknownModel`.
    """
    if name == catalog.BICUBIC:
        return Method(name, "Bicubic")
    title = catalog.find(name).title
    try:
        return Method(name, title, catalog.load(name))
    except WeightsUnavailable as error:
        return Method(name, title, reason=str(error))


def work(pair: Pair, methods: Iterable[Method]) -> float:
    """What `steps` will have to do, in pixels of SRGAN's."""
    return pair.low.pixels[:, :, 0].size * sum(method.cost for method in methods)


def steps(
    pair: Pair, methods: list[Method], keep: Keep, run: Run | None = None
) -> Generator[Step, None, list[Row]]:
    """Restore and score with each method; returns the rows, in the methods' order.

    keep: called with each picture once it is made, which is then let go of.
    run: what restores with a network, `engine.steps` unless given.
    Yields often; closing it stops the work. Raises `EngineError`.
    """
    from sr import metrics

    rows, done, total = [], 0.0, work(pair, methods)
    original = metrics.sharpness(metrics.inner_luma(pair.high.pixels))
    for chosen in methods:
        if chosen.reason:
            rows.append(Row(chosen.name, unavailable=chosen.reason))
            continue
        pixels = yield from _restore(pair.low, chosen, done, total, run)
        done += work(pair, [chosen])
        keep(chosen.name, pixels)
        rows.append(_row(chosen.name, pair, pixels, original))
        yield Step(done, total)
    return rows


def _restore(
    low: Photo, method: Method, done: float, total: float, run: Run | None
) -> Generator[Step, None, np.ndarray]:
    """Yields from `done` on; returns (4H, 4W, 3) uint8."""
    from sr import engine

    if method.upscaler is None:
        return photo.bicubic(low.pixels, catalog.SCALE)
    restoring = (run or engine.steps)(low, method.upscaler)
    pixels = low.pixels[:, :, 0].size
    while True:
        try:
            step = next(restoring)
        except StopIteration as stop:
            return stop.value.pixels
        share = step.done / step.total
        yield Step(done + share * pixels * (method.cost - SCORING_COST), total)


def _row(name: str, pair: Pair, restored: np.ndarray, original: float) -> Row:
    from sr import metrics

    found = metrics.quality(pair.high.pixels, restored)
    contrast = found.sharpness / original if original else 1.0
    return Row(name, found.psnr_y, found.ssim_y, contrast)


def extremes(rows: list[Row]) -> tuple[Row, Row] | None:
    """(the row of the most contrast, that of the highest PSNR); None with fewer than two."""
    there = [row for row in rows if not row.unavailable]
    if len(there) < 2:
        return None
    return max(there, key=lambda row: row.contrast), max(there, key=lambda row: row.psnr_y)


def table(rows: Iterable[Any]) -> list[dict]:
    """Dataclasses for JSON, which has no infinity: it becomes None, with SSIM 1 beside it."""
    return [
        {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in asdict(row).items()}
        for row in rows
    ]


def csv_text(rows: Sequence[Any]) -> str:
    """Dataclasses of one kind as CSV with a heading; numbers in full, None is empty."""
    text = io.StringIO()
    names = [field.name for field in fields(rows[0])]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    return text.getvalue()


def square(width: int, height: int, x: float, y: float, side: int) -> Square:
    """The square of `side` around a point of a photo, moved into the photo; smaller if it must be.

    It starts and ends between pixels of the shrunk photo, so that crops of both show the same.
    """
    scale = catalog.SCALE
    side = min(side, width, height) // scale * scale

    def start(middle: float, length: int) -> int:
        wanted = round((middle - side / 2) / scale) * scale
        return min(max(wanted, 0), (length - side) // scale * scale)

    return Square(start(x, width), start(y, height), side)


def cut(pixels: np.ndarray, where: Square, shrunk: int = 1) -> np.ndarray:
    """The square's pixels, of a picture that is `shrunk` times smaller than the photo."""
    left, top, side = (n // shrunk for n in (where.left, where.top, where.side))
    return pixels[top : top + side, left : left + side]
