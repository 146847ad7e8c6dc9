"""python -m sr.evaluate DATA...: what each method makes of test sets, as tables and a figure.

DATA is a folder of pairs of photos that end in HR.png and LR.png and are named alike otherwise,
or of plain photos, which are then shrunk four times by Pillow's bicubic. PSNR, SSIM and sharpness
are on luma without 4 pixels at each border, means over the photos. Sharpness knows no reference:
less than the original's is blur, more is over-sharpened or made up. LPIPS is left out: it needs
weights that no package here carries, and with others its numbers would mean nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain, repeat
from pathlib import Path

import numpy as np
from tqdm import tqdm

from hub import WeightsUnavailable
from sr import catalog, compare, engine, figure, metrics, photo
from sr.compare import Keep, Method, Pair
from sr.photo import Photo, PhotoError

ALL, ORIGINAL = "all", "original"
GIVEN, SHRUNK = "as given", "here by Pillow's bicubic"
ENDINGS = {"avif", "bmp", "gif", "heic", "heif", "jp2", "jpeg", "jpg", "png", "tif", "tiff", "webp"}
CROPPED = 4  # photos in the figure, or one of each data set


@dataclass(frozen=True)
class DataSet:
    """name: the folder's.  low: how its photos were shrunk, `GIVEN` or `SHRUNK`.
    files: (HR, LR) of each photo, LR None where it is yet to be made.
    """

    name: str
    low: str
    files: tuple[tuple[Path, Path | None], ...]


@dataclass(frozen=True)
class Measure:
    """One method, or the original, on one photo. megapixels: of the result.

    psnr_y, ssim_y, sharpness: as `metrics.Quality`; None where the original has nothing to be
    compared with.  seconds: that restoring took, without reading and scoring.
    """

    dataset: str
    photo: str
    model: str
    psnr_y: float | None
    ssim_y: float | None
    sharpness: float
    seconds: float | None
    megapixels: float


@dataclass(frozen=True)
class Score:
    """A method's means over a data set; numbers are None where there are none.

    low: as `DataSet`.  seconds_per_mp: seconds for each output megapixel.  unavailable: the
    reason, or "".
    """

    model: str
    dataset: str
    low: str
    photos: int = 0
    psnr_y: float | None = None
    ssim_y: float | None = None
    sharpness: float | None = None
    seconds_per_mp: float | None = None
    unavailable: str = ""


def open_set(folder: Path) -> DataSet:
    """The photos of a folder. Raises `PhotoError` if there are none or a pair is incomplete."""
    if not folder.is_dir():
        raise PhotoError(f"There is no folder {folder}: check its name.")
    name = folder.resolve().name
    if found := pairs(folder):
        return DataSet(name, GIVEN, found)
    plain = sorted(path for path in folder.iterdir() if path.suffix[1:].lower() in ENDINGS)
    if not plain:
        raise PhotoError(
            f"The folder {folder} has no photos: name one with pairs that end in HR.png and "
            "LR.png, or with photos of any kind."
        )
    return DataSet(name, SHRUNK, tuple((path, None) for path in plain))


def pairs(folder: Path) -> tuple[tuple[Path, Path], ...]:
    """(HR, LR) files of a folder. Raises `PhotoError` if one lacks its twin."""
    highs = sorted(folder.glob("*HR.png"))
    found = [(hr, hr.with_name(hr.name.removesuffix("HR.png") + "LR.png")) for hr in highs]
    missing = [lr.name for _, lr in found if not lr.exists()]
    if missing:
        raise PhotoError(
            f"The folder {folder} lacks {', '.join(missing)}: add what is missing, or rename the "
            "photos so that none ends in HR.png and they are shrunk here."
        )
    return tuple(found)


def open_pair(large: Path, small: Path | None) -> Pair:
    """A photo cut to multiples of four, and its small twin. Raises `PhotoError`."""
    made = compare.pair(photo.open(large, max_pixels=compare.MAX_PIXELS))
    if small is None:
        return made
    low = photo.open(small)
    if low.size != made.low.size:
        here, wanted = (" x ".join(map(str, size)) for size in (low.size, made.low.size))
        raise PhotoError(
            f"“{small.name}” has {here} pixels, but a quarter of “{large.name}” has {wanted}: "
            "replace one of them."
        )
    return replace(made, low=replace(low, alpha=None))


def choose(asked: str) -> list[Method]:
    """The methods of a comma-separated list, or all, some of them with a reason why not.

    Raises `UnknownModel`, and `WeightsUnavailable` where one was asked for by name.
    """
    if asked == ALL:
        return [compare.method(name) for name in compare.names()]
    names = (name.strip() for name in asked.split(","))
    methods = [compare.method(name) for name in dict.fromkeys(filter(None, names))]
    for method in methods:
        if method.reason:
            raise WeightsUnavailable(f"{method.name} can't be had: {method.reason}")
    return methods


def restore(low: Photo, method: Method, device: str | None = None) -> np.ndarray:
    """(H, W, 3) uint8, four times as large as the photo. Raises `EngineError`."""
    if method.upscaler is None:
        return photo.bicubic(low.pixels, catalog.SCALE)
    return engine.upscale(low, method.upscaler, device=device).pixels


def measure(
    dataset: str, name: str, pair: Pair, methods: list[Method], device: str | None, keep: Keep
) -> Iterator[Measure]:
    """The original, then each method, on one photo. keep: called with each picture."""
    high = pair.high.pixels
    megapixels = high.shape[0] * high.shape[1] / 1e6
    keep(ORIGINAL, high)
    sharpness = metrics.sharpness(metrics.inner_luma(high))
    yield Measure(dataset, name, ORIGINAL, None, None, sharpness, None, megapixels)
    for method in methods:
        start = time.perf_counter()
        restored = restore(pair.low, method, device)
        seconds = time.perf_counter() - start
        keep(method.name, restored)
        found = asdict(metrics.quality(high, restored)).values()
        yield Measure(dataset, name, method.name, *found, seconds, megapixels)


def evaluate(
    data: DataSet, methods: list[Method], device: str | None = None, crops: int = 0
) -> tuple[list[Measure], list[figure.Strip]]:
    """Every method on every photo, and the crops of the first few, for `figure.draw`.

    Raises `PhotoError` and `EngineError`.
    """
    for method in methods:  # what is allocated once is nobody's seconds
        restore(Photo(np.zeros((16, 16, 3), np.uint8)), method, device)
    measures = []
    strips = [figure.Strip(large.stem) for large, _ in data.files[:crops]]
    keeps = chain((strip.keep for strip in strips), repeat(lambda name, pixels: None))
    bar = tqdm(data.files, data.name, leave=False, disable=None)
    for (large, small), keep in zip(bar, keeps, strict=False):
        pair = open_pair(large, small)
        measures += measure(data.name, large.name, pair, methods, device, keep)
    return measures, strips


def scores(measures: list[Measure], low: str) -> list[Score]:
    """Means by method: the original, bicubic, and then from the lowest PSNR to the highest."""
    names = dict.fromkeys(row.model for row in measures)
    found = [_score([row for row in measures if row.model == name], low) for name in names]
    first = (ORIGINAL, catalog.BICUBIC)
    return sorted(
        found, key=lambda s: (first.index(s.model) if s.model in first else 2, s.psnr_y or 0)
    )


def _score(rows: list[Measure], low: str) -> Score:
    def mean(field: str) -> float | None:
        values = [getattr(row, field) for row in rows]
        return None if None in values else float(np.mean(values))

    seconds = mean("seconds")
    return Score(
        rows[0].model,
        rows[0].dataset,
        low,
        len(rows),
        mean("psnr_y"),
        mean("ssim_y"),
        mean("sharpness"),
        None if seconds is None else seconds / mean("megapixels"),
    )


def table(found: list[Score]) -> str:
    """The scores of one data set as Markdown, aligned."""
    first = found[0]
    lines = [
        f"{first.dataset}: {first.photos} photo{'s' * (first.photos > 1)}, shrunk {first.low}",
        "",
        f"| {'model':<20} | PSNR-Y dB | SSIM-Y | sharpness |  s/MP |",
        f"| {'-' * 20} | --------: | -----: | --------: | ----: |",
    ]
    lines += [
        f"| {s.model:<20} | {_number(s.psnr_y, '.2f'):>9} | {_number(s.ssim_y, '.4f'):>6} | "
        f"{_number(s.sharpness, '.2f'):>9} | {_number(s.seconds_per_mp, '.2f'):>5} |"
        for s in found
    ]
    return "\n".join(lines)


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def legend(methods: list[Method]) -> str:
    """How to read the sharpness, and why some methods have no scores."""
    gone = [f"- {method.name}: {method.reason}" for method in methods if method.reason]
    how = "Less sharpness than the original's is blur; more is over-sharpened or made up."
    return "\n".join([how, *(["", "Without weights, so not measured:", "", *gone] if gone else [])])


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, 1 if something could not be read or written, 2 for a wrong command."""
    args = _arguments(argv)
    try:
        _run(args)
    except (*catalog.ERRORS, PhotoError, engine.EngineError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sr.evaluate", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA")
    parser.add_argument(
        "--models",
        default=ALL,
        metavar="NAME,NAME",
        help=f"of {', '.join(compare.names())}; {ALL}, the default: those whose weights can be had",
    )
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is if left out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every photo's numbers")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw crops of some photos")
    args = parser.parse_args(argv)
    for file in filter(None, (args.json, args.csv, args.plot)):
        if not file.parent.is_dir():  # better learned now than after all the work
            parser.error(f"there is no folder {file.parent} to write {file.name} to")
    if args.plot and not importlib.util.find_spec("matplotlib"):
        parser.error("--plot needs matplotlib: pip install -r tools-requirements.txt")
    return args


def _run(args: argparse.Namespace) -> None:
    """Measure, print a table as soon as there is one, write the files that were asked for."""
    sets = [open_set(folder) for folder in args.data]
    methods = choose(args.models)
    there = [method for method in methods if not method.reason]
    crops = max(1, CROPPED // len(sets)) if args.plot else 0
    everything, measures, strips = [], [], []
    for data in sets:
        rows, cut = evaluate(data, there, args.device, crops)
        measures, strips = measures + rows, strips + cut
        found = scores(rows, data.low)
        print(table(found), end="\n\n", flush=True)
        everything += found
        everything += [
            Score(method.name, data.name, data.low, unavailable=method.reason)
            for method in methods
            if method.reason
        ]
    print(legend(methods))
    if args.json:
        text = json.dumps(compare.table(everything), indent=2, ensure_ascii=False)
        args.json.write_text(text + "\n", encoding="utf-8")
    if args.csv:
        args.csv.write_text(compare.csv_text(measures), encoding="utf-8")
    if args.plot:
        figure.draw(strips, [score.model for score in scores(measures, "")], args.plot)


if __name__ == "__main__":
    sys.exit(main())
