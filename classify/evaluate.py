"""python -m classify.evaluate DATA: how well birds are named when their photos are small.

DATA holds photos in folders that are named after the bird, or named after it themselves. Each is
shrunk by bicubic to short sides of 32, 48, 64 and 96 pixels, enlarged four times by every method,
and classified; “full” is the photo as it is. Where the photo's short side reaches the classifier's
input the app doesn't enlarge it, so there every method is judged on the photo itself. Top-1, top-5
and the probability are among the classifier's kinds of bird, whatever the probability of a bird.
The row “app” is what the app answers.

A program like app.py: it brings super-resolution and naming together.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

import classify
import sr
from classify import catalog as classifiers
from classify import labels, report, trial, ways
from classify.labels import LabelError, Labelled
from classify.summary import Row, Summary, losses, summary
from classify.trial import FULL, REFERENCE, Measure, Tools
from classify.ways import ENLARGED, PHOTO, UnknownWay
from sr import catalog, compare
from sr.engine import EngineError
from sr.photo import MAX_PIXELS_READ

APP = "app"  # the name of `classify.WAY` with the method that the app enlarges by
SIZES = f"32,48,64,96,{FULL}"
# What `--ways` without a list measures: other pictures, framings, filters, and means of several.
ALTERNATIVES = (
    "photo,photo:squash,bicubic:squash,srresnet-div2k:squash,enlarged:whole,"
    "enlarged:squash:bilinear,enlarged:squash:lanczos,enlarged:squash+enlarged:squash:flip,"
    "enlarged+enlarged:squash,enlarged*enlarged:squash,photo:squash+enlarged:squash,"
    "photo:squash*enlarged:squash,bicubic:squash*enlarged:squash,"
    "srresnet-div2k:squash+enlarged:squash,srresnet-div2k:squash*enlarged:squash"
)
ERRORS = (*catalog.ERRORS, *classifiers.ERRORS, LabelError, UnknownWay, EngineError)


@dataclass(frozen=True)
class Found:
    """What was measured. birds, others: of the photos of DATA, and of those without a bird.

    labelled: the photos of DATA that were measured.  skipped: file -> why it was not.
    missing: method or way -> why it can't be had.
    """

    birds: list[Measure]
    others: list[Measure]
    labelled: list[Labelled]
    skipped: dict[str, str]
    missing: dict[str, str]


def tools(args: argparse.Namespace) -> tuple[Tools, dict[str, str]]:
    """What the trials need, and method or way -> why it can't be had."""
    classifier = classifiers.load(args.classifier)
    asked = args.models.split(",") if args.models else compare.names()
    texts = [text.strip() for text in args.ways.split(",")] if args.ways else []
    pictures = {view.picture for text in texts for view in ways.parse(text).views}
    names = dict.fromkeys([REFERENCE, *asked, *sorted(pictures - {PHOTO, ENLARGED})])
    restore, missing = trial.restorers(list(names), args.device)
    app = sr.load()
    restore.setdefault(app.model.name, trial.restorer(app, args.device))
    named = {name: ways.parse(name) for name in (REFERENCE, *asked) if name in restore}
    named[APP] = ways.parse(classify.WAY)
    for text in texts:
        way = ways.parse(text)
        reasons = [missing[v.picture] for v in way.views if v.picture in missing]
        if reasons:
            missing[text] = reasons[0]
        elif way not in named.values():
            named[text] = way
    return Tools(classifier, restore, app.model.name, named), missing


def sizes(text: str) -> list[str]:
    """The short sides to measure, as asked for: whole numbers of pixels, and `FULL`."""
    found = list(dict.fromkeys(part.strip() for part in text.split(",")))
    for size in found:
        if size != FULL and not (size.isdecimal() and int(size) >= 8):
            raise argparse.ArgumentTypeError(
                f"“{size}” is no size: write whole numbers from 8 on and “{FULL}”, with commas."
            )
    return found


def run(args: argparse.Namespace, given: Tools, missing: dict[str, str]) -> Found:
    """Measure the photos of DATA, and those without a bird where there are some."""
    table = labels.read_csv(args.labels) if args.labels else {}
    photos = labels.labelled(args.data, given.classifier.taxa, table)
    skipped = {p.file: _unknown(p.label) for p in photos if p.kind is None}
    # Birds of unknown kinds tell nothing of naming, but they are birds.
    wanted = [p for p in photos if p.kind is not None or (args.others and p.label)]
    wanted = drawn(wanted, args.limit)
    birds = _measured(args.data, wanted, args.sizes, given, skipped)
    _check(photos, birds, args.data, given)
    others: list[Measure] = []
    if args.others:
        known = {_digest(args.data / p.file) for p in photos}
        files = [p for p in labels.photos(args.others) if _digest(p) not in known]
        plain = [Labelled(p.relative_to(args.others).as_posix(), "", None) for p in files]
        others = _measured(args.others, plain, args.sizes, given, skipped)
    there = {m.file for m in birds}
    return Found(birds, others, [p for p in wanted if p.file in there], skipped, missing)


def _unknown(label: str) -> str:
    return f"“{label}” is no kind that it knows." if label else "Its label is left blank."


def drawn(photos: list[Labelled], limit: int | None) -> list[Labelled]:
    """At most `limit` of the photos, the same at every call, in their order."""
    if limit is None or len(photos) <= limit:
        return photos
    chosen = np.random.default_rng(0).choice(len(photos), limit, replace=False)
    return [photos[i] for i in sorted(chosen)]


