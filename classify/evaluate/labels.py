"""Photos in folders or under names that say what they show, and the kinds that a classifier has."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from classify import taxonomy
from classify.taxonomy import Taxon, words
from sr.image import is_photo


class LabelError(ValueError):
    """Photos or labels can't be had from what was named; the message says what to do."""


@dataclass(frozen=True)
class Labelled:
    """A photo and what it is said to show.

    file: relative to the folder of the data.
    kind: the index of the classifier's kind that the label means, or None.
    """

    file: str
    label: str
    kind: int | None


def photos(data: Path) -> list[Path]:
    """The photos of a folder and the folders in it, hidden ones left out. Raises `LabelError`."""
    if not data.is_dir():
        raise LabelError(f"There is no folder {data}: check its name.")
    found = [
        path
        for path in sorted(data.rglob("*"))
        if is_photo(path) and "/." not in f"/{path.relative_to(data).as_posix()}"
    ]
    if not found:
        raise LabelError(f"The folder {data} has no photos in it or in the folders below.")
    return found


def read_csv(file: Path) -> dict[str, str]:
    """file -> label, of a CSV table with these two columns. Raises `LabelError`."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            return {row["file"].strip(): row["label"].strip() for row in csv.DictReader(text)}
    except (OSError, UnicodeDecodeError):
        raise LabelError(f"The labels can't be read from {file}: check its name.") from None
    except (KeyError, AttributeError):
        raise LabelError(
            f"{file} needs a first line “file,label”, and both in every line after it."
        ) from None


def labelled(data: Path, taxa: Sequence[Taxon], table: Mapping[str, str]) -> list[Labelled]:
    """The photos of `data` with the kinds among `taxa` that they show.

    A photo's label is that of `table`, by its path within `data` or its name; else its folder's
    name, else its own. A folder whose name is a number is looked up in the classes.txt of `data`
    or of the folder above ("817 Oldsquaw", as NABirds has it). Raises `LabelError`.
    """
    files = [path.relative_to(data) for path in photos(data)]
    missing = set(table) - {file.as_posix() for file in files} - {file.name for file in files}
    if missing:
        raise LabelError(f"{data} has no photo {', '.join(sorted(missing))}: mend the labels.")
    numbered = _numbered(data)
    found = []
    for file in files:
        folder = file.parent.name
        if folder.isdecimal():
            folder = numbered.get(int(folder), folder)
        given = table.get(file.as_posix(), table.get(file.name))
        texts = [given] if given is not None else [text for text in (folder, file.stem) if text]
        kinds = [kind(text, taxa) for text in texts]
        known = next((i for i, k in enumerate(kinds) if k is not None), 0)
        found.append(Labelled(file.as_posix(), texts[known], kinds[known]))
    return found


def _numbered(data: Path) -> dict[int, str]:
    """Class number -> name of a classes.txt, {} where there is none."""
    for file in (data / "classes.txt", data.resolve().parent / "classes.txt"):
        if file.is_file():
            lines = re.findall(r"(?m)^[ \t]*(\d+)[ \t]+(\S.*)$", file.read_text("utf-8"))
            return {int(number): name for number, name in lines}
    return {}


def drawn(photos: list[Labelled], limit: int | None) -> list[Labelled]:
    """At most `limit` of the photos, the same at every call, in their order."""
    if limit is None or len(photos) <= limit:
        return photos
    chosen = np.random.default_rng(0).choice(len(photos), limit, replace=False)
    return [photos[i] for i in sorted(chosen)]


def kind(label: str, taxa: Sequence[Taxon]) -> int | None:
    """The index of the kind that a label means, or None.

    It means a kind by its English or scientific name, by a name that ImageNet has for it, or,
    where the kind is wider than a species, by ending in its name: "Brown_Pelican" is a pelican.
    """
    table = _table(tuple(taxa))
    spelt = [words(name) for name in names(label)]
    endings = [spelt[0][i:] for i in range(1, len(spelt[0]))]  # the longest first
    wider = [table[text] for text in endings if text in table]
    exact = [table[text] for text in spelt if text in table]
    return next(iter(exact + [i for i in wider if taxa[i].scientific is None]), None)


def names(label: str) -> list[str]:
    """The names in a folder's or file's name, the likeliest first.

    Left out are iNaturalist's ranks above the genus, CUB-200's and ImageNet's numbers before the
    name, NABirds' (sex or age) and a file's number behind it. CUB-200 writes "Brewer Blackbird"
    for Brewer's.
    """
    species = taxonomy.inaturalist_species(label)
    if species:
        return [species]
    text = re.sub(r"^\d+[._ -]+|^n\d{8}[._ -]+", "", label)
    text = re.sub(r"\(.*\)\s*$|([_ -]\d+)+$", "", text)
    text = re.sub(r"[_\s]+", " ", text).strip()
    first, _, rest = text.partition(" ")
    return [text, f"{first}s {rest}"] if rest else [text]


@lru_cache(maxsize=2)
def _table(taxa: tuple[Taxon, ...]) -> dict[tuple[str, ...], int]:
    """The words of every name of each kind -> its index: its own names go before ImageNet's."""
    own = {words(taxon.english): i for i, taxon in enumerate(taxa)}
    own |= {words(t.scientific): i for i, t in enumerate(taxa) if t.scientific}
    meant = {text: words(t.scientific or t.english) for text, t in _imagenet().items()}
    return {text: own[name] for text, name in meant.items() if name in own} | own


def _imagenet() -> dict[tuple[str, ...], Taxon]:
    """The words of every name that ImageNet has for a kind of bird, and its number n01514668."""
    from timm.data import ImageNetInfo

    from classify.loaders import imagenet_birds

    info = ImageNetInfo()
    return {
        words(name): taxon
        for i, taxon in imagenet_birds().items()
        for name in (*info.index_to_description(i).split(","), info.index_to_label_name(i))
    }
