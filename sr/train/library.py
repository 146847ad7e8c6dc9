"""A folder of photos, decoded once into one file that all workers map into their memory."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sr.image import PhotoError, read, shrink, shrink_to
from sr.settings import MAX_PIXELS_READ, SCALE

# Photos as they come from cameras are soft pixel by pixel and their detail is large: those above
# this many pixels are kept at a half, a third and a quarter of their size; smaller ones as they
# are and at a half (FSRCNN's paper, section 4.2, scales its photos for the same reason).
FULL_SIZE = 1_500_000
LARGE, SMALL = (2, 3, 4), (1, 2)
# And all of them so that a crop has the whole of what they show: what is recognised in a small
# photo is a shape, not a texture.
SHORT_SIDES = (384, 256)
LEAST_SIDE = 128
HOLD_OUT = 20  # one photo in so many is kept from training where no folder of others is given
MOST_HELD = 8
FORMAT = 5  # of the cache; another number makes it anew


@dataclass(frozen=True)
class Library:
    """Decoded photos, each at one or more sizes.

    file: all pixels one after the other, uint8.
    sizes: [height, width] of each picture in it, multiples of four.
    photos: how many they come from.
    skipped: why a file is not among them -> how many.
    held: names of the photos kept for validation.
    """

    file: Path
    sizes: list[list[int]]
    photos: int
    skipped: dict[str, int]
    held: list[str]

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8, read from the disk where it is looked at."""
        shape = (*self.sizes[index], 3)
        return np.memmap(self.file, np.uint8, "r", self.starts[index], shape)

    @cached_property
    def starts(self) -> list[int]:
        """Where each picture begins in the file, and where the last ends, in bytes."""
        return np.cumsum([0, *(height * width * 3 for height, width in self.sizes)]).tolist()


def gather(data: Path, cache: Path, *, without: list[Path] | None = None) -> Library:
    """The library of a folder and the folders in it, made once and kept in `cache`.

    without: folders of photos that must not be in it, known by their pixels. Without any, one
    photo in twenty is held out. A photo found twice counts once. Raises `PhotoError`.
    """
    files = files_in(data)
    apart = [path for folder in without or () for path in files_in(folder)]
    index = cache / f"photos-{_key(files, apart, without is None)}.json"
    library = _read(index)
    if library is None:
        cache.mkdir(parents=True, exist_ok=True)
        seen = {_digest(pixels) for _, pixels in decode(apart, Counter())}
        library = _decode(files, index.with_suffix(".u8"), seen, hold_out=without is None)
        index.write_text(json.dumps(asdict(library), default=str))
    return library


def files_in(folder: Path) -> list[Path]:
    """The files of a folder and of the folders in it, in order."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def decode(files: list[Path], skipped: Counter) -> Iterator[tuple[Path, np.ndarray]]:
    """The photos among `files`, as (path, (H, W, 3) uint8); the others are counted by reason."""
    for path in tqdm(files, desc="reading photos", leave=False, disable=None):
        try:
            pixels = read(path, max_pixels=MAX_PIXELS_READ).pixels
        except PhotoError:
            skipped["can't be read as a photo"] += 1
            continue
        except OSError:  # not ours to read
            continue
        if min(pixels.shape[:2]) < LEAST_SIDE:
            skipped[f"has a side under {LEAST_SIDE} pixels"] += 1
            continue
        yield path, pixels


def sizes(pixels: np.ndarray) -> list[np.ndarray]:
    """The photo at the sizes it is learned from, sides cut to multiples of four."""
    large = pixels.shape[0] * pixels.shape[1] > FULL_SIZE
    shrunk = [shrink(pixels, n) if n > 1 else pixels for n in (LARGE if large else SMALL)]
    shrunk += [shrink_to(pixels, side) for side in SHORT_SIDES if side < min(shrunk[-1].shape[:2])]
    return [whole(p) for p in shrunk if min(p.shape[:2]) >= LEAST_SIDE] or [whole(pixels)]


def whole(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) cut to sides that are multiples of the scale."""
    height, width = (side - side % SCALE for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def _decode(files: list[Path], file: Path, seen: set[str], hold_out: bool) -> Library:
    """Write the pictures' file; `seen` has the pixels that may not be in it."""
    skipped, found, held, photos = Counter(), [], [], 0
    part = file.with_suffix(f".{os.getpid()}")
    with part.open("wb") as target:
        for path, pixels in decode(files, skipped):
            digest = _digest(pixels)
            if digest in seen:
                skipped["is kept for validation, or there twice"] += 1
                continue
            seen.add(digest)
            photos += 1
            if hold_out and photos % HOLD_OUT == 2 and len(held) < MOST_HELD:
                held.append(str(path.resolve()))
                continue
            for picture in sizes(pixels):
                target.write(picture.tobytes())
                found.append(list(picture.shape[:2]))
    if not found:
        part.unlink()
        raise PhotoError(
            f"There are too few photos to learn from, of {LEAST_SIDE} pixels a side or more: "
            f"{photos - len(held)} in the folder, {sum(skipped.values())} files left out."
        )
    for old in file.parent.glob("photos*.u8"):
        old.unlink()
    part.replace(file)
    return Library(file, found, photos - len(held), dict(skipped), held)


def _digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _key(files: list[Path], apart: list[Path], hold_out: bool) -> str:
    """What the cache is made from: names, sizes and dates of all files, and what they are for."""
    facts = [
        [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in part]
        for part in (files, apart)
    ]
    return hashlib.sha256(repr((FORMAT, facts, hold_out)).encode()).hexdigest()[:16]


def _read(index: Path) -> Library | None:
    """What was made earlier, None where it isn't there or isn't whole."""
    try:
        file = {"file": index.with_suffix(".u8")}
        library = Library(**json.loads(index.read_text()) | file)
        return library if library.file.stat().st_size == library.starts[-1] else None
    except (OSError, ValueError):
        return None
