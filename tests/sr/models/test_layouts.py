"""Files in each published key layout, with random weights, give the network they came from."""

import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from hub import BadWeights
from sr.models import model, rrdbnet, srresnet, srvgg
from sr.models.rrdbnet import RRDBNet
from sr.models.srresnet import SRResNet
from sr.models.srvgg import SRVGG

NETWORKS = {
    "srgan": lambda: SRResNet(8, 16),
    "rrdb": lambda: RRDBNet(8, 2, 4),
    "compact": lambda: SRVGG(8, 3),
}


def random(network: nn.Module) -> nn.Module:
    torch.manual_seed(3)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.01, 0.2)
    return network.eval()


def srgan(key: str) -> str:
    """Our key as SRGAN-PyTorch writes it, put down by hand from its code."""
    tail = {"0": "upsampling.0.upsample_block.0", "2": "upsampling.0.upsample_block.2",
            "3": "upsampling.1.upsample_block.0", "5": "upsampling.1.upsample_block.2",
            "6": "conv3"}  # fmt: skip
    block = {"conv1": 0, "bn1": 1, "prelu": 2, "conv2": 3, "bn2": 4}
    ends = {"conv1": "conv1.0", "prelu": "conv1.1", "conv2": "conv2.0", "bn": "conv2.1"}
    parts = key.split(".")
    if parts[0] == "tail":
        return f"{tail[parts[1]]}.{parts[2]}"
    if parts[1] == "blocks":
        return f"trunk.{parts[2]}.rcb.{block[parts[3]]}.{parts[4]}"
    return f"{ends[parts[1]]}.{parts[2]}"


def srgan_2022(key: str) -> str:
    return re.sub(r"^conv(\d)", r"conv_block\1", srgan(key))


def real_esrgan(key: str) -> str:
    return key.split(".", 1)[1]


def esrgan(key: str) -> str:
    key = key.split(".", 1)[1]
    for ours, theirs in {
        "body": "RRDB_trunk", "rdb": "RDB", "conv_body": "trunk_conv", "conv_up1": "upconv1",
        "conv_up2": "upconv2", "conv_hr": "HRconv",
    }.items():  # fmt: skip
        key = re.sub(rf"(^|\.){ours}", rf"\1{theirs}", key)
    return key


BOTH = (srresnet.SRGAN_PYTORCH, srresnet.SRGAN_PYTORCH_2022)
RRDB = (rrdbnet.ESRGAN, rrdbnet.REAL_ESRGAN)
COMPACT = srvgg.PUBLISHED[0].layouts
FILES = {
    "srgan": ("srgan", srgan, "state_dict", "", BOTH),
    "srgan module.": ("srgan", srgan, "state_dict", "module.", BOTH),
    "srgan _orig_mod.": ("srgan", srgan, "state_dict", "_orig_mod.", BOTH),
    "srgan 2022": ("srgan", srgan_2022, "state_dict", "", BOTH),
    "rrdb old": ("rrdb", esrgan, None, "", RRDB),
    "rrdb new": ("rrdb", real_esrgan, "params_ema", "", RRDB),
    "rrdb new, params": ("rrdb", real_esrgan, "params", "", RRDB),
    "compact": ("compact", real_esrgan, "params", "", COMPACT),
    "compact, params_ema": ("compact", real_esrgan, "params_ema", "", COMPACT),
    "srgan, ema_state_dict": ("srgan", srgan, "ema_state_dict", "", BOTH),
    "ours": ("srgan", lambda key: key, None, "", (model.OURS, *BOTH)),
}


@pytest.mark.parametrize("case", FILES)
def test_every_layout_gives_the_network_it_came_from(case, tmp_path):
    kind, translate, wrapper, prefix, names = FILES[case]
    origin = random(NETWORKS[kind]())
    state = {prefix + translate(key): value for key, value in origin.state_dict().items()}
    path = tmp_path / "weights.pth"
    torch.save({wrapper: state} if wrapper else state, path)

    network = NETWORKS[kind]().eval()
    state = model.renamed(path, network, *names)
    network.load_state_dict(state, strict=True)
    photo = torch.rand(1, 3, 9, 11)
    with torch.inference_mode():
        assert torch.equal(network(photo), origin(photo))


def test_of_both_kinds_of_state_the_trained_one_is_taken(tmp_path):
    trained, averaged = ({"a": torch.full((1,), value)} for value in (1.0, 2.0))
    torch.save({"ema_state_dict": averaged, "state_dict": trained}, tmp_path / "w.pth")
    assert model.read_tensors(tmp_path / "w.pth") == trained


def test_safetensors_in_half_precision(tmp_path):
    origin = random(SRResNet(8, 16)).half().float()
    path = tmp_path / "model.safetensors"
    save_file({key: v.half() for key, v in origin.state_dict().items() if v.dim()}, path)
    state = model.renamed(path, SRResNet(8, 16), model.OURS, *BOTH)
    assert all(torch.equal(state[key], value) for key, value in origin.state_dict().items())


def write(tmp_path, change) -> tuple:
    network = random(SRResNet(8, 16))
    state = {srgan(key): value for key, value in network.state_dict().items()}
    change(state)
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": state}, path)
    return path, network


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.pop("trunk.7.rcb.3.weight"), "lacks trunk.7.rcb.3.weight"),
        (lambda s: s.update(extra=torch.zeros(1)), "has the unknown extra"),
        (
            lambda s: s.update({"conv3.bias": torch.zeros(4)}),
            "has a wrong shape in conv3.bias, which is (4,), not (3,)",
        ),
    ],
)
def test_a_key_that_does_not_fit_is_named(tmp_path, change, sentence):
    path, network = write(tmp_path, change)
    with pytest.raises(BadWeights, match=re.escape(f"weights.pth {sentence}")):
        model.renamed(path, network, *BOTH)


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('code in a weights file was run')",))


@pytest.mark.parametrize(
    "content", [Evil(), {"state_dict": {"a": "text"}}, [1, 2], {5: torch.zeros(1)}]
)
def test_what_is_no_plain_tensors_is_refused(tmp_path, content):
    path = tmp_path / "weights.pth"
    torch.save(content, path)
    with pytest.raises(BadWeights, match=r"weights.pth (is no weights file|holds something)"):
        model.renamed(path, SRResNet(8, 1), model.OURS)


@pytest.mark.parametrize("name", ["weights.pth", "model.safetensors"])
def test_rubbish_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"rubbish" * 100)
    with pytest.raises(BadWeights, match="that can be read safely"):
        model.renamed(tmp_path / name, SRResNet(8, 1), model.OURS)
