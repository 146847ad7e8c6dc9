"""Scientific or English name -> the names and the page eBird has for a species.

The taxonomy is eBird's of 2024, from the package birdnames; only its table is read.
"""

import csv
import importlib.util
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = "data/processed/ebird_2024_taxonomy.csv"


@dataclass(frozen=True)
class Taxon:
    """A kind of bird; scientific and code are None where eBird has no such species."""

    english: str
    scientific: str | None = None
    code: str | None = None

    @property
    def url(self) -> str | None:
        """The species' page."""
        return f"https://ebird.org/species/{self.code}" if self.code else None


def find(names: Iterable[str]) -> Taxon | None:
    """The species that one of the names means, English or scientific; the first that means one."""
    spelt = map(words, names)
    return next((_table()[name] for name in spelt if name in _table()), None)


def words(name: str) -> tuple[str, ...]:
    """A name's words, to compare: case, apostrophes, hyphens and underscores don't matter."""
    return tuple(re.findall(r"[^\W_]+", re.sub("['’]", "", name.lower())))


def inaturalist_species(label: str) -> str | None:
    """The scientific name in iNaturalist's label of a bird, or None for any other text.

    Such a label has all ranks: `00042_Animalia_Chordata_Aves_order_family_genus_species`.
    """
    ranks = re.fullmatch(r"\d+_Animalia_Chordata_Aves_.*_([^_]+)_([^_]+)", label)
    return f"{ranks[1]} {ranks[2]}" if ranks else None


@lru_cache(maxsize=1)
def _table() -> dict[tuple[str, ...], Taxon]:
    """The words of each species' English and of its scientific name -> the species."""
    spec = importlib.util.find_spec("birdnames")
    path = Path(spec.submodule_search_locations[0], TABLE)
    found = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = row["ebird_common_name"], row["scientific_name"]
            found |= dict.fromkeys(map(words, names), Taxon(*names, row["ebird_ebird_code"]))
    return found
