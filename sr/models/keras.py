"""Weights files that Keras wrote (HDF5), read without TensorFlow."""

from pathlib import Path

import torch
from torch import Tensor, nn

from hub import BadWeights, brief

Tensors = dict[str, Tensor]


def read(path: Path, network: nn.Module) -> Tensors:
    """State dict for `network` of a file whose layers are in the order of the network's.

    Layers without weights are left out. Kernels become output-first (OIHW), PReLU slopes flat.
    Raises `BadWeights`, and what h5py raises for a damaged file.
    """
    modules = network.named_modules()
    names = [name for name, layer in modules if list(layer.parameters(recurse=False))]
    layers = _layers(path, sum(tensor.numel() for tensor in network.state_dict().values()))
    if len(layers) != len(names):
        raise BadWeights(f"{path.name} has {len(layers)} layers with weights, not {len(names)}")
    state: Tensors = {}
    for name, (keras_name, tensors) in zip(names, layers, strict=True):
        for key, tensor in _translated(keras_name, tensors).items():
            state[f"{name}.{key}"] = tensor
    return state


def _layers(path: Path, most: int) -> list[tuple[str, Tensors]]:
    """(layer name, {weight name: tensor}) of each layer that has weights.

    most: numbers to read; HDF5 can have far more of them than it has bytes.
    """
    import h5py

    def text(value: str | bytes) -> str:
        return value.decode() if isinstance(value, bytes) else value

    layers = []
    with h5py.File(path, "r") as file:
        for layer in map(text, file.attrs["layer_names"]):
            keys = map(text, file[layer].attrs["weight_names"])
            tensors = {key.split("/")[-1].split(":")[0]: file[layer][key] for key in keys}
            most -= sum(dataset.size for dataset in tensors.values())
            if most < 0:
                raise BadWeights(f"{path.name} has more numbers than the network")
            if tensors:
                read = {key: torch.from_numpy(data[()]) for key, data in tensors.items()}
                layers.append((layer, read))
    return layers


def _translated(layer: str, tensors: Tensors) -> Tensors:
    """One layer's tensors under PyTorch's names, in PyTorch's layout."""
    kind = set(tensors)
    if kind == {"kernel", "bias"}:
        kernel = tensors["kernel"]  # HWIO of a convolution, IO of a dense layer
        outputs_first = kernel.permute(3, 2, 0, 1) if kernel.ndim == 4 else kernel.T
        return {"weight": outputs_first.contiguous(), "bias": tensors["bias"]}
    if kind == {"alpha"}:
        return {"weight": tensors["alpha"].flatten()}
    if kind == {"gamma", "beta", "moving_mean", "moving_variance"}:
        return {
            "weight": tensors["gamma"],
            "bias": tensors["beta"],
            "running_mean": tensors["moving_mean"],
            "running_var": tensors["moving_variance"],
            "num_batches_tracked": torch.tensor(0),
        }
    unknown = brief(", ".join(tensors))
    raise BadWeights(f"layer {brief(layer)} has the unknown weights {unknown}")
