"""Published classifiers -> a timm model, its preprocessing and its kinds of bird.

A loader takes the fetched file and gives (model, transform, birds): the
transform maps (3, H, W) float32 RGB in 0..1 to the model's input, `birds`
maps the index of each class that is a bird to its taxon.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import timm
from timm.data import ImageNetInfo, create_transform, resolve_model_data_config
from torch import Tensor, nn
from torchvision import transforms

from classify import taxonomy
from classify.taxonomy import Taxon
from hub import BadWeights, check_tensors, read_checkpoint, same_order

Loaded = tuple[nn.Module, Callable[[Tensor], Tensor], dict[int, Taxon]]


def imagenet(architecture: str, path: Path) -> Loaded:
    """ImageNet-1k weights whose tensors stand in timm's order under other names."""
    model = timm.create_model(architecture, pretrained=False)
    _load(model, same_order(read_checkpoint(path), list(model.state_dict()), path), path)
    return model, create_transform(**resolve_model_data_config(model)), imagenet_birds()


def imagenet_birds() -> dict[int, Taxon]:
    """The 59 bird classes of ImageNet-1k with the eBird species they mean, if they mean one."""
    info = ImageNetInfo()
    birds = {}
    for index in (*range(7, 25), *range(80, 101), *range(127, 147)):
        names = [name.strip() for name in info.index_to_description(index).split(",")]
        birds[index] = taxonomy.find(names) or Taxon(names[0])
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
    (r"\.f\.block\.2\.fc(\d)\.", r".se.fc\1."),
    (r"\.f\.block\.(\d)\.0\.", lambda m: f".conv{'12 3'[int(m[1])]}.conv."),
    (r"\.f\.block\.(\d)\.1\.", lambda m: f".conv{'12 3'[int(m[1])]}.bn."),
    (r"^classifier\.", "head.fc."),
)
BIRDER = {"resnetv2_50": RESNET_V2, "regnety_016": REGNET_Y}


def birder(architecture: str, path: Path) -> Loaded:
    """A checkpoint of the birder project, for timm's network of the same architecture.

    Classes are those of the file. Photos are squashed to the square it was trained at.
    """
    checkpoint = read_checkpoint(path)
    labels = sorted(checkpoint["class_to_idx"], key=checkpoint["class_to_idx"].get)
    state = {_translate(key, BIRDER[architecture]): v for key, v in checkpoint["state"].items()}
    classes = state["head.fc.weight"].shape[0]
    if len(labels) != classes:
        raise BadWeights(f"{path.name} names {len(labels)} classes and has {classes}")
    model = timm.create_model(architecture, pretrained=False, num_classes=classes)
    if isinstance(model.get_submodule("head.fc"), nn.Conv2d):
        state["head.fc.weight"] = state["head.fc.weight"][:, :, None, None]
    _load(model, state, path)
    statistics = checkpoint["rgb_stats"]
    side = checkpoint["signature"]["inputs"][0]["data_shape"][-1]
    return model, _squash(side or 256, statistics["mean"], statistics["std"]), birds(labels)


def timm_folder(path: Path) -> Loaded:
    """A timm repository, fetched: model.safetensors with config.json beside it."""
    try:
        model = timm.create_model(f"local-dir:{path.parent}", pretrained=True)
    except Exception as error:  # timm raises what its layers and readers do
        raise BadWeights(f"{path.name} doesn't fit its config.json ({_brief(error)})") from None
    labels = model.pretrained_cfg.get("label_names") or ()
    known = birds(labels)
    if not known:
        raise BadWeights(f"the config.json beside {path.name} names no birds in label_names")
    return model, create_transform(**resolve_model_data_config(model)), known


def birds(labels: Iterable[str]) -> dict[int, Taxon]:
    """Class index -> taxon for the labels that are birds.

    iNaturalist's labels carry the whole rank, `..._Aves_order_family_genus_species`;
    others are scientific or English names, which are birds if eBird knows them.
    """
    found = {}
    for index, label in enumerate(labels):
        rank = re.fullmatch(r"\d+_Animalia_Chordata_Aves_.*_([^_]+)_([^_]+)", label)
        name = " ".join(rank.groups()) if rank else label.replace("_", " ")
        taxon = taxonomy.find([name]) or (Taxon(name, name) if rank else None)
        if taxon:
            found[index] = taxon
    return found


def _squash(side: int, mean: Iterable[float], std: Iterable[float]) -> Callable:
    bicubic = transforms.InterpolationMode.BICUBIC
    return transforms.Compose(
        [
            transforms.Resize((side, side), interpolation=bicubic, antialias=True),
            transforms.Normalize(mean, std),
        ]
    )


def _translate(key: str, rules: tuple) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key


def _load(model: nn.Module, state: dict[str, Tensor], path: Path) -> None:
    check_tensors(path, state, model.state_dict())
    model.load_state_dict(state, strict=True)


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
