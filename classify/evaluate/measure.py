"""One photo: it is shrunk, restored by every method, and named in every way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classify import catalog
from classify.classifier import Classifier
from classify.evaluate.labels import Labelled
from sr.compare import methods as restoring
from sr.compare.methods import Method, restore
from sr.evaluate.degradations import EVALUATED, Degradation, seeded
from sr.image import Photo, shrink_to
from sr.inference import auto
from sr.inference.device import choose_device
from sr.models.catalog import BICUBIC

FULL = "full"  # the size of a photo that isn't shrunk
BASELINE = BICUBIC  # what every way is compared with
PHOTO, ENLARGED = "photo", "enlarged"
APP = "app"  # the name of the way that `classify.identify` goes, which is written so:
APP_WAY = f"{ENLARGED}:squash"


class UnknownWay(ValueError):
    """What is written is no way of naming; the message says what is."""


class Way(NamedTuple):
    """What the classifier is shown.

    picture: `PHOTO`, the name of the method that restores it, or `ENLARGED` for the app's own.
    squash: as in `Classifier.preprocessing`.
    """

    picture: str
    squash: bool = False


def parse_way(text: str) -> Way:
    """The way written as `picture[:squash]`. Raises `UnknownWay`."""
    picture, *options = text.strip().split(":")
    if not picture or options not in ([], ["squash"]):
        raise UnknownWay(
            f"“{text}” is no way of naming: write {PHOTO}, {ENLARGED} or a method's name, each "
            "with :squash behind it to show all of the picture, made square."
        )
    return Way(picture, bool(options))


@dataclass(frozen=True)
class Setup:
    """What photos are measured with.

    methods: by name; those that can't be had are of no way.
    ways: by the name that the figures have for them.
    unavailable: method or way -> why it can't be had.
    device: a torch device's name, to restore on.
    degradation: what photos meet once they are shrunk.
    """

    classifier: Classifier
    methods: Mapping[str, Method]
    ways: Mapping[str, Way]
    unavailable: Mapping[str, str]
    device: str
    degradation: Degradation


@dataclass(frozen=True)
class Measure:
    """How one photo at one size is named in one way.

    label: what the photo is said to show, or "".
    size: the short side in pixels, or `FULL`.
    enlarged: whether it was small enough to be; else the classifier was shown the photo itself.
    same: whether the most probable of all classes is that of the photo itself at full size.
    best: the most probable kind.
    bird: probability that there is a bird.
    rank: of the true kind, 1 for the most probable; None if the classifier doesn't have that kind.
    probability: of the true kind among the kinds, or None.
    """

    label: str
    file: str
    size: str
    way: str
    enlarged: bool
    same: bool
    best: str
    bird: float
    rank: int | None
    probability: float | None


def prepare(
    classifier: str | None,
    device: str | None,
    models: str | None,
    ways: str | None,
    degrade: str = "clean",
) -> Setup:
    """What was asked for, with everything loaded.

    classifier, device: names; the default and the best there is if left out.
    models: methods' names with commas; all there are if left out.
    ways: other ways with commas, as `parse_way` reads them.
    degrade: a name of `EVALUATED`.
    Raises `UnknownClassifier`, `UnknownModel`, `UnknownWay`, `WeightsUnavailable` and
    `EngineError`.
    """
    device = str(choose_device(device))
    loaded = catalog.load(classifier, device)
    asked = [name.strip() for name in models.split(",")] if models else restoring.names()
    named = {name: Way(name) for name in (BASELINE, *asked)}
    named[APP] = parse_way(APP_WAY)
    for text in ways.split(",") if ways else ():
        way = parse_way(text)
        if way not in named.values():
            named[text.strip()] = way
    pictures = {way.picture for way in named.values()} - {PHOTO, ENLARGED}
    methods = {picture: restoring.method(picture) for picture in sorted(pictures)}
    reasons = {picture: method.reason for picture, method in methods.items() if method.reason}
    there = {name: way for name, way in named.items() if way.picture not in reasons}
    unavailable = {n: reasons[way.picture] for n, way in named.items() if n not in there}
    return Setup(loaded, methods, there, unavailable, device, EVALUATED[degrade])


def measures(photo: Labelled, source: Photo, sizes: list[str], setup: Setup) -> Iterator[Measure]:
    """Every way at every size that is smaller than the photo, and at `FULL`."""
    pixels = source.pixels
    squashes = {way.squash for way in setup.ways.values()}
    full = {s: setup.classifier.probabilities(pixels, s).argmax() for s in squashes}
    for size in sizes:
        if size != FULL and int(size) >= min(pixels.shape[:2]):
            continue
        small = source
        if size != FULL:
            shrunk = shrink_to(pixels, int(size))
            harmed = setup.degradation.harm(shrunk, seeded(Path(photo.file).name))
            small = Photo(harmed, jpeg_quality=setup.degradation.quality)
        enlarged = setup.classifier.wants_enlarged(small.pixels)
        for name, classes in classified(small, setup).items():
            same = bool(classes.argmax() == full[setup.ways[name].squash])
            named = score(classes, setup.classifier, photo.kind)
            yield Measure(photo.label, photo.file, size, name, enlarged, same, *named)


def classified(small: Photo, setup: Setup) -> dict[str, np.ndarray]:
    """Name of each way -> probability of each class.

    Where the photo is large enough for the classifier it is shown itself in place of every
    restored picture, as the app does. Each picture is made and classified once in each framing.
    """
    enlarged = setup.classifier.wants_enlarged(small.pixels)
    shown = {name: way if enlarged else Way(PHOTO, way.squash) for name, way in setup.ways.items()}
    pictures = {PHOTO: small.pixels}
    found: dict[Way, np.ndarray] = {}
    for way in dict.fromkeys(shown.values()):
        if way.picture not in pictures:
            pictures[way.picture] = _restored(small, way.picture, setup)
        found[way] = setup.classifier.probabilities(pictures[way.picture], way.squash)
    return {name: found[way] for name, way in shown.items()}


def _restored(small: Photo, picture: str, setup: Setup) -> np.ndarray:
    """What a method makes of a photo, or as `ENLARGED` what the app makes."""
    if picture != ENLARGED:
        return restore(small.pixels, setup.methods[picture], setup.device)
    return auto.upscale(small, setup.device).pixels


def score(
    classes: np.ndarray, classifier: Classifier, kind: int | None
) -> tuple[str, float, int | None, float | None]:
    """(best, bird, rank, probability), as `Measure` has them, of (classes,) probabilities."""
    kinds = classifier.of_birds(classes)
    bird = float(kinds.sum())
    best = classifier.taxa[int(kinds.argmax())].english
    if kind is None:
        return best, bird, None, None
    return best, bird, 1 + int((kinds > kinds[kind]).sum()), float(kinds[kind] / bird)
