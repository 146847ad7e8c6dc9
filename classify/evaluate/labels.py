"""Photos in folders or under names that say what they show, and the kinds that a classifier has."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classify import kinds, taxonomy
from classify.taxonomy import Taxon
from sr.image import photos_in


class LabelError(ValueError):
    """Photos or labels can't be had from what was named; the message says what to do."""


@dataclass(frozen=True)
class Labelled:
    """A photo and what it is said to show.

    file: relative to the folder of the data.
    kind: the index of the classifier's kind that the label means, or None.
    taxon: the species, or the family and order, that the label means; None if it says no bird.
    """

    file: str
    label: str
    kind: int | None
    taxon: Taxon | None = None


def photos(data: Path) -> list[Path]:
    """The photos of a folder and the folders in it, hidden ones left out. Raises `LabelError`."""
    if not data.is_dir():
        raise LabelError(f"There is no folder {data}: check its name.")
    found = photos_in(data)
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
    found, kind_of = [], kinds.finder(taxa)
    for file in files:
        folder = file.parent.name
        if folder.isdecimal():
            folder = numbered.get(int(folder), folder)
        given = table.get(file.as_posix(), table.get(file.name))
        texts = [given] if given is not None else [text for text in (folder, file.stem) if text]
        meant = [kind_of(names(text)) for text in texts]
        known = next((i for i, kind in enumerate(meant) if kind is not None), 0)
        found.append(Labelled(file.as_posix(), texts[known], meant[known], taxon(texts[known])))
    return found


def taxon(label: str) -> Taxon | None:
    """The species that a label means, or the family and order of the birds it is a word for."""
    spelt = names(label)
    if species := taxonomy.find(spelt):
        return species
    group = taxonomy.wider(spelt[0], spelt[:1])
    return group if group.family else None


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