def _check(photos: list[Labelled], birds: list[Measure], data: Path, given: Tools) -> None:
    """Raise `LabelError` if no photo of a known kind was measured."""
    if not any(p.kind is not None for p in photos):
        raise LabelError(
            f"{data} has no photo of a kind that {given.classifier.name} knows: name folders or "
            "files after the bird, or give --labels."
        )
    if not any(m.rank for m in birds):
        raise LabelError(
            f"The photos in {data} can't be read or are smaller than all sizes asked for: choose "
            f"other --sizes, such as {FULL}."
        )


def _measured(
    folder: Path,
    photos: Iterable[Labelled],
    sizes: list[str],
    given: Tools,
    skipped: dict[str, str],
) -> list[Measure]:
    found: list[Measure] = []
    for shown in tqdm(list(photos), desc=folder.name, leave=False, disable=None):
        try:
            pixels = sr.open(folder / shown.file, max_pixels=MAX_PIXELS_READ).pixels
        except sr.PhotoError as error:
            skipped[shown.file] = str(error)
            continue
        found += trial.measures(shown.file, pixels, shown.kind, sizes, given)
    return found


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def remarks(found: Found, given: Tools) -> str:
    """In sentences: what made the figures, and what is not in them."""
    lines = [
        f"Classifier {given.classifier.name}, {len(given.classifier.taxa)} kinds, weights "
        f"{given.classifier.weights}. The app's way is {classify.WAY} by {given.enlarged}.",
        given.classifier.note,
    ]
    lines += [f"Unavailable: {name}. {reason}" for name, reason in found.missing.items()]
    lines += [
        f"Skipped: {reason} ({count} photo{'s' * (count > 1)})"
        for reason, count in Counter(found.skipped.values()).items()
    ]
    return "\n".join(line for line in (*lines, *large(found.birds)) if line)


def large(measures: Iterable[Measure]) -> list[str]:
    """For each size with photos that the app wouldn't enlarge, a sentence that says so."""
    seen = {(m.size, m.file): m.enlarged for m in measures if m.rank}
    enlarged: dict[str, list[bool]] = {}
    for (size, _), value in seen.items():
        enlarged.setdefault(size, []).append(value)
    return [
        f"Size {size}: {values.count(False)} of {len(values)} photos are large enough for the "
        "classifier, so every way is shown the photo as it is."
        for size, values in enlarged.items()
        if False in values
    ]


def verdict(rows: Sequence[Row]) -> str:
    """Whether the app's way is worse than plain bicubic anywhere."""
    worse = losses(rows, APP)
    where = f"at size {', '.join(worse)}" if worse else "at no size"
    return f"The app's way has a lower probability or top-1 than {REFERENCE} {where}."


def printed(given: Tools, found: Found, figures: Summary) -> str:
    """Everything for people."""
    parts = [remarks(found, given), report.tables(figures), verdict(figures.naming)]
    parts += [report.chosen_text(figures.choice)] if figures.choice else []
    return "\n\n".join(parts)


def document(given: Tools, found: Found, figures: Summary) -> dict:
    """Everything for other programs."""
    return {
        "classifier": given.classifier.name,
        "weights": given.classifier.weights,
        "app": {"way": classify.WAY, "enlarged": given.enlarged},
        "photos": [asdict(p) for p in found.labelled],
        "skipped": found.skipped,
        "unavailable": found.missing,
        **asdict(figures),
    }


def write(args: argparse.Namespace, given: Tools, found: Found, figures: Summary) -> None:
    """The files that were asked for."""
    if args.json:
        text = json.dumps(document(given, found, figures), indent=2)
        args.json.write_text(text + "\n", encoding="utf-8")
    if args.csv:
        said = {p.file: p.label for p in found.labelled}
        table = report.csv_rows(found.birds, said) + report.csv_rows(found.others, {})
        with args.csv.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
    if args.plot:
        photos = sum(p.kind is not None for p in found.labelled)
        note = f"{photos} photos, {given.classifier.name}; bars: 95 %, bootstrap over photos"
        shown = {APP, *given.restore}  # all alternatives would hide one another
        report.plot([row for row in figures.naming if row.way in shown], args.plot, note)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classify.evaluate", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="CSV: file,label")
    parser.add_argument("--others", type=Path, metavar="DIR", help="photos without a bird")
    parser.add_argument("--limit", type=int, metavar="N", help="draw N photos of DATA, seeded")
    parser.add_argument("--models", metavar="A,B", help="methods; all there are if left out")
    parser.add_argument("--sizes", type=sizes, default=SIZES, metavar="A,B", help=SIZES)
    parser.add_argument(
        "--ways",
        nargs="?",
        const=ALTERNATIVES,
        metavar="A,B",
        help="other ways of naming, as photo:squash*enlarged; without a list, those tried",
    )
    parser.add_argument("--classifier", help=f"one of {', '.join(classifiers.CLASSIFIERS)}")
    parser.add_argument("--device", help="to enlarge on: cpu, cuda or mps; the best if left out")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every photo's figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them (needs matplotlib)")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if photos were measured, 1 if none could be."""
    args = _parser().parse_args(argv)
    try:
        given, missing = tools(args)
        found = run(args, given, missing)
    except ERRORS as error:
        print(error, file=sys.stderr)
        return 1
    figures = summary(found.birds, found.others)
    print(printed(given, found, figures))
    write(args, given, found, figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
