"""python -m sr.evaluate DATA...: what each method makes of photos, as tables and figures.

DATA is a folder of pairs of photos that end in HR.png and LR.png and are named alike otherwise, or
of plain photos, or a text file (.txt) with the path of a photo in each line, seen from the file.
Plain photos are shrunk four times by Pillow's bicubic and then harmed as --degrade says; of pairs
the small photo is taken as given (clean), or harmed. PSNR, SSIM and sharpness are on luma without 4
pixels at each border, means over the photos. Sharpness knows no reference: less than the original's
is blur, more is over-sharpened or made up. LPIPS is left out: it needs weights that no package here
carries, and with others its numbers would mean nothing.

--recognise asks two classifiers, lite2 and lite0, which of ImageNet's 1,000 classes a restored
photo shows. Agreement is how often that is the answer for the original photo, with its 95 %
interval by bootstrap over the photos; kept is how much of that answer's probability is left, at
most all of it. No labels are needed, and photos may show anything.
"""

import argparse
import sys
from pathlib import Path

from hub import WeightsUnavailable
from sr import commands
from sr.compare import methods, tables
from sr.compare.degradations import EVALUATED, Degradation, evaluated
from sr.compare.methods import Method
from sr.evaluate import chart, figure, recognition
from sr.evaluate.datasets import open_set
from sr.evaluate.scores import Score, evaluate, scores, table
from sr.image import PhotoError
from sr.inference.device import choose_device
from sr.models.catalog import UnknownModel

ALL = "all"
CROPPED = 4  # rows in the figure, or one of each data set and degradation


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
    if not names:
        raise UnknownModel(f"--models names none: choose among {', '.join(methods.names())}.")
    chosen = [methods.method(name) for name in names]
    for method in chosen:
        if method.reason:
            raise WeightsUnavailable(f"{method.name} can't be had: {method.reason}")
    return chosen


def degradations(text: str) -> list[Degradation]:
    """Those of a comma-separated list, each once."""
    names = dict.fromkeys(name.strip() for name in text.split(","))
    try:
        return [evaluated(name) for name in names]
    except PhotoError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sr.evaluate", description=__doc__)
    add = parser.add_argument
    add("data", nargs="+", type=Path, metavar="DATA")
    add(
        "--models",
        default=ALL,
        metavar="NAME,NAME",
        help=f"of {', '.join(methods.names())}; {ALL}, the default: those whose weights can be had",
    )
    about = "; ".join(f"{name}: {one.about}" for name, one in EVALUATED.items())
    add("--degrade", type=degradations, default="clean", metavar="NAME,NAME", help=about)
    short = "first shrink the photos so that the small ones have a short side of N; not for pairs"
    add("--short-side", type=commands.positive, metavar="N", help=short)
    add("--recognise", action="store_true", help="measure agreement, and what is kept")
    add("--device", help=commands.DEVICE_HELP)
    add("--json", type=Path, metavar="FILE", help="write the tables")
    add("--csv", type=Path, metavar="FILE", help="write every photo's numbers")
    add("--plot", type=Path, metavar="FILE.png", help="draw crops of some photos")
    add("--chart", type=Path, metavar="FILE.png", help="draw PSNR and agreement")
    args = parser.parse_args(argv)
    drawn = args.plot or args.chart
    commands.check_outputs(parser, args.json, args.csv, args.chart, plot=drawn)
    if args.recognise and (lacking := recognition.missing("--recognise")):
        parser.error(lacking)
    return args


def _run(args: argparse.Namespace) -> None:
    """Measure, print a table as soon as there is one, write the files that were asked for."""
    sets = [open_set(place, args.short_side) for place in args.data]
    chosen = choose(args.models)
    there = [method for method in chosen if not method.reason]
    gone = {method.name: method.reason for method in chosen if method.reason}
    classifiers = recognition.load(str(choose_device(args.device))) if args.recognise else None
    runs = [(data, degradation) for data in sets for degradation in args.degrade]
    crops = max(1, CROPPED // len(runs)) if args.plot else 0
    found, measures, strips = [], [], []
    for data, degradation in runs:
        rows, cut = evaluate(data, degradation, there, args.device, crops, classifiers)
        measures, strips = measures + rows, strips + cut
        means = scores(rows, data.low)
        print(table(means), end="\n\n", flush=True)
        place = data.name, data.low, degradation.name
        found += means + [Score(name, *place, unavailable=gone[name]) for name in gone]
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
    if args.chart:
        chart.draw(found, args.chart)


if __name__ == "__main__":
    sys.exit(main())
