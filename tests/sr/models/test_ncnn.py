"""ncnn's files: what they hold is read whole, and whatever doesn't fit is refused in a sentence."""

import struct

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import hub
from hub import BadWeights
from sr.models import catalog, ncnn
from sr.models.rrdbnet import RRDBNet

NETWORK = RRDBNet(4, 1, 2)
CONVS = [layer for layer in NETWORK.modules() if isinstance(layer, torch.nn.Conv2d)]


def param(network_convs=CONVS) -> list[str]:
    """The lines of a .param file for convolutions one after the other."""
    lines = ["Input input.1 0 1 data"]
    for n, conv in enumerate(network_convs):
        facts = f"0={conv.out_channels} 1=3 4=1 5=1 6={conv.weight.numel()} 9=2 -23310=1,2.0e-01"
        lines += [f"Convolution Conv_{n} 1 1 {n} {n + 1} {facts}", f"Split s{n} 1 2 {n} a{n} b{n}"]
    return ["7767517", f"{len(lines)} 99", *lines]


def numbers(tag: int = 0x01306B47) -> bytes:
    """The .bin file of `CONVS` with their own weights: here odd ones, which need padding."""
    data = b""
    for conv in CONVS:
        weight = conv.weight.detach().numpy().astype("<f2" if tag else "<f4").tobytes()
        data += struct.pack("<I", tag) + weight + bytes(-len(weight) % 4)
        data += conv.bias.detach().numpy().astype("<f4").tobytes()
    return data


def put(folder, lines: list[str], data: bytes):
    (folder / "net.param").write_text("\n".join(lines) + "\n")
    (folder / "net.bin").write_bytes(data)
    return folder / "net.bin"


@pytest.mark.parametrize("tag", [0x01306B47, 0])
def test_the_numbers_of_a_file_are_the_network_s(tmp_path, tag):
    state = ncnn.read(put(tmp_path, param(), numbers(tag)), NETWORK)
    expected = NETWORK.state_dict()
    assert state.keys() == expected.keys()
    for key, value in state.items():
        exact = expected[key].half().float() if tag and key.endswith("weight") else expected[key]
        assert torch.equal(value, exact)


def test_the_published_file_is_real_esrgan():
    model = catalog.find("real-esrgan")
    network = model.build()
    state = model.read(hub.fetch(model.sources[0]), network)
    network.load_state_dict(state, strict=True)
    assert sum(value.numel() for value in state.values()) == 16_697_987


LINES = param()


@pytest.mark.parametrize(
    ("lines", "data", "sentence"),
    [
        (LINES, numbers()[:-1], "net.bin ends early, at byte"),
        (LINES, numbers() + bytes(4), "net.bin is 4 bytes longer than its layers"),
        (LINES, b"", "net.bin has weights of an unknown kind|ends early"),
        (LINES, b"\x01" + numbers()[1:], "net.bin has weights of an unknown kind, 0x01306b01"),
        (["1", *LINES[1:]], numbers(), "net.param is no list of an ncnn model's layers"),
        (LINES[:-1], numbers(), "net.param is no list of an ncnn model's layers"),
        (LINES[:2], numbers(), "net.param is no list of an ncnn model's layers"),
        ([*LINES[:2], "LSTM a 1 1 b c", *LINES[3:]], numbers(), "of the unknown kind LSTM"),
        ([*LINES[:2], "Input", *LINES[3:]], numbers(), "has a line that is no layer: Input"),
        ([*LINES[:3], LINES[2], *LINES[4:]], numbers(), r"has 20 convolutions, not 21"),
        (
            [line.replace("0=4 1=3", "0=4 1=5") for line in LINES],
            numbers(),
            r"Conv_0 has outputs, kernel, bias and weights \[4, 5, 1, 108\], where "
            r"trunk.conv_first has \[4, 3, 1, 108\]",
        ),
        (
            [line.replace("6=108", "6=") for line in LINES],
            numbers(),
            "no whole number for option 6",
        ),
    ],
)
def test_what_does_not_fit_is_a_sentence(tmp_path, lines, data, sentence):
    with pytest.raises(BadWeights, match=sentence):
        ncnn.read(put(tmp_path, lines, data), NETWORK)


def test_a_lonely_file_is_a_sentence(tmp_path):
    (tmp_path / "net.bin").write_bytes(numbers())
    with pytest.raises(BadWeights, match=r"net\.param is no list"):
        ncnn.read(tmp_path / "net.bin", NETWORK)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_are_read_or_refused(tmp_path_factory, data):
    """Bytes are changed, cut off and added; nothing but `BadWeights` may come out."""
    folder = tmp_path_factory.mktemp("ncnn")
    texts = ["\n".join(param()).encode(), numbers()]
    which = data.draw(st.integers(0, 1))
    damaged = bytearray(texts[which])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    texts[which] = bytes(damaged)
    (folder / "net.param").write_bytes(texts[0])
    (folder / "net.bin").write_bytes(texts[1])
    try:
        state = ncnn.read(folder / "net.bin", NETWORK)
    except BadWeights as error:
        assert len(str(error)) < 300
    else:
        NETWORK.load_state_dict(NETWORK.state_dict() | state, strict=True)
