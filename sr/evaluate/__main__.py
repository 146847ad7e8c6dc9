"""python -m sr.evaluate DATA...: what each method makes of test sets, as tables and a figure.

DATA is a folder of pairs of photos that end in HR.png and LR.png and are named alike otherwise,
or of plain photos, which are then shrunk four times by Pillow's bicubic. PSNR, SSIM and sharpness
are on luma without 4 pixels at each border, means over the photos. Sharpness knows no reference:
less than the original's is blur, more is over-sharpened or made up. LPIPS is left out: it needs
weights that no package here carries, and with others its numbers would mean nothing.
"""

import argparse
import sys
from pathlib import Path

from hub import WeightsUnavailable
from sr import commands
from sr.compare import methods, tables
from sr.compare.methods import Method
from sr.evaluate import figure
from sr.evaluate.datasets import open_set
from sr.evaluate.scores import Score, evaluate, scores, table

ALL = "all"
CROPPED = 4  # photos in the figure, or one of each data set


def main(argv: list[str] | None = None) -> int:
    """Exit code 0, 1 if something could not be read or written, 2 for a wrong command."""
    return commands.run(lambda: _run(_arguments(argv)))


def choose(asked: str) -> list[Method]:
    """The methods of a comma-separated list, or all, some of them with a reason why not.

    Raises `UnknownModel`, and `WeightsUnavailable` where one was asked for by name.
    """
    if asked == ALL:
        return [methods.method(name) for name in methods.names()]
    names = dict.fromkeys(name.strip() for name in asked.split(",") if name.strip())
    chosen = [methods.method(name) for name in names]
    for method in chosen:
        if method.reason:
            raise WeightsUnavailable(f"{method.name} can't be had: {method.reason}")
    return chosen


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sr.evaluate", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA")
    parser.add_argument(
        "--models",
        default=ALL,
        metavar="NAME,NAME",
        help=f"of {', '.join(methods.names())}; {ALL}, the default: those whose weights can be had",
    )
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every photo's numbers")
    parser.add_argument("--plot", type=Path, metavar="FILE.png", help="draw crops of some photos")
    args = parser.parse_args(argv)
    commands.check_outputs(parser, args.json, args.csv, plot=args.plot)
    return args


def _run(args: argparse.Namespace) -> None:
    """Measure, print a table as soon as there is one, write the files that were asked for."""
    sets = [open_set(folder) for folder in args.data]
    chosen = choose(args.models)
    there = [method for method in chosen if not method.reason]
    gone = {method.name: method.reason for method in chosen if method.reason}
    crops = max(1, CROPPED // len(sets)) if args.plot else 0
    found, measures, strips = [], [], []
    for data in sets:
        rows, cut = evaluate(data, there, args.device, crops)
        measures, strips = measures + rows, strips + cut
        means = scores(rows, data.low)
        print(table(means), end="\n\n", flush=True)
        without = [Score(name, data.name, data.low, unavailable=gone[name]) for name in gone]
        found += means + without
    print("Less sharpness than the original's is blur; more is over-sharpened or made up.")
    if gone:
        print("\nWithout weights, so not measured:\n")
        print("\n".join(f"- {name}: {reason}" for name, reason in gone.items()))
    if args.json:
        tables.write_json(args.json, tables.plain(found))
    if args.csv:
        args.csv.write_text(tables.csv_text(measures), encoding="utf-8")
    if args.plot:
        figure.draw(strips, [score.model for score in scores(measures, "")], args.plot)


if __name__ == "__main__":
    sys.exit(main())
