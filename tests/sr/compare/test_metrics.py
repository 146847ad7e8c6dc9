import numpy as np
import pytest

from sr import image
from sr.compare import metrics
from sr.image.luma import luma


def test_psnr_of_a_known_difference():
    a = np.full((10, 10), 100.0)
    assert metrics.psnr(a, a + 1) == pytest.approx(48.1308, abs=1e-4)
    assert metrics.psnr(a, a) == float("inf")


def test_ssim_is_one_for_equal_and_falls_with_noise():
    rng = np.random.default_rng(0)
    a = rng.uniform(0, 255, (40, 50))
    assert metrics.ssim(a, a) == pytest.approx(1)
    values = [metrics.ssim(a, a + rng.normal(0, s, a.shape)) for s in (5, 20, 80)]
    assert 1 > values[0] > values[1] > values[2] > 0


def test_ssim_of_a_constant_shift_is_the_formula():
    """With constant pictures only the luminance term is left (Wang et al. 2004, eq. 6)."""
    a, b, c1 = 100.0, 120.0, (0.01 * 255) ** 2
    expected = (2 * a * b + c1) / (a**2 + b**2 + c1)
    flat = np.ones((20, 20))
    assert metrics.ssim(flat * a, flat * b) == pytest.approx(expected)


def test_sharpness_of_known_shapes():
    ramp = np.arange(30.0)[None, :] * 3 + np.arange(20.0)[:, None] * 4
    assert metrics.sharpness(ramp) == pytest.approx(0)
    assert metrics.sharpness(np.full((9, 9), 77.0)) == 0
    rows, columns = np.mgrid[:12, :12]
    assert metrics.sharpness(10.0 * (rows % 2)) == 20
    assert metrics.sharpness(10.0 * ((rows + columns) % 2)) == 40


def test_sharpness_knows_contrast_but_not_brightness_or_direction(landscape):
    values = luma(landscape)
    sharpness = metrics.sharpness(values)
    assert metrics.sharpness(values + 40) == pytest.approx(sharpness)
    assert metrics.sharpness(255 - values) == pytest.approx(sharpness)
    assert metrics.sharpness(values * 1.5) == pytest.approx(1.5 * sharpness)
    assert metrics.sharpness(values.T) == pytest.approx(sharpness)
    assert metrics.sharpness(values[::-1, ::-1]) == pytest.approx(sharpness)


def test_sharpness_falls_with_blur_and_rises_with_sharpening(landscape):
    values = luma(landscape)
    once, twice = blurred(values), blurred(blurred(values))
    found = [metrics.sharpness(v) for v in (2 * values - once, values, once, twice)]
    assert found == sorted(found, reverse=True)
    assert found[0] > 1.2 * found[1] and found[1] > 1.2 * found[2] > 1.2 * found[3]


def test_a_wide_edge_is_less_sharp_than_a_narrow_one():
    """As many levels are climbed: the mean difference of neighbours doesn't tell them apart."""
    narrow = np.tile(np.repeat([0.0, 120.0], 16), (16, 1))
    wide = np.tile(np.interp(np.arange(32), [12, 20], [0, 120]), (16, 1))
    assert np.abs(np.diff(wide)).mean() == pytest.approx(np.abs(np.diff(narrow)).mean())
    assert metrics.sharpness(wide) < 0.5 * metrics.sharpness(narrow)


def blurred(values: np.ndarray) -> np.ndarray:
    """The mean of each pixel and its eight neighbours."""
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    return sum(padded[y : y + height, x : x + width] for y in range(3) for x in range(3)) / 9


def test_quality_leaves_out_the_border_and_colour(landscape):
    restored = image.bicubic(image.shrink(landscape[:208]))
    found = metrics.quality(landscape[:208], restored)
    a, b = luma(landscape[:208])[4:-4, 4:-4], luma(restored)[4:-4, 4:-4]
    assert found.psnr_y == pytest.approx(metrics.psnr(a, b))
    assert found.ssim_y == pytest.approx(metrics.ssim(a, b))
    assert found.sharpness == pytest.approx(metrics.sharpness(b))
    framed = restored.copy()
    framed[:4], framed[-4:], framed[:, :4], framed[:, -4:] = 0, 255, 9, 99
    assert metrics.quality(landscape[:208], framed) == found
    framed[4, 4] = 0
    assert metrics.quality(landscape[:208], framed) != found
