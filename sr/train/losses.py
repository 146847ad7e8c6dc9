"""What the networks learn to make small.

A generator's loss maps what it restored and the original, both (N, C, H, W)
in 0..1, to a scalar. `Term` gives it a name and a weight; a stage's loss is
the weighted sum of its terms.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr.settings import SCALE

WINDOW = 32  # pixels a side that `colour_loss` takes means over


@dataclass(frozen=True)
class Term:
    """One term of a generator's loss.

    name: in the log.
    weight: what it is multiplied by in the sum.
    loss: (restored, original) -> scalar.
    """

    name: str
    weight: float
    loss: Callable[[Tensor, Tensor], Tensor]


def squared_error(restored: Tensor, original: Tensor) -> Tensor:
    """Mean squared error of the pixels (Dong et al. 2016, eq. 2; Ledig et al. 2017, eq. 4)."""
    return F.mse_loss(restored, original)


def absolute_error(restored: Tensor, original: Tensor) -> Tensor:
    """Mean absolute error of the pixels, L1 (Zhao et al. 2017, eq. 3).

    Beside a content loss it keeps colours, which features hardly see (Wang et
    al., "Real-ESRGAN", 2021, section 4.1).
    """
    return F.l1_loss(restored, original)


def content_loss(features: nn.Module, restored: Tensor, original: Tensor) -> Tensor:
    """Mean squared difference of features instead of pixels (Ledig et al. 2017, eq. 5).

    features: (N, 3, H, W) in 0..1 -> a list of feature maps, which count alike.
    """
    with torch.no_grad():
        wanted = features(original)
    pairs = zip(features(restored), wanted, strict=True)
    return torch.stack([F.mse_loss(a, b) for a, b in pairs]).mean()


def feature_loss(features: nn.Module, restored: Tensor, original: Tensor) -> Tensor:
    """Mean absolute difference of features, relative to those of the original.

    Of a network whose task is to recognise what is restored it is the task-driven perceptual loss
    of Kim et al., "Beyond Image Super-Resolution for Image Recognition with Task-Driven Perceptual
    Loss" (SR4IR), CVPR 2024, eq. 4.

    features: (N, 3, H, W) in 0..1 -> a list of feature maps, which count alike.
    """
    with torch.no_grad():
        wanted = features(original)
    pairs = zip(features(restored), wanted, strict=True)
    return torch.stack([F.l1_loss(a, b) / b.abs().mean() for a, b in pairs]).mean()


def colour_loss(restored: Tensor, original: Tensor) -> Tensor:
    """Mean absolute error of means of pixels: of all in a window that have the same place in 4 x 4.

    It sees colours that are shifted, and the grid of four pixels that enlarging by rearranging
    channels likes to leave (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016), which
    a single pixel's error hardly sees among texture.
    """
    return F.l1_loss(*(_means_by_place(x) for x in (restored, original)))


def _means_by_place(x: Tensor) -> Tensor:
    """(N, C, H, W), sides multiples of `WINDOW` -> (N, C, H / WINDOW, 4, W / WINDOW, 4)."""
    count, channels, height, width = x.shape
    cells, rows, columns = WINDOW // SCALE, height // WINDOW, width // WINDOW
    windows = x.reshape(count, channels, rows, cells, SCALE, columns, cells, SCALE)
    return windows.mean((3, 6))


def adversarial_loss(discriminator: nn.Module, restored: Tensor) -> Tensor:
    """-log D(G(x)): how well the discriminator tells restored photos (Ledig et al. 2017, eq. 6).

    discriminator: (N, 3, H, W) in -1..1 -> logits.
    """
    return _cross_entropy(discriminator(restored * 2 - 1), 1.0)


def discriminator_loss(discriminator: nn.Module, restored: Tensor, original: Tensor) -> Tensor:
    """-log D(y) - log(1 - D(G(x))), what the discriminator learns by (Goodfellow et al. 2014)."""
    real = _cross_entropy(discriminator(original * 2 - 1), 1.0)
    return real + _cross_entropy(discriminator(restored * 2 - 1), 0.0)


def hinge_loss(discriminator: nn.Module, restored: Tensor) -> Tensor:
    """-D(G(x)), what the generator learns by against a hinge (Lim and Ye, "Geometric GAN", 2017).

    discriminator: (N, 3, H, W) in -1..1 -> logits.
    """
    return -discriminator(restored * 2 - 1).mean()


def discriminator_hinge_loss(
    discriminator: nn.Module, restored: Tensor, original: Tensor
) -> Tensor:
    """max(0, 1 - D(y)) + max(0, 1 + D(G(x))), what the discriminator learns by then."""
    real = F.relu(1 - discriminator(original * 2 - 1)).mean()
    return real + F.relu(1 + discriminator(restored * 2 - 1)).mean()


def _cross_entropy(logits: Tensor, truth: float) -> Tensor:
    """Mean binary cross entropy of logits against one answer for all."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))
