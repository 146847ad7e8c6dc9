"""From the measures of many photos to figures: naming, choice, temperature, threshold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from classify import BIRD_THRESHOLD, figures
from classify.trial import FULL, REFERENCE, Measure

MEAN = "mean"  # the "size" of a photo's mean over the sizes it was shrunk to
Key = tuple[str, str]  # (size, way)
Interval = tuple[float, float]


@dataclass(frozen=True)
class Row:
    """How a way names the photos of one size. All but `photos` and p are means, 0..1 each.

    top1, top5: the true kind is the likeliest, or among the five.  probability: of the true kind
    among the kinds.  bird: that there is one.  recognised: it reaches the threshold of the app.
    probability_95, gain_95: bootstrap over the photos.  gain: over `REFERENCE`, in `probability`.
    p_gain, p_top1: of the same comparison, sign-flip and McNemar; None for the reference itself,
    p_top1 also for means over sizes, which are no counts.
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
    p_gain: float | None = None
    p_top1: float | None = None


@dataclass(frozen=True)
class OtherRow:
    """How a way sees photos that show no bird, of one size.

    same: the likeliest of all classes is that of the full size.  gain, gain_95, p: over
    `REFERENCE`, as in `Row` but p by McNemar.  bird: mean probability of one.  taken: share that
    reaches the threshold of the app.  missed: share of the birds that doesn't, of any kind.
    """

    size: str
    way: str
    photos: int
    same: float
    bird: float
    taken: float
    birds: int
    missed: float
    gain: float | None = None
    gain_95: Interval | None = None
    p: float | None = None


@dataclass(frozen=True)
class Choice:
    """The way with the highest mean probability, chosen for each photo on all the others.

    times: way -> photos it was chosen for.  top1, probability: of what was chosen, means over
    the photos, which are means over their sizes; reference_...: of `REFERENCE`.
    """

    times: dict[str, int]
    top1: float
    probability: float
    probability_95: Interval
    reference_top1: float
    reference_probability: float
    p_gain: float


@dataclass(frozen=True)
class Calibration:
    """temperature: that fits a way's answers at all sizes best.  nll: mean negative log likelihood
    of the true kind without it.  nll_unseen: with each photo's fitted on the others.
    """

    way: str
    temperature: float
    nll: float
    nll_unseen: float


@dataclass(frozen=True)
class Cut:
    """The threshold on the bird mass of a way at a size, against the app's.

    best: the one with the fewest errors.  missed, taken: with the app's, shares of the birds and
    of the other photos.  missed_unseen, taken_unseen: with each half's fitted on the other half.
    """

    size: str
    way: str
    best: float
    missed: float
    taken: float
    missed_unseen: float
    taken_unseen: float


@dataclass(frozen=True)
class Summary:
    """All figures; `choice` and those after it are left out where there are too few photos."""

    naming: list[Row]
    choice: Choice | None
    temperature: list[Calibration]
    others: list[OtherRow]
    threshold: list[Cut]


def summary(birds: Sequence[Measure], others: Sequence[Measure]) -> Summary:
    """The figures of photos of birds, at least one of a known kind, and of photos without one."""
    return Summary(
        naming(birds),
        choice(birds),
        calibrations(birds),
        sights(others, birds),
        cuts(others, birds),
    )


def grouped(measures: Iterable[Measure]) -> dict[Key, list[Measure]]:
    """The measures of each (size, way), sizes and ways in the order they come in."""
    found: dict[Key, list[Measure]] = {}
    for measure in measures:
        found.setdefault((measure.size, measure.way), []).append(measure)
    return found


def naming(measures: Sequence[Measure]) -> list[Row]:
    """A row for each size and way, of the photos whose kind is known."""
    table = {key: _values(group) for key, group in grouped(_known(measures)).items()}
    table |= _means(measures)
    return [_row(key, values, table[key[0], REFERENCE]) for key, values in table.items()]


def _known(measures: Iterable[Measure]) -> list[Measure]:
    return [measure for measure in measures if measure.rank is not None]


def _values(group: Iterable[Measure]) -> np.ndarray:
    """(photos, 5): top-1, top-5, probability, bird, recognised."""
    rows = [
        (m.rank == 1, m.rank <= 5, m.probability, m.bird, m.bird >= BIRD_THRESHOLD) for m in group
    ]
    return np.array(rows, float)


def _means(measures: Sequence[Measure]) -> dict[Key, np.ndarray]:
    """The values of each photo, the mean over the sizes it was shrunk to; {} with one such size."""
    shrunk = [m for m in _known(measures) if m.size != FULL]
    if len({m.size for m in shrunk}) < 2:
        return {}
    return {(MEAN, way): values for way, values in over_sizes(shrunk).items()}


