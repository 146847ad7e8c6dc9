"""Finds the bird in a photo: the place at which the classifier, shown all of it, sees a bird.

A convolutional network that is shown more than its input size gives features for every place. Each
place is classified by itself, and what the kinds of bird get there is a map of where a bird is, as
in Zhou et al., "Learning deep features for discriminative localization", CVPR 2016. At a small
scale all of a large bird is one place, and a small bird is none; so the place is that of the
largest scale, and the extent that of the smallest scale which sees a bird at that place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from classify.classifier import Classifier

Box = tuple[float, float, float, float]  # left, top, right, bottom: each 0..1 of a side

LONG_SIDES = (256, 512, 1024)  # pixels of the photo's long side at the scales
BLOWN_UP = 2  # times its own size, up to which a photo is looked at
LEAST = 0.95  # probability of a bird at the place, for it to be one
SEEN = 0.5  # probability of a bird all over its extent
MARGIN = 0.1  # of the box's sides, added on each side
SMALL = 0.5  # share of the photo's area up to which the bird with its margin is small in it


def find(pixels: np.ndarray, classifier: Classifier) -> Box | None:
    """The box of the surest bird in (H, W, 3) uint8 pixels, with a margin; None if none is seen.

    None too if the bird fills so much of the photo that there is nothing to be gained, and if the
    classifier takes photos of one size only.
    """
    largest = BLOWN_UP * max(pixels.shape[:2])
    first, *more = [side for side in LONG_SIDES if side <= largest] or LONG_SIDES[:1]
    seen = classifier.bird_map(pixels, first)
    if seen is None or _fills_the_photo(seen):
        return None
    maps = [seen, *([classifier.bird_map(pixels, more[-1])] if more else [])]
    if maps[-1].max() < LEAST:
        return None
    maps[1:1] = [classifier.bird_map(pixels, side) for side in more[:-1]]
    place = _peak(maps[-1])
    box = _with_margin(next(filter(None, (_extent(seen, place) for seen in maps))))
    return box if area(box) <= SMALL else None


def _fills_the_photo(seen: Tensor) -> bool:
    """Whether a bird is seen that is not small in the photo, so that no closer look is needed."""
    if seen.max() < LEAST:
        return False
    return area(_with_margin(_extent(seen, _peak(seen)))) > SMALL


def _peak(seen: Tensor) -> tuple[float, float]:
    """The surest place, down and across, in fractions of the sides."""
    row, column = divmod(int(seen.argmax()), seen.shape[1])
    return (row + 0.5) / seen.shape[0], (column + 0.5) / seen.shape[1]


def area(box: Box) -> float:
    """The share of the photo that a box takes."""
    return (box[2] - box[0]) * (box[3] - box[1])


def cut(pixels: np.ndarray, box: Box | None) -> np.ndarray:
    """The part of (H, W, 3) pixels in a box, at least a pixel a side; all of them without one."""
    if box is None:
        return pixels
    height, width = pixels.shape[:2]
    left, right = _span(box[0], box[2], width)
    top, bottom = _span(box[1], box[3], height)
    return pixels[top:bottom, left:right]


def _span(start: float, end: float, size: int) -> tuple[int, int]:
    first = min(max(round(start * size), 0), size - 1)
    return first, min(max(round(end * size), first + 1), size)


def _extent(seen: Tensor, place: tuple[float, float]) -> Box | None:
    """The box of the places where a bird is seen that touch one another and a place, if it is one.

    place: down and across, in fractions of the sides.
    """
    from torch.nn.functional import max_pool2d

    height, width = seen.shape
    bird = (seen >= SEEN).float()[None, None]
    row, column = int(place[0] * height), int(place[1] * width)
    if not bird[0, 0, row, column]:
        return None
    grown = bird.new_zeros(bird.shape)
    grown[0, 0, row, column] = 1
    while True:  # until it no longer grows, in all eight directions
        larger = max_pool2d(grown, 3, stride=1, padding=1) * bird
        if larger.equal(grown):
            break
        grown = larger
    rows, columns = grown[0, 0].nonzero().unbind(1)
    return (
        columns.min().item() / width,
        rows.min().item() / height,
        (columns.max().item() + 1) / width,
        (rows.max().item() + 1) / height,
    )


def _with_margin(box: Box) -> Box:
    left, top, right, bottom = box
    across, down = MARGIN * (right - left), MARGIN * (bottom - top)
    return (
        max(left - across, 0.0),
        max(top - down, 0.0),
        min(right + across, 1.0),
        min(bottom + down, 1.0),
    )
