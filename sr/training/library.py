"""A folder of photos, decoded once into one file that all workers map into their memory."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sr import photo
from sr.catalog import SCALE
from sr.photo import PhotoError

# Photos as they come from cameras are soft pixel by pixel and their detail is large: those above
# this many pixels are kept at a half, a third and a quarter of their size; smaller ones as they
# are and at a half (FSRCNN's paper, section 4.2, scales its photos for the same reason).
FULL_SIZE = 1_500_000
LARGE, SMALL = (2, 3, 4), (1, 2)
LEAST_SIDE = 128
HOLD_OUT = 20  # one photo in so many is kept from training where no folder of others is given
MOST_HELD = 8
FORMAT = 3  # of the cache; another number makes it anew


@dataclass(frozen=True)
class Library:
    """Decoded photos, each at one or more sizes.

    file: all pixels one after the other, uint8.  sizes: (height, width) of each picture in it,
    multiples of 4.  photos: how many they come from.  made: when, in ns.  skipped: why a file is
    not among them -> how many.  held: names of the photos kept for validation.
    """

    file: Path
    sizes: tuple[tuple[int, int], ...]
    photos: int
    made: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    held: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8, read from the disk where it is looked at."""
        height, width = self.sizes[index]
        start, stop = self.starts[index : index + 2]
        return _mapped(self.file, self.made)[start:stop].reshape(height, width, 3)

    @cached_property
    def starts(self) -> list[int]:
        """Where each picture begins in the file, and where the last ends, in bytes."""
        return np.cumsum([0, *(height * width * 3 for height, width in self.sizes)]).tolist()

    @property
    def megapixels(self) -> float:
        return sum(height * width for height, width in self.sizes) / 1e6


@lru_cache(maxsize=4)
def _mapped(file: Path, made: int) -> np.ndarray:
    """`made` tells a file from an earlier one under its name."""
    return np.memmap(file, np.uint8, "r")


def gather(data: Path, cache: Path, *, without: list[Path] | None = None) -> Library:
    """The library of a folder and the folders in it, made once and kept in `cache`.

    without: folders of photos that must not be in it, known by their pixels. Without any, one
    photo in twenty is held out. A photo found twice counts once. Raises `PhotoError`.
    """
    files = [path for path in sorted(data.rglob("*")) if path.is_file()]
    apart = [path for folder in without or () for path in sorted(folder.rglob("*"))]
    apart = [path for path in apart if path.is_file()]
    key = _key(files, apart, hold_out=without is None)
    if (known := _read(cache)) and known[0] == key:
        return known[1]
    seen = {_digest(pixels) for _, pixels in decode(apart, Counter())}
    library = _decode(files, cache, seen, hold_out=without is None)
    _write(cache, key, library)
    return library


def decode(files: list[Path], skipped: Counter) -> Iterator[tuple[Path, np.ndarray]]:
    """The photos among `files`, as (path, (H, W, 3) uint8); the others are counted by reason."""
    for path in tqdm(files, desc="reading photos", leave=False, disable=None):
        try:
            pixels = photo.open(path, max_pixels=photo.MAX_PIXELS_READ).pixels
        except PhotoError:
            skipped["can't be read as a photo"] += 1
            continue
        except OSError:  # a folder, or not ours to read
            continue
        if min(pixels.shape[:2]) < LEAST_SIDE:
            skipped[f"has a side under {LEAST_SIDE} pixels"] += 1
            continue
        yield path, pixels


def sizes(pixels: np.ndarray) -> list[np.ndarray]:
    """The photo at the sizes it is learned from, sides cut to multiples of four."""
    large = pixels.shape[0] * pixels.shape[1] > FULL_SIZE
    shrunk = [photo.shrink(pixels, n) if n > 1 else pixels for n in (LARGE if large else SMALL)]
    return [whole(p) for p in shrunk if min(p.shape[:2]) >= LEAST_SIDE] or [whole(pixels)]


def whole(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) cut to sides that are multiples of the scale."""
    height, width = (side - side % SCALE for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def _decode(files: list[Path], cache: Path, seen: set[str], hold_out: bool) -> Library:
    """Write the pictures' file; `seen` has the pixels that may not be in it."""
    cache.mkdir(parents=True, exist_ok=True)
    skipped, found, held, photos = Counter(), [], [], 0
    part = cache / f"photos.u8.{os.getpid()}"
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
                found.append(picture.shape[:2])
    if not found:
        part.unlink()
        raise PhotoError(
            f"There are too few photos to learn from, of {LEAST_SIDE} pixels a side or more: "
            f"{photos - len(held)} in the folder, {sum(skipped.values())} files left out."
        )
    part.replace(file := cache / "photos.u8")
    used, made = photos - len(held), file.stat().st_mtime_ns
    return Library(file, tuple(found), used, made, dict(skipped), tuple(held))


def _digest(pixels: np.ndarray) -> str:
    return hashlib.sha256(repr(pixels.shape).encode() + pixels.tobytes()).hexdigest()


def _key(files: list[Path], apart: list[Path], hold_out: bool) -> str:
    """What the cache was made from: names, sizes and dates of all files, and what they are for."""
    facts = [
        [(str(f.resolve()), f.stat().st_size, f.stat().st_mtime_ns) for f in part]
        for part in (files, apart)
    ]
    return hashlib.sha256(repr((FORMAT, facts, hold_out)).encode()).hexdigest()


def _write(cache: Path, key: str, library: Library) -> None:
    facts = {**asdict(library), "file": library.file.name, "key": key}
    part = cache / "photos.json.part"
    part.write_text(json.dumps(facts))
    part.replace(cache / "photos.json")


def _read(cache: Path) -> tuple[str, Library] | None:
    try:
        facts = json.loads((cache / "photos.json").read_text())
        key = facts.pop("key")
        facts["sizes"] = tuple(tuple(size) for size in facts["sizes"])
        facts |= {"file": cache / facts["file"], "held": tuple(facts["held"])}
        library = Library(**facts)
        complete = library.file.stat().st_size == library.starts[-1]
        return (key, library) if complete else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
