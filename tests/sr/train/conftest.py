"""A folder of photos to learn from, small and made here, and a network that learns fast."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from sr.models.srresnet import SRResNet
from sr.train.__main__ import main
from tests.conftest import EXAMPLES
from tests.sr.train.runs import SMALL


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, one twice, one in a folder; one too small, one no photo."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    (folder / "more").mkdir()
    for name, size in (("a.png", (172, 160)), ("more/b.png", (130, 141)), ("c.png", (300, 260))):
        coarse = rng.integers(0, 256, (size[1] // 5, size[0] // 4, 3), np.uint8)
        picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        picture.save(folder / name)
    Image.open(folder / "a.png").save(folder / "more" / "again.webp", lossless=True)
    Image.open(folder / "a.png").resize((100, 160)).save(folder / "small.png")
    (folder / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example photos, to learn from."""
    folder = tmp_path_factory.mktemp("examples")
    for path in EXAMPLES.glob("*.png"):
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="session")
def large_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example photos, large enough for lessons; one is held out in `held`."""
    folder = tmp_path_factory.mktemp("large")
    for path in EXAMPLES.glob("*.png"):
        Image.open(path).resize((320, 300), Image.Resampling.BICUBIC).save(folder / path.name)
    (folder / "held").mkdir()
    (folder / "owl.png").rename(folder / "held" / "owl.png")
    return folder


@pytest.fixture(scope="session")
def command(examples, tmp_path_factory):
    """command(RUN, option, ...): train on `examples` in this process; gives the exit code."""
    cache = str(tmp_path_factory.mktemp("cache"))

    def run(out: Path, *options: str) -> int:
        return main(
            [str(examples), "--out", str(out), "--cache", cache, "--device", "cpu", *options]
        )

    return run


@pytest.fixture(scope="session")
def finished(command, tmp_path_factory) -> Path:
    """A run of 40 steps."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    assert command(out, *SMALL, "--steps", "40", "--every", "20", "--licence", "CC0-1.0") == 0
    return out


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A folder as `SR_WEIGHTS` names one, of a small SRResNet with batch norm."""
    folder = tmp_path_factory.mktemp("tiny")
    options = {"channels": 8, "blocks": 1}
    config = {"network": "SRResNet", "options": options}
    (folder / "config.json").write_text(json.dumps(config))
    torch.manual_seed(0)
    save_file(SRResNet(**options).state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture
def tiny(tiny_weights, monkeypatch) -> str:
    """The name in the catalog of that network."""
    monkeypatch.setenv("SR_WEIGHTS", str(tiny_weights))
    return "own"
