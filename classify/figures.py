"""Statistics over photos: intervals, paired tests, temperature, threshold, choices made unseen.

A photo is the unit. Sizes and views of one photo are not independent, so what is given here is
one value for each photo, a mean over its sizes where there are several.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

RESAMPLES = 2_000
EXACT, DRAWS = 12, 10_000  # up to 12 differences all 2^n signs are tried, else some are drawn
TEMPERATURES = np.geomspace(0.4, 2.5, 41)


def interval(values: np.ndarray, share: float = 0.95) -> tuple[float, float]:
    """Where the mean of (photos,) values lies with probability `share`.

    The percentile bootstrap of Efron 1979, seeded. With a handful of photos it is too narrow.
    """
    values = np.asarray(values, float)
    draw = np.random.default_rng(0)
    means = [values[draw.integers(0, len(values), len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def sign_flip(differences: np.ndarray) -> float:
    """How likely a mean at least as far from 0 is if each difference's sign were a coin's.

    Two-sided, on (photos,) paired differences (Fisher 1935): all signs for up
    to `EXACT` photos, else `DRAWS` seeded ones and the observed.
    """
    differences = np.asarray(differences, float)
    count = len(differences)
    if count <= EXACT:
        flips = np.arange(2**count)[:, None] >> np.arange(count) & 1
    else:
        draw = np.random.default_rng(0)
        flips = itertools.chain(
            [np.zeros(count, int)], (draw.integers(0, 2, count) for _ in range(DRAWS))
        )
    sums = np.array([differences @ (1 - 2 * flipped) for flipped in flips])
    return float((np.abs(sums) >= abs(differences.sum()) - 1e-12).mean())


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """How likely so uneven a split of the photos that only one of two ways has right, by chance.

    Two-sided and exact (McNemar 1947, with the binomial), on two (photos,) arrays of truths.
    """
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    only = int((first & ~second).sum()), int((second & ~first).sum())
    tail = sum(math.comb(sum(only), k) for k in range(min(only) + 1)) / 2 ** sum(only)
    return min(1.0, 2 * tail)


def curve(shares: np.ndarray, kind: int) -> np.ndarray:
    """Negative log likelihood of the true `kind` at each of `TEMPERATURES`.

    shares: (kinds,) probabilities; at temperature T they become p^(1/T), made to sum to 1 again,
    which is the softmax of logits divided by T (Guo et al. 2017).
    """
    logs = np.log(np.maximum(shares, 1e-30))[None] / TEMPERATURES[:, None]
    top = logs.max(1, keepdims=True)
    return np.log(np.exp(logs - top).sum(1)) + top[:, 0] - logs[:, kind]


def temperature(curves: np.ndarray) -> tuple[float, float, float]:
    """(the best temperature for all photos, NLL at 1, NLL with each photo's from the others).

    curves: (photos, temperatures), at least two photos.
    """
    curves = np.asarray(curves)
    best = TEMPERATURES[curves.mean(0).argmin()]
    others = (curves.sum(0) - curves).argmin(1)
    plain = curves[:, np.abs(TEMPERATURES - 1).argmin()].mean()
    return float(best), float(plain), float(curves[np.arange(len(curves)), others].mean())


def unseen(scores: np.ndarray) -> np.ndarray:
    """For each photo the way that has the highest mean score on all other photos.

    scores: (ways, photos), at least two photos.  Returns (photos,) indices; the first way wins
    a draw.
    """
    scores = np.asarray(scores, float)
    others = scores.sum(1, keepdims=True) - scores
    return np.round(others, 12).argmax(0)


def threshold(birds: np.ndarray, others: np.ndarray) -> float:
    """The bird mass from which on to see a bird, with the fewest errors on both sides alike.

    Halfway between the two masses it separates; of equally good ones the lowest.
    """
    masses = np.unique(np.concatenate([[0.0], birds, others, [1.0]]))
    cuts = (masses[1:] + masses[:-1]) / 2
    return float(cuts[np.argmin([sum(errors(birds, others, cut)) for cut in cuts])])


def errors(birds: np.ndarray, others: np.ndarray, cut: float) -> tuple[float, float]:
    """(share of birds below the threshold, share of the other photos that reach it)."""
    return float((np.asarray(birds) < cut).mean()), float((np.asarray(others) >= cut).mean())
