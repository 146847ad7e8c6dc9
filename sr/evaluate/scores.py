"""What each method makes of data sets: a measure for each photo, and their means."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from tqdm import tqdm

from sr.compare import methods, metrics, tables
from sr.compare.comparison import Pair
from sr.compare.degradations import Degradation
from sr.compare.methods import Method
from sr.compare.statistics import interval
from sr.evaluate import recognition
from sr.evaluate.datasets import DataSet, open_pair
from sr.evaluate.figure import Strip
from sr.evaluate.recognition import Classifiers
from sr.models.catalog import BICUBIC

ORIGINAL = "original"


@dataclass(frozen=True)
class Measure:
    """One method, or the original, on one photo.

    degradation: what the small photo met.
    psnr_y, ssim_y: as `metrics.Quality`; None for the original.
    sharpness: as there.
    seconds: that restoring took, without reading and scoring; None for the original.
    megapixels: of the result.
    lite2_agreement and so on: as `recognition.compare`; None where it wasn't asked for.
    """

    dataset: str
    degradation: str
    photo: str
    model: str
    psnr_y: float | None
    ssim_y: float | None
    sharpness: float
    seconds: float | None
    megapixels: float
    lite2_agreement: float | None = None
    lite2_kept: float | None = None
    lite0_agreement: float | None = None
    lite0_kept: float | None = None


@dataclass(frozen=True)
class Score:
    """A method's means over a data set; numbers are None where there are none.

    low: as `DataSet` has it.
    degradation: what the small photos met then.
    photos: how many.
    ..._95: where the mean lies with a probability of 95 %, as `statistics.interval` has it.
    seconds_per_mp: seconds for each output megapixel.
    unavailable: the reason, or "".
    """

    model: str
    dataset: str
    low: str
    degradation: str
    photos: int = 0
    psnr_y: float | None = None
    psnr_y_95: tuple[float, float] | None = None
    ssim_y: float | None = None
    sharpness: float | None = None
    seconds_per_mp: float | None = None
    lite2_agreement: float | None = None
    lite2_agreement_95: tuple[float, float] | None = None
    lite2_kept: float | None = None
    lite2_kept_95: tuple[float, float] | None = None
    lite0_agreement: float | None = None
    lite0_agreement_95: tuple[float, float] | None = None
    lite0_kept: float | None = None
    lite0_kept_95: tuple[float, float] | None = None
    unavailable: str = ""


RECOGNISED = ("lite2_agreement", "lite2_kept", "lite0_agreement", "lite0_kept")


def evaluate(
    data: DataSet,
    degradation: Degradation,
    chosen: list[Method],
    device: str | None = None,
    crops: int = 0,
    classifiers: Classifiers | None = None,
) -> tuple[list[Measure], list[Strip]]:
    """Every method on every photo, and the crops of the first few, for `figure.draw`.

    classifiers: as `recognition.load` gives them; without any recognition isn't measured.
    Raises `PhotoError` and `EngineError`.
    """
    for method in chosen:  # what is allocated once is nobody's seconds
        methods.restore(np.zeros((16, 16, 3), np.uint8), method, device)
    title = f"{{}}, {degradation.name}".format
    measures, strips = [], [Strip(title(large.stem)) for large, _ in data.files[:crops]]
    bar = tqdm(data.files, title(data.name), leave=False, disable=None)
    for number, (large, small) in enumerate(bar):
        pair = open_pair(large, small, degradation, data.short_side)
        megapixels = pair.high.pixels[:, :, 0].size / 1e6
        place = data.name, degradation.name, large.name
        for model, picture, numbers in _measured(pair, chosen, device, classifiers or {}):
            measures.append(Measure(*place, model, **numbers, megapixels=megapixels))
            if number < crops:
                strips[number].keep(model, picture)
    return measures, strips


def _measured(
    pair: Pair, chosen: list[Method], device: str | None, classifiers: Classifiers
) -> Iterator[tuple[str, np.ndarray, dict]]:
    """(name, picture, numbers by their field in `Measure`) of the original, then each method."""
    high = pair.high.pixels
    sharpness = metrics.sharpness(metrics.inner_luma(high))
    none = {"psnr_y": None, "ssim_y": None, "seconds": None}
    yield ORIGINAL, high, none | {"sharpness": sharpness}
    original = recognition.answers(classifiers, high)
    for method in chosen:
        start = time.perf_counter()
        picture = methods.restore(pair.low.pixels, method, device)
        numbers = {"seconds": time.perf_counter() - start}
        numbers |= asdict(metrics.quality(high, picture))
        numbers |= recognition.compare(original, recognition.answers(classifiers, picture))
        yield method.name, picture, numbers


def scores(measures: list[Measure], low: str) -> list[Score]:
    """Means by method: the original, bicubic, and then from the lowest PSNR to the highest."""
    found = []
    for model in dict.fromkeys(row.model for row in measures):
        rows = [row for row in measures if row.model == model]
        means = {name: _mean(rows, name) for name in ("ssim_y", "sharpness")}
        seconds, megapixels = _mean(rows, "seconds"), _mean(rows, "megapixels")
        means["seconds_per_mp"] = None if seconds is None else seconds / megapixels
        for name in ("psnr_y", *RECOGNISED):
            means |= {name: _mean(rows, name), f"{name}_95": _interval(rows, name)}
        first = rows[0]
        found.append(Score(model, first.dataset, low, first.degradation, len(rows), **means))
    return sorted(found, key=lambda s: (s.model != ORIGINAL, s.model != BICUBIC, s.psnr_y or 0))


def _mean(rows: list[Measure], field: str) -> float | None:
    values = [getattr(row, field) for row in rows]
    return None if None in values else float(np.mean(values))


def _interval(rows: list[Measure], field: str) -> tuple[float, float] | None:
    """None where the mean is None or infinite."""
    values = [getattr(row, field) for row in rows]
    return None if None in values or not np.isfinite(values).all() else interval(values)


def table(found: list[Score]) -> str:
    """The scores of one data set and degradation as Markdown, under a line that says what it is."""
    first = found[0]
    count = f"{first.photos} photo{'s' * (first.photos > 1)}"
    heading = f"{first.dataset}, {first.degradation}: {count}, shrunk {first.low}"
    formats = {"model": "", "PSNR-Y dB": ".2f", "SSIM-Y": ".4f", "sharpness": ".2f", "s/MP": ".2f"}
    rows = [[s.model, s.psnr_y, s.ssim_y, s.sharpness, s.seconds_per_mp] for s in found]
    if found[-1].lite2_agreement is not None:
        for name in recognition.TITLES:
            formats |= {f"{name} agreement (95 %)": "", f"{name} kept": ""}
            for row, score in zip(rows, found, strict=True):
                kept = getattr(score, f"{name}_kept")
                row.append(_with_interval(score, f"{name}_agreement"))
                row.append(None if kept is None else f"{100 * kept:.0f} %")
    return f"{heading}\n\n{tables.markdown(formats, rows)}"


def _with_interval(score: Score, field: str) -> str | None:
    """A share in percent, as 62 % (31 to 85)."""
    share, span = getattr(score, field), getattr(score, f"{field}_95")
    return span and "{:.0f} % ({:.0f} to {:.0f})".format(*(100 * x for x in (share, *span)))
