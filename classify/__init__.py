"""Names the bird in a photo, and says how sure it is that there is one.

import classify
answer = classify.identify(pixels)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from classify.taxonomy import Taxon

# Of 106 photos without a bird none reaches it at full size and 4 with a short side of 32 pixels; of
# 13 birds 1 and 3 don't. One fitted to half of the photos was better on the other at 1 of 5 sizes.
BIRD_THRESHOLD = 0.2


@dataclass(frozen=True)
class Species:
    """A kind of bird in an answer.

    name: English.
    scientific: None where the class is wider than a species.
    probability: among the kinds of bird, 0..1.
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
    kinds: how many kinds the classifier knows.
    enlarged: whether the classifier was shown the enlarged photo.
    weights: what made the answer.
    note: why another classifier than the default made it, or "".
    """

    bird: float
    species: tuple[Species, ...]
    kinds: int
    enlarged: bool
    weights: str
    note: str = ""

    @property
    def sentence(self) -> str:
        """The answer for people."""
        if not self.species:
            return f"No bird recognised (probability of a bird: {self.bird:.0%})."
        seen = "the enlarged photo" if self.enlarged else "the photo as it is"
        return (
            f"Closest of {self.kinds} kinds: {self.species[0].name} "
            f"(probability of a bird: {self.bird:.0%}, judged on {seen})."
        )


def wants_enlarging(
    pixels: np.ndarray, classifier: str | None = None, device: str | None = None
) -> bool:
    """Whether the short side of (H, W, 3) pixels is under the classifier's input size.

    classifier, device, errors: as in `identify`.
    """
    from classify import catalog

    return is_small(pixels, catalog.load(classifier, device).input_size)


def is_small(pixels: np.ndarray, input_size: int) -> bool:
    """Whether the short side of (H, W, 3) pixels is under a classifier's input size."""
    return min(pixels.shape[:2]) < input_size


def identify(
    pixels: np.ndarray,
    k: int = 5,
    *,
    classifier: str | None = None,
    enlarge: Callable[[], np.ndarray] | None = None,
    device: str | None = None,
) -> Answer:
    """The `k` most likely species in (H, W, 3) uint8 sRGB pixels.

    classifier: a name in `classify.catalog`; the default if left out.
    enlarge: gives the photo enlarged; it is called, and its result classified instead, when the
    photo's short side is under the classifier's input size.
    device: as in `classify.catalog.load`.
    Raises `hub.WeightsUnavailable` and `classify.catalog.UnknownClassifier`.
    """
    from classify import catalog, framing

    loaded = catalog.load(classifier, device)
    enlarged = enlarge is not None and is_small(pixels, loaded.input_size)
    # All of the photo made square: the published square in the middle cuts off birds at the margin.
    classes = framing.probabilities(loaded, enlarge() if enlarged else pixels, squash=True)
    birds = classes[loaded.indices]
    bird = float(birds.sum())
    best = birds.argsort()[::-1][:k] if bird >= BIRD_THRESHOLD else ()
    species = tuple(_species(loaded.taxa[i], float(birds[i] / bird)) for i in best)
    return Answer(bird, species, len(loaded.taxa), enlarged, loaded.weights, loaded.note)


def _species(taxon: Taxon, probability: float) -> Species:
    return Species(taxon.english, taxon.scientific, probability, taxon.url)
