"""python -m classify.evaluate DATA: how well birds are named when their photos are small.

DATA holds photos in folders that are named after the bird, or named after it themselves. Each is
shrunk by bicubic to short sides of 32, 48, 64 and 96 pixels, harmed as --degrade says, enlarged
four times by every method, and classified; “full” is the photo as it is. Where the photo
is large enough for the classifier the app doesn't enlarge it, so there every method is shown the
photo itself. Top-1, top-5 and the probability are among the classifier's kinds of bird, whatever
the probability of a bird.
The row “app” is what the app answers: the bird is found, and enlarged if it is small. How sure that
is and how often right is told by tier; the calibration needs no labels: it compares with the photo
at full size. With --scenes the birds are set into landscapes, small, and searched for.
"""

import argparse
import hashlib
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

import sr
from classify import catalog as classifiers
from classify.evaluate import certain, labels, measure, scenes, summary
from classify.evaluate.labels import LabelError, Labelled
from classify.evaluate.measure import APP_WAY, FULL, Measure, Setup
from sr import commands
from sr.compare import tables
from sr.compare.degradations import EVALUATED, seeded
from sr.settings import MAX_PIXELS_READ

LANDSCAPES = 4  # into which each bird is set
SIZES = f"32,48,64,96,{FULL}"
ALTERNATIVES = "photo,photo:squash,bicubic:squash,srresnet-div2k:squash"  # --ways without a list
ERRORS = (*classifiers.ERRORS, LabelError, measure.UnknownWay)


def run(args: argparse.Namespace) -> None:
    """Measure the photos of DATA, and those without a bird where there are some.

    Raises `LabelError` if none of a known kind could be measured.
    """
    setup = measure.prepare(args.classifier, args.device, args.models, args.ways, args.degrade)
    table = labels.read_csv(args.labels) if args.labels else {}
    photos = labels.labelled(args.data, setup.classifier.taxa, table)
    skipped = {p.file: f"“{p.label}” is no kind that it knows." for p in photos if p.kind is None}
    skipped |= {p.file: "Its label is left blank." for p in photos if not p.label}
    if len(skipped) == len(photos):
        raise LabelError(
            f"{args.data} has no photo of a kind that {setup.classifier.name} knows: name folders "
            "or files after the bird, or give --labels."
        )
    # Birds of unknown kinds tell nothing of naming, but they are birds.
    wanted = labels.drawn([p for p in photos if p.label], args.limit)
    birds = _measured(args.data, wanted, args.sizes, setup, skipped)
    if not any(m.rank for m in birds):
        raise LabelError(
            f"The photos in {args.data} can't be read or are smaller than all sizes asked for: "
            f"choose other --sizes, such as {FULL}."
        )
    others = _others(args, photos, setup, skipped) if args.others else []
    there = {m.file for m in birds}
    wanted = [p for p in wanted if p.file in there]
    small = _scenes(args, wanted, setup) if args.scenes else []
    finish(args, setup, wanted, skipped, birds, others, small)


def _scenes(
    args: argparse.Namespace, photos: list[Labelled], setup: Setup
) -> list[scenes.SceneMeasure]:
    """Each bird in `LANDSCAPES` of the landscapes, which are drawn for it."""
    paths = labels.photos(args.scenes)
    found: list[scenes.SceneMeasure] = []
    for photo in tqdm(photos, desc="scenes", leave=False, disable=None):
        draw = seeded(Path(photo.file).name)
        drawn = draw.choice(len(paths), min(LANDSCAPES, len(paths)), replace=False)
        views = [sr.open(paths[i], max_pixels=MAX_PIXELS_READ).pixels for i in drawn]
        source = sr.open(args.data / photo.file, max_pixels=MAX_PIXELS_READ)
        found += scenes.measures(photo, source, views, setup)
    return found


def _others(
    args: argparse.Namespace, photos: list[Labelled], setup: Setup, skipped: dict[str, str]
) -> list[Measure]:
    """The measures of the photos without a bird; copies of `photos` among them are left out."""
    known = {_digest(args.data / photo.file) for photo in photos}
    files = [path for path in labels.photos(args.others) if _digest(path) not in known]
    plain = [Labelled(path.relative_to(args.others).as_posix(), "", None) for path in files]
    return _measured(args.others, plain, args.sizes, setup, skipped)


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _measured(
    folder: Path, photos: list[Labelled], sizes: list[str], setup: Setup, skipped: dict[str, str]
) -> list[Measure]:
    """The measures of the photos of a folder; those that can't be read are put in `skipped`."""
    found: list[Measure] = []
    for photo in tqdm(photos, desc=folder.name, leave=False, disable=None):
        try:
            source = sr.open(folder / photo.file, max_pixels=MAX_PIXELS_READ)
            found += measure.measures(photo, source, sizes, setup)
        except sr.PhotoError as error:
            skipped[photo.file] = str(error)
    return found


