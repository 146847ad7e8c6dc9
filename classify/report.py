"""The figures for people and other programs: tables, CSV rows, a plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from classify import BIRD_THRESHOLD
from classify.summary import MEAN, Choice, Interval, Row, Summary
from classify.trial import REFERENCE, Measure

Column = tuple[str, Callable[[Any], str]]


def _interval(limits: Interval | None, form: str) -> str:
    return "-" if limits is None else f"{limits[0]:{form}} to {limits[1]:{form}}"


def _or_dash(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


NAMING: tuple[Column, ...] = (
    ("size", lambda r: r.size),
    ("way", lambda r: r.way),
    ("photos", lambda r: f"{r.photos}"),
    ("top-1", lambda r: f"{r.top1:.0%}"),
    ("top-5", lambda r: f"{r.top5:.0%}"),
    ("probability", lambda r: f"{r.probability:.3f}"),
    ("95 %", lambda r: _interval(r.probability_95, ".2f")),
    ("bird", lambda r: f"{r.bird:.2f}"),
    ("recognised", lambda r: f"{r.recognised:.0%}"),
    ("gain", lambda r: _or_dash(r.gain, "+.3f")),
    ("95 %", lambda r: _interval(r.gain_95, "+.2f")),
    ("p", lambda r: _or_dash(r.p_gain, ".3f")),
    ("p top-1", lambda r: _or_dash(r.p_top1, ".3f")),
)
SIGHTS: tuple[Column, ...] = (
    ("size", lambda r: r.size),
    ("way", lambda r: r.way),
    ("photos", lambda r: f"{r.photos}"),
    ("as at full size", lambda r: f"{r.same:.0%}"),
    ("gain", lambda r: _or_dash(r.gain, "+.2f")),
    ("95 %", lambda r: _interval(r.gain_95, "+.2f")),
    ("p", lambda r: _or_dash(r.p, ".3f")),
    ("bird", lambda r: f"{r.bird:.3f}"),
    ("taken for birds", lambda r: f"{r.taken:.1%}"),
    ("birds", lambda r: f"{r.birds}"),
    ("missed", lambda r: f"{r.missed:.1%}"),
)
CALIBRATIONS: tuple[Column, ...] = (
    ("way", lambda r: r.way),
    ("temperature", lambda r: f"{r.temperature:.2f}"),
    ("NLL", lambda r: f"{r.nll:.3f}"),
    ("NLL, fitted on the others", lambda r: f"{r.nll_unseen:.3f}"),
)
CUTS: tuple[Column, ...] = (
    ("size", lambda r: r.size),
    ("way", lambda r: r.way),
    (f"at {BIRD_THRESHOLD}: missed", lambda r: f"{r.missed:.1%}"),
    ("taken", lambda r: f"{r.taken:.1%}"),
    ("best threshold", lambda r: f"{r.best:.2f}"),
    ("other half: missed", lambda r: f"{r.missed_unseen:.1%}"),
    ("taken", lambda r: f"{r.taken_unseen:.1%}"),
)


def aligned(rows: Sequence[Any], columns: Sequence[Column]) -> str:
    """A table as text: names to the left, figures to the right."""
    cells = [[name for name, _ in columns], *([show(row) for _, show in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if name in ("size", "way") else cell.rjust(width)
            for cell, width, (name, _) in zip(line, widths, columns, strict=True)
        ).rstrip()
        for line in cells
    )


def tables(figures: Summary) -> str:
    """All tables that have rows, each under a line that says what it is."""
    parts = (
        (f"Naming; gain and p are against {REFERENCE}", figures.naming, NAMING),
        ("Temperature", figures.temperature, CALIBRATIONS),
        (f"Photos without a bird; gain and p are against {REFERENCE}", figures.others, SIGHTS),
        ("Threshold on the probability of a bird", figures.threshold, CUTS),
    )
    return "\n\n".join(f"{title}\n{aligned(r, columns)}" for title, r, columns in parts if r)


def chosen_text(found: Choice) -> str:
    """The choice in a sentence."""
    times = ", ".join(f"{way} {count} times" for way, count in found.times.items())
    return (
        f"Chosen for each photo on the others: {times}. It got top-1 {found.top1:.0%} and "
        f"probability {found.probability:.3f} ({_interval(found.probability_95, '.2f')}), where "
        f"{REFERENCE} has {found.reference_top1:.0%} and {found.reference_probability:.3f}; "
        f"p {found.p_gain:.3f}."
    )


def csv_rows(measures: Iterable[Measure], labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """What the CSV has of each measure: all but the curve, and the label."""
    return [
        {"label": labels.get(m.file, "")} | {k: v for k, v in asdict(m).items() if k != "curve"}
        for m in measures
    ]


def plot(rows: Sequence[Row], file: Path, note: str) -> None:
    """Top-1 and probability against the size; bars are 95 % intervals of the probability."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    sizes = [size for size in dict.fromkeys(r.size for r in rows) if size != MEAN]
    ways = list(dict.fromkeys(r.way for r in rows))
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.5), layout="constrained", sharex=True)
    for i, way in enumerate(ways):
        there = {r.size: r for r in rows if r.way == way}
        lines = [there[size] for size in sizes if size in there]
        # Beside each other, or the bars would hide one another.
        x = np.array([sizes.index(r.size) for r in lines]) + (i - (len(ways) - 1) / 2) * 0.05
        axes[0].plot(x, [r.top1 for r in lines], "o-", label=way)
        middle = [r.probability for r in lines]
        spans = np.array([r.probability_95 for r in lines]).T
        bars = np.abs(spans - middle)
        axes[1].errorbar(x, middle, bars, fmt="o-", capsize=2, linewidth=1)
    for axis, label in zip(axes, ("top-1", "probability of the true kind"), strict=True):
        axis.set(xlabel="short side of the photo, pixels", ylabel=label, ylim=(0, 1))
        axis.set_xticks(range(len(sizes)), sizes)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize="small", loc="lower right")
    figure.suptitle(note, fontsize="small")
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
