"""What state a photo is in: the traces of JPEG and the noise, from its file and its pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from sr.image.luma import LEVELS, luma
from sr.image.photo import Photo

SAMPLE = 768  # pixels along a side, at most, of the middle that is looked at: 30 MB of work
MIN_BLOCKS = 8  # of JPEG along a side, below which chance looks like blocks
MIN_SIDE = 24  # pixels, below which all that there is looks like noise
STILL = 0.1  # of the patches, the smoothest, in which noise is measured
ALIVE = 0.9  # of a patch's pixels have a slope, or it has a part of a plain background
PATCH = 6  # pixels along a side; with its surroundings one fits into 8 x 8
# QUALITY: from there on SRGAN keeps more of what 60 photos show than srgan-photo; at 90 less than
# bicubic does on 32 (docs/results.md).
# The others were chosen on 120 photos, 13 of birds, shrunk to short sides of 64, 128 and 256.
# BLOCKINESS: over it are 0 of 120 clean ones at each size, 99 to 100 % at JPEG quality 70, 86 to
# 98 % at 80, 25 to 72 % at 90; and 0 of 115 larger WebP files.
# NOISE: over it are 2, 0 and 0 % of the clean ones, which have fur or feathers all over, up to 4 %
# by other ways of shrinking; 92 to 96 % with a standard deviation of 6.  JPEG at 80 hides noise.
QUALITY = 95  # below it
BLOCKINESS = 1.04
NOISE = 4.5
# Luminance table of ITU-T T.81 (JPEG), annex K.1, which libjpeg scales to a quality.
LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
])  # fmt: skip


@dataclass(frozen=True)
class Condition:
    """How much a photo has suffered.

    quality: 1..100, of the JPEG it was read from; None where it was no JPEG.
    blockiness: at least 1, dimensionless; how much stronger steps are on the grid of 8 x 8 blocks.
    noise: standard deviation in levels of luma, 0..255.
    """

    quality: int | None
    blockiness: float
    noise: float

    @property
    def compressed(self) -> bool:
        """Whether its file was saved with a loss that can be seen."""
        return self.quality is not None and self.quality < QUALITY

    @property
    def blocky(self) -> bool:
        """Whether its pixels show blocks."""
        return self.blockiness > BLOCKINESS

    @property
    def damaged(self) -> bool:
        """Whether there is enough of any of them that a network may sharpen it."""
        return self.compressed or self.blocky or self.noise > NOISE


def condition(photo: Photo) -> Condition:
    """The state of a photo, by the middle of it where it is large."""
    middle = tuple(
        slice(max(0, side - SAMPLE) // 2, max(0, side - SAMPLE) // 2 + SAMPLE)
        for side in photo.pixels.shape[:2]
    )
    sample = photo.pixels[middle]
    if photo.alpha is not None:  # what is hidden was made up when the file was read
        sample = np.where(photo.alpha[middle][:, :, None] > 0, sample, 255).astype(np.uint8)
    levels = luma(sample) * (255 / LEVELS)
    return Condition(photo.jpeg_quality, blockiness(levels), noise(levels))


def jpeg_quality(tables: Mapping[int, Sequence[int]] | None) -> int | None:
    """The quality, 1..100, at which libjpeg's luminance table has the mean nearest to a file's.

    tables: number -> 64 steps of quantization, as Pillow has them; the lowest number is luma's.
    Cameras have tables of their own, so none need be equal. None where there are no tables.
    """
    if not tables:
        return None
    qualities = np.arange(1, 101)
    percent = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    steps = ((LUMINANCE * percent[:, None] + 50) // 100).clip(1, 255)
    distance = np.abs(steps.mean(axis=1) - np.mean(tables[min(tables)]))
    return int(qualities[distance.argmin()])


def blockiness(levels: np.ndarray) -> float:
    """How much stronger steps are on the best of the 8 grids of blocks than on the next best.

    levels: (H, W) luma.
    1 where there are no blocks, or too few to tell.  The grid may start anywhere, as in a crop.
    A step is the cross-difference of 2 x 2 pixels, which edges and gradients leave alone: Chen and
    Hsu, "Detecting recompression of JPEG images via periodicity analysis of compression artifacts
    for tampering detection", IEEE TIFS 2011.  Its root keeps a few strong ones from deciding.
    Next best, not the mean of all: doubled pixels make every second grid strong.
    """
    if min(levels.shape) < MIN_BLOCKS * 8:
        return 1.0
    steps = np.sqrt(np.abs(np.diff(np.diff(levels, axis=0), axis=1)))
    # JPEG's blocks go both ways; a fence or a frame often goes one.
    return min(_periodicity(steps.mean(axis=0)), _periodicity(steps.mean(axis=1)))


def _periodicity(profile: np.ndarray) -> float:
    """The largest mean of every eighth of (N,) values, over the next largest.

    One level more for both: steps too weak to see don't count, and nothing divides by zero.
    """
    *_, second, first = np.sort([profile[phase::8].mean() for phase in range(8)])
    if second == 0:  # nothing but one grid: pixels that were enlarged 8 times
        return 1.0
    return float((first + 1) / (second + 1))


def noise(levels: np.ndarray) -> float:
    """The standard deviation of noise in (H, W) luma, in its levels.

    The kernel of Immerkær, "Fast noise variance estimation", CVIU 1996, by the median absolute
    deviation (Donoho and Johnstone, Biometrika 1994), where the photo is smoothest: elsewhere
    feathers look like noise.  Patches that are partly flat are left out: backgrounds have none.
    """
    if min(levels.shape) < MIN_SIDE:
        return 0.0
    residual = np.abs(np.diff(np.diff(levels, 2, axis=0), 2, axis=1)) / 6
    slope = sum(np.abs(change[1:-1, 1:-1]) for change in np.gradient(levels))
    patches = _patches(slope)
    alive = (patches > 0).mean(axis=1) > ALIVE
    if not alive.any():
        return 0.0
    slopes = patches.mean(axis=1)
    smooth = alive & (slopes <= np.quantile(slopes[alive], STILL))
    return float(np.median(_patches(residual)[smooth])) / 0.6745  # of a normal distribution


def _patches(values: np.ndarray) -> np.ndarray:
    """(H, W) -> (N, PATCH * PATCH), without what is left over at the right and below."""
    rows, columns = (side // PATCH for side in values.shape)
    cut = values[: rows * PATCH, : columns * PATCH]
    return cut.reshape(rows, PATCH, columns, PATCH).swapaxes(1, 2).reshape(-1, PATCH * PATCH)
