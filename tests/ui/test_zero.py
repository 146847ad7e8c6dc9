"""The decorator for Spaces that lend a GPU, with a double of their package `spaces`."""

from __future__ import annotations

import pickle
import sys
from types import ModuleType

import numpy as np
import pytest

import sr
from sr import Photo
from ui import jobs, zero


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
    monkeypatch.setitem(sys.modules, "spaces", spaces)
    return durations


def test_without_the_package_the_function_is_itself(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
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


def ended(generator):
    """What a generator yields, and what it returns."""
    values = []
    while True:
        try:
            values.append(next(generator))
        except StopIteration as stop:
            return values, stop.value


def test_a_photo_enlarged_on_a_lent_gpu_is_the_same(asked, monkeypatch):
    monkeypatch.setattr(jobs, "compute", zero.on_gpu(jobs._compute))
    source = Photo(np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8))
    upscaler = sr.load("srgan-div2k")
    with jobs.LINE.place("srgan-div2k", 1200) as place:
        place.wait(0)
        _, result = ended(jobs.follow(jobs.restoring(source, upscaler), place, lambda state: state))
    np.testing.assert_array_equal(result.pixels, sr.upscale(source, upscaler).pixels)
    assert asked == [15]


def test_an_error_on_a_lent_gpu_keeps_its_sentence(asked, monkeypatch):
    monkeypatch.setenv("SR_DEVICE", "abacus")
    with pytest.raises(Exception, match="There is no device “abacus” here"):
        list(zero.on_gpu(jobs._compute)(photo(8, 8), "srgan-div2k"))
