"""PSNR and SSIM on luma, as the super-resolution papers report them."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

WINDOW = 11  # SSIM's, in pixels along a side
STRIP = 128  # rows of windows at a time


def luma(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (H, W) float64 Y of YCbCr, 16..235 (ITU-R BT.601)."""
    return 16 + pixels.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(a: np.ndarray, b: np.ndarray, peak: float = 255) -> float:
    """Peak signal-to-noise ratio of two equal-sized arrays in dB; infinite if they are equal."""
    mse = np.mean((a.astype(np.float64) - b) ** 2)
    return float("inf") if mse == 0 else float(10 * np.log10(peak**2 / mse))


def ssim(a: np.ndarray, b: np.ndarray, peak: float = 255) -> float:
    """Mean structural similarity of two (H, W) arrays, at least 11 x 11.

    Wang et al. 2004, eq. 13, with an 11 x 11 Gaussian window of sigma 1.5,
    K1 = 0.01, K2 = 0.03, population covariance; windows inside the photo only.
    Strip by strip, for it needs 150 bytes a pixel.
    """
    rows, columns = (side - WINDOW + 1 for side in a.shape)
    total = 0.0
    for top in range(0, rows, STRIP):
        strip = slice(top, min(top + STRIP, rows) + WINDOW - 1)
        total += _ssim_sum(a[strip], b[strip], peak)
    return total / (rows * columns)


def _ssim_sum(a: np.ndarray, b: np.ndarray, peak: float) -> float:
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    x, y = (torch.from_numpy(np.asarray(v, np.float64))[None, None] for v in (a, b))
    mean_x, mean_y = _blur(x), _blur(y)
    var_x = _blur(x * x) - mean_x**2
    var_y = _blur(y * y) - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    index = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return float(index.sum())


def _blur(x: torch.Tensor, size: int = WINDOW, sigma: float = 1.5) -> torch.Tensor:
    offsets = torch.arange(size, dtype=x.dtype) - size // 2
    window = torch.exp(-(offsets**2) / (2 * sigma**2))
    window /= window.sum()
    return F.conv2d(F.conv2d(x, window.view(1, 1, -1, 1)), window.view(1, 1, 1, -1))
