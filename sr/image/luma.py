"""Luma, which the eye is sharpest for, apart from colour (ITU-R BT.601, 8 bits)."""

import numpy as np

WEIGHTS = np.array([65.481, 128.553, 24.966]) / 255
LEVELS = 219  # luma goes from 16 to 235


def luma(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (H, W) float64 Y of YCbCr, 16..235."""
    return 16 + pixels.astype(np.float64) @ WEIGHTS


def with_luma(pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB with the luma `values`, (H, W) in 16..235, and its own colour.

    Cb and Cr stay as they are: red, green and blue change by the same amount.
    """
    change = (values - luma(pixels)) * (255 / LEVELS)
    return (pixels + change[:, :, None]).round().clip(0, 255).astype(np.uint8)
