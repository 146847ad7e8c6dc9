"""Luma apart from colour."""

import numpy as np
import pytest

from sr.image.luma import luma, with_luma


def test_luma_of_black_white_and_primaries():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]])
    assert luma(colours.astype(np.uint8))[0] == pytest.approx([16, 235, 81.481, 144.553, 40.966])


def test_a_photo_with_its_own_luma_is_itself():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    np.testing.assert_array_equal(with_luma(pixels, luma(pixels)), pixels)


def test_another_luma_is_taken_and_the_colour_differences_stay():
    pixels = np.random.default_rng(0).integers(80, 170, (9, 7, 3), np.uint8)
    brighter = luma(pixels) + 20
    result = with_luma(pixels, brighter)
    assert np.abs(luma(result) - brighter).max() < 0.5
    differences = [p[..., 0].astype(int) - p[..., 2] for p in (pixels, result)]
    assert np.abs(differences[0] - differences[1]).max() <= 1
