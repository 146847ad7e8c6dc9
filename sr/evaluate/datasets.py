"""Folders and lists of photos to measure on."""

from dataclasses import dataclass, replace
from pathlib import Path

from sr.compare import comparison
from sr.compare.comparison import Pair
from sr.compare.degradations import Degradation
from sr.image import Photo, PhotoError, is_photo, read, shrink_to
from sr.settings import MAX_PIXELS_READ, SCALE

GIVEN, SHRUNK = "as given", "here by Pillow's bicubic"


@dataclass(frozen=True)
class DataSet:
    """Photos to measure on.

    name: the folder's, or the list's.
    low: how its photos were shrunk.
    files: (HR, LR) of each photo, LR None where it is yet to be made.
    short_side: of the small photos to make, in pixels; None leaves the large ones as they are.
    """

    name: str
    low: str
    files: tuple[tuple[Path, Path | None], ...]
    short_side: int | None = None


def open_set(place: Path, short_side: int | None = None) -> DataSet:
    """The photos of a folder, or those that a text file names. Raises `PhotoError`.

    short_side: as `DataSet` has it; not for pairs.
    """
    listed = place.suffix == ".txt" and place.is_file()
    files = _listed(place) if listed else _in_folder(place)
    given = files[0][1] is not None
    if given and short_side:
        raise PhotoError(f"The small photos in {place} are given: leave out --short-side.")
    low = GIVEN if given else SHRUNK
    if short_side:
        low += f" to a short side of {short_side} pixels"
    name = place.stem if listed else place.resolve().name
    return DataSet(name, low, tuple(files), short_side)


def _listed(file: Path) -> list[tuple[Path, None]]:
    """The photos named in a text file, one a line, seen from its folder."""
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    paths = [file.parent / line.strip() for line in lines if line.strip()]
    if not paths:
        raise PhotoError(f"{file} names no photos: write one path in each line.")
    if missing := [str(path) for path in paths if not path.is_file()]:
        raise PhotoError(f"{file} names what is not there: {', '.join(missing)}.")
    return [(path, None) for path in paths]


def _in_folder(folder: Path) -> list[tuple[Path, Path | None]]:
    """The pairs of a folder, else its photos."""
    if not folder.is_dir():
        raise PhotoError(f"There is no folder {folder}: check its name.")
    highs = sorted(folder.glob("*HR.png"))
    pairs = [(hr, hr.with_name(hr.name.removesuffix("HR.png") + "LR.png")) for hr in highs]
    if missing := [lr.name for _, lr in pairs if not lr.exists()]:
        raise PhotoError(
            f"The folder {folder} lacks {', '.join(missing)}: add what is missing, or rename the "
            "photos so that none ends in HR.png and they are shrunk here."
        )
    files = pairs or [(path, None) for path in sorted(folder.iterdir()) if is_photo(path)]
    if not files:
        raise PhotoError(
            f"The folder {folder} has no photos: name one with pairs that end in HR.png and "
            "LR.png, or with photos of any kind."
        )
    return files


def open_pair(
    large: Path, small: Path | None, degradation: Degradation, short_side: int | None = None
) -> Pair:
    """A photo cut to multiples of four, and its small twin, harmed. Raises `PhotoError`.

    short_side: the photo is first shrunk to four times that, if it is larger.
    """
    limit = MAX_PIXELS_READ if short_side else comparison.max_pixels()
    source = read(large, max_pixels=limit)
    if short_side and short_side * SCALE < min(source.size):
        pixels = shrink_to(source.pixels, short_side * SCALE)
        source = replace(source, pixels=pixels, alpha=None)
    made = comparison.pair(source)
    low = made.low if small is None else _given(small, large, made.low.size)
    return comparison.harmed(replace(made, low=low), degradation, large.name)


def _given(small: Path, large: Path, size: tuple[int, int]) -> Photo:
    """The small photo of a pair, opaque; it must have that size."""
    low = read(small)
    if low.size != size:
        here, wanted = (" x ".join(map(str, sides)) for sides in (low.size, size))
        raise PhotoError(
            f"“{small.name}” has {here} pixels, but a quarter of “{large.name}” has {wanted}: "
            "replace one of them."
        )
    return replace(low, alpha=None)
