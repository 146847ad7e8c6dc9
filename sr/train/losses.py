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


def adversarial_loss(discriminator: nn.Module, restored: Tensor) -> Tensor:
    """-log D(G(x)): how well the discriminator tells restored photos (Ledig et al. 2017, eq. 6).

    discriminator: (N, 3, H, W) in -1..1 -> logits.
    """
    return _cross_entropy(discriminator(restored * 2 - 1), 1.0)


def discriminator_loss(discriminator: nn.Module, restored: Tensor, original: Tensor) -> Tensor:
    """-log D(y) - log(1 - D(G(x))), what the discriminator learns by (Goodfellow et al. 2014)."""
    real = _cross_entropy(discriminator(original * 2 - 1), 1.0)
    return real + _cross_entropy(discriminator(restored * 2 - 1), 0.0)


def _cross_entropy(logits: Tensor, truth: float) -> Tensor:
    """Mean binary cross entropy of logits against one answer for all."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))
