"""What one step of training does: the generator alone, or against a discriminator.

A stage has `networks` and `optimizers` by name, and `step`. What its generator learns by is the
list of its `terms`, see `losses`.
"""

import copy
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from sr.settings import SCALE
from sr.train.distributed import Processes
from sr.train.losses import (
    Term,
    absolute_error,
    adversarial_loss,
    colour_loss,
    content_loss,
    discriminator_hinge_loss,
    discriminator_loss,
    feature_loss,
    hinge_loss,
    squared_error,
)

BETAS = (0.9, 0.99)  # Adam's
ADVERSARIAL = 1e-3  # Ledig et al. 2017, eq. 3
# docs/training.md has what was measured, and what was not.
TASK_LOSSES = {"pixel": 1.0, "colour": 1.0, "task": 0.2, "adversarial": 0.01}
CLIP = 1.0  # the norm of SPAN's gradients: its features are in levels, so single steps are wild
# Pixels along each side of a crop, of which its small one shows too little.
BORDER = 4 * SCALE
STRIDE = 16  # the classifier's, in pixels

Losses = dict[str, Tensor]


class NotFinite(RuntimeError):
    """A loss is infinite or no number; nothing was changed by it."""


class Optimizer:
    """Adam for one network, in half precision on a GPU (automatic mixed precision).

    clip: the largest norm of the gradients (Pascanu et al. 2013), or None.
    """

    def __init__(self, network: nn.Module, device: torch.device, clip: float | None = None) -> None:
        self.parameters, self.clip = list(network.parameters()), clip
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
        if self.clip:
            self.scaler.unscale_(self.adam)
            nn.utils.clip_grad_norm_(self.parameters, self.clip)
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

    def __init__(
        self,
        generator: nn.Module,
        terms: list[Term],
        processes: Processes,
        clip: float | None = None,
    ) -> None:
        self.terms, self.device = terms, processes.device
        self.average = copy.deepcopy(generator).to(self.device).eval()
        self.generator = processes.share(generator)
        self.networks = {"generator": generator}
        self.optimizers = {"generator": Optimizer(generator, self.device, clip)}

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


class DiscriminatorStage(Stage):
    """Against a discriminator that learns too, first in each step.

    features: what a loss of the generator compares, for its name.
    """

    discriminator_loss: Callable[[nn.Module, Tensor, Tensor], Tensor]

    def __init__(
        self,
        generator: nn.Module,
        terms: list[Term],
        discriminator: nn.Module,
        features: nn.Module,
        processes: Processes,
        clip: float | None = None,
    ) -> None:
        super().__init__(generator, terms, processes, clip)
        self.features = features.name
        self.discriminator = processes.share(discriminator.train())
        self.networks["discriminator"] = discriminator
        self.optimizers["discriminator"] = Optimizer(discriminator, self.device)

    def judged(self, x: Tensor) -> Tensor:
        """The part of (N, C, H, W) that the losses see."""
        return x

    def step(self, small: Tensor, large: Tensor, learning_rate: float) -> Losses:
        restored, large = (self.judged(x) for x in (self.restore(small), large))
        with mixed_precision(self.device):
            loss = self.discriminator_loss(self.discriminator, restored.detach(), large)
        self.optimizers["discriminator"].step(loss, learning_rate)
        losses = self.update_generator(restored, large, learning_rate)
        return losses | {"discriminator": loss.detach()}


class AdversarialStage(DiscriminatorStage):
    """SRGAN: content and adversarial loss, against a discriminator that learns too.

    Ledig et al. 2017, eq. 2 and 3, and the absolute error of the pixels.
    """

    discriminator_loss = staticmethod(discriminator_loss)

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
        super().__init__(generator, terms, discriminator, features, processes)


class TaskStage(DiscriminatorStage):
    """The original's pixels, colours and texture, and to be recognised as it is.

    discriminator: judges patches.
    features: of the classifier that is to recognise what is restored.
    without: one of `TASK_LOSSES` to leave out, or None.
    """

    discriminator_loss = staticmethod(discriminator_hinge_loss)

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        features: nn.Module,
        processes: Processes,
        without: str | None = None,
    ) -> None:
        losses = {
            "pixel": absolute_error,
            "colour": colour_loss,
            "task": lambda restored, original: feature_loss(features, *shifted(restored, original)),
            "adversarial": lambda restored, _: hinge_loss(discriminator, restored),
        }
        terms = [Term(name, TASK_LOSSES[name], loss) for name, loss in losses.items()]
        terms = [term for term in terms if term.name != without]
        super().__init__(generator, terms, discriminator, features, processes, CLIP)

    def judged(self, x: Tensor) -> Tensor:
        """Without its `BORDER`."""
        return x[:, :, BORDER:-BORDER, BORDER:-BORDER]


def shifted(*pictures: Tensor) -> list[Tensor]:
    """All cut alike, at random by up to a stride of the classifier.

    Or the generator learns what its grid likes, and draws that.
    """
    down, right = torch.randint(STRIDE, (2,)).tolist()
    return [x[:, :, down : down - STRIDE, right : right - STRIDE] for x in pictures]


def mixed_precision(device: torch.device) -> torch.autocast:
    """Half precision where a GPU is; on a CPU float32, which is what continues bit for bit."""
    return torch.autocast(device.type, torch.float16, enabled=device.type == "cuda")


def freeze_statistics(network: nn.Module) -> None:
    """Batch norm by the statistics it has, in training as in use: for weights that are trained."""
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.eval()
