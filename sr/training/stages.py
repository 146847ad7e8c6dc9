"""What one step of training does: the pixel loss alone, or generator against discriminator.

A stage has `networks` and `descents` by name and `step(small, large, rate)`:
batches (N, C, h, w) and (N, C, H, W) in 0..1 in, the losses by name out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr.training.features import Content
from sr.training.processes import World, bare

ADVERSARIAL = 1e-3  # Ledig et al. 2017, eq. 3
PIXEL = 1.0  # Real-ESRGAN, section 4.1: keeps colours where features don't see them
BETAS = (0.9, 0.99)

Losses = dict[str, Tensor]


class NotFinite(RuntimeError):
    """A loss is infinite or no number; nothing was changed by it."""


class Descent:
    """Adam on one network, in half precision on a GPU (automatic mixed precision)."""

    def __init__(self, network: nn.Module, device: torch.device) -> None:
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.adam = torch.optim.Adam(self.parameters, betas=BETAS, fused=True)
        self.scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")

    def step(self, loss: Tensor, rate: float) -> None:
        """One step down `loss`. Raises `NotFinite` before anything has changed."""
        if not torch.isfinite(loss):
            raise NotFinite
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(self.adam)
        self.scaler.update()

    def state_dict(self) -> dict:
        return {"adam": self.adam.state_dict(), "scaler": self.scaler.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        self.adam.load_state_dict(state["adam"])
        self.scaler.load_state_dict(state["scaler"])


class Pixel:
    """The mean squared error: SRCNN, FSRCNN, and SRResNet (Ledig et al. 2017, eq. 4)."""

    def __init__(self, generator: nn.Module, world: World) -> None:
        self.generator, self.world = world.share(generator), world
        self.descents = {"generator": Descent(generator, world.device)}
        self.networks = {"generator": bare(self.generator)}

    def step(self, small: Tensor, large: Tensor, rate: float) -> Losses:
        with mixed(self.world.device):
            loss = F.mse_loss(self.generator(small), large)
        self.descents["generator"].step(loss, rate)
        return {"pixel": loss.detach()}


class Adversarial:
    """Content and adversarial loss against a discriminator that learns too (SRGAN).

    Ledig et al. 2017, eq. 2 and 3; the generator's part is -log D, the
    discriminator sees crops in -1..1.
    """

    def __init__(
        self, generator: nn.Module, discriminator: nn.Module, content: Content, world: World
    ) -> None:
        self.generator, self.world, self.content = world.share(generator), world, content
        self.discriminator = world.share(discriminator.train())
        self.networks = {
            "generator": bare(self.generator),
            "discriminator": bare(self.discriminator),
        }
        self.descents = {k: Descent(v, world.device) for k, v in self.networks.items()}

    def step(self, small: Tensor, large: Tensor, rate: float) -> Losses:
        with mixed(self.world.device):
            made = self.generator(small)
        told_apart = self._teach_discriminator(made.detach(), large, rate)
        return self._teach_generator(made, large, rate) | {"discriminator": told_apart}

    def _teach_discriminator(self, made: Tensor, large: Tensor, rate: float) -> Tensor:
        with mixed(self.world.device):
            loss = _told(self.discriminator(large * 2 - 1), 1.0)
            loss = loss + _told(self.discriminator(made * 2 - 1), 0.0)
        self.descents["discriminator"].step(loss, rate)
        return loss.detach()

    def _teach_generator(self, made: Tensor, large: Tensor, rate: float) -> Losses:
        judge = self.networks["discriminator"].requires_grad_(False)
        with mixed(self.world.device):
            losses = {
                "content": self.content(made, large),
                "adversarial": _told(judge(made * 2 - 1), 1.0),
                "pixel": F.l1_loss(made, large),
            }
        loss = losses["content"] + ADVERSARIAL * losses["adversarial"] + PIXEL * losses["pixel"]
        try:
            self.descents["generator"].step(loss, rate)
        finally:
            judge.requires_grad_(True)
        return {name: value.detach() for name, value in losses.items()}


def mixed(device: torch.device) -> torch.autocast:
    """Half precision where a GPU is; on a CPU float32, which is what continues bit for bit."""
    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def freeze_statistics(network: nn.Module) -> None:
    """Batch norm by the statistics it has, in training as in use: for weights that are trained."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()


def _told(logits: Tensor, truth: float) -> Tensor:
    """Binary cross entropy of logits (N, 1) against one answer for all."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))
