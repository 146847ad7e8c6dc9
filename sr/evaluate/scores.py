"""What each method makes of data sets: a measure for each photo, and their means."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from tqdm import tqdm

from sr.compare import methods, metrics, tables
from sr.compare.comparison import Pair
from sr.compare.methods import Method
from sr.evaluate.datasets import DataSet, open_pair
from sr.evaluate.figure import Strip
from sr.models.catalog import BICUBIC

ORIGINAL = "original"


@dataclass(frozen=True)
class Measure:
    """One method, or the original, on one photo.

    psnr_y, ssim_y: as `metrics.Quality`; None for the original.
    sharpness: as there.
    seconds: that restoring took, without reading and scoring; None for the original.
    megapixels: of the result.
    """

    dataset: str
    photo: str
    model: str
    psnr_y: float | None
    ssim_y: float | None
    sharpness: float
    seconds: float | None
    megapixels: float


@dataclass(frozen=True)
class Score:
    """A method's means over a data set; numbers are None where there are none.

    low: as `DataSet` has it.
    photos: how many.
    seconds_per_mp: seconds for each output megapixel.
    unavailable: the reason, or "".
    """

    model: str
    dataset: str
    low: str
    photos: int = 0
    psnr_y: float | None = None
    ssim_y: float | None = None
    sharpness: float | None = None
    seconds_per_mp: float | None = None
    unavailable: str = ""


def evaluate(
    data: DataSet, chosen: list[Method], device: str | None = None, crops: int = 0
) -> tuple[list[Measure], list[Strip]]:
    """Every method on every photo, and the crops of the first few, for `figure.draw`.

    Raises `PhotoError` and `EngineError`.
    """
    for method in chosen:  # what is allocated once is nobody's seconds
        methods.restore(np.zeros((16, 16, 3), np.uint8), method, device)
    measures, strips = [], [Strip(large.stem) for large, _ in data.files[:crops]]
    for number, (large, small) in enumerate(tqdm(data.files, data.name, leave=False, disable=None)):
        pair = open_pair(large, small)
        megapixels = pair.high.pixels[:, :, 0].size / 1e6
        for model, picture, numbers in _measured(pair, chosen, device):
            row = Measure(data.name, large.name, model, **numbers, megapixels=megapixels)
            measures.append(row)
            if number < crops:
                strips[number].keep(model, picture)
    return measures, strips


def _measured(
    pair: Pair, chosen: list[Method], device: str | None
) -> Iterator[tuple[str, np.ndarray, dict]]:
    """(name, picture, numbers by their field in `Measure`) of the original, then each method."""
    high = pair.high.pixels
    sharpness = metrics.sharpness(metrics.inner_luma(high))
    none = {"psnr_y": None, "ssim_y": None, "seconds": None}
    yield ORIGINAL, high, none | {"sharpness": sharpness}
    for method in chosen:
        start = time.perf_counter()
        picture = methods.restore(pair.low.pixels, method, device)
        seconds = time.perf_counter() - start
        yield method.name, picture, asdict(metrics.quality(high, picture)) | {"seconds": seconds}


def scores(measures: list[Measure], low: str) -> list[Score]:
    """Means by method: the original, bicubic, and then from the lowest PSNR to the highest."""
    found = []
    for model in dict.fromkeys(row.model for row in measures):
        rows = [row for row in measures if row.model == model]
        means = {name: _mean(rows, name) for name in ("psnr_y", "ssim_y", "sharpness")}
        seconds, megapixels = _mean(rows, "seconds"), _mean(rows, "megapixels")
        means["seconds_per_mp"] = None if seconds is None else seconds / megapixels
        found.append(Score(model, rows[0].dataset, low, len(rows), **means))
    return sorted(found, key=lambda s: (s.model != ORIGINAL, s.model != BICUBIC, s.psnr_y or 0))


def _mean(rows: list[Measure], field: str) -> float | None:
    values = [getattr(row, field) for row in rows]
    return None if None in values else float(np.mean(values))


def table(found: list[Score]) -> str:
    """The scores of one data set as Markdown, under a line that says what it is."""
    first = found[0]
    heading = f"{first.dataset}: {first.photos} photo{'s' * (first.photos > 1)}, shrunk {first.low}"
    formats = {"model": "", "PSNR-Y dB": ".2f", "SSIM-Y": ".4f", "sharpness": ".2f", "s/MP": ".2f"}
    rows = [(s.model, s.psnr_y, s.ssim_y, s.sharpness, s.seconds_per_mp) for s in found]
    return f"{heading}\n\n{tables.markdown(formats, rows)}"
