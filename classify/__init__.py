"""Finds and names the bird in a photo, and says how sure it is.

import classify
answer = classify.identify(pixels)
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classify import certainty, finding
from classify.certainty import BIRD_THRESHOLD, LIKELY, NO_BIRD, POSSIBLY, Group
from classify.finding import Box
from classify.kinds import Listed, ListError, lacking, read_list  # noqa: F401

if TYPE_CHECKING:
    from classify.classifier import Classifier

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Species:
    """A kind of bird in an answer.

    name: English.
    scientific: None where the class is wider than a species.
    probability: that the photo shows a bird of that kind, 0..1.
    url: the species' eBird page, or None.
    """

    name: str
    scientific: str | None
    probability: float
    url: str | None


@dataclass(frozen=True)
class Answer:
    """What a photo shows.

    bird: probability that there is a bird, 0..1.
    species: most likely first, empty if there is no bird.
    tier: how sure the first of them is: a tier of `classify.certainty`.
    family: the scientific name of its family, or None.
    group: a family or an order, where it is surer than the first kind is; or None.
    box: the part of the photo that was looked at, in fractions of its sides; None for all of it.
    kinds: how many kinds the classifier knows.
    enlarged: whether the classifier was shown that part enlarged.
    weights: what made the answer.
    note: why another classifier than the default made it, or "".
    outside: with a list of species, the share of the birds' probability that kinds outside it had.
    list_note: lines of the list that could not be used, in sentences, or "".
    lacks: well-known families that the classifier can't name, as people call one of each.
    """

    bird: float
    species: tuple[Species, ...]
    tier: str
    family: str | None
    group: Group | None
    box: Box | None
    kinds: int
    enlarged: bool
    weights: str
    note: str = ""
    outside: float | None = None
    list_note: str = ""
    lacks: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The answer for people."""
        if not self.species:
            return f"No bird recognised (probability of a bird: {self.bird:.0%})."
        first, *others = (f"{s.name} ({s.probability:.0%})" for s in self.species)
        if self.group:
            named = f"{self.group.name} ({self.group.probability:.0%}); closest: {first}"
            said = f"{self.group.tier.capitalize()} {named}"
        elif self.tier in (LIKELY, POSSIBLY):
            said = f"{self.tier.capitalize()} {first}"
        else:
            said = f"Not sure; closest: {', '.join([first, *others[:1]])}"
        return f"{said}, of {self.kinds} kinds. Judged on {self._seen()}.{self._outside()}"

    def _seen(self) -> str:
        part = "a part of the photo" if self.box else "the whole photo"
        return f"{part}, enlarged" if self.enlarged else part

    def _outside(self) -> str:
        if self.outside is None:
            return ""
        return f" {self.outside:.0%} of the birds' probability lay outside the list."


def wants_enlarging(
    pixels: np.ndarray, classifier: str | None = None, device: str | None = None
) -> bool:
    """Whether (H, W, 3) pixels are so few that the classifier sees more in their enlargement.

    classifier, device, errors: as in `identify`.
    """
    from classify import catalog

    return catalog.load(classifier, device).wants_enlarged(pixels)


def find(
    pixels: np.ndarray, classifier: str | None = None, device: str | None = None
) -> Box | None:
    """Where the bird is in (H, W, 3) uint8 pixels, if it is small in them; else None.

    classifier, device, errors: as in `identify`.
    """
    from classify import catalog

    return finding.find(pixels, catalog.load(classifier, device))


def identify(
    pixels: np.ndarray,
    k: int = 5,
    *,
    classifier: str | None = None,
    enlarge: Callable[[Box | None], np.ndarray] | None = None,
    box: Box | None = None,
    only: str = "",
    device: str | None = None,
) -> Answer:
    """The `k` most likely species in (H, W, 3) uint8 sRGB pixels.

    classifier: a name in `classify.catalog`; the default if left out.
    enlarge: gives the part of the photo in a box enlarged, or all of it for None. That is
        classified instead where the part is small.
    box: the part that shows the bird; where the bird is small it is found if left out. `WHOLE`
        looks at all of the photo.
    only: the species to consider, as `classify.kinds.read_list` takes them; all if empty.
    device: as in `classify.catalog.load`.
    Raises `hub.WeightsUnavailable`, `classify.catalog.UnknownClassifier` and
    `classify.kinds.ListError`.
    """
    from classify import catalog

    loaded = catalog.load(classifier, device)
    listed = read_list(only, loaded.taxa) if only.strip() else None
    box = finding.find(pixels, loaded) if box is None else box
    box = None if box == WHOLE else box
    part = finding.cut(pixels, box)
    enlarged = enlarge is not None and loaded.wants_enlarged(part)
    # All of the part made square: the published square in the middle cuts off birds at the margin.
    classes = loaded.probabilities(enlarge(box) if enlarged else part, squash=True)
    return _answer(loaded.of_birds(classes), k, loaded, listed, box, enlarged)


def _answer(
    kinds: np.ndarray,
    k: int,
    loaded: "Classifier",
    listed: Listed | None,
    box: Box | None,
    enlarged: bool,
) -> Answer:
    """What (kinds,) probabilities say."""
    taxa, bird, outside = loaded.taxa, float(kinds.sum()), None
    if listed:
        kinds, outside = certainty.among(kinds, listed.kinds)
    there = bird >= BIRD_THRESHOLD
    best = [i for i in kinds.argsort()[::-1][:k] if kinds[i] > 0] if there else []
    return Answer(
        bird=bird,
        species=tuple(
            Species(taxa[i].english, taxa[i].scientific, float(kinds[i]), taxa[i].url) for i in best
        ),
        tier=certainty.tier(kinds.max()) if best else NO_BIRD,
        family=taxa[best[0]].family if best else None,
        group=certainty.group(kinds, taxa) if best else None,
        box=box,
        kinds=len(taxa),
        enlarged=enlarged,
        weights=loaded.weights,
        note=loaded.note,
        outside=outside,
        list_note=listed.sentence if listed else "",
        lacks=lacking(taxa),
    )
