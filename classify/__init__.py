"""Names the bird in a photo, and says how sure it is that there is one.

import classify
answer = classify.identify(pixels)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Of 106 photos without a bird none reaches it at full size and 4 with a short side of 32 pixels; of
# 13 birds 1 and 3 don't. One fitted to half of the photos was better on the other at 1 of 5 sizes.
BIRD_THRESHOLD = 0.2
# The way of naming, see `classify.ways`, that `python -m classify.evaluate` found the best: all of
# the enlarged photo, made square. The square in the middle cuts off birds at the margin.
WAY = "enlarged:squash"


@dataclass(frozen=True)
class Species:
    """name: English.  scientific: or None where the class is wider than a species.
    probability: among the kinds of bird, 0..1.  url: the species' eBird page, or None.
    """

    name: str
    scientific: str | None
    probability: float
    url: str | None


@dataclass(frozen=True)
class Answer:
    """bird: probability that there is a bird, 0..1.  species: most likely first, empty if no bird.
    kinds: how many kinds the classifier knows.  enlarged: whether it saw the enlarged photo.
    weights: what made the answer.  note: why another classifier than the default did, or "".
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


def wants_enlarging(pixels: np.ndarray, classifier: str | None = None) -> bool:
    """Whether the photo's short side is under the classifier's input size."""
    from classify import catalog

    return is_small(pixels, catalog.load(classifier).input_size)


def is_small(pixels: np.ndarray, input_size: int) -> bool:
    """Whether the short side of (H, W, 3) pixels is under a classifier's input size."""
    return min(pixels.shape[:2]) < input_size


def identify(
    pixels: np.ndarray,
    k: int = 5,
    *,
    classifier: str | None = None,
    enlarge: Callable[[], np.ndarray] | None = None,
) -> Answer:
    """The `k` most likely species in (H, W, 3) uint8 sRGB pixels.

    enlarge: gives the photo enlarged; it is asked for, and classified instead,
    when the photo's short side is under the classifier's input size.
    Raises `hub.WeightsUnavailable` and `classify.catalog.UnknownClassifier`.
    """
    from classify import catalog, ways

    loaded = catalog.load(classifier)
    enlarged = enlarge is not None and is_small(pixels, loaded.input_size)
    pictures = {ways.PHOTO: pixels, ways.ENLARGED: enlarge() if enlarged else pixels}
    look = ways.seeing(loaded, pictures)
    probabilities = ways.probabilities(loaded, ways.parse(WAY), look)
    bird = float(probabilities.sum())
    best = probabilities.argsort()[::-1][:k] if bird >= BIRD_THRESHOLD else ()
    species = tuple(
        Species(
            loaded.taxa[i].english,
            loaded.taxa[i].scientific,
            float(probabilities[i] / bird),
            loaded.taxa[i].url,
        )
        for i in best
    )
    return Answer(bird, species, len(loaded.taxa), enlarged, loaded.weights, loaded.note)
