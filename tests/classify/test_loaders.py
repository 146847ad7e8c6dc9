"""Classifier files in each published layout give the network they came from (random weights)."""

import re

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.models import save_for_hf

import hub
from classify import loaders
from classify.taxonomy import Taxon
from hub import BadWeights

LABELS = [
    "04000_Animalia_Chordata_Aves_Passeriformes_Turdidae_Turdus_merula",
    "05000_Animalia_Chordata_Mammalia_Carnivora_Felidae_Felis_catus",
    "04001_Animalia_Chordata_Aves_Passeriformes_Nowhere_Novus_ignotus",
]


def resnet_v2(key: str) -> str:
    """timm's key as birder writes it."""
    inner = {"norm1": "block1.0", "conv1": "block1.2.0", "norm2": "block1.2.1",
             "conv2": "block1.3.0", "norm3": "block1.3.1", "conv3": "block1.4",
             "downsample.conv": "block2"}  # fmt: skip
    if block := re.fullmatch(r"stages\.(\d+)\.blocks\.(\d+)\.(.+)\.(\w+)", key):
        stage, i, layer, end = block.groups()
        return f"body.stage{int(stage) + 1}.{i}.{inner[layer]}.{end}"
    return (
        key.replace("stem.conv", "stem.0").replace("norm", "features.0")
        .replace("head.fc", "classifier")
    )  # fmt: skip


def regnet_y(key: str) -> str:
    inner = {"conv1.conv": "f.block.0.0", "conv1.bn": "f.block.0.1", "conv2.conv": "f.block.1.0",
             "conv2.bn": "f.block.1.1", "se.fc1": "f.block.2.fc1", "se.fc2": "f.block.2.fc2",
             "conv3.conv": "f.block.3.0", "conv3.bn": "f.block.3.1",
             "downsample.conv": "proj.0", "downsample.bn": "proj.1"}  # fmt: skip
    if block := re.fullmatch(r"s(\d+)\.b(\d+)\.(.+)\.(\w+)", key):
        stage, i, layer, end = block.groups()
        return f"body.stage{stage}.block.{int(i) - 1}.{inner[layer]}.{end}"
    return (
        key.replace("stem.conv", "stem.0").replace("stem.bn", "stem.1")
        .replace("head.fc", "classifier")
    )  # fmt: skip


BIRDER = {"resnetv2_50": resnet_v2, "regnety_016": regnet_y}


def checkpoint(architecture: str) -> tuple:
    torch.manual_seed(0)
    model = timm.create_model(architecture, num_classes=len(LABELS)).eval()
    state = {BIRDER[architecture](key): v for key, v in model.state_dict().items()}
    state["classifier.weight"] = state["classifier.weight"].flatten(1)
    return model, {
        "state": state,
        "class_to_idx": {label: i for i, label in enumerate(LABELS)},
        "rgb_stats": {"mean": [0.4, 0.5, 0.6], "std": [0.1, 0.2, 0.3]},
        "signature": {"inputs": [{"data_shape": [0, 3, 256, 256]}]},
        "task": "image_classification",
        "birder_version": "0.1",
    }


@pytest.mark.parametrize("architecture", BIRDER)
def test_birder_files_give_timm_networks(architecture, tmp_path):
    origin, content = checkpoint(architecture)
    torch.save(content, tmp_path / "w.pt")
    loaded = loaders.birder(architecture, tmp_path / "w.pt")
    birds = loaded.birds
    x = torch.rand(1, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(loaded.model.eval()(x), origin(x), rtol=0, atol=1e-5)
    assert birds[0].english in ("Eurasian Blackbird", "Common Blackbird")
    assert birds == {0: birds[0], 2: Taxon("Novus ignotus", "Novus ignotus")}
    transform = loaded.preprocessing()
    grey = transform(torch.full((3, 100, 300), 0.5))  # squashed, then the file's own statistics
    assert grey.shape == (3, 256, 256)
    torch.testing.assert_close(grey[:, 9, 9], torch.tensor([1.0, 0.0, -1 / 3]), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["state"].pop("stem.0.weight"), "lacks stem.conv.weight"),
        (lambda c: c["state"].update(more=torch.zeros(1)), "has the unknown more"),
        (
            lambda c: c["state"].update({"stem.0.weight": torch.zeros(2, 2)}),
            "has a wrong shape in stem.conv.weight",
        ),
        (lambda c: c["class_to_idx"].popitem(), "names 2 classes and has 3"),
        (
            lambda c: c["state"]["stem.0.weight"].fill_(float("nan")),
            r"has NaN, infinity or other than fractions in stem\.conv\.weight",
        ),
        (lambda c: c.pop("rgb_stats"), r"can be read safely \(KeyError\)"),
        (lambda c: c["state"].update({5: 1}), r"can be read safely \(TypeError\)"),
    ],
)
def test_a_birder_file_that_does_not_fit_is_refused(tmp_path, change, sentence):
    _, content = checkpoint("resnetv2_50")
    change(content)
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(BadWeights, match=sentence):
        loaders.birder("resnetv2_50", tmp_path / "w.pt")


def timm_repository(folder, labels=("Turdus merula", "Felis catus", "mute swan")):
    model = timm.create_model("test_resnet", num_classes=3)
    save_for_hf(model, folder, model_config={"label_names": list(labels)}, safe_serialization=True)
    return model.eval()


def test_a_timm_repository(tmp_path):
    origin = timm_repository(tmp_path)
    loaded = loaders.timm_folder(tmp_path / "model.safetensors")
    x = torch.rand(1, 3, 160, 160)
    with torch.inference_mode():
        assert torch.equal(loaded.model.eval()(x), origin(x))
    assert {i: taxon.scientific for i, taxon in loaded.birds.items()} == {
        0: "Turdus merula",
        2: "Cygnus olor",
    }


def test_a_timm_repository_without_birds_or_with_other_tensors_is_refused(tmp_path):
    timm_repository(tmp_path, labels=("cat", "dog", "tree"))
    with pytest.raises(BadWeights, match="names no birds"):
        loaders.timm_folder(tmp_path / "model.safetensors")
    timm_repository(tmp_path)
    save_file({"a": torch.zeros(10**6)}, tmp_path / "model.safetensors")
    with pytest.raises(BadWeights, match=r"doesn't fit its config.json"):
        loaders.timm_folder(tmp_path / "model.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(BadWeights, match=r"is smaller than its network"):
        loaders.timm_folder(tmp_path / "model.safetensors")


def test_english_labels_without_apostrophes_are_understood():
    found = loaders.birds(["Bonellis eagle", "Unknown", "Cettis warbler"])
    assert {i: t.english for i, t in found.items()} == {0: "Bonelli's Eagle", 2: "Cetti's Warbler"}


def test_an_imagenet_file_in_another_order_is_refused(tmp_path):
    state = {"a.weight": torch.zeros(1), "b.bias": torch.zeros(1)}
    path = tmp_path / "w.pth"
    assert list(hub.same_order(state, ["x.weight", "y.bias"], path)) == ["x.weight", "y.bias"]
    with pytest.raises(BadWeights, match=r"w.pth has a.weight where x.bias belongs"):
        hub.same_order(state, ["x.bias", "y.weight"], path)
    with pytest.raises(BadWeights, match="has 2 tensors, not 1"):
        hub.same_order(state, ["x.weight"], path)
