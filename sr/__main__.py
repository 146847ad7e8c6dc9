"""python -m sr PHOTO... --out DIR: each photo four times as large, as DIR/<stem>_x4.png.

Of photos that are named alike the second becomes DIR/<stem>-2_x4.png, and so on.
"""

import argparse
import errno
import os
import sys
import tempfile
import unicodedata
from collections import defaultdict
from itertools import count
from pathlib import Path

from tqdm import tqdm

from sr import commands
from sr.commands import shown, tell
from sr.image import Photo, PhotoError, is_disk_full, read, stem, write
from sr.inference import EngineError, auto, engine, upscaler
from sr.inference.upscaler import Upscaler
from sr.models import catalog
from sr.settings import PRECISIONS

AUTO = "left out, the one that suits each photo"


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was written, 1 if some were not, 2 for a wrong command."""
    return commands.run(lambda: _run(_parser().parse_args(argv)))


def _run(args: argparse.Namespace) -> int:
    upscaler.load(args.model)  # one that can't be had is better known before the first photo
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=args.out):
            pass
    except OSError as error:
        tell(f"{shown(args.out)} {_why_not(error)}")
        return 2
    return max([_upscale(*one, args) for one in targets(args.photos, args.out).items()])


def targets(photos: list[str], folder: Path) -> dict[str, Path]:
    """Each photo, once -> the file of its result in `folder`, which no other photo has.

    The first photo of a name gets <stem>_x4.png, unless that is one of the photos itself; the
    next get the first free of <stem>-2_x4.png, <stem>-3_x4.png and so on. Neither what is in the
    folder nor whether a photo can be read matters.
    """
    stems = {photo: stem(Path(photo).name) for photo in photos}
    wanted = {_same(folder / f"{name}_x4.png") for name in stems.values()}
    taken = {_same(Path(photo)) for photo in photos}
    numbers, found = defaultdict(lambda: count(1)), {}
    for photo, name in stems.items():
        for number in numbers[name]:
            file = folder / (f"{name}-{number}_x4.png" if number > 1 else f"{name}_x4.png")
            if _same(file) not in taken and (number == 1 or _same(file) not in wanted):
                break
        taken.add(_same(file))
        found[photo] = file
    return found


def _same(path: Path) -> str:
    """The same text for paths that are one file where case or the way of accents doesn't matter."""
    folder = os.path.realpath(path.parent)
    return unicodedata.normalize("NFC", f"{folder}/{path.name}".casefold())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sr", description=__doc__)
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", help=f"one of {', '.join(catalog.names())}; {AUTO}")
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument("--precision", choices=PRECISIONS, help=commands.PRECISION_HELP)
    positive = commands.positive
    parser.add_argument("--tile", type=positive, metavar="N", help="input pixels at a time")
    parser.add_argument("--memory-mb", type=positive, metavar="N", help="memory for the work")
    parser.add_argument(
        "--keep-colours",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="give the result the photo's brightness and colours",
    )
    parser.add_argument(
        "--keep-metadata", action="store_true", help="copy camera, date and place into the result"
    )
    return parser


def _upscale(path: str, target: Path, args: argparse.Namespace) -> int:
    """Write one photo; what can't be read or written is reported and the others go on."""
    try:
        result, loaded = _enlarged(path, args)
    except (PhotoError, EngineError) as error:
        tell(error)
        return 1
    try:
        exif = result.exif if args.keep_metadata else None
        write(result.pixels, target, result.alpha, exif=exif)
    except OSError as error:
        tell(f"{shown(target)} {_why_not(error)}")
        return 1
    facts = f"{shown(target)} ({result.size[0]} x {result.size[1]}, {loaded.weights})"
    plain = f"{result.name}_x4.png"
    other = "" if target.name == plain else f"It is {shown(path)}: {plain} is another's name."
    print(" ".join(part for part in (facts, other, loaded.note, *result.notes) if part))
    return 0


def _enlarged(path: str, args: argparse.Namespace) -> tuple[Photo, Upscaler]:
    """The photo four times as large, and what made it. Raises `PhotoError` and `EngineError`."""
    source = read(path)
    loaded = auto.load(source, args.model)
    with tqdm(desc=source.name, unit="px", unit_scale=True, disable=None) as bar:
        result = engine.upscale(
            source,
            loaded,
            device=args.device,
            tile=args.tile,
            memory_mb=args.memory_mb,
            precision=args.precision,
            keep_colours=args.keep_colours,
            progress=lambda done, total: _show(bar, done, total),
        )
    return result, loaded


def _why_not(error: OSError) -> str:
    """The rest of a sentence about a file or a folder that can't be written."""
    if is_disk_full(error):
        return "can't be written, the disk is full: free some space."
    if error.errno == errno.EISDIR:
        return "can't be written, a folder has that name: rename it, or choose another --out."
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return "is no folder and can't become one: choose another --out."
    return f"can't be written ({error.strerror}): choose another --out."


def _show(bar: tqdm, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


if __name__ == "__main__":
    sys.exit(main())
