"""One photo: it is shrunk, restored by every method, and named in every way."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from classify import catalog, certainty, finding
from classify.certainty import BIRD_THRESHOLD, NO_BIRD
from classify.classifier import Classifier
from classify.evaluate.labels import Labelled
from classify.finding import Box
from sr.compare import methods as restoring
from sr.compare.degradations import EVALUATED, Degradation, seeded
from sr.compare.methods import Method, restore
from sr.image import Photo, crop, shrink_to
from sr.inference import auto
from sr.inference.device import choose_device
from sr.models.catalog import BICUBIC

FULL = "full"  # the size of a photo that isn't shrunk
BASELINE = BICUBIC  # what every way is compared with
PHOTO, ENLARGED, FOUND = "photo", "enlarged", "found"
APP = "app"  # the name of the way that `classify.identify` goes, which is written so:
APP_WAY = f"{FOUND}:squash"


class UnknownWay(ValueError):
    """What is written is no way of naming; the message says what is."""


class Way(NamedTuple):
    """What the classifier is shown.

    picture: `PHOTO`, the name of the method that restores it, `ENLARGED` for what Auto makes of it,
        or `FOUND` for the part that shows the bird, by Auto if that is small.
    squash: as in `Classifier.preprocessing`.
    """

    picture: str
    squash: bool = False


def parse_way(text: str) -> Way:
    """The way written as `picture[:squash]`. Raises `UnknownWay`."""
    picture, *options = text.strip().split(":")
    if not picture or options not in ([], ["squash"]):
        raise UnknownWay(
            f"“{text}” is no way of naming: write {PHOTO}, {ENLARGED}, {FOUND} or a method's name, "
            "each with :squash behind it to show all of the picture, made square."
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
    sure: probability of the most probable of all classes.
    tier: how sure the app's answer is; `right`: whether what it says is so.
    boxed: whether a part of the photo was looked at.
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
    sure: float = 0.0
    tier: str = ""
    right: bool = False
    boxed: bool = False


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
    pictures = {way.picture for way in named.values()} - {PHOTO, ENLARGED, FOUND}
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
        box = finding.find(small.pixels, setup.classifier)
        for name, classes in classified(small, setup, box).items():
            same = bool(classes.argmax() == full[setup.ways[name].squash])
            named = score(classes, setup.classifier, photo.kind)
            sure = float(classes.max()), *said(classes, setup.classifier, photo)
            boxed = box is not None and setup.ways[name].picture == FOUND
            head = photo.label, photo.file, size, name, enlarged, same
            yield Measure(*head, *named, *sure, boxed)


def classified(small: Photo, setup: Setup, box: Box | None = None) -> dict[str, np.ndarray]:
    """Name of each way -> probability of each class.

    box: where the bird was found, if it was.
    Where the photo is large enough for the classifier it is shown itself in place of every
    restored picture, as the app does. Each picture is made and classified once in each framing.
    """
    enlarged = setup.classifier.wants_enlarged(small.pixels)
    pictures = {PHOTO: small.pixels}
    found: dict[str, np.ndarray] = {}
    done: dict[Way, np.ndarray] = {}
    for name, asked in setup.ways.items():
        as_it_is = not enlarged and asked.picture != FOUND
        way = Way(PHOTO, asked.squash) if as_it_is else asked
        if way.picture not in pictures:
            pictures[way.picture] = _restored(small, way.picture, setup, box)
        if way not in done:
            done[way] = setup.classifier.probabilities(pictures[way.picture], way.squash)
        found[name] = done[way]
    return found


def _restored(small: Photo, picture: str, setup: Setup, box: Box | None) -> np.ndarray:
    """What a method makes of a photo, or as `ENLARGED` and `FOUND` what the app makes."""
    if picture == FOUND:
        return looked_at(small, box, setup)
    if picture == ENLARGED:
        return auto.upscale(small, setup.device).pixels
    return restore(small.pixels, setup.methods[picture], setup.device)


def looked_at(photo: Photo, box: Box | None, setup: Setup) -> np.ndarray:
    """The part in a box, all without one; enlarged by Auto if that is small, as the app does."""
    part = crop(photo, box) if box else photo
    if setup.classifier.wants_enlarged(part.pixels):
        part = auto.upscale(part, setup.device)
    return part.pixels


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


def said(classes: np.ndarray, classifier: Classifier, photo: Labelled) -> tuple[str, bool]:
    """(tier, whether it is right) of what the app says of (classes,) probabilities.

    A family or an order is right if the bird is of it. Without a bird only "no bird" is right.
    """
    kinds, taxa = classifier.of_birds(classes), classifier.taxa
    if kinds.sum() < BIRD_THRESHOLD:
        return NO_BIRD, not photo.label
    group = certainty.group(kinds, taxa)
    if group is None:
        return certainty.tier(kinds.max()), photo.kind == kinds.argmax()
    taxon = photo.taxon
    return group.tier, bool(taxon) and group.scientific in (taxon.family, taxon.order)