def over_sizes(measures: Iterable[Measure]) -> dict[str, np.ndarray]:
    """way -> (photos, 5), each the mean of a photo's values over its sizes."""
    found: dict[str, dict[str, list[Measure]]] = {}
    for m in measures:
        found.setdefault(m.way, {}).setdefault(m.file, []).append(m)
    return {
        way: np.array([_values(group).mean(0) for group in files.values()])
        for way, files in found.items()
    }


def _row(key: Key, values: np.ndarray, reference: np.ndarray) -> Row:
    size, way = key
    top1, top5, probability, bird, recognised = values.mean(0).tolist()
    limits = figures.interval(values[:, 2])
    row = (size, way, len(values), top1, top5, probability, limits, bird, recognised)
    if way == REFERENCE:
        return Row(*row)
    gains = values[:, 2] - reference[:, 2]
    p_top1 = None if size == MEAN else figures.mcnemar(values[:, 0] > 0, reference[:, 0] > 0)
    compared = (figures.interval(gains), figures.sign_flip(gains), p_top1)
    return Row(*row, float(gains.mean()), *compared)


def losses(rows: Iterable[Row], way: str) -> list[str]:
    """The sizes at which a way has a lower probability or top-1 than `REFERENCE`."""
    found = {(row.size, row.way): row for row in rows}
    worse = []
    for (size, name), row in found.items():
        reference = found[size, REFERENCE]
        lower = row.probability < reference.probability or row.top1 < reference.top1
        worse += [size] if name == way and lower else []
    return worse


def choice(measures: Sequence[Measure]) -> Choice | None:
    """Which way the other photos choose for each; None with fewer than three photos."""
    table = over_sizes(_known(measures))
    if len(table) < 2 or len(table[REFERENCE]) < 3:
        return None
    names, values = list(table), np.array(list(table.values()))
    chosen = figures.unseen(values[:, :, 2])
    got = values[chosen, np.arange(len(chosen))]
    reference = table[REFERENCE]
    times = {names[i]: int((chosen == i).sum()) for i in np.unique(chosen)}
    return Choice(
        times,
        float(got[:, 0].mean()),
        float(got[:, 2].mean()),
        figures.interval(got[:, 2]),
        float(reference[:, 0].mean()),
        float(reference[:, 2].mean()),
        figures.sign_flip(got[:, 2] - reference[:, 2]),
    )


def calibrations(measures: Sequence[Measure]) -> list[Calibration]:
    """Each way's temperature; [] with fewer than three photos."""
    curves: dict[str, dict[str, list[np.ndarray]]] = {}
    for m in _known(measures):
        curves.setdefault(m.way, {}).setdefault(m.file, []).append(m.curve)
    means = {
        way: np.array([np.mean(of_photo, axis=0) for of_photo in files.values()])
        for way, files in curves.items()
    }
    return [Calibration(w, *figures.temperature(c)) for w, c in means.items() if len(c) > 2]


def sights(others: Sequence[Measure], birds: Sequence[Measure]) -> list[OtherRow]:
    """A row for each size and way, of photos without a bird."""
    table, masses = grouped(others), grouped(birds)
    rows = []
    for (size, way), group in table.items():
        same = np.array([m.same for m in group])
        mass = _masses(group)
        bird = _masses(masses.get((size, way), []))
        missed, taken = figures.errors(bird, mass, BIRD_THRESHOLD)
        row = (size, way, len(group), float(same.mean()), float(mass.mean()), taken)
        compared = () if way == REFERENCE else _sighted(same, table[size, REFERENCE])
        rows.append(OtherRow(*row, len(bird), missed, *compared))
    return rows


def _sighted(same: np.ndarray, reference: Iterable[Measure]) -> tuple[float, Interval, float]:
    before = np.array([m.same for m in reference])
    gains = same.astype(float) - before
    return float(gains.mean()), figures.interval(gains), figures.mcnemar(same, before)


def _masses(group: Iterable[Measure]) -> np.ndarray:
    return np.array([m.bird for m in group], float)


def cuts(others: Sequence[Measure], birds: Sequence[Measure]) -> list[Cut]:
    """Each size's and way's threshold, and what it is worth on the half it wasn't fitted to."""
    table, masses = grouped(others), grouped(birds)
    rows = []
    for key, group in table.items():
        mass, bird = _masses(group), _masses(masses.get(key, []))
        if min(len(mass), len(bird)) < 4:
            continue
        halves = [(bird[i::2], mass[i::2], bird[1 - i :: 2], mass[1 - i :: 2]) for i in (0, 1)]
        unseen = [figures.errors(b, o, figures.threshold(*fit)) for *fit, b, o in halves]
        used = figures.errors(bird, mass, BIRD_THRESHOLD)
        mean = np.mean(unseen, axis=0).tolist()
        rows.append(Cut(*key, figures.threshold(bird, mass), *used, *mean))
    return rows
