"""FSRCNN, the quickest of the networks, and its weights, trained here."""

from collections import OrderedDict

from torch import nn

from sr.models.model import trained_here


class FSRCNN(nn.Sequential):
    """Luma (N, 1, H, W) to (N, 1, 4H, 4W): FSRCNN(d, s, m).

    Dong et al., "Accelerating the Super-Resolution Convolutional Neural
    Network", ECCV 2016, section 3.2: extract, shrink, map, expand, deconvolve.
    """

    def __init__(self, d: int = 56, s: int = 12, m: int = 4) -> None:
        sizes = [(1, d, 5), (d, s, 1), *[(s, s, 3)] * m, (s, d, 1)]
        layers: list[nn.Module] = []
        for inputs, outputs, size in sizes:
            layers += [nn.Conv2d(inputs, outputs, size, padding=size // 2), nn.PReLU(outputs)]
        deconvolution = nn.ConvTranspose2d(d, 1, 9, stride=4, padding=4, output_padding=3)
        super().__init__(
            OrderedDict(trunk=nn.Sequential(*layers), tail=nn.Sequential(deconvolution))
        )


SHA256 = "81317f2032d5802c309e8536c2377b71e3ede0115ba61fe26d18065ebf897c51"
PUBLISHED = (trained_here("fsrcnn", FSRCNN, {}, SHA256, luma=True),)
