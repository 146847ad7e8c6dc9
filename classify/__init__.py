"""Names the bird in a photo, and says how sure it is that there is one.

import classify
answer = classify.identify(pixels)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

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

    return catalog.load(classifier, device).wants_enlarged(pixels)


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
    enlarge: gives the photo enlarged, which is classified instead where the photo is small.
    device: as in `classify.catalog.load`.
    Raises `hub.WeightsUnavailable` and `classify.catalog.UnknownClassifier`.
    """
    from classify import catalog

    loaded = catalog.load(classifier, device)
    enlarged = enlarge is not None and loaded.wants_enlarged(pixels)
    # All of the photo made square: the published square in the middle cuts off birds at the margin.
    classes = loaded.probabilities(enlarge() if enlarged else pixels, squash=True)
    birds, taxa = loaded.of_birds(classes), loaded.taxa
    bird = float(birds.sum())
    best = birds.argsort()[::-1][:k] if bird >= BIRD_THRESHOLD else ()
    species = tuple(
        Species(taxa[i].english, taxa[i].scientific, float(birds[i] / bird), taxa[i].url)
        for i in best
    )
    return Answer(bird, species, len(taxa), enlarged, loaded.weights, loaded.note)
