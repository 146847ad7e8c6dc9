"""Published files -> classifiers: a timm model, how it is fed, which of its classes are birds.

A loader takes the fetched file, last among its arguments. timm and torch are imported when
something is loaded, not with this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from classify import taxonomy
from classify.classifier import Classifier
from classify.taxonomy import Taxon
from hub import BadWeights, check_tensors, read_checkpoint, same_order

if TYPE_CHECKING:
    from torch import Tensor, nn


def imagenet(architecture: str, path: Path) -> Classifier:
    """ImageNet-1k weights whose tensors stand in timm's order under other names."""
    import timm
    from timm.data import resolve_model_data_config

    model = timm.create_model(architecture, pretrained=False)
    _fill(model, same_order(read_checkpoint(path), list(model.state_dict()), path), path)
    return Classifier(model, resolve_model_data_config(model), imagenet_birds())


# ImageNet's names in which eBird's table doesn't find the species that they mean, or mostly mean.
IMAGENET_MEANS = {
    "cock": "Red Junglefowl",
    "hen": "Red Junglefowl",
    "peacock": "Indian Peafowl",
    "drake": "Mallard",
    "American egret": "Great Egret",
}


def imagenet_birds() -> dict[int, Taxon]:
    """The 59 bird classes of ImageNet-1k with the eBird species they mean, if they mean one."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    birds = {}
    for index in (*range(7, 25), *range(80, 101), *range(127, 147)):
        names = info.index_to_description(index).split(", ")
        meant = [IMAGENET_MEANS.get(names[0], names[0]), *names]
        birds[index] = taxonomy.find(names) or taxonomy.wider(names[0], meant)
    return birds


# timm's name <- birder's, as (pattern, replacement) pairs applied one after the other.
RESNET_V2 = (
    (r"^stem\.0\.", "stem.conv."),
    (r"^body\.stage(\d+)\.(\d+)\.", lambda m: f"stages.{int(m[1]) - 1}.blocks.{m[2]}."),
    (r"\.block1\.0\.", ".norm1."),
    (r"\.block1\.2\.0\.", ".conv1."),
    (r"\.block1\.2\.1\.", ".norm2."),
    (r"\.block1\.3\.0\.", ".conv2."),
    (r"\.block1\.3\.1\.", ".norm3."),
    (r"\.block1\.4\.", ".conv3."),
    (r"\.block2\.", ".downsample.conv."),
    (r"^features\.0\.", "norm."),
    (r"^classifier\.", "head.fc."),
)
REGNET_Y = (
    (r"^stem\.0\.", "stem.conv."),
    (r"^stem\.1\.", "stem.bn."),
    (r"^body\.stage(\d+)\.block\.(\d+)\.", lambda m: f"s{m[1]}.b{int(m[2]) + 1}."),
    (r"\.proj\.0\.", ".downsample.conv."),
    (r"\.proj\.1\.", ".downsample.bn."),
    (r"\.f\.block\.0\.0\.", ".conv1.conv."),
    (r"\.f\.block\.0\.1\.", ".conv1.bn."),
    (r"\.f\.block\.1\.0\.", ".conv2.conv."),
    (r"\.f\.block\.1\.1\.", ".conv2.bn."),
    (r"\.f\.block\.2\.fc(\d)\.", r".se.fc\1."),  # squeeze and excitation
    (r"\.f\.block\.3\.0\.", ".conv3.conv."),
    (r"\.f\.block\.3\.1\.", ".conv3.bn."),
    (r"^classifier\.", "head.fc."),
)
BIRDER = {"resnetv2_50": RESNET_V2, "regnety_016": REGNET_Y}


def birder(architecture: str, path: Path) -> Classifier:
    """A checkpoint of the birder project, for timm's network of the same architecture.

    Classes are those of the file. Photos are squashed to the square it was trained at.
    """
    import timm

    checkpoint = read_checkpoint(path)
    labels = sorted(checkpoint["class_to_idx"], key=checkpoint["class_to_idx"].get)
    state = {_translate(key, BIRDER[architecture]): v for key, v in checkpoint["state"].items()}
    classes = len(state["head.fc.weight"])
    if len(labels) != classes:
        raise BadWeights(f"{path.name} names {len(labels)} classes and has {classes}")
    model = timm.create_model(architecture, pretrained=False, num_classes=classes)
    if model.state_dict()["head.fc.weight"].ndim == 4:  # timm has a 1x1 convolution there
        state["head.fc.weight"] = state["head.fc.weight"][:, :, None, None]
    _fill(model, state, path)
    side = checkpoint["signature"]["inputs"][0]["data_shape"][-1] or 256
    data_config = {
        "input_size": (3, side, side),
        "mean": tuple(checkpoint["rgb_stats"]["mean"]),
        "std": tuple(checkpoint["rgb_stats"]["std"]),
        "interpolation": "bicubic",
        "crop_mode": "squash",
        "crop_pct": 1.0,
    }
    return Classifier(model, data_config, birds(labels))


def timm_folder(path: Path) -> Classifier:
    """A timm repository, fetched: model.safetensors with config.json beside it."""
    import timm
    from timm.data import resolve_model_data_config

    try:
        model = timm.create_model(f"local-dir:{path.parent}", pretrained=True)
    except Exception as error:  # timm raises what its layers and readers do
        brief = " ".join(str(error).split())[:200]
        raise BadWeights(f"{path.name} doesn't fit its config.json ({brief})") from None
    known = birds(model.pretrained_cfg.get("label_names") or ())
    if not known:
        raise BadWeights(f"the config.json beside {path.name} names no birds in label_names")
    return Classifier(model, resolve_model_data_config(model), known)


def birds(labels: Iterable[str]) -> dict[int, Taxon]:
    """Class index -> taxon for the labels that are birds.

    Labels are iNaturalist's, or scientific or English names, which are birds if eBird knows them.
    """
    found = {}
    for index, label in enumerate(labels):
        species = taxonomy.inaturalist_species(label)
        taxon = taxonomy.find([species or label])
        if taxon or species:
            found[index] = taxon or Taxon(species, species)
    return found


def _translate(key: str, rules: tuple) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key


def _fill(model: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    check_tensors(path, state, model.state_dict())
    model.load_state_dict(state, strict=True)
