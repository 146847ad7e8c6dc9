"""Random crops of a library with what the network sees of them, each known by its number.

A lesson is a harmed crop whose original is replaced by what a teacher makes of it: knowledge
distillation (Hinton et al., "Distilling the Knowledge in a Neural Network", 2015). What noise and
JPEG have taken away can't be known, and a network that is to be near all that it might have been
becomes blurred. What a teacher makes of the very crop that the pupil sees can be learned.

Number n gives the same crop whatever process or worker makes it, so a run
that goes on, or one spread over processes, sees what a single one would.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from sr.compare.degradations import DEGRADATIONS, HARMED, SHRUNK
from sr.image import Photo, bicubic
from sr.image.luma import luma
from sr.inference import engine, upscaler
from sr.settings import SCALE
from sr.train.library import Library

# What is degraded around a crop of the large photo. It starts and ends on JPEG's grid, blocks of 16
# small pixels with 4:2:0, so that the blocks lie as if the whole photo had been saved. Where it is
# cut, the two outer small pixels are shrunk otherwise than in the photo, which changes their blocks
# and, as colours are enlarged smoothly, one pixel more; bicubic enlarging looks two further.
GRID = 16 * SCALE
MARGIN = 19 * SCALE
DRAWN = 2  # places drawn for each crop; the one with more detail is taken
# Of lessons.
TEACHER = "real-esrgan"
SIDE = 256  # pixels a side of what it makes; crops are cut from it
SMALL = SIDE // SCALE
RECORD = (SMALL**2 + SIDE**2) * 3  # bytes of a lesson: what the teacher saw, and what it made


@dataclass(frozen=True)
class Crops(Dataset):
    """The n-th crop: (small, large), uint8 tensors (C, crop/4, crop/4) and (C, crop, crop).

    crop: pixels a side of the large photo, a multiple of four.
    degrade: a name of `DEGRADATIONS`.
    one_channel: luma alone.
    scale: the network's own; at 1 the small crop is enlarged by bicubic.
    """

    library: Library
    crop: int
    degrade: str
    seed: int
    one_channel: bool = False
    scale: int = SCALE

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, number))
        drawn = rng.random() * self._ends[-1]
        picture = self.library[int(np.searchsorted(self._ends, drawn, side="right"))]
        places = [self._place(picture, rng) for _ in range(DRAWN)]
        top, left = max(places, key=lambda place: self._detail(picture, *place))
        small, large = self._pair(picture, top, left, rng)
        turns, mirrored = rng.integers(4), rng.integers(2)
        return tuple(self._tensor(pixels, turns, mirrored) for pixels in (small, large))

    @cached_property
    def _ends(self) -> np.ndarray:
        """For drawing a picture: larger ones come more often, with the root of their pixels."""
        fits = (min(size) >= self.crop for size in self.library.sizes)
        areas = (height * width for height, width in self.library.sizes)
        return np.cumsum([area**0.5 * fit for area, fit in zip(areas, fits, strict=True)])

    def _place(self, picture: np.ndarray, rng: np.random.Generator) -> tuple[int, int]:
        rows, columns = (int(side - self.crop) // SCALE + 1 for side in picture.shape[:2])
        return int(rng.integers(rows)) * SCALE, int(rng.integers(columns)) * SCALE

    def _detail(self, picture: np.ndarray, top: int, left: int) -> float:
        """Mean difference of neighbours in green, across and down."""
        green = picture[top : top + self.crop, left : left + self.crop, 1].astype(np.int16)
        return sum(np.abs(np.diff(green, axis=axis)).mean() for axis in (0, 1))

    def _pair(self, picture: np.ndarray, top: int, left: int, rng) -> tuple[np.ndarray, ...]:
        """The same as degrading the whole photo: the margin is cut off afterwards."""
        first = [max(0, (n - MARGIN) // GRID * GRID) for n in (top, left)]
        stop = [-(-(n + self.crop + MARGIN) // GRID) * GRID for n in (top, left)]
        region = picture[first[0] : stop[0], first[1] : stop[1]]
        small = DEGRADATIONS[self.degrade](np.ascontiguousarray(region), rng)
        if self.scale == 1:
            small = bicubic(small)
        y, x, side = (n // self.scale for n in (top - first[0], left - first[1], self.crop))
        large = picture[top : top + self.crop, left : left + self.crop]
        return small[y : y + side, x : x + side], large

    def _tensor(self, pixels: np.ndarray, turns: int, mirrored: int) -> Tensor:
        if self.one_channel:
            pixels = luma(pixels).round().astype(np.uint8)[:, :, None]
        return tensor(pixels, turns, mirrored)


def tensor(pixels: np.ndarray, turns: int, mirrored: int) -> Tensor:
    """(H, W, C) -> (C, H, W), turned by so many right angles and mirrored or not."""
    pixels = np.rot90(pixels, turns)
    pixels = pixels[:, ::-1] if mirrored else pixels
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


@dataclass(frozen=True)
class Lessons(Dataset):
    """The n-th lesson's crop, as `Crops` has them: (small, large), and large is the teacher's.

    file: `RECORD`s, one after the other.
    count: how many of them are drawn from.
    """

    file: Path
    count: int
    crop: int
    seed: int

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng((self.seed, number))
        start = int(rng.integers(self.count)) * RECORD
        record = np.memmap(self.file, np.uint8, "r", start, (RECORD,))
        small, large = np.split(record, [SMALL**2 * 3])
        side = self.crop // SCALE
        y, x = rng.integers(SMALL - side + 1, size=2)
        small = small.reshape(SMALL, SMALL, 3)[y : y + side, x : x + side]
        large = large.reshape(SIDE, SIDE, 3)[SCALE * y :, SCALE * x :][: self.crop, : self.crop]
        turns, mirrored = rng.integers(4), rng.integers(2)
        return tensor(small, turns, mirrored), tensor(large, turns, mirrored)


@dataclass(frozen=True)
class Taught(Dataset):
    """Crops that are only shrunk, with their originals, and lessons, by turns."""

    crops: Crops
    lessons: Lessons

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        return (self.lessons if number % 2 else self.crops)[number // 2]


def taught(crops: Crops, count: int) -> Taught:
    """With lessons for the harmed ones, of which so many are made for the library."""
    lessons = Lessons(_file(crops.library), count, crops.crop, crops.seed)
    return Taught(replace(crops, degrade=SHRUNK.name), lessons)


def make_lessons(library: Library, count: int, seed: int) -> None:
    """Make lessons until there are `count`, beside the library's pictures. Can be interrupted.

    Raises the catalog's errors.
    """
    file = _file(library)
    file.touch()
    done = file.stat().st_size // RECORD
    if done >= count:
        return
    crops, teacher = Crops(library, SIDE, HARMED.name, seed), upscaler.load(TEACHER)
    with file.open("r+b") as target:
        target.truncate(done * RECORD)
        target.seek(0, 2)
        for number in tqdm(range(done, count), "lessons", count, initial=done, disable=None):
            small = np.ascontiguousarray(crops[number][0].numpy().transpose(1, 2, 0))
            made = engine.upscale(Photo(small), teacher, keep_colours=True).pixels
            target.write(small.tobytes() + made.tobytes())
            target.flush()


def _file(library: Library) -> Path:
    return library.file.with_suffix(f".{TEACHER}.u8")


def numbers(
    start: int, stop: int, batch: int, rank: int = 0, processes: int = 1
) -> Iterator[list[int]]:
    """The numbers of the crops of each step from `start` on, before `stop`.

    batch: crops a step, shared by `processes`, of which this is number `rank`.
    """
    share = batch // processes
    for step in range(start, stop):
        first = step * batch + rank * share
        yield list(range(first, first + share))


def batches(crops: Crops, numbers: Iterable[list[int]], workers: int) -> DataLoader:
    """(small, large) uint8 batches, one a step, made ahead by `workers` processes."""
    return DataLoader(
        crops,
        batch_sampler=numbers,
        num_workers=workers,
        pin_memory=torch.cuda.is_available(),
        prefetch_factor=4 if workers else None,
    )
