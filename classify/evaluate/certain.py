"""How often what the app says is right, by how sure it is, as rows with intervals."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from classify.certainty import LIKELY, NO_BIRD, TIERS
from classify.evaluate.measure import APP, FULL, Measure
from classify.evaluate.scenes import SceneMeasure
from classify.evaluate.summary import Row
from sr.compare.statistics import interval

EDGES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0)  # between which probabilities are alike


def tiers(measures: Iterable[Measure]) -> list[Row]:
    """A row for each size, kind of photo and tier: how often what is said is right.

    photos: of kinds that the classifier knows, of other birds, and without a bird.
    """
    app = [m for m in measures if m.way == APP]
    sizes = list(dict.fromkeys(m.size for m in app))
    rows = _rows(app, lambda m: (m.size, _shows(m), m.tier), lambda m: m.right)
    order = sorted(
        rows, key=lambda row: (sizes.index(row[0][0]), row[0][1], TIERS.index(row[0][2]))
    )
    return [{"size": s, "photos": shows, "tier": tier, **row} for (s, shows, tier), row in order]


def _shows(m: Measure) -> str:
    if not m.label:
        return "no bird"
    return "other birds" if m.rank is None else "its kinds"


def calibration(measures: Iterable[Measure]) -> list[Row]:
    """A row for each range of probability of the first of all classes, for shrunk photos.

    right: share whose first class is that of the photo at full size. That needs no labels, so
        photos of anything count.
    """
    app = [m for m in measures if m.way == APP and m.size != FULL]
    rows = _rows(app, lambda m: int(np.searchsorted(EDGES, m.sure, "right")), lambda m: m.same)
    return [
        {"from": EDGES[i - 1], "to": EDGES[min(i, len(EDGES) - 1)], **row}
        for (i, row) in sorted(rows, key=lambda pair: pair[0])
    ]


def scenes(measures: Iterable[SceneMeasure]) -> list[Row]:
    """A row for each share and way: birds found and named.

    found, overlap: share of scenes with a box, and the boxes' mean overlap with the true ones.
    likely_right, likely_wrong: share of scenes of which something likely is said, so or not.
    right: share that is named as the true kind, of kinds that the classifier knows.
    """
    rows = []
    for (share, way), group in _grouped(measures, lambda m: (m.share, m.way)).items():
        boxes = [m.overlap for m in group if m.found]
        likely = [m.right for m in group if m.tier == LIKELY]
        known = [m for m in group if m.rank is not None]
        head = {"share": share, "way": way, "scenes": len(group)}
        head["found"] = len(boxes) / len(group)
        head["overlap"] = float(np.mean(boxes)) if boxes else None
        head["likely_right"] = sum(likely) / len(group)
        head["likely_wrong"] = (len(likely) - sum(likely)) / len(group)
        rows.append(head | _mean_over_files(known, _named))
    return rows


def _named(m: SceneMeasure) -> bool:
    return m.rank == 1 and m.tier != NO_BIRD


def _rows(
    measures: Iterable, key: Callable[[Any], Any], right: Callable[[Any], bool]
) -> Iterator[tuple[Any, Row]]:
    groups = _grouped(measures, key)
    return ((name, _mean_over_files(group, right)) for name, group in groups.items())


def _grouped(measures: Iterable, key: Callable[[Any], Any]) -> dict[Any, list]:
    groups = defaultdict(list)
    for m in measures:
        groups[key(m)].append(m)
    return groups


def _mean_over_files(measures: list, right: Callable[[Any], bool]) -> Row:
    """n, the share that is right, and its interval; a file is the unit."""
    files = _grouped(measures, lambda m: m.file)
    means = np.array([np.mean([right(m) for m in group]) for group in files.values()])
    share = float(np.mean([right(m) for m in measures])) if measures else None
    spread = interval(means) if len(means) else None
    return {"n": len(measures), "files": len(files), "right": share, "right_95": spread}
