"""Odd config.json of own classifiers: each names a picture as the good one does, or is refused.

A long run, with its figures:

    FUZZ_EXAMPLES=20000 python -m pytest -s tests/classify/test_fuzz_config.py
"""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
import timm
import torch
from hypothesis import strategies as st
from timm.models import save_for_hf

import hub
from classify import catalog
from tests.hub.fuzzing import ODD_JSON, byte_changes, changed, dumps, fuzz

pytestmark = pytest.mark.filterwarnings("ignore")

LABELS = ["Turdus merula", "Felis catus", "mute swan"]
FACTS = ["input_size", "fixed_input_size", "interpolation", "crop_pct", "crop_mode", "mean", "std"]
FACTS += ["num_classes", "label_offset", "first_conv", "classifier", "pool_size", "custom_load"]
FACTS += ["url", "file", "source", "state_dict", "hf_hub_id", "more"]
ARGUMENTS = ["num_classes", "in_chans", "img_size", "layers", "channels", "global_pool", "device"]
ARGUMENTS += ["pretrained_strict", "features_only", "output_stride", "act_layer", "pruned", "self"]
ARGUMENTS += ["cardinality", "base_width", "stem_width", "checkpoint_path", "pretrained_cfg"]
ARGUMENTS += ["drop_rate"]
TOP = ["architecture", "num_classes", "label_names", "model_args", "pretrained_cfg", "num_features"]
ARCHITECTURES = st.sampled_from(["test_vit", "resnet18", "vit_giant_patch14_224", "x", "../x"])
SIDES = st.lists(st.sampled_from([3, 1, 0, -1, 32, 64, 1024, 100_000, 2.5]), max_size=4)
SHARES = st.lists(st.sampled_from([0, 0.5, 1, -1, 1e-300, 1e300]), max_size=4)
LABELLED = st.lists(st.sampled_from([*LABELS, 5, None, "", "x" * 999]), max_size=5)
ODD = ODD_JSON | SIDES | SHARES | LABELLED
edits = st.one_of(
    st.tuples(st.just("pretrained_cfg"), st.sampled_from(FACTS), ODD),
    st.tuples(st.just("model_args"), st.sampled_from(ARGUMENTS), ODD),
    st.tuples(st.just(""), st.sampled_from(TOP), ODD | ARCHITECTURES),
)
PICTURE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


@pytest.fixture
def config(tmp_path, monkeypatch) -> dict:
    """That of a sound classifier in the folder that BIRD_WEIGHTS names, small and quick."""
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=3)
    save_for_hf(model, tmp_path, model_config={"label_names": LABELS}, safe_serialization=True)
    config = json.loads((tmp_path / "config.json").read_text())
    config["pretrained_cfg"]["input_size"] = [3, 32, 32]
    monkeypatch.setenv("BIRD_WEIGHTS", str(tmp_path))
    return config


def test_configs_of_classifiers(config, tmp_path):
    cases = st.tuples(st.lists(edits, max_size=2), st.none() | st.none() | st.none() | byte_changes)

    def read(case: tuple) -> str:
        changes, raw = case
        odd = copy.deepcopy(config)
        for part, key, value in changes:
            place = odd.setdefault(part, {}) if part else odd
            if isinstance(place, dict):
                place[key] = value
        text = dumps(odd)
        (tmp_path / "config.json").write_bytes(changed(text, *raw) if raw else text)
        catalog._CATALOG._load.cache_clear()
        try:
            loaded = catalog.load("own", "cpu")
        except hub.WeightsUnavailable as error:
            assert len(str(error)) < 700 and str(error).endswith(".")
            return "refused"
        classes = loaded.probabilities(PICTURE, squash=True)
        assert classes.shape == (3,) and np.isfinite(classes).all()
        assert loaded.of_birds(classes).shape == (len(loaded.taxa),) and loaded.taxa
        return "named"

    counts = fuzz(cases, read)
    assert counts["named"] and counts["refused"]
