"""What `classify.evaluate` does with one photo: it is shrunk, restored, and named in every way.

Each picture is made and each view of it classified once, however many ways look at it.
A part of that program, it brings super-resolution and naming together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

import classify
from classify import figures, ways
from classify.catalog import Classifier
from classify.ways import View, Way
from sr import catalog, compare, engine, photo

FULL = "full"  # the size of a photo that isn't shrunk
REFERENCE = catalog.BICUBIC  # what every way is compared with
# What the classifier saw in a photo of full size is taken from both framings.
FIRST_SIGHT = "photo*photo:squash"

Restore = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Tools:
    """What a trial needs.

    restore: method's name -> (H, W, 3) uint8 to (4H, 4W, 3).  enlarged: the method that the app
    enlarges by.  named: the ways by the names they go by.
    """

    classifier: Classifier
    restore: Mapping[str, Restore]
    enlarged: str
    named: Mapping[str, Way]


@dataclass(frozen=True)
class Measure:
    """How one way names one photo at one size.

    size: the short side in pixels, or `FULL`.  enlarged: whether it was small enough for that.
    best: the likeliest kind.  bird: probability that there is a bird.  same: whether the likeliest
    of all classes is that of the full size.  rank: of the true kind, 1 is the likeliest.
    probability: of the true kind among the kinds.  curve: as `figures.curve`.  All three are None
    where the true kind is none of the classifier's.
    """

    file: str
    size: str
    way: str
    enlarged: bool
    best: str
    bird: float
    same: bool
    rank: int | None = None
    probability: float | None = None
    curve: np.ndarray | None = None


def restorers(names: list[str], device: str | None) -> tuple[dict[str, Restore], dict[str, str]]:
    """(method -> how it restores, method -> why it can't be had).

    Raises `catalog.UnknownModel`, and `engine.EngineError` for an unknown device.
    """
    engine.choose_device(device)
    methods = [compare.method(name) for name in names]
    missing = {method.name: method.reason for method in methods if method.reason}
    there = [method for method in methods if not method.reason]
    return {method.name: restorer(method.upscaler, device) for method in there}, missing


def restorer(upscaler: catalog.Upscaler | None, device: str | None = None) -> Restore:
    """A function from (H, W, 3) uint8 to (4H, 4W, 3); bicubic if there is no upscaler."""
    if upscaler is None:
        return lambda pixels: photo.bicubic(pixels, catalog.SCALE)
    return lambda pixels: engine.upscale(photo.Photo(pixels), upscaler, device=device).pixels


def shrink(pixels: np.ndarray, short: int) -> np.ndarray:
    """(H, W, 3) uint8 -> a short side of `short` pixels, by bicubic with antialiasing."""
    import torch

    planes = torch.tensor(pixels).permute(2, 0, 1)
    small = ways.resized(planes, short, frozenset())
    return small.permute(1, 2, 0).contiguous().numpy()


def measures(
    file: str, pixels: np.ndarray, kind: int | None, sizes: list[str], tools: Tools
) -> Iterator[Measure]:
    """Every way at every size that the photo, (H, W, 3) uint8, has pixels for."""
    first = ways.joined(ways.parse(FIRST_SIGHT), looking(pixels, tools, False)).argmax()
    for size in sizes:
        if size != FULL and int(size) >= min(pixels.shape[:2]):
            continue
        small = pixels if size == FULL else shrink(pixels, int(size))
        enlarged = classify.is_small(small, tools.classifier.input_size)
        look = looking(small, tools, enlarged)
        for name, way in tools.named.items():
            classes = ways.joined(way, look)
            found = measure(classes, tools.classifier, kind)
            same = bool(classes.argmax() == first)
            yield replace(found, file=file, size=size, way=name, enlarged=enlarged, same=same)


def looking(small: np.ndarray, tools: Tools, enlarged: bool) -> ways.Look:
    """A function from a view of the photo, (H, W, 3) uint8, to its logits.

    enlarged: False shows the photo itself in place of every restored picture, as the app does
    where the photo is large enough for the classifier.
    """

    @cache
    def picture(name: str) -> np.ndarray:
        return small if name == ways.PHOTO else tools.restore[name](small)

    @cache
    def seen(name: str, options: frozenset[str]) -> np.ndarray:
        return ways.logits(tools.classifier, picture(name), options)

    def look(view: View) -> np.ndarray:
        name = tools.enlarged if view.picture == ways.ENLARGED else view.picture
        return seen(name if enlarged else ways.PHOTO, view.options)

    return look


def measure(classes: np.ndarray, classifier: Classifier, kind: int | None) -> Measure:
    """What (classes,) probabilities say, of a photo that shows the `kind`; the rest is blank."""
    kinds = classes[classifier.indices]
    bird = float(kinds.sum())
    best = classifier.taxa[int(kinds.argmax())].english
    found = Measure("", "", "", False, best, bird, False)
    if kind is None:
        return found
    shares = kinds / bird
    rank = 1 + int((shares > shares[kind]).sum())
    return replace(
        found, rank=rank, probability=float(shares[kind]), curve=figures.curve(shares, kind)
    )
