"""Crops: the same place small and large, equal to the whole photo's, whoever makes them."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sr import image
from sr.compare.degradations import DEGRADATIONS
from sr.image.luma import luma
from sr.train.crops import Crops, batches, numbers
from sr.train.library import gather


@pytest.fixture(scope="module")
def pictures(photos, tmp_path_factory):
    return gather(photos, tmp_path_factory.mktemp("cache"), without=[])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["clean", "jpeg90", "jpeg50"]), st.sampled_from([1, 4]), st.integers(0))
def test_a_crop_is_the_same_as_of_the_whole_photo(pictures, degrade, scale, seed):
    """Its margin hides that only a part of the photo was shrunk and saved."""
    crops, rng = Crops(pictures, 64, degrade, 0, scale=scale), np.random.default_rng(seed)
    for picture in map(np.ascontiguousarray, pictures):
        top, left = crops._place(picture, rng)
        given, large = crops._pair(picture, top, left, rng)
        small = DEGRADATIONS[degrade](picture, rng)
        seen = image.bicubic(small) if scale == 1 else small
        y, x, side = (n // scale for n in (top, left, 64))
        np.testing.assert_array_equal(given, seen[y : y + side, x : x + side])
        np.testing.assert_array_equal(large, picture[top : top + 64, left : left + 64])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_both_sizes_are_turned_and_mirrored_alike(pictures, number):
    small, large = Crops(pictures, 32, "clean", 1)[number]
    assert small.shape == (3, 8, 8) and large.shape == (3, 32, 32)
    means = large.float().reshape(3, 8, 4, 8, 4).mean((2, 4))
    coarse, fine = (x - x.mean() for x in (small.float(), means))
    assert (coarse * fine).mean() > 0.7 * (coarse.square().mean() * fine.square().mean()).sqrt()


def test_luma_is_the_engines(pictures):
    colour = Crops(pictures, 32, "clean", 3)[5]
    grey = Crops(pictures, 32, "clean", 3, one_channel=True)[5]
    for rgb, y in zip(colour, grey, strict=True):
        expected = luma(rgb.permute(1, 2, 0).numpy()).round()
        np.testing.assert_array_equal(y[0].numpy(), expected)


@pytest.mark.parametrize("degrade", ["realistic", "jpeg70"])
def test_the_same_number_gives_the_same_crop_in_any_worker(pictures, degrade):
    crops = Crops(pictures, 32, degrade, 7)
    here = list(batches(crops, numbers(0, 3, 2), 0))
    there = list(batches(crops, numbers(0, 3, 2), 2))
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
    assert not torch.equal(here[0][1], here[1][1])


@given(st.integers(0, 20), st.integers(1, 5), st.sampled_from([1, 2, 3]))
def test_processes_share_the_numbers_that_one_would_have(start, share, processes):
    batch, steps = share * processes, start + 3
    parts = [list(numbers(start, steps, batch, r, processes)) for r in range(processes)]
    alone = list(numbers(start, steps, batch))
    assert [[n for part in step for n in part] for step in zip(*parts, strict=True)] == alone
    assert [n for step in alone for n in step] == list(range(start * batch, steps * batch))
