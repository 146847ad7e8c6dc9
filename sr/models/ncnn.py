"""Models that ncnn wrote: a `.param` file of layers, and a `.bin` file of their numbers.

The layers stand in the order in which they run, and the numbers in the order of the layers; see
"param and model file structure" in ncnn's documentation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hub import BadWeights, brief

MAGIC = "7767517"
MOST_TEXT = 1 << 20  # bytes of a .param file; Real-ESRGAN's 999 layers take 117,030
CONVOLUTION = "Convolution"
# Layers without numbers. An activation has no line of its own where a convolution carries it.
PLAIN = {"BinaryOp", "Concat", "Eltwise", "Input", "Interp", "PixelShuffle", "Split"}
TAGS = {0x01306B47: np.float16, 0: np.float32}  # what stands before a convolution's weights


@dataclass(frozen=True)
class Layer:
    """A line of the `.param` file.  options: the values of its `key=value` pairs, as text."""

    kind: str
    name: str
    options: dict[str, str]

    def number(self, key: str) -> int:
        """An option that must be there. Raises `BadWeights`."""
        try:
            return int(self.options[key])
        except (KeyError, ValueError):
            raise BadWeights(f"{self.name} has no whole number for option {key}") from None


def read(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """State dict for `network` of a `.bin` file, which has its `.param` file beside it.

    The convolutions must be the network's, in its order, and hold all numbers of the file.
    Raises `BadWeights`.
    """
    layers = [layer for layer in _layers(path.with_suffix(".param")) if layer.kind == CONVOLUTION]
    ours = [(n, layer) for n, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    if len(layers) != len(ours):
        raise BadWeights(f"{path.name} has {len(layers)} convolutions, not {len(ours)}")
    for layer, (name, conv) in zip(layers, ours, strict=True):
        _check(layer, name, conv)
    numbers, state = _Numbers(path), {}
    for name, conv in ours:
        state[f"{name}.weight"] = numbers.take(conv.weight.shape, numbers.kind())
        state[f"{name}.bias"] = numbers.take(conv.bias.shape, np.float32)
    numbers.end()
    return state


def _layers(path: Path) -> Iterator[Layer]:
    """The lines of a `.param` file. Raises `BadWeights`."""
    try:
        with path.open(encoding="ascii") as file:
            magic, counts, *lines = file.read(MOST_TEXT).splitlines()
        if magic.strip() != MAGIC or int(counts.split()[0]) != len(lines):
            raise ValueError
    except (OSError, ValueError, IndexError):
        raise BadWeights(f"{path.name} is no list of an ncnn model's layers") from None
    for line in lines:
        yield _layer(line.split(), path.name)


def _layer(words: list[str], file: str) -> Layer:
    """A line: kind, name, counts of inputs and outputs, their names, options."""
    try:
        kind, name, inputs, outputs = words[:4]
        options = dict(word.split("=", 1) for word in words[4 + int(inputs) + int(outputs) :])
    except ValueError:
        raise BadWeights(f"{file} has a line that is no layer: {brief(' '.join(words))}") from None
    if kind not in PLAIN | {CONVOLUTION}:
        raise BadWeights(f"{file} has a layer of the unknown kind {brief(kind)}")
    return Layer(kind, brief(name), options)


def _check(layer: Layer, name: str, conv: nn.Conv2d) -> None:
    """Raise `BadWeights` unless a layer has the sizes of the network's convolution `name`."""
    theirs = [layer.number(key) for key in ("0", "1", "5", "6")]
    ours = [conv.out_channels, conv.kernel_size[0], int(conv.bias is not None), conv.weight.numel()]
    if theirs != ours:
        raise BadWeights(
            f"{layer.name} has outputs, kernel, bias and weights {brief(theirs)}, where {name} has "
            f"{ours}"
        )


class _Numbers:
    """What is left of a `.bin` file."""

    def __init__(self, path: Path) -> None:
        self.name, self.data, self.offset = path.name, path.read_bytes(), 0

    def take(self, shape: torch.Size, kind: type) -> Tensor:
        """The next numbers, as float32. Raises `BadWeights` if there are fewer."""
        size = shape.numel() * np.dtype(kind).itemsize
        if size > len(self.data) - self.offset:
            raise BadWeights(f"{self.name} ends early, at byte {len(self.data)}")
        found = np.frombuffer(self.data, kind, shape.numel(), self.offset)
        self.offset += -(-size // 4) * 4  # padded to whole words
        return torch.from_numpy(found.astype(np.float32)).view(shape)

    def kind(self) -> type:
        """What a tag says of the weights after it. Raises `BadWeights`."""
        tag = int.from_bytes(self.data[self.offset : self.offset + 4], "little")
        if tag not in TAGS:
            raise BadWeights(f"{self.name} has weights of an unknown kind, {tag:#010x}")
        self.offset += 4
        return TAGS[tag]

    def end(self) -> None:
        """Raises `BadWeights` unless all is used."""
        if self.offset != len(self.data):
            left = len(self.data) - self.offset
            raise BadWeights(f"{self.name} is {left} bytes longer than its layers")
