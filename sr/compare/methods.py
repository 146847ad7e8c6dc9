"""The methods that restore a small photo: bicubic, and the catalog's networks."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hub import WeightsUnavailable
from sr.image import Photo, bicubic
from sr.models import catalog
from sr.models.catalog import BICUBIC
from sr.settings import SCALE

if TYPE_CHECKING:  # the page needs the names, not PyTorch
    from sr.inference.engine import Step
    from sr.inference.upscaler import Upscaler

Steps = Callable[..., Generator]  # of a photo and an upscaler, as `engine.steps`
SRGAN_PARAMETERS = 1.6e6
SCORING_COST = 0.3  # as `Method.cost`


@dataclass(frozen=True)
class Method:
    """A way to restore a small photo.

    name: the model's in the catalog, or "bicubic".
    title: what the page calls it.
    upscaler: None for bicubic, and where there is a `reason`.
    reason: why the weights can't be had, or "".
    """

    name: str
    title: str
    upscaler: Upscaler | None = None
    reason: str = ""

    @property
    def cost(self) -> float:
        """Roughly the work for a pixel of the small photo, where SRGAN's network takes 1."""
        if self.upscaler is None:
            return 0 if self.reason else SCORING_COST
        weights = sum(p.numel() for stage in self.upscaler.stages for p in stage.parameters())
        pixels = (SCALE // self.upscaler.model.scale) ** 2
        return pixels * weights / SRGAN_PARAMETERS + SCORING_COST


def names() -> list[str]:
    """All methods' names: bicubic, then the catalog's."""
    return [BICUBIC, *catalog.names()]


def titles() -> dict[str, str]:
    """What the page calls each method, by name."""
    return {BICUBIC: "Bicubic"} | catalog.titles()


def preferred() -> list[str]:
    """Those to compare unless others are chosen: quick ones whose weights come with packages."""
    return [BICUBIC, "srcnn", "fsrcnn", "srresnet-div2k", "span", "srgan-div2k", "srgan-swift"]


def method(name: str) -> Method:
    """A method with its weights read, or with the reason why they can't be had.

    May fetch them from the Hub, which can take minutes.  Raises `catalog.UnknownModel`.
    """
    from sr.inference import upscaler

    loaded, reason = None, ""
    if name != BICUBIC:
        try:
            loaded = upscaler.load(name)
        except WeightsUnavailable as error:
            reason = str(error)
    return Method(name, titles()[name], loaded, reason)


def steps(low: Photo, method: Method, run: Steps | None = None) -> Generator[Step, None, Photo]:
    """Restore a small photo step by step; returns it four times as large.

    run: what restores with a network, `engine.steps` unless given.
    In float32 and with the network's own colours, as papers measure.  Bicubic takes no step.
    Raises `EngineError`.
    """
    from sr.inference import engine

    if method.upscaler is None:
        return Photo(bicubic(low.pixels), name=low.name)
    return (yield from (run or engine.steps)(low, method.upscaler, precision="float32"))


def restore(pixels: np.ndarray, method: Method, device: str | None = None) -> np.ndarray:
    """(H, W, 3) uint8 -> (4H, 4W, 3) uint8. Raises `EngineError`."""
    from sr.inference import engine

    work = steps(Photo(pixels), method, partial(engine.steps, device=device))
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value.pixels
