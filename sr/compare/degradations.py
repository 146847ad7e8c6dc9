"""What turns a large photo into a small one, by name: to compare, to evaluate and to train on.

A degradation first shrinks a photo and then harms the small one. The harm alone is for photos that
are small already.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sr.image import PhotoError, as_jpeg, blur, resize, shrink
from sr.image.resize import FILTERS
from sr.settings import SCALE

# Of `phone`: sigma at black, and what each level adds to the variance, in levels of 255; sigma goes
# from 3 in the dark to 8 in white. Sensors have read and shot noise of this form (Foi et al.,
# "Practical Poissonian-Gaussian noise modeling", IEEE TIP 2008); here it is simply added to sRGB.
READ_SIGMA, SHOT = 3.0, 0.2157
# Of `old`: in pixels of the small photo, in levels, and as a share of its sides.
SOFTNESS, GRAIN, RESIZED = 0.5, 5.0, 0.8
# Of `realistic`.
BLUR = (0.2, 2.8)  # Gaussian's sigma in pixels of the large photo
NOISE = (0.0, 8.0)  # sigma in levels of 255
QUALITY = (55, 96)  # JPEG's, the upper end left out
OFTEN = 0.8  # of the photos meet each of them
# Of `any`.
HALF = 0.5  # of the photos are shrunk by bicubic, and half unharmed
JPEG = 8  # pixels a side of its blocks
ANY_QUALITY = (40, 96)
ANY_RESIZED = (0.5, 1.0)

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def _bicubic(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return shrink(pixels, SCALE)


@dataclass(frozen=True)
class Degradation:
    """A way in which photos become small. Called with a large photo it does both of its steps.

    about: what was done to the small photo, to go on after "the photo was".
    harm: (H, W, 3) uint8 of any size and a generator -> the same size.
    shrink: (H, W, 3) uint8, sides multiples of 4, and a generator -> (H/4, W/4, 3) uint8.
    quality: of the JPEG that the small photo is saved as; None if it isn't, or at random.
    """

    name: str
    about: str
    harm: Change
    shrink: Change = _bicubic
    quality: int | None = None

    def __call__(self, large: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return self.harm(self.shrink(large, rng), rng)


def seeded(photo: str) -> np.random.Generator:
    """Wherever it is compared, a photo meets the same harm, known by its file's name."""
    return np.random.default_rng(zlib.crc32(photo.encode(errors="surrogateescape")))


def _clean(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return small


def _saved(quality: int) -> Degradation:
    about = f"shrunk by bicubic and saved as JPEG of quality {quality} (4:2:0)"
    return Degradation(
        f"jpeg{quality}", about, lambda small, rng: as_jpeg(small, quality), quality=quality
    )


def _phone(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    sigma = np.sqrt(READ_SIGMA**2 + SHOT * small)
    return as_jpeg(_noisy(small, sigma, rng), 80)


def _old(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blurring the small photo is as good as blurring the large one, and needs no large one."""
    small = _noisy(blur(small, (SOFTNESS, SOFTNESS)), GRAIN, rng)
    return as_jpeg(_down_and_up(small, RESIZED, "bilinear", "bicubic"), 60)


def _realistic_shrink(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < OFTEN:
        pixels = blur(pixels, tuple(rng.uniform(*BLUR, 2)))
    return shrink(pixels, SCALE, rng.choice(sorted(FILTERS)))


def _realistic_harm(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The noise is of each colour alone or of all alike."""
    if rng.random() < OFTEN:
        channels = 3 if rng.random() < 0.5 else 1
        small = _noisy(small, rng.uniform(*NOISE), rng, channels)
    return as_jpeg(small, int(rng.integers(*QUALITY))) if rng.random() < OFTEN else small


def _any_shrink(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return (_bicubic if rng.random() < HALF else _realistic_shrink)(pixels, rng)


def _any_harm(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return small if rng.random() < HALF else _harmed(small, rng)


def _harmed(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return HARMS[rng.integers(len(HARMS))](small, rng)


def _any_jpeg(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return as_jpeg(small, int(rng.integers(*ANY_QUALITY)))


def _twice(small: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Harmed, resized, harmed again, with JPEG's blocks lying elsewhere: a photo sent on."""
    share = rng.uniform(*ANY_RESIZED)
    small = _realistic_harm(small, rng)
    small = _down_and_up(small, share, *rng.choice(sorted(FILTERS), 2))
    down, right = rng.integers(JPEG, size=2)
    moved = np.pad(small, ((down, 0), (right, 0), (0, 0)), "edge")
    return _any_jpeg(moved, rng)[down:, right:]


def _down_and_up(small: np.ndarray, share: float, down: str, up: str) -> np.ndarray:
    """Resized to a share of its sides and back, by two of `FILTERS`."""
    height, width = small.shape[:2]
    fewer = max(1, int(width * share)), max(1, int(height * share))
    return resize(resize(small, fewer, down), (width, height), up)


def _noisy(
    pixels: np.ndarray, sigma: float | np.ndarray, rng: np.random.Generator, channels: int = 3
) -> np.ndarray:
    """With Gaussian noise of `sigma` levels, one for all or for each value."""
    noise = rng.standard_normal((*pixels.shape[:2], channels)) * sigma
    return (pixels + noise).round().clip(0, 255).astype(np.uint8)


# What photos are compared with: all shrink by bicubic, so that they differ in their harm alone.
EVALUATED = {
    degradation.name: degradation
    for degradation in (
        Degradation("clean", "shrunk by bicubic, as the benchmarks do", _clean),
        *map(_saved, (90, 70, 50)),
        Degradation(
            "phone",
            "shrunk by bicubic, given a sensor's noise and saved as JPEG of quality 80",
            _phone,
            quality=80,
        ),
        Degradation(
            "old",
            "shrunk by bicubic, blurred, given grain, resized down and up, and saved as JPEG of "
            "quality 60",
            _old,
            quality=60,
        ),
    )
}
# The first-order model of Wang et al., "Real-ESRGAN", ICCVW 2021, section 3.1, in a milder range:
# photos small for their age or their distance, not ruins.
REALISTIC = Degradation(
    "realistic",
    "at random blurred, shrunk by any filter, made noisy and saved as JPEG",
    _realistic_harm,
    _realistic_shrink,
)
# For a network that must bear with whatever there is. The last is that of second order of the same
# paper, section 3.2.
HARMS = (_any_jpeg, _any_jpeg, _phone, _old, _realistic_harm, _twice)
ANY = Degradation(
    "any",
    "at random shrunk, and left so or harmed in one of the ways above or in several",
    _any_harm,
    _any_shrink,
)
# Its two halves.
SHRUNK = Degradation("shrunk", "at random shrunk", _clean, _any_shrink)
HARMED = Degradation("harmed", "at random shrunk and harmed", _harmed, _any_shrink)
DEGRADATIONS = EVALUATED | {d.name: d for d in (REALISTIC, ANY, SHRUNK, HARMED)}


def evaluated(name: str) -> Degradation:
    """One of `EVALUATED`. Raises `PhotoError`."""
    if name not in EVALUATED:
        raise PhotoError(f"There is no degradation “{name}”: choose among {', '.join(EVALUATED)}.")
    return EVALUATED[name]
