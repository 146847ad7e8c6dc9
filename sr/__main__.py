"""python -m sr PHOTO... --out DIR: each photo four times as large, as DIR/<stem>_x4.png."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tqdm import tqdm

from sr import catalog, engine, photo


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was written, 1 if some were not, 2 for a wrong command."""
    args = _parser().parse_args(argv)
    try:
        upscaler = catalog.load(args.model)
        args.out.mkdir(parents=True, exist_ok=True)
        return max([_upscale(path, upscaler, args) for path in args.photos])
    except (*catalog.ERRORS, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sr", description=__doc__)
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--model", help=f"one of {', '.join(catalog.MODELS)}")
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is if left out")
    parser.add_argument("--tile", type=_positive, metavar="N", help="input pixels at a time")
    parser.add_argument("--memory-mb", type=_positive, metavar="N", help="memory for the work")
    parser.add_argument(
        "--keep-metadata", action="store_true", help="copy camera, date and place into the result"
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _upscale(path: str, upscaler: catalog.Upscaler, args: argparse.Namespace) -> int:
    """Write one photo; a bad one is reported and the others go on."""
    try:
        source = photo.open(path)
        with tqdm(desc=source.name, unit="px", unit_scale=True, disable=None) as bar:
            result = engine.upscale(
                source,
                upscaler,
                device=args.device,
                tile=args.tile,
                memory_mb=args.memory_mb,
                progress=lambda done, total: _show(bar, done, total),
            )
        exif = result.exif if args.keep_metadata else None
        target = args.out / f"{result.name}_x4.png"
        photo.save(result.pixels, target, result.alpha, exif=exif)
    except (photo.PhotoError, engine.EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    facts = f"{target} ({result.size[0]} x {result.size[1]}, {upscaler.weights})"
    print(" ".join(part for part in (facts, upscaler.note, *result.notes) if part))
    return 0


def _show(bar: tqdm, done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


if __name__ == "__main__":
    sys.exit(main())
