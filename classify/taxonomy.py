"""Scientific or English name -> the names and the page eBird has for a species.

The taxonomy is eBird's of 2024, from the package birdnames; only its table is read.
"""

from __future__ import annotations

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
    """The species that one of the names means: scientific names are tried before English ones.

    Case, apostrophes and hyphens don't matter.
    """
    plain = [_plain(name) for name in names]
    for table in _tables():
        for name in plain:
            if name in table:
                return table[name]
    return None


def inaturalist_species(label: str) -> str | None:
    """The scientific name in iNaturalist's label of a bird, or None for any other text.

    Such a label has all ranks: `00042_Animalia_Chordata_Aves_order_family_genus_species`.
    """
    ranks = re.fullmatch(r"\d+_Animalia_Chordata_Aves_.*_([^_]+)_([^_]+)", label)
    return f"{ranks[1]} {ranks[2]}" if ranks else None


def _plain(name: str) -> str:
    return name.lower().replace("'", "").replace("’", "").replace("-", " ")


@lru_cache(maxsize=1)
def _tables() -> tuple[dict[str, Taxon], dict[str, Taxon]]:
    spec = importlib.util.find_spec("birdnames")
    path = Path(spec.submodule_search_locations[0], *TABLE.split("/"))
    with path.open(encoding="utf-8", newline="") as file:
        taxa = [
            Taxon(row["ebird_common_name"], row["scientific_name"], row["ebird_ebird_code"])
            for row in csv.DictReader(file)
        ]
    return (
        {_plain(taxon.scientific): taxon for taxon in taxa},
        {_plain(taxon.english): taxon for taxon in taxa},
    )
