"""What is done with one photo; the app's way is `classify.identify`'s."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import classify
from classify.classifier import Classifier
from classify.evaluate import measure
from classify.evaluate.labels import Labelled
from classify.evaluate.measure import FULL, Measure, Setup, Way, parse_way
from classify.finding import Box
from classify.taxonomy import find, wider
from sr.compare.degradations import EVALUATED
from sr.image import Photo, as_jpeg, bicubic, crop, shrink_to
from sr.inference import auto, engine

MACAW = 88 - 80 + 18  # among the kinds: ImageNet's classes 7 to 24, then 80 on
PHOTO = Labelled("a.png", "macaw", MACAW, wider("macaw", ["macaw"]))


@pytest.fixture(scope="module")
def pixels(macaw) -> np.ndarray:
    return np.asarray(Image.open(macaw).convert("RGB"))


@pytest.fixture(scope="module")
def setup() -> Setup:
    ways = "photo,bicubic:squash"
    return measure.prepare("imagenet-birds", "cpu", "bicubic,srgan-div2k,esrgan", ways)


@pytest.fixture(scope="module")
def found(pixels, setup) -> dict[tuple[str, str], Measure]:
    sizes = ["24", "64", "187", FULL]
    return {(m.size, m.way): m for m in measure.measures(PHOTO, Photo(pixels), sizes, setup)}


def test_how_ways_are_written():
    assert parse_way("enlarged:squash") == Way("enlarged", squash=True)
    assert parse_way(" photo") == Way("photo")
    assert parse_way("bicubic") == Way("bicubic")


@pytest.mark.parametrize("text", ["enlarged:squish", "", ":squash", "a:squash:squash", "a:"])
def test_what_is_no_way_is_a_sentence(text):
    with pytest.raises(measure.UnknownWay, match=f"“{text}” is no way of naming"):
        parse_way(text)


def test_what_is_measured_is_what_can_be_had(setup):
    assert list(setup.ways) == ["bicubic", "srgan-div2k", "app", "photo", "bicubic:squash"]
    assert "kadirnar/RRDB_ESRGAN_x4" in setup.unavailable["esrgan"]
    assert setup.ways["app"] == Way("found", squash=True)
    assert not {"enlarged", "found", "photo"} & {*setup.methods}


def test_the_device_is_the_classifiers_too(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    setup = measure.prepare("imagenet-birds", "cpu", "bicubic", None)
    assert setup.device == "cpu"
    assert {p.device.type for p in setup.classifier.model.parameters()} == {"cpu"}


def test_shrunk_photos_are_harmed_and_full_ones_are_not(pixels, setup, monkeypatch):
    seen = []
    monkeypatch.setattr(measure, "classified", lambda small, *_: seen.append(small) or {})
    jpeg = replace(setup, degradation=EVALUATED["jpeg50"])
    assert list(measure.measures(PHOTO, Photo(pixels), ["24", FULL], jpeg)) == []
    np.testing.assert_array_equal(seen[0].pixels, as_jpeg(shrink_to(pixels, 24), 50))
    np.testing.assert_array_equal(seen[1].pixels, pixels)
    assert [photo.jpeg_quality for photo in seen] == [50, None]


def test_a_photo_has_measures_at_sizes_under_its_own(found, setup):
    assert {size for size, _ in found} == {"24", "64", FULL}
    assert {way for _, way in found} == set(setup.ways)
    assert all((m.file, m.label) == ("a.png", "macaw") for m in found.values())
    assert {m.size for m in found.values() if m.enlarged} == {"24", "64"}


def enlarged(small: np.ndarray) -> Callable[[Box | None], np.ndarray]:
    """As `python -m classify` does it."""

    def enlarge(box: Box | None) -> np.ndarray:
        photo = crop(Photo(small), box) if box else Photo(small)
        return engine.upscale(photo, auto.load(photo), device="cpu", keep_colours=True).pixels

    return enlarge


def test_the_app_answers_as_identify_does(found, pixels, setup):
    for size, small in (("24", shrink_to(pixels, 24)), (FULL, pixels)):
        answer = classify.identify(small, classifier="imagenet-birds", enlarge=enlarged(small))
        m = found[size, "app"]
        assert m.bird == pytest.approx(answer.bird, rel=1e-6)
        shares = {s.name: s.probability for s in answer.species}
        assert m.best == answer.species[0].name
        assert m.rank == 1 + sum(p > shares["macaw"] for p in shares.values())
        assert m.probability == pytest.approx(shares["macaw"] / answer.bird, rel=1e-6)
        assert m.tier == (answer.group.tier if answer.group else answer.tier)


def test_a_large_photo_is_shown_as_it_is(pixels, setup):
    large = np.asarray(Image.fromarray(pixels).resize((300, 292)))
    measures = {m.way: m for m in measure.measures(PHOTO, Photo(large), [FULL], setup)}
    assert not any(m.enlarged for m in measures.values())
    assert replace(measures["bicubic"], way="") == replace(measures["photo"], way="")
    answer = classify.identify(large, classifier="imagenet-birds", enlarge=lambda _: pytest.fail())
    assert measures["app"].bird == pytest.approx(answer.bird, rel=1e-6)


def test_each_picture_is_made_and_classified_once_in_each_framing(pixels, setup, monkeypatch):
    made, shown = [], []
    probabilities = Classifier.probabilities

    def counted(small, picture, setup, box):
        made.append(picture)
        return bicubic(small.pixels)

    def classified(classifier, pixels, squash):
        shown.append((pixels.shape, squash))
        return probabilities(classifier, pixels, squash)

    monkeypatch.setattr(measure, "_restored", counted)
    monkeypatch.setattr(Classifier, "probabilities", classified)
    texts = ("bicubic", "enlarged", "x:squash", "enlarged:squash", "x", "photo")
    counting = replace(setup, ways={text: parse_way(text) for text in texts})
    classes = measure.classified(Photo(shrink_to(pixels, 24)), counting)
    assert list(classes) == list(texts)
    assert sorted(made) == ["bicubic", "enlarged", "x"]
    assert len(shown) == 6  # x and what the app makes in both framings


def test_the_rank_and_the_share_are_among_the_kinds(setup):
    classes = np.full(1000, 0.5 / 996)
    classes[[7, 8, 9]] = 0.25, 0.2, 0.05  # the first three kinds: cock, hen, ostrich
    kinds = setup.classifier.of_birds(classes)
    best, bird, rank, probability = measure.score(classes, setup.classifier, 1)
    assert (best, rank) == ("cock", 2)
    assert bird == pytest.approx(kinds.sum())
    assert probability == pytest.approx(0.2 / kinds.sum())
    assert measure.score(classes, setup.classifier, None) == ("cock", bird, None, None)


def test_what_is_seen_at_full_size_is_the_same_as_at_full_size(pixels, setup):
    large = np.asarray(Image.fromarray(pixels).resize((300, 292)))
    unknown = replace(PHOTO, kind=None)
    for m in measure.measures(unknown, Photo(large), [FULL], setup):
        assert m.same and m.rank is None


@pytest.mark.parametrize(
    ("label", "kind", "probabilities", "told"),
    [
        ("macaw", MACAW, {88: 0.8}, ("likely", True)),
        ("macaw", MACAW, {87: 0.8}, ("likely", False)),  # Gray Parrot
        ("macaw", MACAW, {87: 0.45, 88: 0.4}, ("likely", True)),  # of the family
        ("Tawny Owl", None, {24: 0.8}, ("likely", False)),  # the kind isn't known
        ("Tawny Owl", None, {24: 0.1, 22: 0.15}, ("not sure", False)),
        ("Tawny Owl", None, {24: 0.1}, ("no bird", False)),
        ("", None, {24: 0.1}, ("no bird", True)),
        ("", None, {24: 0.4}, ("possibly", False)),
    ],
)
def test_what_the_app_says_is_right_or_not(setup, label, kind, probabilities, told):
    classes = np.zeros(1000)
    classes[list(probabilities)] = list(probabilities.values())
    taxon = PHOTO.taxon if label == "macaw" else find([label])
    photo = Labelled("a.png", label, kind, taxon)
    assert measure.said(classes, setup.classifier, photo) == told
