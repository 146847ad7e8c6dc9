"""Own classifiers that can't name a photo are refused when they are read."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from timm.models import save_for_hf

import hub
from classify import catalog

LABELS = ["Turdus merula", "Felis catus", "mute swan"]
NAN = float("nan")


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Write an own classifier with a changed config.json or changed tensors."""
    monkeypatch.setenv("BIRD_WEIGHTS", str(tmp_path))

    def own(change: Callable[[dict], object], architecture: str = "test_resnet") -> None:
        torch.manual_seed(0)
        model = timm.create_model(architecture, num_classes=3)
        save_for_hf(model, tmp_path, model_config={"label_names": LABELS}, safe_serialization=True)
        config = json.loads((tmp_path / "config.json").read_text())
        tensors = load_file(tmp_path / "model.safetensors")
        change({"config": config, "tensors": tensors})
        (tmp_path / "config.json").write_text(json.dumps(config))
        save_file(tensors, tmp_path / "model.safetensors")

    return own


def refusal() -> str:
    """Why the own classifier is refused by name; without one the fallback says the same."""
    with pytest.raises(hub.WeightsUnavailable) as caught:
        catalog.load("own", "cpu")
    fallback = catalog.load(None, "cpu")
    assert fallback.name == "imagenet-birds" and str(caught.value) in fallback.note
    return str(caught.value).partition("model.safetensors: ")[2]


def fed(**facts) -> Callable[[dict], object]:
    return lambda given: given["config"]["pretrained_cfg"].update(facts)


def said(**facts) -> Callable[[dict], object]:
    return lambda given: given["config"].update(facts)


@pytest.mark.parametrize("architecture", ["test_resnet", "test_vit", "test_convnext"])
def test_a_sound_classifier_is_loaded(own, architecture):
    own(lambda given: None, architecture)
    loaded = catalog.load("own", "cpu")
    assert loaded.name == "own" and loaded.note == ""
    classes = loaded.probabilities(np.zeros((50, 60, 3), np.uint8), squash=True)
    assert classes.shape == (3,) and classes.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (fed(input_size=[3, 100_000, 100_000]), "config.json says that input_size is [3, 100000,"),
        (
            fed(input_size=[3, 0, 0]),
            "config.json says that input_size is [3, 0, 0], not 3 channels",
        ),
        (fed(input_size=[1, 160, 160]), "config.json says that input_size is [1, 160, 160]"),
        (fed(input_size="160"), 'config.json says that input_size is "160"'),
        (fed(input_size=160), "model.safetensors doesn't fit its config.json (TypeError)."),
        (fed(std=[0, 0, 0]), "config.json says that std is [0, 0, 0], not numbers above 0."),
        (fed(std=[NAN] * 3), "config.json says that std is [NaN, NaN, NaN], not numbers"),
        (fed(mean=[NAN] * 3), "config.json says that mean is [NaN, NaN, NaN], not finite numbers."),
        (fed(mean=[0.5] * 4), "the classifier can't name a picture (RuntimeError)."),
        (fed(std=[1e-300] * 3), "the classifier gives NaN for a picture."),
        (fed(interpolation="magic"), 'config.json says that interpolation is "magic", not one'),
        (fed(crop_pct=-1), "config.json says that crop_pct is -1, not a number above 0."),
        (said(label_names=LABELS * 2), "model.safetensors names 6 classes and has 3."),
        (said(label_names={"0": LABELS[0]}), "the config.json beside model.safetensors names no"),
        (said(label_names=[[LABELS[0]]]), "the config.json beside model.safetensors names no"),
        (said(num_classes=5), "model.safetensors doesn't fit its config.json (num_classes)."),
        (said(model_args={"num_classes": 5}), "model.safetensors doesn't fit its config.json (num"),
        (said(model_args={"pretrained_strict": False}), "model.safetensors doesn't fit its conf"),
        (said(model_args={"pruned": True}), "model.safetensors doesn't fit its config.json (File"),
        (said(model_args={"layers": [1, 1, 1, 10**6]}), "model.safetensors is smaller than its"),
        (said(model_args={"channels": [4000] * 4}), "model.safetensors is smaller than its netw"),
        (said(model_args={"drop_rate": 2}), "the classifier can't name a picture (ValueError)."),
        (said(architecture="vit_giant_patch14_224"), "model.safetensors is smaller than its netw"),
        (said(architecture=["x"]), "model.safetensors doesn't fit its config.json (AttributeErr"),
    ],
)
def test_a_config_that_is_not_the_classifier_s_is_refused(own, change, sentence):
    own(change)
    assert refusal().startswith(sentence)


@pytest.mark.parametrize("size", [100_000, [100_000, 1], {"a": 1}])
def test_a_fixed_size_that_is_none_is_refused(own, size):
    own(said(model_args={"img_size": size}), "test_vit")
    assert "says that img_size is" in refusal()


def filled(end: str, value: float) -> Callable[[dict], object]:
    def fill(given: dict) -> None:
        for name, tensor in given["tensors"].items():
            if name.endswith(end):
                tensor.fill_(value)

    return fill


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (filled("fc.weight", NAN), "model.safetensors has NaN, infinity or other than fractions"),
        (filled("bn1.weight", float("inf")), "model.safetensors has NaN, infinity or other than"),
        (filled("running_var", -1), "the classifier gives NaN for a picture."),
    ],
)
def test_weights_that_name_nothing_are_refused(own, change, sentence):
    own(change)
    assert refusal().startswith(sentence)
