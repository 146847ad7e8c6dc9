"""Published files -> classifiers: a timm model, how it is fed, which of its classes are birds.

A loader takes the fetched file, last among its arguments. timm and torch are imported when
something is loaded, not with this module.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify import taxonomy
from classify.classifier import Classifier
from classify.taxonomy import Taxon
from hub import (
    BadWeights,
    brief,
    check_numbers,
    check_tensors,
    no_larger_than,
    read_checkpoint,
    read_json,
    reading,
    same_order,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

LARGEST_INPUT = 1024  # pixels on a side of what a classifier is shown; that of timm's largest
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")  # timm's


def imagenet(architecture: str, path: Path) -> Classifier:
    """ImageNet-1k weights whose tensors stand in timm's order under other names."""
    import timm
    from timm.data import resolve_model_data_config

    model = timm.create_model(architecture, pretrained=False)
    with reading(path):
        state = same_order(read_checkpoint(path), list(model.state_dict()), path)
    _fill(model, state, path)
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
    with reading(path):
        labels = sorted(checkpoint["class_to_idx"], key=checkpoint["class_to_idx"].get)
        state = {_translate(key, BIRDER[architecture]): v for key, v in checkpoint["state"].items()}
        classes = len(state["head.fc.weight"])
        side = checkpoint["signature"]["inputs"][0]["data_shape"][-1] or 256
        mean, std = (tuple(checkpoint["rgb_stats"][key]) for key in ("mean", "std"))
    if len(labels) != classes:
        raise BadWeights(f"{path.name} names {len(labels)} classes and has {classes}")
    model = timm.create_model(architecture, pretrained=False, num_classes=classes)
    if model.state_dict()["head.fc.weight"].ndim == 4:  # timm has a 1x1 convolution there
        state["head.fc.weight"] = state["head.fc.weight"][:, :, None, None]
    _fill(model, state, path)
    data_config = {
        "input_size": (3, side, side),
        "mean": mean,
        "std": std,
        "interpolation": "bicubic",
        "crop_mode": "squash",
        "crop_pct": 1.0,
    }
    return Classifier(model, data_config, birds(labels))


def timm_folder(path: Path) -> Classifier:
    """A timm repository, fetched: model.safetensors with config.json beside it."""
    import timm
    from timm.data import resolve_data_config, resolve_model_data_config

    config = path.with_name("config.json")
    facts = read_json(config)
    try:
        model_args = facts.get("model_args") or {}
        given = resolve_data_config(pretrained_cfg=facts.get("pretrained_cfg", facts))
        _check_fed(config, given, model_args)
        with no_larger_than(path):
            model = timm.create_model(f"local-dir:{path.parent}", pretrained=True)
        if model.num_classes != model.pretrained_cfg["num_classes"]:
            raise ValueError("num_classes")  # timm would make up the last layer
        if "pretrained_strict" in model_args:
            raise ValueError("pretrained_strict")  # it would make up any
    except BadWeights:
        raise
    except Exception as error:  # timm raises what its layers and readers do
        written = type(error) in (RuntimeError, ValueError)  # for people, more or less
        reason = " ".join(str(error).split())[:200] if written else type(error).__name__
        raise BadWeights(f"{path.name} doesn't fit its config.json ({reason})") from None
    state = model.state_dict()
    check_numbers(path, state, state)
    labels = model.pretrained_cfg.get("label_names")
    labels = labels if isinstance(labels, list) else []
    if len(labels) > model.num_classes:
        raise BadWeights(f"{path.name} names {len(labels)} classes and has {model.num_classes}")
    known = birds(label if isinstance(label, str) else "" for label in labels)
    if not known:
        raise BadWeights(f"the config.json beside {path.name} names no birds in label_names")
    return Classifier(model, resolve_model_data_config(model), known)


def _check_fed(config: Path, data_config: dict[str, Any], model_args: dict[str, Any]) -> None:
    """That what a config.json says of a network's input has a meaning. Raises `BadWeights`."""
    channels, *sides = size = data_config["input_size"]
    fixed = model_args.get("img_size") or sides
    each = fixed if isinstance(fixed, list) else [fixed]
    share, interpolation = data_config["crop_pct"], data_config["interpolation"]
    mean, std = data_config["mean"], data_config["std"]
    checks = (
        (
            "input_size",
            size,
            f"3 channels and 1 to {LARGEST_INPUT} pixels",
            channels == 3 and _are_sides(sides),
        ),
        ("img_size", fixed, f"1 to {LARGEST_INPUT} pixels", _are_sides(each)),
        ("mean", mean, "finite numbers", _are_numbers(mean)),
        ("std", std, "numbers above 0", _are_numbers(std, least=0.0)),
        ("crop_pct", share, "a number above 0", _are_numbers([share], least=0.0)),
        ("interpolation", interpolation, "one that timm knows", interpolation in INTERPOLATIONS),
    )
    for name, value, wanted, right in checks:
        if not right:
            raise BadWeights(
                f"{config.name} says that {name} is {brief(json.dumps(value))}, not {wanted}"
            )


def _are_sides(values: list[object]) -> bool:
    known = all(type(v) is int and 1 <= v <= LARGEST_INPUT for v in values)
    return known and len(values) in (1, 2)


def _are_numbers(values: Iterable[object], least: float = -math.inf) -> bool:
    return all(type(v) in (int, float) and math.isfinite(v) and v > least for v in values)


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
    with reading(path):
        check_tensors(path, state, model.state_dict())
        check_numbers(path, state, model.state_dict())
    model.load_state_dict(state, strict=True)
