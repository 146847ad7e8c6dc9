"""A model made ready to run."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock

import torch
from torch import fx, nn

from sr.inference.rewrite import fuse
from sr.models import catalog
from sr.models.model import Model


@dataclass(frozen=True)
class Upscaler:
    """A model ready to run.

    stages: the network's, rewritten for inference.
    weights: the file they came from.
    note: why another model than the default answers, or "".
    """

    model: Model
    stages: tuple[fx.GraphModule, ...]
    weights: str
    note: str = ""

    def digest(self) -> str:
        """SHA-256 of the weights as they are used."""
        found = hashlib.sha256()
        for stage in self.stages:
            for tensor in stage.state_dict().values():
                found.update(tensor.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    def in_precision(self, precision: torch.dtype) -> Upscaler:
        """The same with its convolutions in a precision."""
        if precision == torch.float32:
            return self
        with _LOADING:
            return replace(self, stages=_converted(self.stages, precision))


def load(name: str | None = None) -> Upscaler:
    """A model ready to run. Raises `catalog.UnknownModel` and `hub.WeightsUnavailable`.

    The first call reads the weights, later ones share them. Where the default can't be had, its
    fallback is returned with a `note` that says so; a model asked for by name never falls back.
    """
    loaded = catalog.load(name)
    with _LOADING:  # or two at once would each rewrite the network
        stages = _stages(loaded.network)
    return Upscaler(loaded.model, stages, loaded.weights, loaded.note)


def ready(model: Model, network: nn.Sequential, weights: str) -> Upscaler:
    """A network that was just trained, ready to run. The network itself is left as it was."""
    return Upscaler(model, _rewritten(network), weights)


def _rewritten(network: nn.Sequential) -> tuple[fx.GraphModule, ...]:
    return tuple(fuse(stage).to(memory_format=torch.channels_last) for stage in network)


@lru_cache(maxsize=4)
def _converted(
    stages: tuple[fx.GraphModule, ...], precision: torch.dtype
) -> tuple[fx.GraphModule, ...]:
    """Copies; only layers with weights change, what is computed between them follows."""
    copies = copy.deepcopy(stages)
    for layer in (layer for stage in copies for layer in stage.modules()):
        if isinstance(layer, (nn.Conv2d, nn.PReLU)):
            layer.to(precision)
    return copies


_LOADING = Lock()
_stages = lru_cache(maxsize=4)(_rewritten)
