"""PSNR and recognition against the degradation, a line for each method."""

from pathlib import Path

import numpy as np

from sr.evaluate.recognition import TITLES
from sr.evaluate.scores import ORIGINAL, Score


def draw(scores: list[Score], file: Path) -> None:
    """Write a PNG with a row for each data set; bars are 95 % intervals over the photos.

    Recognition is drawn where it was measured. Needs matplotlib. Raises `OSError`.
    """
    from matplotlib.figure import Figure

    there = [score for score in scores if score.model != ORIGINAL and not score.unavailable]
    sets, columns = list(dict.fromkeys(s.dataset for s in there)), {"psnr_y": "PSNR-Y, dB"}
    if there[0].lite2_agreement is not None:
        columns |= {f"{name}_agreement": f"agreement, {title}" for name, title in TITLES.items()}
    size = 5.5 * len(columns), 4.5 * len(sets)
    figure = Figure(size, layout="constrained")
    grid = figure.subplots(len(sets), len(columns), squeeze=False)
    for axes, name in zip(grid, sets, strict=True):
        mine = [score for score in there if score.dataset == name]
        for axis, (field, label) in zip(axes, columns.items(), strict=True):
            _plot(axis, mine, field)
            axis.set(title=f"{name}, {mine[0].photos} photos", ylabel=label)
            axis.grid(alpha=0.3)
    grid[0][0].legend(fontsize="small")
    figure.savefig(file, dpi=110, format="png")


def _plot(axis, scores: list[Score], field: str) -> None:
    """The methods beside each other, or their bars would hide one another."""
    degradations = list(dict.fromkeys(score.degradation for score in scores))
    models = list(dict.fromkeys(score.model for score in scores))
    for i, model in enumerate(models):
        line = [score for score in scores if score.model == model]
        places = [degradations.index(score.degradation) for score in line]
        x = np.array(places) + (i - (len(models) - 1) / 2) * 0.05
        middle = np.array([getattr(score, field) for score in line])
        spans = [
            getattr(score, f"{field}_95") or (m, m) for score, m in zip(line, middle, strict=True)
        ]
        bars = np.abs(np.array(spans).T - middle)
        axis.errorbar(x, middle, bars, fmt="o-", capsize=2, linewidth=1, markersize=4, label=model)
    axis.set_xticks(range(len(degradations)), degradations)
