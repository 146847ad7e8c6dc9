"""Means over photos, with intervals, as tables and as a plot.

A photo is the unit: its sizes are not independent.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from classify import BIRD_THRESHOLD
from classify.evaluate.measure import BASELINE, FULL, Measure
from sr.compare.statistics import interval

MEAN = "mean"  # the "size" of a photo's mean over the sizes it was shrunk to
FIGURES = ("top1", "top5", "probability", "bird", "recognised", "same", "boxed")
Row = dict[str, Any]  # a line of a table, by column


def naming(measures: Iterable[Measure]) -> list[Row]:
    """A row for each size and way, of the photos whose kind is known, and for the mean size.

    top1, top5: share whose true kind is the most probable, or among the five.
    probability: mean, of the true kind among the kinds.
    bird: mean probability that there is one.
    recognised: share where that reaches the app's threshold.
    gain: in `probability`, over `BASELINE`; None for the baseline itself.
    """
    known = [measure for measure in measures if measure.rank is not None]
    shrunk = [replace(measure, size=MEAN) for measure in known if measure.size != FULL]
    if len({measure.size for measure in known} - {FULL}) > 1:
        known += shrunk
    table = _by_size_and_way(known)
    return [
        {
            **_head(size, way, values),
            **_means(values, "top1", "top5", "probability"),
            "probability_95": interval(values["probability"]),
            **_means(values, "bird", "recognised"),
            **_gain(way, values["probability"], table[size, BASELINE]["probability"]),
        }
        for (size, way), values in table.items()
    ]


def without_birds(others: Iterable[Measure], birds: Iterable[Measure]) -> list[Row]:
    """A row for each size and way, of photos without a bird beside those with one.

    same: share whose most probable class is that of the photo at full size.
    bird: mean probability of a bird.
    taken: share where that reaches the app's threshold.
    boxed: share where a box was found for the bird that isn't there.
    birds: photos of birds, of any kind, of the same size.
    missed: share of them that doesn't reach it; None without any.
    gain: in `same`, over `BASELINE`; None for the baseline itself.
    """
    table, with_birds = _by_size_and_way(others), _by_size_and_way(birds)
    rows = []
    for (size, way), values in table.items():
        recognised = with_birds[size, way]["recognised"] if (size, way) in with_birds else ()
        row = {
            **_head(size, way, values),
            **_means(values, "same", "bird"),
            "taken": float(values["recognised"].mean()),
            "boxed": float(values["boxed"].mean()),
            "birds": len(recognised),
            "missed": float((1 - recognised).mean()) if len(recognised) else None,
            **_gain(way, values["same"], table[size, BASELINE]["same"]),
        }
        rows.append(row)
    return rows


def _by_size_and_way(measures: Iterable[Measure]) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """(size, way) -> each of `FIGURES`, (photos,): the mean where there are more of a photo."""
    found = defaultdict(lambda: defaultdict(list))
    for m in measures:
        top = (m.rank == 1, m.rank in range(1, 6), m.probability)
        found[m.size, m.way][m.file].append(
            (*top, m.bird, m.bird >= BIRD_THRESHOLD, m.same, m.boxed)
        )
    table = {}
    for key, photos in found.items():
        means = [np.array(values, float).mean(0) for values in photos.values()]
        table[key] = dict(zip(FIGURES, np.transpose(means), strict=True))
    return table


def _head(size: str, way: str, values: dict[str, np.ndarray]) -> Row:
    return {"size": size, "way": way, "photos": len(values["bird"])}


def _means(values: dict[str, np.ndarray], *names: str) -> Row:
    return {name: float(values[name].mean()) for name in names}


def _gain(way: str, values: np.ndarray, baseline: np.ndarray) -> Row:
    if way == BASELINE:
        return {"gain": None, "gain_95": None}
    return {"gain": float((values - baseline).mean()), "gain_95": interval(values - baseline)}


TITLES = {
    "naming": f"Naming; gain is in probability over {BASELINE}",
    "others": f"Photos without a bird; gain is in same over {BASELINE}",
    "tiers": "What the app says, by how sure it is",
    "calibration": "Probability of the first class, and how often it is that of full size",
    "scenes": "Small birds in landscapes; right is of kinds that the classifier knows",
}


def tables(rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """The tables that have rows, each under a line that says what it is."""
    for name, title in TITLES.items():
        if rows[name]:
            yield f"{title}\n{_aligned(rows[name])}"


def _aligned(rows: Sequence[Row]) -> str:
    """Rows as text under their columns' names: words to the left, numbers to the right."""
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    sides = ["<" if isinstance(value, str) else ">" for value in rows[0].values()]
    form = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return "\n".join(form.format(*line) for line in lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(map(_cell, value))
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def plot(rows: Sequence[Row], file: Path, note: str) -> None:
    """Top-1 and probability against the size; bars are 95 % intervals of the probability."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    sizes = [size for size in dict.fromkeys(row["size"] for row in rows) if size != MEAN]
    ways = list(dict.fromkeys(row["way"] for row in rows))
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharex=True)
    for i, way in enumerate(ways):
        line = [row for row in rows if row["way"] == way and row["size"] != MEAN]
        # Beside each other, or the bars would hide one another.
        x = np.array([sizes.index(row["size"]) for row in line]) + (i - (len(ways) - 1) / 2) * 0.05
        axes[0].plot(x, [row["top1"] for row in line], "o-", label=way)
        middle = [row["probability"] for row in line]
        spans = np.array([row["probability_95"] for row in line]).T
        axes[1].errorbar(x, middle, np.abs(spans - middle), fmt="o-", capsize=2, linewidth=1)
    for axis, label in zip(axes, ("top-1", "probability of the true kind"), strict=True):
        axis.set(xlabel="short side of the photo, pixels", ylabel=label, ylim=(0, 1))
        axis.set_xticks(range(len(sizes)), sizes)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize="small", loc="lower right")
    figure.suptitle(note, fontsize="small")
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
