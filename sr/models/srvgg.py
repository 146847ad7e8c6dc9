"""SRVGG, the compact network of Real-ESRGAN's general model, and its published weights."""

from collections import OrderedDict

from torch import Tensor, nn

from hub import HubFile
from sr.models.model import Model


class CompactBody(nn.Module):
    """Convolutions and PReLUs at the input's size, sub-pixel upsampling, the input added."""

    def __init__(self, channels: int, convs: int, scale: int) -> None:
        super().__init__()
        body: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.PReLU(channels)]
        for _ in range(convs):
            body += [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(channels)]
        body += [nn.Conv2d(channels, 3 * scale**2, 3, padding=1)]
        self.body = nn.Sequential(*body)
        self.shuffle = nn.PixelShuffle(scale)
        self.nearest = nn.Upsample(scale_factor=scale, mode="nearest")

    def forward(self, x: Tensor) -> Tensor:
        return self.shuffle(self.body(x)) + self.nearest(x)


class SRVGG(nn.Sequential):
    """The compact VGG-style network of Real-ESRGAN's general model ("SRVGGNetCompact").

    Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with
    Pure Synthetic Data", ICCVW 2021, and its released code; 32 convolutions.
    """

    def __init__(self, channels: int = 64, convs: int = 32, scale: int = 4) -> None:
        super().__init__(OrderedDict(trunk=CompactBody(channels, convs, scale)))


PUBLISHED = (
    Model(
        "real-esrgan-general",
        SRVGG,
        sources=(
            HubFile(
                "clavidk/realesr-general-x4v3",
                "realesr-general-x4v3.pth",
                "6aecc46ba1fc8cfdfe8643f090782e2e62c044cd",
                "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
                4_885_111,
            ),
        ),
        licence="BSD-3-Clause",
        layouts=(((r"^trunk\.", ""),),),
    ),
)
