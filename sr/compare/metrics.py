"""PSNR and SSIM on luma, as the super-resolution papers report them, and sharpness."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from sr.image.luma import luma
from sr.settings import SCALE

BORDER = SCALE  # pixels along each border that the papers leave out
PEAK = 255  # the largest level
WINDOW = 11  # SSIM's, in pixels along a side
STRIP = 128  # rows of windows at a time


@dataclass(frozen=True)
class Quality:
    """Of a restored photo.

    psnr_y: dB, infinite if nothing was lost.
    ssim_y: at most 1.
    sharpness: levels, to be compared with the original's.
    """

    psnr_y: float
    ssim_y: float
    sharpness: float


def quality(high: np.ndarray, restored: np.ndarray) -> Quality:
    """Compare two (H, W, 3) uint8 photos, at least 19 x 19, on luma without their borders."""
    a, b = inner_luma(high), inner_luma(restored)
    return Quality(psnr(a, b), ssim(a, b), sharpness(b))


def inner_luma(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 -> the luma, 16..235, of all but `BORDER` pixels on each side."""
    inner = slice(BORDER, -BORDER)
    return luma(pixels[inner, inner])


def sharpness(values: np.ndarray) -> float:
    """How abruptly brightness changes, judged without a reference: in levels, 0 for a plain ramp.

    values: (H, W), at least 3 x 3. The mean of the modified Laplacian of Nayar and Nakagawa,
    "Shape from focus", IEEE Trans. PAMI 16 (1994). Unlike the difference of neighbours,
    whose sum over an edge is the same however wide the edge, it falls when an edge is blurred;
    unlike squares, it isn't ruled by a few strong edges. Noise and wrong texture count as much
    as true detail: read it beside PSNR.
    """
    across, down = np.diff(values, 2, axis=1)[1:-1], np.diff(values, 2, axis=0)[:, 1:-1]
    return float((np.abs(across) + np.abs(down)).mean())


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio of two equal-sized arrays in dB; infinite if they are equal."""
    mse = np.mean((a.astype(np.float64) - b) ** 2)
    return float("inf") if mse == 0 else float(10 * np.log10(PEAK**2 / mse))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Mean structural similarity of two (H, W) arrays, at least 11 x 11.

    Wang et al. 2004, eq. 13, with an 11 x 11 Gaussian window of sigma 1.5,
    K1 = 0.01, K2 = 0.03, population covariance; windows inside the photo only.
    Strip by strip, for it needs 150 bytes a pixel.
    """
    rows, columns = (side - WINDOW + 1 for side in a.shape)
    total = 0.0
    for top in range(0, rows, STRIP):
        strip = slice(top, min(top + STRIP, rows) + WINDOW - 1)
        total += _ssim_sum(a[strip], b[strip])
    return total / (rows * columns)


def _ssim_sum(a: np.ndarray, b: np.ndarray) -> float:
    c1, c2 = (0.01 * PEAK) ** 2, (0.03 * PEAK) ** 2
    x, y = (torch.from_numpy(np.asarray(v, np.float64)) for v in (a, b))
    mean_x, mean_y, *squares = _blur(torch.stack([x, y, x * x, y * y, x * y]))
    var_x, var_y = squares[0] - mean_x**2, squares[1] - mean_y**2
    covariance = squares[2] - mean_x * mean_y
    index = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return float(index.sum())


def _blur(planes: torch.Tensor, sigma: float = 1.5) -> torch.Tensor:
    """(N, H, W) -> the Gaussian windows' means, where they are inside: (N, H - 10, W - 10)."""
    offsets = torch.arange(WINDOW, dtype=planes.dtype) - WINDOW // 2
    window = torch.exp(-(offsets**2) / (2 * sigma**2))
    window /= window.sum()
    down = F.conv2d(planes[:, None], window.view(1, 1, -1, 1))
    return F.conv2d(down, window.view(1, 1, 1, -1))[:, 0]
