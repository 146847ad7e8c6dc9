"""Scenes: a photo of a bird, shrunk and set into a landscape, so that the bird is small in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classify import finding
from classify.evaluate.labels import Labelled
from classify.evaluate.measure import Setup, looked_at, said, score
from classify.finding import Box, area
from sr.compare.degradations import seeded
from sr.image import Photo, resize, shrink_to

SHARES = {"1/3": 1 / 3, "1/5": 1 / 5, "1/10": 1 / 10}  # of the landscape's height
SHORT_SIDE = 1080  # pixels that a landscape is shrunk to if it is larger
WIDEST = 0.8  # of the landscape's width that a bird may take
SOFT = 0.15  # of the bird's sides, over which it fades into the landscape


def scene(
    bird: np.ndarray, landscape: np.ndarray, share: float, rng: np.random.Generator
) -> tuple[np.ndarray, Box]:
    """`bird`, `share` of the landscape's height, at a random place in it; and its box.

    Both are (H, W, 3) uint8 pixels, and so is the scene.
    """
    if min(landscape.shape[:2]) > SHORT_SIDE:
        landscape = shrink_to(landscape, SHORT_SIDE)
    height, width = landscape.shape[:2]
    scale = min(share * height / bird.shape[0], WIDEST * width / bird.shape[1])
    h, w = (max(round(side * scale), 1) for side in bird.shape[:2])
    small = resize(bird, (w, h))
    top, left = rng.integers(height - h + 1), rng.integers(width - w + 1)
    around = landscape[top : top + h, left : left + w]
    opaque = (_ramp(h)[:, None] * _ramp(w))[..., None]
    made = landscape.copy()
    made[top : top + h, left : left + w] = (opaque * small + (1 - opaque) * around).round()
    return made, (left / width, top / height, (left + w) / width, (top + h) / height)


def _ramp(length: int) -> np.ndarray:
    """From 0 at both ends to 1 in the middle, (length,)."""
    place = (np.arange(length) + 0.5) / length
    return np.clip(np.minimum(place, 1 - place) / SOFT, 0, 1)


@dataclass(frozen=True)
class SceneMeasure:
    """How the bird in one scene is found and named in one way.

    share: of the scene's height that the bird's photo has, a key of `SHARES`.
    way: what was looked at: all, what was found, that enlarged, or the true box enlarged.
    found: whether a box was found.
    overlap: intersection over union of that with the true one, 0..1.
    rank: of the true kind, 1 for the most probable; None if the classifier doesn't have that kind.
    tier: how sure the app's answer is; `right`: whether what it says is so.
    """

    file: str
    share: str
    way: str
    found: bool
    overlap: float
    rank: int | None
    tier: str
    right: bool


WHOLE, FOUND, ENLARGED, TRUE = ("whole", "found", "found, enlarged", "true box, enlarged")


def measures(
    photo: Labelled, source: Photo, landscapes: Sequence[np.ndarray], setup: Setup
) -> Iterator[SceneMeasure]:
    """A photo set into each of the landscapes at each of `SHARES`, and named in each way.

    landscapes: (H, W, 3) uint8 pixels.
    """
    rng = seeded(Path(photo.file).name)
    for landscape in landscapes:
        for name, share in SHARES.items():
            pixels, truth = scene(source.pixels, landscape, share, rng)
            harmed = Photo(
                setup.degradation.harm(pixels, rng), jpeg_quality=setup.degradation.quality
            )
            box = finding.find(harmed.pixels, setup.classifier)
            parts = {
                WHOLE: harmed.pixels,
                FOUND: finding.cut(harmed.pixels, box),
                ENLARGED: looked_at(harmed, box, setup),
                TRUE: looked_at(harmed, truth, setup),
            }
            near = overlap(box, truth) if box else 0.0
            for way, part in parts.items():
                classes = setup.classifier.probabilities(part, squash=True)
                rank = score(classes, setup.classifier, photo.kind)[2]
                told = said(classes, setup.classifier, photo)
                yield SceneMeasure(photo.file, name, way, box is not None, near, rank, *told)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    both = max(across, 0.0) * max(down, 0.0)
    return both / (area(one) + area(other) - both)
