"""Which of a classifier's kinds of bird a name means, and lists of species that people bring."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from classify import taxonomy
from classify.taxonomy import Taxon, Words, words

LONGEST_LIST = 1_000_000  # characters; all of eBird's species take a third of it
SHOWN = 10  # names that a sentence lists
HEADINGS = {"", "species", "common name", "scientific name", "english name", "species code"}
# Families whose birds people meet often.
WELL_KNOWN = (
    "Laridae",
    "Columbidae",
    "Picidae",
    "Alcedinidae",
    "Apodidae",
    "Hirundinidae",
    "Falconidae",
    "Phalacrocoracidae",
    "Sittidae",
    "Paridae",
    "Sturnidae",
    "Corvidae",
    "Anatidae",
    "Ardeidae",
    "Strigidae",
    "Turdidae",
)

Kind = Callable[[Sequence[str]], int | None]


class ListError(ValueError):
    """A list of species can't be used; the message says why and what to do."""


@dataclass(frozen=True)
class Listed:
    """What a list of species comes to for one classifier.

    kinds: indices into the classifier's taxa.
    unknown: lines that mean no species.
    missing: species that the classifier doesn't know, in English.
    """

    kinds: frozenset[int]
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What could not be used, for people; "" if all could."""
        parts = (
            ("No species is called", self.unknown),
            ("The classifier doesn't know", self.missing),
        )
        return " ".join(f"{said} {_shown(names)}." for said, names in parts if names)


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    cut = ("".join(c if c.isprintable() else " " for c in name[:60]) for name in names[:SHOWN])
    return ", ".join(f"“{name}”" for name in cut) + more


def read_list(text: str, taxa: Sequence[Taxon]) -> Listed:
    """The kinds that a list allows: English or scientific names or eBird's codes, one a line.

    A line may have a species' two names beside each other, as eBird exports them. Empty lines,
    a heading and lines that start with # are left out.
    Raises `ListError` if no line is a kind that the classifier knows.
    """
    return _read_list(text, tuple(taxa))


@lru_cache(maxsize=4)  # a list is for many photos, and each of them is named up to three times
def _read_list(text: str, taxa: tuple[Taxon, ...]) -> Listed:
    if len(text) > LONGEST_LIST:
        raise ListError(f"The list of species is longer than {LONGEST_LIST:,} characters.")
    kind_of, kinds, unknown, missing = finder(taxa), set(), [], []
    lines = dict.fromkeys(map(str.strip, text.removeprefix("\ufeff").splitlines()))
    for line in filter(_says_something, lines):
        parts = [line, *re.split(r"[,;\t()]| [-–—] ", line)]
        names = [name for name in (part.strip(" \"'") for part in parts) if name]
        taxon = taxonomy.find(names)
        meant = kind_of([taxon.english, taxon.scientific] if taxon else names)
        if meant is not None:
            kinds.add(meant)
        elif taxon:
            missing.append(taxon.english)
        else:
            unknown.append(line)
    listed = Listed(frozenset(kinds), tuple(unknown), tuple(missing))
    if not kinds:
        raise ListError(
            f"The list of species has none that the classifier knows. {listed.sentence}".strip()
        )
    return listed


def _says_something(line: str) -> bool:
    parts = {part.strip(" \"'").lower() for part in re.split(r"[,;\t]", line)}
    heading = parts <= HEADINGS or "common name" in parts  # eBird's have other columns too
    return not line.startswith("#") and not heading


def lacking(taxa: Sequence[Taxon]) -> tuple[str, ...]:
    """What people call the well-known families that none of the kinds belongs to."""
    there = {taxon.family for taxon in taxa}
    return tuple(taxonomy.called(family) for family in WELL_KNOWN if family not in there)


def finder(taxa: Sequence[Taxon]) -> Kind:
    """A function from a kind's names, the likeliest first, to its index in `taxa`, or None.

    A kind is meant by its English or scientific name, by a name that ImageNet has for it, or, where
    the kind is wider than a species, by ending in its name: a "Brown Pelican" is a pelican.
    """
    table = _table(tuple(taxa))
    longest = max(map(len, table), default=0)  # a line may have all the words of a book

    def kind(names: Sequence[str]) -> int | None:
        spelt = [words(name) for name in names]
        exact = [table[text] for text in spelt if text in table]
        first = spelt[0] if spelt else ()
        starts = range(max(1, len(first) - longest), len(first))
        endings = [first[i:] for i in starts]  # longest first
        wider = [table[text] for text in endings if text in table]
        return next(iter(exact + [i for i in wider if taxa[i].scientific is None]), None)

    return kind


@lru_cache(maxsize=2)
def _table(taxa: tuple[Taxon, ...]) -> dict[Words, int]:
    """The words of every name of each kind -> its index: its own names go before ImageNet's."""
    own = {words(taxon.english): i for i, taxon in enumerate(taxa)}
    own |= {words(t.scientific): i for i, t in enumerate(taxa) if t.scientific}
    meant = {text: words(t.scientific or t.english) for text, t in _imagenet().items()}
    return {text: own[name] for text, name in meant.items() if name in own} | own


def _imagenet() -> dict[Words, Taxon]:
    """The words of every name that ImageNet has for a kind of bird, and its number n01514668."""
    from timm.data import ImageNetInfo

    from classify.loaders import IMAGENET_MEANS, imagenet_birds

    info = ImageNetInfo()
    return {
        words(name): taxon
        for i, taxon in imagenet_birds().items()
        for name in (
            *info.index_to_description(i).split(","),
            info.index_to_label_name(i),
            IMAGENET_MEANS.get(taxon.english, taxon.english),
        )
    }
