"""Folders of photos to measure on."""

from dataclasses import dataclass, replace
from pathlib import Path

from sr.compare import comparison
from sr.compare.comparison import Pair
from sr.image import PhotoError, is_photo, read

GIVEN, SHRUNK = "as given", "here by Pillow's bicubic"


@dataclass(frozen=True)
class DataSet:
    """A folder of photos.

    name: the folder's.
    low: how its photos were shrunk, `GIVEN` or `SHRUNK`.
    files: (HR, LR) of each photo, LR None where it is yet to be made.
    """

    name: str
    low: str
    files: tuple[tuple[Path, Path | None], ...]


def open_set(folder: Path) -> DataSet:
    """The photos of a folder. Raises `PhotoError` if there are none or a pair is incomplete."""
    if not folder.is_dir():
        raise PhotoError(f"There is no folder {folder}: check its name.")
    highs = sorted(folder.glob("*HR.png"))
    pairs = tuple((hr, hr.with_name(hr.name.removesuffix("HR.png") + "LR.png")) for hr in highs)
    if missing := [lr.name for _, lr in pairs if not lr.exists()]:
        raise PhotoError(
            f"The folder {folder} lacks {', '.join(missing)}: add what is missing, or rename the "
            "photos so that none ends in HR.png and they are shrunk here."
        )
    files = pairs or tuple((path, None) for path in sorted(folder.iterdir()) if is_photo(path))
    if not files:
        raise PhotoError(
            f"The folder {folder} has no photos: name one with pairs that end in HR.png and "
            "LR.png, or with photos of any kind."
        )
    return DataSet(folder.resolve().name, GIVEN if pairs else SHRUNK, files)


def open_pair(large: Path, small: Path | None) -> Pair:
    """A photo cut to multiples of four, and its small twin. Raises `PhotoError`."""
    made = comparison.pair(read(large, max_pixels=comparison.max_pixels()))
    if small is None:
        return made
    low = read(small)
    if low.size != made.low.size:
        here, wanted = (" x ".join(map(str, size)) for size in (low.size, made.low.size))
        raise PhotoError(
            f"“{small.name}” has {here} pixels, but a quarter of “{large.name}” has {wanted}: "
            "replace one of them."
        )
    return replace(made, low=replace(low, alpha=None))