def finish(
    args: argparse.Namespace,
    setup: Setup,
    photos: list[Labelled],
    skipped: dict[str, str],
    birds: list[Measure],
    others: list[Measure],
    small: list[scenes.SceneMeasure],
) -> None:
    """Print the tables and write the files that were asked for.

    photos: those of DATA that were measured; skipped: file -> why it was not.
    """
    rows = {
        "naming": summary.naming(birds),
        "others": summary.without_birds(others, birds),
        "tiers": certain.tiers([*birds, *others]),
        "calibration": certain.calibration([*birds, *others]),
        "scenes": certain.scenes(small),
    }
    print(remarks(setup, skipped), *summary.tables(rows), sep="\n\n")
    if args.json:
        document = {
            "classifier": setup.classifier.name,
            "weights": setup.classifier.weights,
            "degrade": args.degrade,
            "app": APP_WAY,
            "photos": [asdict(photo) for photo in photos],
            "skipped": skipped,
            "unavailable": setup.unavailable,
            **rows,
        }
        tables.write_json(args.json, document)
    if args.csv:
        args.csv.write_text(tables.csv_text([*birds, *others]), encoding="utf-8")
    if args.plot:
        count = sum(photo.kind is not None for photo in photos)
        about = f"{count} photos, {args.degrade}, {setup.classifier.name}"
        note = f"{about}; bars: 95 %, bootstrap over photos"
        shown = {measure.APP, *setup.methods}  # all alternatives would hide one another
        summary.plot([row for row in rows["naming"] if row["way"] in shown], args.plot, note)


def remarks(setup: Setup, skipped: dict[str, str]) -> str:
    """In sentences: what made the figures, and what is not in them."""
    classifier = setup.classifier
    lines = [
        f"Small photos were {setup.degradation.about}.",
        f"Classifier {classifier.name}, {len(classifier.taxa)} kinds, weights "
        f"{classifier.weights}. The app's way is {APP_WAY}, by the network for the photo.",
        classifier.note,
    ]
    lines += [f"Unavailable: {name}. {reason}" for name, reason in setup.unavailable.items()]
    lines += [
        f"Skipped: {reason} ({count} photo{'s' * (count > 1)})"
        for reason, count in Counter(skipped.values()).items()
    ]
    return "\n".join(filter(None, lines))


def sizes(text: str) -> list[str]:
    """The short sides to measure, as asked for: whole numbers of pixels, and `FULL`."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for size in found:
        if size != FULL and not (size.isdecimal() and int(size) >= 8):
            raise argparse.ArgumentTypeError(
                f"“{size}” is no size: write whole numbers from 8 on and “{FULL}”, with commas."
            )
    return found


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The options; what could only fail after all the work ends the program here."""
    parser = argparse.ArgumentParser(prog="python -m classify.evaluate", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="CSV: file,label")
    parser.add_argument("--others", type=Path, metavar="DIR", help="photos without a bird")
    parser.add_argument("--scenes", type=Path, metavar="DIR", help="landscapes to set birds into")
    parser.add_argument("--limit", type=int, metavar="N", help="draw N photos of DATA, seeded")
    parser.add_argument("--models", metavar="A,B", help="methods; all there are if left out")
    parser.add_argument("--sizes", type=sizes, default=SIZES, metavar="A,B", help=SIZES)
    parser.add_argument(
        "--degrade", choices=EVALUATED, default="clean", help="what shrunk photos meet: %(choices)s"
    )
    parser.add_argument(
        "--ways",
        nargs="?",
        const=ALTERNATIVES,
        metavar="A,B",
        help=f"what else to show the classifier: {ALTERNATIVES} if no list is given",
    )
    parser.add_argument("--classifier", help=f"one of {', '.join(classifiers.names())}")
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every photo's figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (needs matplotlib)")
    args = parser.parse_args(argv)
    if args.limit is not None and args.limit < 1:
        parser.error("--limit must be at least 1")
    commands.check_outputs(parser, args.json, args.csv, plot=args.plot)
    return args


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if photos were measured, 1 if none could be, 2 for a wrong command."""
    return commands.run(lambda: run(arguments(argv)), *ERRORS)


if __name__ == "__main__":
    sys.exit(main())
