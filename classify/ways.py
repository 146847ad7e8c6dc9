"""Ways of naming: what the classifier is shown of a photo, and how several answers become one.

A way is views joined by + (the mean of their probabilities) or by * (the mean of their logits,
which is the geometric mean of their probabilities). A view is a picture, `photo` or `enlarged`,
and how it is brought to the classifier's size, so `enlarged:squash*enlarged:squash:flip` is a way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from classify.catalog import Classifier

PHOTO, ENLARGED = "photo", "enlarged"

# squash: all of the photo, made square.  whole: the largest square in the middle.  Without either:
# as the classifier was published to be used, which for most is a smaller square in the middle.
# bilinear, lanczos: instead of bicubic.  flip: left and right swapped.
OPTIONS = ("squash", "whole", "bilinear", "lanczos", "flip")


class UnknownWay(ValueError):
    """What is written is no way of naming; the message says what is."""


@dataclass(frozen=True)
class View:
    """A picture, and which of `OPTIONS` bring it to the classifier's size."""

    picture: str
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Way:
    """The views whose answers are joined, and whether by their logits or their probabilities."""

    views: tuple[View, ...]
    logits: bool = False


Look = Callable[[View], np.ndarray]  # a view -> its logits, (classes,) float64


@lru_cache(maxsize=64)
def parse(text: str) -> Way:
    """The way that is written as `text`. Raises `UnknownWay`."""
    if "+" in text and "*" in text:
        raise UnknownWay(f"“{text}” joins by + and by *: write one of the two throughout.")
    logits = "*" in text
    return Way(tuple(_view(part, text) for part in text.split("*" if logits else "+")), logits)


def _view(part: str, text: str) -> View:
    picture, *options = part.strip().split(":")
    unknown = set(options) - set(OPTIONS)
    if unknown or not picture:
        raise UnknownWay(
            f"“{text}” is no way of naming: write pictures joined by + or *, each with any of "
            f"{', '.join(':' + option for option in OPTIONS)} behind it."
        )
    return View(picture, frozenset(options))


def probabilities(classifier: Classifier, way: Way, look: Look) -> np.ndarray:
    """Probability of each kind of bird, (kinds,) float64.

    They sum to the probability that there is a bird: the classes that are no birds are left out.
    """
    return joined(way, look)[classifier.indices]


def joined(way: Way, look: Look) -> np.ndarray:
    """Probability of each class of the classifier, (classes,) float64; they sum to 1."""
    seen = [look(view) for view in way.views]
    if way.logits:
        return _softmax(np.mean(seen, axis=0))
    return np.mean([_softmax(values) for values in seen], axis=0)


def seeing(classifier: Classifier, pictures: Mapping[str, np.ndarray]) -> Look:
    """A function from a view of one of the `pictures`, (H, W, 3) uint8, to its logits."""
    return lambda view: logits(classifier, pictures[view.picture], view.options)


def logits(
    classifier: Classifier, pixels: np.ndarray, options: frozenset[str] = frozenset()
) -> np.ndarray:
    """(classes,) float64 for (H, W, 3) uint8 pixels, brought to the input's size by `options`."""
    import torch

    device = next(classifier.model.parameters()).device
    with torch.inference_mode():
        photo = torch.tensor(pixels).permute(2, 0, 1).float() / 255
        shown = framed(classifier, photo, options)[None].to(device)
        return classifier.model(shown)[0].double().cpu().numpy()


def framed(classifier: Classifier, photo: Tensor, options: frozenset[str]) -> Tensor:
    """(3, H, W) float32 RGB in 0..1 -> the model's input, (3, side, side)."""
    from torchvision.transforms.v2 import functional

    resize, *_, normalise = classifier.transform.transforms
    side = classifier.input_size
    size = resize.size
    if "squash" in options:
        size = (side, side)
    elif "whole" in options:
        size = side
    shown = resized(photo, size, options)
    shown = normalise(functional.center_crop(shown, [side, side]))
    return shown.flip(-1) if "flip" in options else shown


def resized(photo: Tensor, size: int | tuple[int, int], options: frozenset[str]) -> Tensor:
    """(..., H, W) at `size`: the short side, or height and width. With antialiasing."""
    from torchvision.transforms import InterpolationMode
    from torchvision.transforms.v2 import functional

    if "lanczos" in options:
        return _lanczos(photo, size)
    mode = InterpolationMode.BILINEAR if "bilinear" in options else InterpolationMode.BICUBIC
    size = [size] if isinstance(size, int) else list(size)
    return functional.resize(photo, size, interpolation=mode, antialias=True)


def _lanczos(photo: Tensor, size: int | tuple[int, int]) -> Tensor:
    """As Pillow's, with three lobes; torchvision has none for tensors."""
    height, width = photo.shape[-2:]
    if isinstance(size, int):
        short = min(height, width)
        size = (int(size * height / short), int(size * width / short))
    rows, columns = (_lobes(n, m).to(photo) for n, m in zip((height, width), size, strict=True))
    return rows @ photo @ columns.T


def _lobes(before: int, after: int) -> Tensor:
    """(after, before) weights of Lanczos resampling along one side; each row sums to 1."""
    import torch

    scale = before / after
    centres = (torch.arange(after, dtype=torch.float64)[:, None] + 0.5) * scale - 0.5
    distances = (torch.arange(before, dtype=torch.float64) - centres) / max(scale, 1.0)
    weights = torch.sinc(distances) * torch.sinc(distances / 3) * (distances.abs() < 3)
    return weights / weights.sum(1, keepdim=True)


def _softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max())
    return powers / powers.sum()
