"""python -m sr PHOTO... --out DIR: each photo four times as large, as DIR/<stem>_x4.png."""

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from sr import commands
from sr.image import PhotoError, read, write
from sr.inference import EngineError, auto, engine, upscaler
from sr.models import catalog
from sr.settings import PRECISIONS

AUTO = "left out, the one that suits each photo"


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was written, 1 if some were not, 2 for a wrong command."""
    return commands.run(lambda: _run(_parser().parse_args(argv)))


def _run(args: argparse.Namespace) -> int:
    upscaler.load(args.model)  # one that can't be had is better known before the first photo
    args.out.mkdir(parents=True, exist_ok=True)
    return max([_upscale(path, args) for path in args.photos])


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


def _upscale(path: str, args: argparse.Namespace) -> int:
    """Write one photo; a bad one is reported and the others go on."""
    try:
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
        exif = result.exif if args.keep_metadata else None
        target = args.out / f"{result.name}_x4.png"
        write(result.pixels, target, result.alpha, exif=exif)
    except (PhotoError, EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    facts = f"{target} ({result.size[0]} x {result.size[1]}, {loaded.weights})"
    print(" ".join(part for part in (facts, loaded.note, *result.notes) if part))
    return 0


def _show(bar: tqdm, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


if __name__ == "__main__":
    sys.exit(main())
