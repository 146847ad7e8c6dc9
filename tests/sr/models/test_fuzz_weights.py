"""Odd weights files: each is read as the network it was made from, or refused with `BadWeights`.

A long run, with its figures:

    FUZZ_EXAMPLES=20000 python -m pytest -s tests/sr/models/test_fuzz_weights.py
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from safetensors.torch import save
from torch import nn

import hub
from sr.models import catalog, keras, ncnn, srresnet
from sr.models.model import OURS, Model
from sr.models.rrdbnet import RRDBNet
from sr.models.srresnet import SRResNet
from tests.hub.fuzzing import ODD_JSON, byte_changes, changed, dumps, fuzz
from tests.sr.models.test_ncnn import NETWORK, numbers, param

pytestmark = pytest.mark.filterwarnings("ignore")

torch.manual_seed(0)
SMALL = {"channels": 4, "blocks": 1, "bias": True, "slopes": 4}
ORIGIN = SRResNet(**SMALL).eval()
STATE = dict(ORIGIN.state_dict())
KEYS = list(STATE)
MODEL = Model(
    "x",
    SRResNet,
    SMALL,
    layouts=(OURS, srresnet.SRGAN_PYTORCH),
    readers={".h5": keras.read},
)
NCNN = Model("x", RRDBNet, {"channels": 4, "blocks": 1, "growth": 2}, readers={".bin": ncnn.read})


def outcome(model: Model, path: Path, origin: nn.Module) -> str:
    """What came of reading a file."""
    try:
        network = model.load(path)
    except hub.BadWeights as error:
        said = str(error)
        assert said.isprintable() and len(said) < 700 and not said.endswith(".")
        return "refused"
    found, expected = network.state_dict(), origin.state_dict()
    assert all(tensor.isfinite().all() for tensor in found.values()) and not network.training
    same = all(torch.equal(found[key], tensor) for key, tensor in expected.items())
    return "the same" if same else "other numbers"


# PyTorch's files: what is in them, and the archive round it.

ODD_VALUES = {
    "sparse": lambda t: t.to_sparse(),
    "quantised": lambda t: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.qint8),
    "complex": lambda t: t.to(torch.complex64),
    "meta": lambda t: t.to("meta"),
    "bytes": lambda t: t.to(torch.int8),
    "half": lambda t: t.half(),
    "double": lambda t: t.double(),
    "float8": lambda t: t.to(torch.float8_e5m2),
    "expanded": lambda t: torch.zeros(1).expand(10**6, 10**6),
    "transposed": lambda t: t.transpose(0, -1) if t.ndim else t,
    "empty": lambda t: torch.zeros(0),
    "NaN": lambda t: t * float("nan"),
    "huge": lambda t: t * 1e38 * 100,
    "nested": lambda t: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
    "parameter": lambda t: nn.Parameter(t.float()),
    "text": lambda t: "text",
    "none": lambda t: None,
    "dictionary": lambda t: {"a": t},
}
WRAPPERS = ["state_dict", "ema_state_dict", "params", "params_ema", "epoch", "model"]
edits = st.dictionaries(
    st.sampled_from(KEYS), st.sampled_from(["remove", "rename", "number", *ODD_VALUES]), max_size=2
)
wrapping = st.lists(st.sampled_from(WRAPPERS), max_size=2)
archive_edit = st.tuples(
    st.sampled_from(["none", "remove", "deflate", "double", "bytes"]),
    st.floats(0, 0.999),
    byte_changes,
)


def checkpoint(changes: dict[str, str], wrappers: list[str], prefix: str, zipped: bool) -> bytes:
    state: dict = {prefix + key: tensor for key, tensor in STATE.items()}
    for key, how in changes.items():
        tensor = state.pop(prefix + key)
        if how == "remove":
            continue
        name = {"rename": f"{key}x", "number": 5}.get(how, prefix + key)
        state[name] = ODD_VALUES[how](tensor) if how in ODD_VALUES else tensor
    content: object = state
    for wrapper in wrappers:
        content = {"epoch": 1, wrapper: content}
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def archived(data: bytes, how: str, which: float, change: tuple) -> bytes:
    """The archive with one of its files changed."""
    target = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if how == "deflate" else zipfile.ZIP_STORED
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", kind) as new:
        names = old.namelist()
        chosen = names[int(which * len(names))]
        for name in names:
            content = old.read(name)
            if name == chosen and how in ("double", "bytes"):
                content = content * 2 if how == "double" else changed(content, *change)
            if name != chosen or how != "remove":
                new.writestr(name, content)
    return target.getvalue()


def test_pytorch_files(tmp_path):
    path = tmp_path / "w.pth"
    cases = st.tuples(
        edits,
        wrapping,
        st.sampled_from(["", "module.", "_orig_mod."]),
        st.booleans(),
        archive_edit,
        st.none() | byte_changes,
    )

    def read(case: tuple) -> str:
        *content, zipped, archive, raw = case
        data = checkpoint(*content, zipped)
        data = archived(data, *archive) if zipped and archive[0] != "none" else data
        path.write_bytes(changed(data, *raw) if raw else data)
        return outcome(MODEL, path, ORIGIN)

    counts = fuzz(cases, read)
    assert counts["the same"] and counts["refused"]


# safetensors: a length, a header in JSON, numbers.

SAFE = save(STATE)
LENGTH = struct.unpack("<Q", SAFE[:8])[0]
HEADER, NUMBERS = json.loads(SAFE[8 : 8 + LENGTH]), SAFE[8 + LENGTH :]
DTYPES = ["F64", "F32", "F16", "BF16", "I64", "I8", "U8", "BOOL", "C64", "F8_E5M2", "F4", "x"]
header_edits = st.one_of(
    st.tuples(st.sampled_from(KEYS), st.just("dtype"), st.sampled_from(DTYPES) | ODD_JSON),
    st.tuples(st.sampled_from(KEYS), st.just("shape"), ODD_JSON),
    st.tuples(st.sampled_from(KEYS), st.just("data_offsets"), ODD_JSON),
    st.tuples(st.sampled_from([*KEYS, "more", "__metadata__"]), st.none(), ODD_JSON),
)


def test_safetensors(tmp_path):
    path = tmp_path / "w.safetensors"
    cases = st.tuples(
        st.lists(header_edits, max_size=2),
        st.sampled_from([0, 0, 0, 1, -1, 2**40, 2**63]),
        st.none() | byte_changes,
    )

    def read(case: tuple) -> str:
        edits, longer, raw = case
        header = {key: dict(facts) for key, facts in HEADER.items()}
        for key, field, value in edits:
            if field is None:
                header[key] = value
            elif isinstance(header[key], dict):
                header[key][field] = value
        text = dumps(header)
        data = struct.pack("<Q", (len(text) + longer) % 2**64) + text + NUMBERS
        path.write_bytes(changed(data, *raw) if raw else data)
        return outcome(MODEL, path, ORIGIN)

    counts = fuzz(cases, read)
    assert counts["the same"] and counts["refused"]


# ncnn: lines of words, and numbers behind tags.

WORDS = ["", "-1", "0", "99", "9" * 5000, "=", "0=", "6=-1", "0=4", "1=3", "5=1", "1=1,2", "\0"]
WORDS += ["é", "Convolution", "Split", "Input", "LSTM", "nan", "6=108", "7767517"]
line_edits = st.tuples(
    st.sampled_from(["remove", "again", "word", "swap"]),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
    st.sampled_from(WORDS),
)


def edited(lines: list[str], how: str, at: float, where: float, word: str) -> list[str]:
    line = int(at * len(lines))
    if how == "word":
        words = lines[line].split(" ")
        words[int(where * len(words))] = word
        return [*lines[:line], " ".join(words), *lines[line + 1 :]]
    if how == "swap":
        other = int(where * len(lines))
        lines = list(lines)
        lines[line], lines[other] = lines[other], lines[line]
        return lines
    return lines[:line] + lines[line : line + 1] * (2 if how == "again" else 0) + lines[line + 1 :]


def test_ncnn(tmp_path):
    path, origin = tmp_path / "net.bin", NETWORK.eval()
    cases = st.tuples(
        st.lists(line_edits, max_size=2),
        st.sampled_from(list(ncnn.TAGS)),
        st.none() | byte_changes,
    )

    lines_of_all, data = param(), {tag: numbers(tag) for tag in ncnn.TAGS}

    def read(case: tuple) -> str:
        edits, tag, raw = case
        lines = lines_of_all
        for edit in edits:
            lines = edited(lines, *edit) or [""]
        path.with_suffix(".param").write_text("\n".join(lines) + "\n", encoding="utf-8")
        path.write_bytes(changed(data[tag], *raw) if raw else data[tag])
        return outcome(NCNN, path, origin)

    counts = fuzz(cases, read)
    assert counts["the same"] and counts["refused"]


# Keras: layers in HDF5, with lists of their names.

BATCH_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean"}
BATCH_NORM |= {"moving_variance": "running_var"}
KINDS = {
    nn.Conv2d: {"kernel": "weight", "bias": "bias"},
    nn.BatchNorm2d: BATCH_NORM,
    nn.PReLU: {"alpha": "weight"},
}
LAYERS = {
    name: {
        theirs: value.permute(2, 3, 1, 0).numpy() if value.ndim == 4 else value.numpy()
        for theirs, ours in KINDS[type(layer)].items()
        for value in [getattr(layer, ours).detach()]
    }
    for name, layer in ORIGIN.named_modules()
    if type(layer) in KINDS
}
ODD_ARRAYS = {
    "integers": lambda a: a.astype(np.int8),
    "doubles": lambda a: a.astype(np.float64),
    "complex": lambda a: a.astype(np.complex64),
    "text": lambda a: np.full(a.shape, b"text"),
    "unsigned": lambda a: a.astype(np.uint16),
    "scalar": lambda a: np.float32(1),
    "empty": lambda a: np.zeros(0, np.float32),
    "transposed": lambda a: a.T,
    "NaN": lambda a: a * np.nan,
    "null": lambda a: h5py.Empty("f4"),
    "record": lambda a: np.zeros(a.shape, [("a", "f4"), ("b", "i4")]),
    "enormous": None,  # more numbers than there are bytes in the world
    "large": None,  # as many as memory just holds
    "group": None,
    "elsewhere": None,
    "itself": None,
}
keras_edit = st.tuples(
    st.sampled_from(list(LAYERS)),
    st.floats(0, 0.999),
    st.sampled_from(["remove", "rename", "again", "unlisted", *ODD_ARRAYS]),
)
keras_edits = st.lists(keras_edit, max_size=2, unique_by=lambda edit: edit[0])
ODD_NAMES = [5, np.float32(1), b"", [b""], [5], [b"none"], [b"/"], [b".."], "x"]


def put(group: h5py.Group, name: str, array: np.ndarray, how: str) -> None:
    if how in ("enormous", "large"):
        shape = (10**15,) if how == "enormous" else (10**9,)
        group.create_dataset(name, shape, "f4", chunks=(10**6,), compression="gzip")
    elif how == "group":
        group.create_group(name)
    elif how == "elsewhere":
        group[name] = h5py.ExternalLink("none.h5", "/a")
    elif how == "itself":
        group[name] = h5py.SoftLink(f"{group.name}/{name}")
    else:
        group[name] = ODD_ARRAYS[how](array) if how in ODD_ARRAYS else array


def write_keras(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for layer, weights in LAYERS.items():
            group = file.create_group(layer)
            for name, array in weights.items():
                put(group, name, array, "none")
            group.attrs["weight_names"] = list(weights)
        file.attrs["layer_names"] = list(LAYERS)


def edit_keras(file: h5py.File, layer: str, at: float, how: str) -> None:
    group, names = file[layer], list(LAYERS[layer])
    chosen = names[int(at * len(names))]
    if how in ("again", "unlisted"):
        names.remove(chosen)
        group.attrs["weight_names"] = names + [chosen] * 2 if how == "again" else names
        if how == "again":
            file.attrs["layer_names"] = [*LAYERS, layer]
        return
    group.pop(chosen)
    if how != "remove":
        put(group, "weights" if how == "rename" else chosen, LAYERS[layer][chosen], how)
    if how == "rename":
        group.attrs["weight_names"] = [n if n != chosen else "weights" for n in names]


def test_keras(tmp_path):
    path = tmp_path / "w.h5"
    write_keras(path)
    whole = path.read_bytes()
    names = st.sampled_from(["right"] * 20 + ODD_NAMES)
    cases = st.tuples(
        keras_edits,
        names,
        st.none() | st.floats(0, 0.999),
    )

    def read(case: tuple) -> str:
        edits, names, cut = case
        path.write_bytes(whole)
        with h5py.File(path, "r+") as file:
            for edit in edits:
                edit_keras(file, *edit)
            if names != "right":
                file.attrs["layer_names"] = names
        if cut is not None:
            path.write_bytes(changed(path.read_bytes(), cut, b"", 10**9))
        return outcome(MODEL, path, ORIGIN)

    counts = fuzz(cases, read)
    assert counts["the same"] and counts["refused"]


# The config.json of own weights.

OPTIONS = ["channels", "blocks", "bias", "slopes", "eps", "tanh", "growth", "scale", "self", "x"]
NETWORKS = st.sampled_from(["SRResNet", "SRVGG", "SPAN", "RRDBNet", "SRCNN", "x"])


def test_config(tmp_path):
    config, path = tmp_path / "config.json", tmp_path / "model.safetensors"
    path.write_bytes(SAFE)
    options = st.dictionaries(st.sampled_from(OPTIONS), ODD_JSON, max_size=2).map(
        lambda odd: SMALL | odd
    )
    facts = st.fixed_dictionaries(
        {"network": st.just("SRResNet") | NETWORKS | ODD_JSON, "options": options | ODD_JSON}
    )
    run = st.fixed_dictionaries({"network": facts, "settings": ODD_JSON})
    cases = st.tuples(facts | facts | run | ODD_JSON, st.none() | st.none() | byte_changes)

    def read(case: tuple) -> str:
        value, raw = case
        text = dumps(value)
        config.write_bytes(changed(text, *raw) if raw else text)
        try:
            model = catalog.configured(config, hub.LocalFile(str(path)))
        except hub.BadWeights as error:
            assert str(error).isprintable() and len(str(error)) < 400
            return "refused"
        return outcome(model, path, ORIGIN)

    counts = fuzz(cases, read)
    assert counts["the same"] and counts["refused"] and not counts["other numbers"]
