"""The figures as tables for people and as a plot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from classify.evaluate.measure import BASELINE
from classify.evaluate.summary import MEAN, OtherRow, Row


def tables(naming: Sequence[Row], others: Sequence[OtherRow]) -> Iterator[str]:
    """The tables that have rows, each under a line that says what it is."""
    yield f"Naming; gain is in probability over {BASELINE}\n{aligned(naming)}"
    if others:
        yield f"Photos without a bird; gain is in same over {BASELINE}\n{aligned(others)}"


def aligned(rows: Sequence[Row | OtherRow]) -> str:
    """Rows as text under their fields' names: words to the left, numbers to the right."""
    cells = [list(asdict(rows[0])), *([_cell(v) for v in asdict(row).values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    words = [isinstance(value, str) for value in asdict(rows[0]).values()]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if word else cell.rjust(width)
            for cell, width, word in zip(line, widths, words, strict=True)
        )
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, tuple):
        return " to ".join(f"{limit:.3f}" for limit in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)


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
        axes[1].errorbar(x, middle, np.abs(spans - middle), fmt="o-", capsize=2, linewidth=1)
    for axis, label in zip(axes, ("top-1", "probability of the true kind"), strict=True):
        axis.set(xlabel="short side of the photo, pixels", ylabel=label, ylim=(0, 1))
        axis.set_xticks(range(len(sizes)), sizes)
        axis.grid(alpha=0.3)
    axes[0].legend(fontsize="small", loc="lower right")
    figure.suptitle(note, fontsize="small")
    figure.savefig(file, dpi=110)
    pyplot.close(figure)
