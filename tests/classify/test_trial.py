"""What is done with one photo; the app's way is `classify.identify`'s."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import classify
from classify import catalog, trial, ways
from classify.trial import FULL, Measure, Tools

MACAW = 88 - 80 + 18  # among the kinds: ImageNet's classes 7 to 24, then 80 on


@pytest.fixture(scope="module")
def pixels(macaw) -> np.ndarray:
    return np.asarray(Image.open(macaw).convert("RGB"))


@pytest.fixture(scope="module")
def tools() -> Tools:
    restore, missing = trial.restorers(["bicubic", "srgan-div2k", "esrgan"], "cpu")
    assert list(restore) == ["bicubic", "srgan-div2k"]
    assert "kadirnar/RRDB_ESRGAN_x4" in missing["esrgan"]
    named = {name: ways.parse(name) for name in ("bicubic", "photo", "bicubic+photo:squash")}
    named["app"] = ways.parse(classify.WAY)
    return Tools(catalog.load("imagenet-birds"), restore, "srgan-div2k", named)


@pytest.fixture(scope="module")
def found(pixels, tools) -> dict[tuple[str, str], Measure]:
    sizes = ["24", "64", "187", FULL]
    return {(m.size, m.way): m for m in trial.measures("a.png", pixels, MACAW, sizes, tools)}


@pytest.mark.parametrize("short", [16, 33, 100])
def test_shrinking_is_pillows_bicubic(pixels, short):
    small = trial.shrink(pixels, short)
    assert min(small.shape[:2]) == short and small.dtype == np.uint8
    theirs = Image.fromarray(pixels).resize(small.shape[1::-1], Image.Resampling.BICUBIC)
    assert np.abs(small.astype(int) - np.asarray(theirs, int)).max() <= 1


def test_a_photo_has_measures_at_sizes_under_its_own(found, tools):
    assert {size for size, _ in found} == {"24", "64", FULL}
    assert {way for _, way in found} == set(tools.named)
    assert all(m.file == "a.png" and m.enlarged for m in found.values())


def test_the_app_answers_as_identify_does(found, pixels, tools):
    for size, small in (("24", trial.shrink(pixels, 24)), (FULL, pixels)):
        answer = classify.identify(
            small,
            classifier="imagenet-birds",
            enlarge=lambda small=small: tools.restore["srgan-div2k"](small),
        )
        m = found[size, "app"]
        assert (m.bird, m.enlarged) == (pytest.approx(answer.bird, rel=1e-6), answer.enlarged)
        shares = {s.name: s.probability for s in answer.species}
        assert m.best == answer.species[0].name
        assert m.rank == 1 + sum(p > m.probability for p in shares.values())
        assert m.probability == pytest.approx(shares["macaw"], rel=1e-6)


def test_a_large_photo_is_judged_as_it_is(pixels, tools):
    large = np.asarray(Image.fromarray(pixels).resize((300, 292)))
    measures = {m.way: m for m in trial.measures("a.png", large, MACAW, [FULL], tools)}
    assert not any(m.enlarged for m in measures.values())
    assert replace(measures["bicubic"], way="", curve=None) == replace(
        measures["photo"], way="", curve=None
    )
    answer = classify.identify(large, classifier="imagenet-birds", enlarge=lambda: pytest.fail())
    assert measures["app"].bird == pytest.approx(answer.bird, rel=1e-6)


def test_each_picture_is_made_and_each_view_classified_once(pixels, tools, monkeypatch):
    made, seen = [], []
    classified = ways.logits

    def counted(name):
        return lambda small: made.append(name) or tools.restore["bicubic"](small)

    def logits(classifier, shown, options):
        seen.append((shown.shape, options))
        return classified(classifier, shown, options)

    monkeypatch.setattr(ways, "logits", logits)
    texts = ("bicubic", "enlarged", "x:squash", "enlarged:squash*photo", "x+enlarged", "photo")
    counting = replace(
        tools,
        restore={name: counted(name) for name in ("bicubic", "x")},
        enlarged="x",
        named={text: ways.parse(text) for text in texts},
    )
    look = trial.looking(trial.shrink(pixels, 24), counting, True)
    for way in counting.named.values():
        ways.joined(way, look)
    assert sorted(made) == ["bicubic", "x"]
    assert len(seen) == 4  # bicubic, x, x squashed, the photo


def test_the_rank_and_the_share_are_among_the_kinds(tools):
    classes = np.full(1000, 0.5 / 996)
    classes[[7, 8, 9]] = 0.25, 0.2, 0.05  # the first three kinds: cock, hen, ostrich
    kinds = classes[tools.classifier.indices]
    hen = trial.measure(classes, tools.classifier, 1)
    assert (hen.best, hen.rank) == ("cock", 2)
    assert hen.bird == pytest.approx(kinds.sum())
    assert hen.probability == pytest.approx(0.2 / kinds.sum())
    assert hen.curve[20] == pytest.approx(-np.log(hen.probability))
    nothing = trial.measure(classes, tools.classifier, None)
    assert (nothing.rank, nothing.probability, nothing.curve) == (None, None, None)


def test_what_is_seen_at_full_size_is_the_same_as_at_full_size(pixels, tools):
    both = replace(tools, named={"both": ways.parse(trial.FIRST_SIGHT)})
    large = np.asarray(Image.fromarray(pixels).resize((300, 292)))
    (m,) = trial.measures("a.png", large, None, [FULL], both)
    assert m.same and m.rank is None
