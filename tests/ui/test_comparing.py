"""What a comparison tells of the birds' names."""

from types import SimpleNamespace

import numpy as np
import pytest

import classify
from sr import image
from sr.compare import comparison
from sr.compare.degradations import EVALUATED, seeded
from ui import comparing

NAMES = ["bicubic", "fsrcnn", "esrgan"]


def compared(macaw, monkeypatch, kinds: list[str | None], **options) -> tuple:
    """(rows, the last state) where the classifier names one picture after the other so."""
    left = iter(kinds)

    def identify(pixels, k, *, box, device):
        assert box == classify.WHOLE and pixels.shape == (184, 192, 3)
        name = next(left)
        return SimpleNamespace(species=[SimpleNamespace(name=name)] if name else [])

    monkeypatch.setattr(classify, "identify", identify)
    *_, last = comparing.compare(str(macaw), NAMES, lambda name, pixels: None, **options)
    assert not [*left]
    return [(row.named, row.original, row.agrees) for row in last.rows], last


def test_a_name_agrees_with_the_original_s_or_not(macaw, monkeypatch):
    rows, _ = compared(macaw, monkeypatch, ["macaw", "macaw", "kite"])
    assert rows == [("macaw", "macaw", True), ("kite", "macaw", False), (None, "macaw", None)]


def test_who_sees_no_bird_any_more_disagrees(macaw, monkeypatch):
    rows, _ = compared(macaw, monkeypatch, ["macaw", None, "macaw"])
    assert rows[0] == (None, "macaw", False)


def test_with_no_bird_in_the_original_nothing_agrees(macaw, monkeypatch):
    rows, _ = compared(macaw, monkeypatch, [None, None, "kite"])
    assert rows == [(None, None, None), ("kite", None, None), (None, None, None)]


@pytest.mark.parametrize("name", ["clean", "old"])
def test_the_small_photo_is_that_of_the_evaluation(macaw, monkeypatch, name):
    _, last = compared(macaw, monkeypatch, [None] * 3, degradation=name)
    clean = comparison.pair(image.read(macaw)).low.pixels
    harmed = EVALUATED[name].harm(clean, seeded(macaw.name))
    np.testing.assert_array_equal(last.pair.low.pixels, harmed)
    assert np.array_equal(harmed, clean) == (name == "clean")


def test_an_unknown_degradation_is_refused_before_any_work(macaw):
    with pytest.raises(image.PhotoError, match="choose among clean, jpeg90, jpeg70, jpeg50, phone"):
        next(comparing.compare(str(macaw), NAMES, lambda name, pixels: None, "rust"))
