"""The photo's low frequencies come back, and nothing else changes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr.image import Photo, bicubic, shrink
from sr.inference import engine
from sr.inference.colours import CELL, keep_colours
from sr.inference.upscaler import load


def means(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(-1, pixels.shape[-1]).mean(0)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 70), st.lists(st.integers(-20, 20), min_size=3, max_size=3)
)
def test_a_shift_of_all_colours_is_undone_exactly(height, width, shift):
    source = np.random.default_rng(0).integers(60, 190, (height, width, 3), np.uint8)
    right = source.repeat(4, 0).repeat(4, 1)
    result = (right + np.array(shift)).astype(np.uint8)
    keep_colours(result, source)
    np.testing.assert_array_equal(result, right)


def test_a_shift_that_changes_slowly_is_nearly_undone(landscape):
    right = bicubic(landscape)
    slope = np.linspace(-6, 6, right.shape[1])[None, :, None]
    result = (right + slope).clip(0, 255).astype(np.uint8)
    keep_colours(result, landscape)
    assert np.abs(result.astype(int) - right).mean() < 1


def test_detail_smaller_than_a_cell_stays(landscape):
    source = np.full((48, 48, 3), 128, np.uint8)
    result = source.repeat(4, 0).repeat(4, 1)
    result[::2] += 20
    before = result.astype(int)
    keep_colours(result, source)
    np.testing.assert_array_equal(before - result, 10)


def test_nothing_leaves_the_range():
    for level in (0, 255):
        source = np.full((CELL * 2, 9, 3), level, np.uint8)
        result = source.repeat(4, 0).repeat(4, 1)
        result[::2] = abs(level - 10)
        keep_colours(result, source)
        assert np.abs(result.astype(int) - level).max() <= 5


@pytest.mark.parametrize("name", ["srgan-div2k", "srgan-photo", "fsrcnn"])
def test_a_near_white_photo_stays_as_it_is(name):
    """SRGAN made (246, 246, 247) of this white, and the slider showed a seam."""
    source = np.full((40, 50, 3), (249, 255, 255), np.uint8)
    photo = Photo(source, np.full((40, 50), 200, np.uint8))
    result = engine.upscale(photo, load(name), device="cpu", keep_colours=True)
    np.testing.assert_allclose(means(result.pixels), means(source), atol=0.5)
    assert abs(result.alpha.mean() - 200) <= 0.5


def test_the_option_is_the_engine_s_and_tiles_change_nothing(landscape):
    source = landscape[:60, :100].copy()
    kept, tiled, plain = (
        engine.upscale(Photo(source), load("srgan-div2k"), device="cpu", **options).pixels
        for options in ({"keep_colours": True}, {"keep_colours": True, "tile": 40}, {})
    )
    assert np.abs(kept.astype(int) - tiled).max() <= 1
    before, after = (np.abs(means(shrink(p)) - means(source)).max() for p in (plain, kept))
    assert after < 0.5 and after < before
