"""What turns a large photo into the small one that a network learns from.

A degradation maps (H, W, 3) uint8, sides multiples of 4, and a random
generator to (H/4, W/4, 3) uint8.
"""

from collections.abc import Callable

import numpy as np

from sr.image import as_jpeg, blur, shrink
from sr.image.resize import FILTERS
from sr.settings import SCALE

BLUR = (0.2, 2.8)  # Gaussian's sigma in pixels of the large photo
NOISE = (0.0, 8.0)  # sigma in levels of 255
QUALITY = (55, 96)  # JPEG's, the upper end left out
OFTEN = 0.8  # of the photos meet each of them


def bicubic(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the benchmarks do; nothing is random."""
    return shrink(pixels, SCALE)


def realistic(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, a random resize filter, noise, JPEG: what happens to photos on their way.

    The first-order model of Wang et al., "Real-ESRGAN", ICCVW 2021, section 3.1, in a milder
    range: photos small for their age or their distance, not ruins.
    """
    if rng.random() < OFTEN:
        pixels = blur(pixels, tuple(rng.uniform(*BLUR, 2)))
    small = shrink(pixels, SCALE, rng.choice(sorted(FILTERS)))
    if rng.random() < OFTEN:
        small = _noisy(small, rng)
    return as_jpeg(small, int(rng.integers(*QUALITY))) if rng.random() < OFTEN else small


def _noisy(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With Gaussian noise, of each colour alone or of all alike."""
    channels = 3 if rng.random() < 0.5 else 1
    noise = rng.normal(0, rng.uniform(*NOISE), (*pixels.shape[:2], channels))
    return (pixels + noise).round().clip(0, 255).astype(np.uint8)


DEGRADATIONS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "bicubic": bicubic,
    "realistic": realistic,
}
