"""First weights for networks that learn from nothing."""

from __future__ import annotations

import torch
from torch import nn

SMALL = 1e-3


@torch.no_grad()
def pass_through(network: nn.Module) -> None:
    """Let luma through on the first channel, and around it let little else change it.

    For SRCNN and FSRCNN, which have no skip: they begin as bicubic and as
    bilinear enlarging instead of having to find that first, which takes most
    of a short training. The other channels begin as He et al. 2015 have them.
    """
    kinds = (nn.Conv2d, nn.ConvTranspose2d)
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    for layer in layers[:-1]:
        nn.init.kaiming_normal_(layer.weight, a=0.25)
        nn.init.zeros_(layer.bias)
        layer.weight[0] = 0
        layer.weight[0, 0] = _peak(layer)
    nn.init.normal_(layers[-1].weight, std=SMALL)
    nn.init.zeros_(layers[-1].bias)
    layers[-1].weight[0, 0] = _peak(layers[-1])


def _peak(layer: nn.Conv2d | nn.ConvTranspose2d) -> torch.Tensor:
    """A kernel of one at its centre, or, of a deconvolution, linear interpolation.

    Tap t of a deconvolution of stride r gives output pixel r i + t - padding,
    whose place between input pixels is (t - padding - (r - 1) / 2) / r off i.
    """
    size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    centre = padding + (stride - 1) / 2 if isinstance(layer, nn.ConvTranspose2d) else size // 2
    taps = (1 - (torch.arange(size) - centre).abs() / stride).clamp(min=0)
    return taps[:, None] * taps
