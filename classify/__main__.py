"""python -m classify PHOTO...: the five most likely birds in each photo.

A program like app.py: it brings the two halves together, so that a small photo is enlarged by the
super-resolution network before it is classified, as on the page.
"""

import argparse
import json
import sys
from dataclasses import asdict

import classify
import sr
from classify.catalog import ERRORS, names
from sr import commands
from sr.inference import EngineError, auto
from sr.inference.device import choose_device
from sr.settings import MAX_PIXELS_READ


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was classified, 1 if some were not, 2 for a wrong command."""
    return commands.run(lambda: _run(_parser().parse_args(argv)), *ERRORS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classify", description=__doc__)
    parser.add_argument("photos", nargs="+", metavar="PHOTO")
    parser.add_argument("--model", help=f"one of {', '.join(names())}")
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of tables")
    return parser


def _run(args: argparse.Namespace) -> int:
    answers, failed = [], 0
    device = str(choose_device(args.device))
    for path in args.photos:
        try:
            answers.append((path, answer(path, args.model, device)))
        except (sr.PhotoError, EngineError, *ERRORS) as error:
            print(error, file=sys.stderr)
            failed = 1
    if args.json:
        print(json.dumps([{"photo": path, **asdict(a)} for path, a in answers], indent=2))
    else:
        print("\n\n".join(table(path, a) for path, a in answers))
    return failed


def answer(path: str, classifier: str | None, device: str) -> classify.Answer:
    """The answer for a file, enlarged and classified on the same device."""
    photo = sr.open(path, max_pixels=MAX_PIXELS_READ)
    return classify.identify(
        photo.pixels,
        classifier=classifier,
        enlarge=lambda: auto.upscale(photo, device).pixels,
        device=device,
    )


def table(path: str, answer: classify.Answer) -> str:
    """One photo's answer as aligned text."""
    lines = [path, answer.sentence, answer.note]
    lines += [
        f"  {s.probability:>6.1%}  {s.name:<28} {s.scientific or '':<28} {s.url or ''}".rstrip()
        for s in answer.species
    ]
    return "\n".join(filter(None, lines))


if __name__ == "__main__":
    sys.exit(main())
