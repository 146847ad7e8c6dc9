"""Own weights that aren't what their config.json says are refused when they are read."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import hub
from sr.models import catalog
from sr.models.model import Model
from sr.models.rrdbnet import RRDBNet
from sr.models.span import SPAN
from sr.models.srresnet import SRResNet
from sr.models.srvgg import SRVGG

SMALL = {"channels": 8, "blocks": 1}
NAN, INFINITY = float("nan"), float("inf")


def network(**options) -> SRResNet:
    torch.manual_seed(0)
    return SRResNet(**(SMALL | options))


def folder(path: Path, made: nn.Module, config: object) -> Path:
    """A folder as SR_WEIGHTS names one."""
    save_file(made.state_dict(), path / "model.safetensors")
    (path / "config.json").write_text(json.dumps(config))
    return path


@pytest.fixture
def refused(tmp_path, monkeypatch):
    """Why the weights of a network under a config.json are refused; 'own' never falls back."""

    def refused(made: nn.Module, config: object) -> str:
        monkeypatch.setenv("SR_WEIGHTS", str(folder(tmp_path, made, config)))
        with pytest.raises(hub.WeightsUnavailable) as caught:
            catalog.load("own")
        assert (
            catalog.load().model.name == "srgan-div2k" and str(caught.value) in catalog.load().note
        )
        return str(caught.value).removeprefix(f"{tmp_path}/model.safetensors: ")

    return refused


def test_weights_that_fit_are_loaded(tmp_path, monkeypatch):
    for made, options in (
        (network(tanh=True, eps=1), {**SMALL, "tanh": True, "eps": 1}),
        (SRVGG(8, 2), {"channels": 8, "convs": 2}),
        (SPAN(8, 2, merged=False), {"channels": 8, "blocks": 2, "merged": False}),
        (RRDBNet(8, 1, 4), {"channels": 8, "blocks": 1, "growth": 4}),
    ):
        config = {"network": type(made).__name__, "options": options}
        path = folder(tmp_path, made, config) / "model.safetensors"
        source = hub.LocalFile(str(path))
        loaded = catalog.build(catalog.configured(tmp_path / "config.json", source))
        assert loaded.note == "" and not loaded.network.training
        x = torch.rand(1, 3, 5, 7)
        with torch.inference_mode():
            assert torch.equal(loaded.network(x), made.eval()(x))


@pytest.mark.parametrize("scale", [1, 2, 3, 8])
@pytest.mark.parametrize("made", [SRVGG, SPAN])
def test_another_scale_than_the_app_s_is_refused(refused, made, scale):
    config = {"network": made.__name__, "options": {"channels": 8, "scale": scale}}
    assert refused(made(8, scale=scale), config) == (
        f"model.safetensors makes {8 * scale} x {8 * scale} pixels of 8 x 8, where this app needs "
        "32 x 32."
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"channels": 4000}, "channels is 4000, not a whole number from 1 to 1024."),
        ({"blocks": 100_000}, "blocks is 100000, not a whole number"),
        ({"blocks": -1}, "blocks is -1, not a whole number"),
        ({"channels": 0}, "channels is 0, not a whole number"),
        ({"channels": 1e9}, "channels is 1000000000.0, not a whole number"),
        ({"channels": "8"}, 'channels is "8", not a whole number'),
        ({"channels": True}, "channels is true, not a whole number"),
        ({"channels": None}, "channels is null, not a whole number"),
        ({"tanh": "false"}, 'tanh is "false", not true or false.'),
        ({"tanh": 1}, "tanh is 1, not true or false."),
        ({"eps": NAN}, "eps is NaN, not a number above 0 and up to 1."),
        ({"eps": -1e-5}, "eps is -1e-05, not a number above 0 and up to 1."),
        ({"eps": "1e-5"}, 'eps is "1e-5", not a number'),
    ],
)
def test_an_option_of_the_wrong_kind_is_named(refused, options, sentence):
    said = refused(network(), {"network": "SRResNet", "options": SMALL | options})
    assert said.startswith(f"config.json says that {sentence}")


@pytest.mark.parametrize("options", [[], "x", {"colour": 1}, {"self": 1}, [["channels", 8]]])
def test_options_that_a_network_does_not_have_are_refused(refused, options):
    said = refused(network(), {"network": "SRResNet", "options": options})
    assert "gives the option" in said or "doesn't name a network of this app" in said


@pytest.mark.parametrize("kind", [None, ["SRResNet"], {}, {"network": {}}, "SRCNN", "os.system"])
def test_what_is_no_network_is_refused(refused, kind):
    assert "doesn't name a network of this app" in refused(network(), {"network": kind})


def test_a_deeply_nested_config_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SR_WEIGHTS", str(folder(tmp_path, network(), {})))
    (tmp_path / "config.json").write_text('{"network":' * 100_000)
    with pytest.raises(hub.WeightsUnavailable, match=r"config\.json is no JSON object"):
        catalog.load("own")


def test_a_network_far_larger_than_its_file_is_refused_at_once(refused):
    """It would take 77 GB."""
    start = time.perf_counter()
    most = {"channels": 1024, "blocks": 1024}
    said = refused(network(), {"network": "SRResNet", "options": most})
    assert said == "model.safetensors is smaller than its network."
    assert time.perf_counter() - start < 10


def test_slopes_that_are_not_as_many_as_the_channels_are_refused(refused):
    config = {"network": "SRResNet", "options": SMALL | {"slopes": 5}}
    assert "has layers that don't fit one another" in refused(network(slopes=5), config)


@pytest.mark.parametrize("value", [NAN, INFINITY, -INFINITY])
@pytest.mark.parametrize("key", ["trunk.conv1.weight", "trunk.prelu.weight", "tail.6.bias"])
def test_weights_that_are_no_numbers_are_refused(refused, key, value):
    made = network()
    made.state_dict()[key].view(-1)[-1] = value
    said = refused(made, {"network": "SRResNet", "options": SMALL})
    assert said == f"model.safetensors has NaN, infinity or other than fractions in {key}."


def test_numbers_that_make_no_picture_are_refused(refused):
    made = network()
    made.trunk.bn.running_var.fill_(-5.0)
    said = refused(made, {"network": "SRResNet", "options": SMALL})
    assert said == "model.safetensors makes no picture, but NaN or infinity."


def saved(path: Path, state: dict) -> hub.LocalFile:
    torch.save(state, path)
    return hub.LocalFile(str(path))


def test_the_second_source_is_read_where_the_first_is_damaged(tmp_path):
    state = network().state_dict()
    good = saved(tmp_path / "good.pth", state)
    broken = {**state, "tail.6.bias": torch.full((3,), NAN)}
    for bad in (
        saved(tmp_path / "nan.pth", broken),
        saved(tmp_path / "odd.pth", {"surprise": torch.zeros(10**5)}),
        hub.LocalFile(str(tmp_path / "none.pth")),
    ):
        loaded = catalog.build(Model("x", SRResNet, SMALL, (bad, good)))
        assert loaded.weights == str(good)
        with pytest.raises(hub.WeightsUnavailable, match=f"^{bad}"):
            catalog.build(Model("x", SRResNet, SMALL, (bad,)))
