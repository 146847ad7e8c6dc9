"""The decorator for Spaces that lend a GPU, with a double of their package `spaces`."""

from __future__ import annotations

import pickle
from types import ModuleType

import numpy as np
import pytest

import sr
from sr import Photo
from ui import pipeline, zero
from ui.pipeline import Request


def photo(width: int, height: int) -> Photo:
    return Photo(np.zeros((height, width, 3), np.uint8))


def count(source: Photo, to: int):
    yield from range(to)
    yield source


@pytest.fixture
def asked(monkeypatch) -> list[int]:
    """The seconds asked of a `spaces` that pickles what goes in and out, as the real one does."""
    durations = []

    def gpu(duration):
        def decorate(function):
            def wrapped(*arguments):
                durations.append(duration(*arguments))
                for value in function(*pickle.loads(pickle.dumps(arguments))):
                    yield pickle.loads(pickle.dumps(value))

            return wrapped

        return decorate

    spaces = ModuleType("spaces")
    spaces.GPU = gpu
    monkeypatch.setattr(zero, "spaces", spaces)
    return durations


def test_without_the_package_the_function_is_itself(monkeypatch):
    monkeypatch.setattr(zero, "spaces", None)
    assert zero.on_gpu(count) is count


def test_on_such_a_space_a_generator_yields_what_it_did(asked):
    *numbers, source = zero.on_gpu(count)(photo(200, 100), 3)
    assert numbers == [0, 1, 2]
    np.testing.assert_array_equal(source.pixels, photo(200, 100).pixels)
    assert asked == [15]


def test_a_larger_photo_asks_for_longer_but_not_beyond_the_limit():
    assert zero.seconds(photo(1000, 1000), "esrgan") == 30
    assert zero.seconds(photo(2000, 2000)) == 75
    assert zero.seconds(photo(16000, 1000)) == zero.LONGEST


def test_a_photo_enlarged_on_a_lent_gpu_is_the_same(asked, monkeypatch, tmp_path):
    monkeypatch.setattr(zero, "compute", zero.on_gpu(zero._compute))
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    path = sr.save(pixels, tmp_path / "noise.png")
    request = Request(str(path), "srgan-div2k", name=False)
    *_, state = pipeline.upscale(request)
    expected = sr.upscale(Photo(pixels), sr.load("srgan-div2k"), keep_colours=True)
    np.testing.assert_array_equal(sr.open(state.after).pixels, expected.pixels)
    assert asked == [15]


def test_an_error_on_a_lent_gpu_keeps_its_sentence(asked, monkeypatch):
    monkeypatch.setenv("SR_DEVICE", "abacus")
    with pytest.raises(Exception, match="There is no device “abacus” here"):
        list(zero.on_gpu(zero._compute)(photo(8, 8), "srgan-div2k", {}))
