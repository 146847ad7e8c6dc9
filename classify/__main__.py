"""python -m classify PHOTO...: the bird in each photo, and how sure that is.

A program like app.py: it brings the two halves together, so that a small bird is enlarged by the
super-resolution network before it is classified, as on the page. Folders are searched for photos.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

import classify
import sr
from classify import catalog
from classify.kinds import LONGEST_LIST, ListError, read_list
from classify.taxonomy import Taxon
from sr import commands
from sr.batch.work import bird
from sr.commands import shown, tell
from sr.image import photos_in
from sr.inference import EngineError
from sr.inference.device import choose_device
from sr.settings import MAX_PIXELS_READ

COLUMNS = ("file", "name", "scientific", "tier", "probability", "family", "group", "box")
LIST = "--species takes a text file with a species on each line"
Named = tuple[str, classify.Answer]  # a photo's path, and what it shows


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 if every photo was classified, 1 if some were not, 2 for a wrong command."""
    return commands.run(lambda: _run(_parser().parse_args(argv)), *catalog.ERRORS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m classify", description=__doc__)
    parser.add_argument("photos", nargs="+", metavar="PHOTO", help="a photo, or a folder of them")
    parser.add_argument("--model", help=f"one of {', '.join(catalog.names())}")
    parser.add_argument("--device", help=commands.DEVICE_HELP)
    parser.add_argument(
        "--species",
        type=Path,
        metavar="FILE",
        help="consider these only: English or scientific names or eBird codes, one a line",
    )
    parser.add_argument("--whole", action="store_true", help="don't look for a small bird")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print a JSON list instead of a table")
    form.add_argument("--csv", action="store_true", help="print CSV, a line as each is named")
    return parser


def _run(args: argparse.Namespace) -> int:
    device = str(choose_device(args.device))
    taxa = catalog.load(args.model, device).taxa  # what can't be had is better known at once
    only = _list(args.species, taxa) if args.species else ""
    failed: list[str] = []
    photos = [path for given in args.photos for path in _photos(given, failed)]
    answers = _answers(photos, args, device, only, failed)
    if args.csv:
        write_csv(answers)
    else:
        _write_together(answers, args.json, len(photos) == 1)
    return 1 if failed else 0


def _list(file: Path, taxa: Sequence[Taxon]) -> str:
    """The text of a list of species, of which it tells what can't be used. Raises `ListError`."""
    try:
        with file.open("rb") as opened:  # may be a pipe, or never end
            data = opened.read(4 * LONGEST_LIST + 1)  # a character has at most 4 bytes
    except OSError as error:
        raise ListError(f"{shown(file)} can't be read ({error.strerror}): {LIST}.") from None
    if b"\0" in data:
        raise ListError(f"{shown(file)} is not text: {LIST}.")
    text = data.decode(errors="replace")
    left_out = read_list(text, taxa).sentence
    if left_out:
        tell(left_out)
    return text


def _photos(given: str, failed: list[str]) -> list[str]:
    """The photos in a folder and the folders in it; a path that is no folder is a photo."""
    if not given or not Path(given).is_dir():
        return [given]
    found = [str(path) for path in photos_in(Path(given))]
    if not found:
        tell(f"The folder {shown(given)} has no photos in it or in the folders below.")
        failed.append(given)
    return found


def _answers(
    photos: list[str], args: argparse.Namespace, device: str, only: str, failed: list[str]
) -> Iterator[Named]:
    """Each photo that can be read, named; the others go to `failed` with a sentence for people."""
    with tqdm(photos, unit="photo", leave=False, disable=None if len(photos) > 1 else True) as bar:
        for path in bar:
            try:
                found = answer(path, args.model, device, only, args.whole)
            except (sr.PhotoError, EngineError) as error:
                tell(error)
                failed.append(path)
                continue
            yield path, found


def answer(
    path: str, classifier: str | None, device: str, only: str = "", whole: bool = False
) -> classify.Answer:
    """The answer for a file, enlarged and classified on the same device.

    only, whole: as the options --species (its text) and --whole.
    """
    photo = sr.open(path, max_pixels=MAX_PIXELS_READ)
    box = classify.WHOLE if whole else None
    return bird(photo, device, classifier=classifier, only=only, box=box)


def details(path: str, answer: classify.Answer) -> str:
    """One photo's answer as text, with the next kinds and their pages."""
    lines = [shown(path), answer.sentence, answer.note]
    if answer.box:
        lines.insert(2, f"The bird is in {_box(answer)} (left, top, right, bottom; 1 is a side).")
    lines += [
        f"  {s.probability:>6.1%}  {s.name:<28} {s.scientific or '':<28} {s.url or ''}".rstrip()
        for s in answer.species
    ]
    return "\n".join(filter(None, lines))


def row(path: str, answer: classify.Answer) -> dict[str, str]:
    """One photo's line of a table, by `COLUMNS`."""
    first = answer.species[0] if answer.species else None
    group = answer.group
    cells = (
        path,
        first.name if first else "",
        (first.scientific if first else "") or "",
        answer.tier,
        f"{first.probability if first else answer.bird:.3f}",
        answer.family or "",
        f"{group.tier} {group.name}" if group else "",
        _box(answer),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _box(answer: classify.Answer) -> str:
    return ",".join(f"{edge:.3f}" for edge in answer.box) if answer.box else ""


def write_csv(answers: Iterable[Named]) -> None:
    """CSV on the standard output, each line as soon as it is known."""
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for path, answer in answers:
        writer.writerow(row(path, answer))
        sys.stdout.flush()


def _write_together(answers: Iterable[Named], as_json: bool, alone: bool) -> None:
    """JSON, or text for people, at the end; or of what is named when something ends it early."""
    named: list[Named] = []
    try:
        for one in answers:
            named.append(one)
    finally:
        if as_json:
            print(json.dumps([{"photo": path, **asdict(a)} for path, a in named], indent=2))
        elif named:
            print(details(*named[0]) if alone else table(named))


def table(answers: list[Named]) -> str:
    """Answers as text, a line each under the columns' names."""
    named = (row(shown(path), answer) for path, answer in answers)
    rows = [dict(zip(COLUMNS, COLUMNS, strict=True)), *named]
    widths = {column: max(len(line[column]) for line in rows) for column in COLUMNS}
    lines = ("  ".join(f"{line[c]:<{widths[c]}}" for c in COLUMNS).rstrip() for line in rows)
    notes = dict.fromkeys(a.note for _, a in answers if a.note)
    return "\n".join([*lines, *notes])


if __name__ == "__main__":
    sys.exit(main())
