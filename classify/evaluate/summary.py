"""Means over photos, with intervals. A photo is the unit: its sizes are not independent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from classify import BIRD_THRESHOLD
from classify.evaluate.measure import BASELINE, FULL, Measure

MEAN = "mean"  # the "size" of a photo's mean over the sizes it was shrunk to
RESAMPLES = 2_000
Interval = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """How the photos of one size are named in one way. All but `photos` are means, 0..1 each.

    top1, top5: whether the true kind is the most probable, or among the five.
    probability: of the true kind among the kinds.
    bird: probability that there is one.
    recognised: whether that reaches the app's threshold.
    gain: in `probability`, over `BASELINE`; None for the baseline itself.
    """

    size: str
    way: str
    photos: int
    top1: float
    top5: float
    probability: float
    probability_95: Interval
    bird: float
    recognised: float
    gain: float | None = None
    gain_95: Interval | None = None


@dataclass(frozen=True)
class OtherRow:
    """What is seen in photos without a bird, of one size in one way.

    same: share whose most probable class is that of the photo at full size.
    gain: in `same`, over `BASELINE`; None for the baseline itself.
    bird: mean probability of a bird.
    taken: share that reaches the app's threshold.
    birds: photos of birds, of any kind, of the same size.
    missed: share of them that doesn't reach it; None without any.
    """

    size: str
    way: str
    photos: int
    same: float
    bird: float
    taken: float
    birds: int
    missed: float | None
    gain: float | None = None
    gain_95: Interval | None = None


def interval(values: np.ndarray, share: float = 0.95) -> Interval:
    """Where the mean of (photos,) values lies with probability `share`.

    The percentile bootstrap of Efron 1979, seeded. With a handful of photos it is too narrow.
    """
    values = np.asarray(values, float)
    draw = np.random.default_rng(0)
    means = [values[draw.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def grouped(measures: Iterable[Measure]) -> dict[tuple[str, str], list[Measure]]:
    """(size, way) -> the measures, in the order they come in."""
    found: dict[tuple[str, str], list[Measure]] = {}
    for measure in measures:
        found.setdefault((measure.size, measure.way), []).append(measure)
    return found


def naming(measures: Iterable[Measure]) -> list[Row]:
    """A row for each size and way, of the photos whose kind is known, and for the mean size."""
    known = [measure for measure in measures if measure.rank is not None]
    table = {key: _values(group) for key, group in grouped(known).items()}
    shrunk = [measure for measure in known if measure.size != FULL]
    if len({measure.size for measure in shrunk}) > 1:
        table |= _means(shrunk)
    return [_row(size, way, v, table[size, BASELINE]) for (size, way), v in table.items()]


def _values(group: Iterable[Measure]) -> np.ndarray:
    """(photos, 5): top-1, top-5, probability, bird, recognised."""
    rows = [
        (m.rank == 1, m.rank <= 5, m.probability, m.bird, m.bird >= BIRD_THRESHOLD) for m in group
    ]
    return np.array(rows, float)


def _means(shrunk: Iterable[Measure]) -> dict[tuple[str, str], np.ndarray]:
    """(MEAN, way) -> (photos, 5), each the mean of a photo's values over its sizes."""
    photos: dict[str, dict[str, list[Measure]]] = {}
    for m in shrunk:
        photos.setdefault(m.way, {}).setdefault(m.file, []).append(m)
    return {
        (MEAN, way): np.array([_values(group).mean(0) for group in by_file.values()])
        for way, by_file in photos.items()
    }


def _row(size: str, way: str, values: np.ndarray, baseline: np.ndarray) -> Row:
    top1, top5, probability, bird, recognised = values.mean(0).tolist()
    limits = interval(values[:, 2])
    compared = () if way == BASELINE else _gain(values[:, 2], baseline[:, 2])
    means = (top1, top5, probability, limits, bird, recognised)
    return Row(size, way, len(values), *means, *compared)


def _gain(values: np.ndarray, baseline: np.ndarray) -> tuple[float, Interval]:
    gains = values - baseline
    return float(gains.mean()), interval(gains)


def without_birds(others: Iterable[Measure], birds: Sequence[Measure]) -> list[OtherRow]:
    """A row for each size and way, of photos without a bird beside those with one."""
    table, of_birds = grouped(others), grouped(birds)
    rows = []
    for (size, way), group in table.items():
        same, bird = (np.array([getattr(m, f) for m in group], float) for f in ("same", "bird"))
        taken = float((bird >= BIRD_THRESHOLD).mean())
        missed = [m.bird < BIRD_THRESHOLD for m in of_birds.get((size, way), [])]
        share = float(np.mean(missed)) if missed else None
        baseline = np.array([m.same for m in table[size, BASELINE]], float)
        compared = () if way == BASELINE else _gain(same, baseline)
        means = (float(same.mean()), float(bird.mean()), taken)
        rows.append(OtherRow(size, way, len(group), *means, len(missed), share, *compared))
    return rows
