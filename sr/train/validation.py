"""How good a network is on photos it never learns from, and what it makes of them."""

import copy
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
from torch import nn

from sr.compare import metrics
from sr.compare.degradations import DEGRADATIONS
from sr.evaluate import recognition
from sr.evaluate.recognition import Classifiers
from sr.image import Photo, bicubic, png, shrink_to
from sr.inference import engine
from sr.inference.upscaler import ready
from sr.models.model import Model
from sr.settings import SCALE
from sr.train.library import LEAST_SIDE, decode, sizes, whole

SIDE = 320  # pixels a side of each photo that are restored, at most
MOST = 8  # photos
SHORT = 256  # short side of photos to be recognised, of which the network sees 64 pixels
MANY = 32  # of these photos, or chance would say which weights are best


@dataclass(frozen=True)
class Held:
    """A photo kept from training, uint8.

    large: (H, W, 3), sides multiples of four.
    small: (H/4, W/4, 3), what a network sees of it.
    answers: as `recognition.answers`, for the large one.
    """

    large: np.ndarray
    small: np.ndarray
    answers: dict[str, np.ndarray] = field(default_factory=dict)


def hold(files: list[Path], degrade: str, seed: int) -> list[Held]:
    """The middles of the first few photos among `files`, degraded alike in each run of a seed."""
    held = []
    for _, pixels in islice(decode(files, Counter()), MOST):
        large = _middle(sizes(pixels)[0], SIDE)
        rng = np.random.default_rng((seed, len(held)))
        held.append(Held(large, DEGRADATIONS[degrade](large, rng)))
    return held


def hold_whole(
    files: list[Path], degrades: Iterable[str], seed: int, classifiers: Classifiers
) -> list[Held]:
    """The whole of the first few photos among `files`, small, with each degradation."""
    held = []
    for _, pixels in islice(decode(files, Counter()), MANY):
        large = whole(shrink_to(pixels, SHORT))
        answers = recognition.answers(classifiers, large)
        for degrade in degrades:
            rng = np.random.default_rng((seed, len(held)))
            held.append(Held(large, DEGRADATIONS[degrade](large, rng), answers))
    return held


def restore(model: Model, network: nn.Module, held: list[Held]) -> list[np.ndarray]:
    """What the engine, which is what people run, makes of each with this network's weights."""
    upscaler = ready(model, copy.deepcopy(network).cpu().float(), "training")
    pictures = (Photo(one.small) for one in held)
    options = {"device": "cpu", "precision": "float32"}
    return [engine.upscale(one, upscaler, **options).pixels for one in pictures]


def score(
    held: list[Held], restored: list[np.ndarray], classifiers: Classifiers
) -> dict[str, float]:
    """The measures of `metrics.Quality` and of `recognition.compare`, their means over the photos.

    classifiers: of `recognition`, or none.
    """
    found = []
    for one, made in zip(held, restored, strict=True):
        answers = recognition.answers(classifiers, made)
        quality = asdict(metrics.quality(one.large, made))
        found.append(quality | recognition.compare(one.answers, answers))
    return {name: float(np.mean([row[name] for row in found])) for name in found[0]}


def sample(held: list[Held], *restored: list[np.ndarray]) -> bytes:
    """A PNG: a row for each of a few, of bicubic, each network's result and the original."""
    rows = []
    for one, *made in islice(zip(held, *restored, strict=True), MOST):
        pictures = [bicubic(one.small), *made, one.large]
        rows.append(np.concatenate([_middle(p, LEAST_SIDE) for p in pictures], axis=1))
    return png(np.concatenate(rows))


def _middle(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle `side` x `side`, at most, at multiples of the scale."""
    height, width = pixels.shape[:2]
    top, left = (max(0, n - side) // 2 // SCALE * SCALE for n in (height, width))
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])
