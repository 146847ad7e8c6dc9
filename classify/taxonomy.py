"""Scientific or English name, or eBird code -> the species and its family and order.

The taxonomy is eBird's of 2024, from the package birdnames; only its table is read.
"""

import csv
import importlib.util
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TABLE = "data/processed/ebird_2024_taxonomy.csv"
Words = tuple[str, ...]

# What people call a family or an order whose species' names don't say it.
CALLED = {
    "Accipitridae": "a hawk, kite or eagle",
    "Accipitriformes": "a bird of prey",
    "Anatidae": "a duck, goose or swan",
    "Anseriformes": "a duck, goose or swan",
    "Ardeidae": "a heron",
    "Charadriiformes": "a shorebird, gull or auk",
    "Columbidae": "a pigeon or dove",
    "Columbiformes": "a pigeon or dove",
    "Corvidae": "a crow, jay or magpie",
    "Falconidae": "a falcon",
    "Fringillidae": "a finch",
    "Galliformes": "a gamebird",
    "Hirundinidae": "a swallow",
    "Laridae": "a gull or tern",
    "Paridae": "a tit or chickadee",
    "Passeriformes": "a songbird",
    "Pelecaniformes": "a heron, ibis or pelican",
    "Phasianidae": "a pheasant, grouse or partridge",
    "Picidae": "a woodpecker",
    "Psittacidae": "a parrot",
    "Psittaciformes": "a parrot",
    "Psittaculidae": "a parrot",
    "Ramphastidae": "a toucan",
    "Strigidae": "an owl",
    "Strigiformes": "an owl",
    "Threskiornithidae": "an ibis or spoonbill",
    "Trochilidae": "a hummingbird",
}
MOST = 0.75  # share of a family's species that end in the word by which the family is called


@dataclass(frozen=True)
class Taxon:
    """A kind of bird; scientific and code are None where eBird has no such species.

    family, order: scientific names, or None where they are not known.
    """

    english: str
    scientific: str | None = None
    code: str | None = None
    family: str | None = None
    order: str | None = None

    @property
    def url(self) -> str | None:
        """The species' page."""
        return f"https://ebird.org/species/{self.code}" if self.code else None


def find(names: Iterable[str]) -> Taxon | None:
    """The species that one of the names means, English, scientific or eBird's code; or None.

    The first name that means one decides.
    """
    spelt = map(words, names)
    return next((_table()[name] for name in spelt if name in _table()), None)


def wider(name: str, endings: Iterable[str]) -> Taxon:
    """A kind of bird that is wider than a species, such as a macaw.

    Its family and order are those of most species whose English name ends in one of `endings`; the
    first ending that any has decides.
    """
    for ending in map(words, endings):
        meant = [t for spelt, t in _table().items() if spelt[-len(ending) :] == ending]
        if meant:
            (family, order), _ = Counter((t.family, t.order) for t in meant).most_common(1)[0]
            return Taxon(name, family=family, order=order)
    return Taxon(name)


def words(name: str) -> Words:
    """A name's words, to compare.

    Case, apostrophes, hyphens and underscores don't matter, and a gray owl is a grey one.
    """
    spelt = re.sub("['’]", "", name.lower()).replace("grey", "gray")
    return tuple(re.findall(r"[^\W_]+", spelt))


def inaturalist_species(label: str) -> str | None:
    """The scientific name in iNaturalist's label of a bird, or None for any other text.

    Such a label has all ranks: `00042_Animalia_Chordata_Aves_order_family_genus_species`.
    """
    ranks = re.fullmatch(r"\d+_Animalia_Chordata_Aves_.*_([^_]+)_([^_]+)", label)
    return f"{ranks[1]} {ranks[2]}" if ranks else None


@lru_cache(maxsize=512)
def called(group: str) -> str:
    """What people call a bird of a family or an order: `Strigidae` -> "an owl".

    A family is called by the word that most of its species end in; else it is named after the two
    that most of them end in, as any order is: "one of the mockingbird and thrasher family".
    """
    if group in CALLED:
        return CALLED[group]
    last = [_last(t.english) for t in species() if group in (t.family, t.order)]
    # "Goldfinch" ends in "finch", which is a word of its own.
    counts = {word: sum(other.endswith(word) for other in last) for word in set(last)}
    first, *others = sorted(counts, key=lambda word: (-counts[word], word))
    order = group.endswith("iformes")
    if not others or (counts[first] >= MOST * len(last) and not order):
        return f"{'an' if first[0] in 'aeiou' else 'a'} {first}"
    second = next((word for word in others if not word.endswith(first)), others[0])
    return f"one of the {first} and {second} {'order' if order else 'family'}"


def _last(english: str) -> str:
    """The word that says what a bird is: owl of "Screech-Owl", but "bee-eater" as a whole."""
    word = english.split()[-1]
    _, hyphen, after = word.rpartition("-")
    return (after if hyphen and after[:1].isupper() else word).lower()


@lru_cache(maxsize=1)
def _table() -> dict[Words, Taxon]:
    """The words of each species' names, and its code -> the species."""
    found: dict[Words, Taxon] = {}
    for taxon in species():
        names = taxon.english, taxon.scientific, taxon.code
        found |= dict.fromkeys(map(words, names), taxon)
    return found


@lru_cache(maxsize=1)
def species() -> tuple[Taxon, ...]:
    """All of eBird's species, in its order."""
    spec = importlib.util.find_spec("birdnames")
    path = Path(spec.submodule_search_locations[0], TABLE)
    columns = "ebird_common_name", "scientific_name", "ebird_ebird_code"
    columns += "ebird_family", "ebird_order"
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Taxon(*map(row.get, columns)) for row in csv.DictReader(file))
