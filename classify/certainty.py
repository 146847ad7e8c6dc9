"""How sure an answer is: tiers of probability, and the family or order where no kind is likely."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classify import taxonomy
from classify.taxonomy import Taxon

LIKELY, POSSIBLY, NOT_SURE, NO_BIRD = TIERS = ("likely", "possibly", "not sure", "no bird")
AT_LEAST = {LIKELY: 0.8, POSSIBLY: 0.3}  # probability; docs/results.md says what they mean
# Of 106 photos without a bird none reaches it at full size and 4 with a short side of 32 pixels; of
# 13 birds 1 and 3 don't. One fitted to half of the photos was better on the other at 1 of 5 sizes.
BIRD_THRESHOLD = 0.2
# Against a kind in a list that somebody made for this photo; a bird that isn't in it is rare.
OUTSIDE_WEIGHT = 0.1


@dataclass(frozen=True)
class Group:
    """A family or an order of birds.

    name: what people call one of them, with an article: "an owl".
    scientific: such as Strigidae.
    probability: that the photo shows one, 0..1.
    tier: of that.
    """

    name: str
    scientific: str
    probability: float
    tier: str


def tier(probability: float) -> str:
    """`LIKELY`, `POSSIBLY` or `NOT_SURE`, of a probability 0..1."""
    return next((name for name, least in AT_LEAST.items() if probability >= least), NOT_SURE)


def group(kinds: np.ndarray, taxa: Sequence[Taxon]) -> Group | None:
    """The family, or else the order, of which a tier can be said that of no kind can.

    kinds: (kinds,) probability of each of `taxa`.
    None where that is no more than what can be said of the most probable kind.
    """
    best = tier(kinds.max())
    for wanted in (LIKELY, POSSIBLY):
        if best == wanted:
            return None
        for rank in ("family", "order"):
            name, probability = _most_probable(kinds, taxa, rank)
            if name and tier(probability) == wanted:
                return Group(taxonomy.called(name), name, probability, wanted)
    return None


def _most_probable(kinds: np.ndarray, taxa: Sequence[Taxon], rank: str) -> tuple[str | None, float]:
    """The family or order with the highest probability."""
    sums: dict[str | None, float] = defaultdict(float)
    for taxon, probability in zip(taxa, kinds, strict=True):
        sums[getattr(taxon, rank)] += float(probability)
    sums.pop(None, None)
    return max(sums.items(), key=lambda item: item[1], default=(None, 0.0))


def among(kinds: np.ndarray, allowed: Sequence[int]) -> tuple[np.ndarray, float]:
    """Of (kinds,) probabilities those of the allowed ones, the others 0; and what the others had.

    What the others had, 0..1 of all kinds together, is given to the allowed ones in proportion but
    for `OUTSIDE_WEIGHT` of it: the more lay outside, the less sure the answer is.
    """
    inside = np.zeros_like(kinds)
    index = list(allowed)
    inside[index] = kinds[index]
    total, kept = kinds.sum(), inside.sum()
    if not kept:
        return inside, 1.0
    outside = total - kept
    return inside * total / (kept + OUTSIDE_WEIGHT * outside), float(outside / total)
