"""How good a network is on photos it never learns from, and what it makes of them."""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
from torch import nn

from sr import catalog, engine, metrics, photo
from sr.catalog import SCALE, Model
from sr.metrics import Quality
from sr.photo import Photo
from sr.training.degrade import DEGRADATIONS
from sr.training.library import decode, sizes

SIDE = 320  # pixels of each photo that are looked at, at most
SHOWN = 160  # and that a sample shows
MOST = 8  # photos


@dataclass(frozen=True)
class Held:
    """A photo kept from training: `large` (H, W, 3) and what a network sees of it, uint8."""

    large: np.ndarray
    small: np.ndarray


def hold(files: list[Path], degrade: str, seed: int) -> list[Held]:
    """The middles of the first few photos among `files`, degraded alike in each run of a seed."""
    held = []
    for _, pixels in decode(files, Counter()):
        large = _middle(sizes(pixels)[0], SIDE)
        rng = np.random.default_rng((seed, len(held)))
        held.append(Held(large, DEGRADATIONS[degrade](large, rng)))
        if len(held) == MOST:
            break
    return held


def restore(model: Model, network: nn.Module, held: list[Held]) -> list[np.ndarray]:
    """What the engine, which is what people run, makes of each with this network's weights."""
    upscaler = catalog.ready(model, copy.deepcopy(network).cpu().float(), "training")
    pictures = (Photo(one.small) for one in held)
    return [engine.upscale(picture, upscaler, device="cpu").pixels for picture in pictures]


def score(held: list[Held], restored: list[np.ndarray]) -> Quality:
    """The means over the photos."""
    found = [metrics.quality(one.large, made) for one, made in zip(held, restored, strict=True)]
    return Quality(*np.mean([astuple(quality) for quality in found], axis=0).tolist())


def sample(held: list[Held], *stages: list[np.ndarray]) -> bytes:
    """A PNG: a row for each photo, of bicubic, each stage's result and the original."""
    rows = []
    for i, one in enumerate(held):
        bicubic = photo.bicubic(one.small, SCALE)
        pictures = [bicubic, *(stage[i] for stage in stages), one.large]
        rows.append(np.concatenate([_middle(p, SHOWN, exactly=True) for p in pictures], axis=1))
    return photo.png(np.concatenate(rows))


def _middle(pixels: np.ndarray, side: int, exactly: bool = False) -> np.ndarray:
    """The middle `side` x `side`, at most, at multiples of the scale."""
    height, width = pixels.shape[:2]
    top, left = ((max(0, n - side) // 2) // SCALE * SCALE for n in (height, width))
    cut = pixels[top : top + side, left : left + side]
    if not exactly:
        return np.ascontiguousarray(cut)
    filled = np.zeros((side, side, 3), np.uint8)
    filled[: cut.shape[0], : cut.shape[1]] = cut
    return filled
