import numpy as np
import pytest

from sr import metrics


def test_psnr_of_a_known_difference():
    a = np.full((10, 10), 100.0)
    assert metrics.psnr(a, a + 1) == pytest.approx(48.1308, abs=1e-4)
    assert metrics.psnr(a, a) == float("inf")


def test_luma_of_black_white_and_primaries():
    colours = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]])
    assert metrics.luma(colours.astype(np.uint8))[0] == pytest.approx(
        [16, 235, 81.481, 144.553, 40.966]
    )


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
