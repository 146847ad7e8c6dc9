"""What a published network is: its class, its weights, and how their keys map to it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hub import (
    BadWeights,
    PackageFile,
    Source,
    check_numbers,
    check_tensors,
    no_larger_than,
    read_checkpoint,
    reading,
)
from sr.settings import SCALE

# Our key -> the file's, as (pattern, replacement) pairs applied one after the other.
Rules = tuple[tuple[str, str], ...]
OURS: Rules = ()
# Where training puts the tensors, the ones to take first.
WRAPPERS = ("state_dict", "params_ema", "params", "ema_state_dict")
Reader = Callable[[Path, nn.Module], dict[str, Tensor]]


@dataclass(frozen=True, eq=False)
class Model:
    """A network with published weights.

    name: as the catalog has it.
    network: the paper's, a sequence of stages: the `trunk` works at the input's size, the `tail`
        upsamples. It maps RGB (N, 3, H, W) in 0..1 to RGB (N, 3, 4H, 4W) around 0..1, float32.
    options: the network's keywords for these weights.
    sources: where the weights are, tried in this order.
    licence: of the weights.
    layouts: the key layouts that the file may have, for PyTorch and safetensors files.
    readers: of other formats, by the file's ending; each makes a state dict for the network.
    overlap: None if tiles are exact, else the input pixels that two tiles share.
    luma: the network has one channel, luma, and colour is enlarged by bicubic.
    scale: the network's own; 1 works on the photo enlarged by bicubic.
    """

    name: str
    network: type[nn.Sequential]
    options: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    licence: str = ""
    layouts: tuple[Rules, ...] = (OURS,)
    readers: Mapping[str, Reader] = field(default_factory=dict)
    overlap: int | None = None
    luma: bool = False
    scale: int = SCALE

    @property
    def spec(self) -> dict[str, Any]:
        """What config.json says of the network."""
        return {"network": self.network.__name__, "options": dict(self.options)}

    def build(self) -> nn.Sequential:
        """The network without its weights."""
        return self.network(**self.options)

    def read(self, path: Path, network: nn.Sequential) -> dict[str, Tensor]:
        """The state dict for `network` that a file holds. Raises `BadWeights`."""
        with reading(path):
            if reader := self.readers.get(path.suffix):
                state = reader(path, network)
                check_tensors(path, state, network.state_dict())
                return state
            return renamed(path, network, *self.layouts)

    def load(self, path: Path) -> nn.Sequential:
        """The network with a file's weights, in eval mode. Raises `BadWeights`.

        It is made once the file is known to have its tensors, so it is no larger than the file.
        """
        with no_larger_than(path), torch.device("meta"):  # where tensors have shapes and no memory
            outline = self.build()
        state = self.read(path, outline)
        network = self.build()
        with reading(path):
            check_numbers(path, state, outline.state_dict())
            network.load_state_dict(state, strict=True)
        return network.eval()


@dataclass(frozen=True, eq=False)
class Loaded:
    """A network with its weights, in eval mode.

    weights: the file they came from.
    note: why another model than the default answers, or "".
    """

    model: Model
    network: nn.Sequential
    weights: str
    note: str = ""


def trained_here(
    name: str, network: type[nn.Sequential], options: Mapping[str, Any], sha256: str, **facts: Any
) -> Model:
    """A model whose weights `python -m sr.train` made; its card lies beside them."""
    source = PackageFile("sr", f"weights/{name}.safetensors", sha256)
    return Model(name, network, options, (source,), "Apache-2.0", **facts)


def renamed(path: Path, network: nn.Module, *layouts: Rules) -> dict[str, Tensor]:
    """State dict for `network` from a PyTorch or safetensors file in one of `layouts`.

    The layout whose names fit best is taken. Then every key must be there, none be left over, and
    each have the network's shape; else `BadWeights` names it as the file does.
    """
    theirs = read_tensors(path)
    ours = network.state_dict()
    tables = [{key: _translate(key, rules) for key in ours} for rules in layouts]
    names = max(tables, key=lambda table: len(theirs.keys() & table.values()))
    for key, name in names.items():
        if key.endswith("num_batches_tracked"):  # published files may lack it; nothing reads it
            theirs.setdefault(name, torch.tensor(0))
    check_tensors(path, theirs, {name: ours[key] for key, name in names.items()})
    return {key: theirs[name] for key, name in names.items()}


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Names and tensors of a weights file, without the wrappers that training puts round them.

    Raises `BadWeights`.
    """
    state = read_checkpoint(path)
    if isinstance(state, dict):
        wrapped = (state.get(key) for key in WRAPPERS)
        state = next((inner for inner in wrapped if isinstance(inner, dict)), state)
    if not isinstance(state, dict) or not all(
        isinstance(key, str) and isinstance(v, Tensor) for key, v in state.items()
    ):
        raise BadWeights(f"{path.name} holds something other than named tensors")
    return {re.sub(r"^(module\.|_orig_mod\.)+", "", key): v for key, v in state.items()}


def _translate(key: str, rules: Rules) -> str:
    for pattern, replacement in rules:
        key = re.sub(pattern, replacement, key)
    return key
