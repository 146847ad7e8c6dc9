"""What one step of training does: the generator alone, or against a discriminator.

A stage has `networks` and `optimizers` by name, and `step`. What its generator learns by is the
list of its `terms`, see `losses`.
"""

import copy
from functools import partial

import torch
from torch import Tensor, nn

from sr.train.distributed import Processes
from sr.train.losses import (
    Term,
    absolute_error,
    adversarial_loss,
    content_loss,
    discriminator_loss,
    squared_error,
)

BETAS = (0.9, 0.99)  # Adam's
ADVERSARIAL = 1e-3  # Ledig et al. 2017, eq. 3

Losses = dict[str, Tensor]


class NotFinite(RuntimeError):
    """A loss is infinite or no number; nothing was changed by it."""


class Optimizer:
    """Adam for one network, in half precision on a GPU (automatic mixed precision)."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.parameters = list(network.parameters())
        self.adam = torch.optim.Adam(self.parameters, betas=BETAS, fused=True)
        self.scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")

    def step(self, loss: Tensor, learning_rate: float) -> None:
        """One step down `loss`, for this network alone. Raises `NotFinite` and changes nothing."""
        if not torch.isfinite(loss):
            raise NotFinite
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        self.adam.zero_grad()
        self.scaler.scale(loss).backward(inputs=self.parameters)
        self.scaler.step(self.adam)
        self.scaler.update()

    def state_dict(self) -> dict:
        return {"adam": self.adam.state_dict(), "scaler": self.scaler.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.adam.load_state_dict(state["adam"])
        self.scaler.load_state_dict(state["scaler"])


class Stage:
    """The generator learns by the weighted sum of `terms`.

    features: the name of what a content loss compares, None without one.
    average: a copy of the generator for the moving average of its weights, in eval mode.
    """

    features: str | None = None

    def __init__(self, generator: nn.Module, terms: list[Term], processes: Processes) -> None:
        self.terms, self.device = terms, processes.device
        self.average = copy.deepcopy(generator).to(self.device).eval()
        self.generator = processes.share(generator)
        self.networks = {"generator": generator}
        self.optimizers = {"generator": Optimizer(generator, self.device)}

    def step(self, small: Tensor, large: Tensor, learning_rate: float) -> Losses:
        """Learn from (N, C, h, w) and (N, C, H, W) in 0..1; gives the losses by name.

        Raises `NotFinite`.
        """
        return self.update_generator(self.restore(small), large, learning_rate)

    def restore(self, small: Tensor) -> Tensor:
        with mixed_precision(self.device):
            return self.generator(small)

    def update_generator(self, restored: Tensor, large: Tensor, learning_rate: float) -> Losses:
        with mixed_precision(self.device):
            losses = {term.name: term.loss(restored, large) for term in self.terms}
        total = sum(term.weight * losses[term.name] for term in self.terms)
        self.optimizers["generator"].step(total, learning_rate)
        return {name: loss.detach() for name, loss in losses.items()}


class PixelStage(Stage):
    """The squared error alone: SRCNN, FSRCNN, and SRResNet (Ledig et al. 2017, section 3.2)."""

    def __init__(self, generator: nn.Module, processes: Processes) -> None:
        super().__init__(generator, [Term("pixel", 1.0, squared_error)], processes)


class AdversarialStage(Stage):
    """SRGAN: content and adversarial loss, against a discriminator that learns too.

    Ledig et al. 2017, eq. 2 and 3, and the absolute error of the pixels. The
    discriminator learns first in each step.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        features: nn.Module,
        processes: Processes,
    ) -> None:
        terms = [
            Term("content", 1.0, partial(content_loss, features)),
            Term("adversarial", ADVERSARIAL, lambda made, _: adversarial_loss(discriminator, made)),
            Term("pixel", 1.0, absolute_error),
        ]
        super().__init__(generator, terms, processes)
        self.features = features.name
        self.discriminator = processes.share(discriminator.train())
        self.networks["discriminator"] = discriminator
        self.optimizers["discriminator"] = Optimizer(discriminator, self.device)

    def step(self, small: Tensor, large: Tensor, learning_rate: float) -> Losses:
        restored = self.restore(small)
        with mixed_precision(self.device):
            loss = discriminator_loss(self.discriminator, restored.detach(), large)
        self.optimizers["discriminator"].step(loss, learning_rate)
        losses = self.update_generator(restored, large, learning_rate)
        return losses | {"discriminator": loss.detach()}


def mixed_precision(device: torch.device) -> torch.autocast:
    """Half precision where a GPU is; on a CPU float32, which is what continues bit for bit."""
    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def freeze_statistics(network: nn.Module) -> None:
    """Batch norm by the statistics it has, in training as in use: for weights that are trained."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
