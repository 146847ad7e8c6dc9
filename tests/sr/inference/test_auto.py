"""What Auto takes, and what it says of it."""

import numpy as np
import pytest

from hub import WeightsUnavailable
from sr.image import Condition, Photo, as_jpeg
from sr.inference import auto, upscaler

CLEAN = Condition(None, 1.0, 1.0)
LARGE = 10**6
TOO_LARGE = ", and the photo is too large for a slow network"


@pytest.mark.parametrize(
    ("state", "pixels", "name", "why"),
    [
        (CLEAN, 90 * 90, auto.USUAL, "the photo shows no harm by JPEG or noise"),
        (Condition(95, 1.0, 1.0), LARGE, auto.USUAL, "the photo shows no harm by JPEG or noise"),
        (Condition(70, 1.3, 1.0), LARGE, auto.USUAL, f"it is a JPEG of quality 70{TOO_LARGE}"),
        (Condition(None, 1.3, 1.0), LARGE, auto.USUAL, f"the photo has a JPEG's blocks{TOO_LARGE}"),
        (Condition(None, 1.0, 9.0), LARGE, auto.USUAL, f"the photo is noisy{TOO_LARGE}"),
        (
            Condition(70, 1.3, 1.0),
            auto.SMALL,
            "real-esrgan",
            "it is a JPEG of quality 70, and the photo is small enough for a slow network",
        ),
    ],
)
def test_the_choice(state, pixels, name, why):
    assert auto.choose(state, pixels) == (name, why)


def test_the_answer_says_which_and_why(landscape):
    clean = auto.load(Photo(landscape))
    assert clean.model.name == "srgan-swift"
    assert clean.note == "Auto took srgan-swift: the photo shows no harm by JPEG or noise."
    damaged = auto.load(Photo(as_jpeg(landscape, 50)))
    assert damaged.note == f"Auto took srgan-swift: the photo has a JPEG's blocks{TOO_LARGE}."


def test_a_model_asked_for_by_name_is_never_replaced(landscape):
    named = auto.load(Photo(as_jpeg(landscape, 50)), "fsrcnn")
    assert (named.model.name, named.note) == ("fsrcnn", "")


def test_own_weights_are_for_all_photos(monkeypatch):
    monkeypatch.setenv("SR_WEIGHTS", "nobody/nothing")
    photo = Photo(np.zeros((9, 9, 3), np.uint8), jpeg_quality=10)
    loaded = auto.load(photo)
    assert loaded.model.name == "srgan-div2k" and "Auto" not in loaded.note
    assert auto.usual() is None


def test_without_real_esrgan_a_small_damaged_photo_is_enlarged_all_the_same(monkeypatch, landscape):
    have = upscaler.load

    def without(name=None):
        if name == auto.FOR_SMALL:
            raise WeightsUnavailable("The package is not installed.")
        return have(name)

    monkeypatch.setattr(upscaler, "load", without)
    loaded = auto.load(Photo(landscape[:60, :60].copy(), jpeg_quality=50))
    assert loaded.model.name == auto.USUAL == auto.usual()
    assert loaded.note.startswith("Auto took srgan-swift: it is a JPEG of quality 50")
