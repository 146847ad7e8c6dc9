"""Reading weights files: the tensors, and whether they are those that a network has."""

from collections.abc import Mapping
from pathlib import Path


class BadWeights(ValueError):
    """A weights file was fetched and is not laid out as its source says."""


def read_checkpoint(path: Path) -> dict:
    """What a .safetensors or PyTorch file holds, on the CPU; nothing in it is run.

    Raises `BadWeights`.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return {name: tensor.float() for name, tensor in load_file(path).items()}
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything
        raise BadWeights(
            f"{path.name} is no weights file that can be read safely ({type(error).__name__})"
        ) from None


def check_tensors(path: Path, found: Mapping, expected: Mapping) -> None:
    """That the tensors in `found` have the names and shapes of those in `expected`.

    Both map names to tensors. Raises `BadWeights` naming the keys that don't fit.
    """
    complaints = {
        "lacks": sorted(set(expected) - set(found)),
        "has the unknown": sorted(set(found) - set(expected)),
        "has a wrong shape in": [
            f"{name}, which is {tuple(found[name].shape)}, not {tuple(tensor.shape)}"
            for name, tensor in expected.items()
            if name in found and found[name].shape != tensor.shape
        ],
    }
    for what, names in complaints.items():
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise BadWeights(f"{path.name} {what} {', '.join(names[:3])}{more}")


def same_order(state: dict, keys: list[str], path: Path) -> dict:
    """`state` under the names `keys`; each pair must agree in the last part of its name.

    Raises `BadWeights`.
    """
    if len(state) != len(keys):
        raise BadWeights(f"{path.name} has {len(state)} tensors, not {len(keys)}")
    for theirs, ours in zip(state, keys, strict=True):
        if theirs.rsplit(".", 1)[-1] != ours.rsplit(".", 1)[-1]:
            raise BadWeights(f"{path.name} has {theirs} where {ours} belongs")
    return dict(zip(keys, state.values(), strict=True))
