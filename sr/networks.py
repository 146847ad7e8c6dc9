"""The papers' networks as plain modules.

Every generator but the oldest two maps RGB in 0..1, shape (N, 3, H, W), to
RGB around 0..1, shape (N, 3, 4H, 4W), float32; those two have one channel,
luma. Each is an `nn.Sequential` of named stages: the `trunk` works at the
input's size, the `tail` upsamples. All convolutions are zero-padded to keep
the size, so the same module serves any photo; the engine runs the stages
strip by strip. The discriminator is for training only.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Conv-BN-PReLU-Conv-BN with an elementwise sum (Ledig et al. 2017, Figure 4)."""

    def __init__(self, channels: int, *, bias: bool, slopes: int, eps: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.bn1 = nn.BatchNorm2d(channels, eps=eps)
        self.prelu = nn.PReLU(slopes)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.bn2 = nn.BatchNorm2d(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bn2(self.conv2(self.prelu(self.bn1(self.conv1(x)))))


class ResidualTrunk(nn.Module):
    """k9n64 convolution, B residual blocks, k3n64 convolution and the long skip."""

    def __init__(self, channels: int, blocks: int, *, bias: bool, slopes: int, eps: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, channels, 9, padding=4)
        self.prelu = nn.PReLU(slopes)
        self.blocks = nn.Sequential(
            *(ResidualBlock(channels, bias=bias, slopes=slopes, eps=eps) for _ in range(blocks))
        )
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=bias)
        self.bn = nn.BatchNorm2d(channels, eps=eps)

    def forward(self, x: Tensor) -> Tensor:
        x = self.prelu(self.conv1(x))
        return x + self.bn(self.conv2(self.blocks(x)))


class UnitTanh(nn.Module):
    """tanh moved from -1..1 to 0..1, the output range of the DIV2K weights."""

    def forward(self, x: Tensor) -> Tensor:
        return (x.tanh() + 1) * 0.5


class SRResNet(nn.Sequential):
    """The generator of SRGAN; trained on the MSE alone it is SRResNet.

    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a
    Generative Adversarial Network", CVPR 2017, Figure 4.

    The keywords are what published weights differ in: `bias` of the
    convolutions before a batch norm, `slopes` of a PReLU (1 shared or one a
    channel), the batch norm's `eps`, and a `tanh` at the end.
    """

    def __init__(
        self,
        channels: int = 64,
        blocks: int = 16,
        *,
        bias: bool = False,
        slopes: int = 1,
        eps: float = 1e-5,
        tanh: bool = False,
    ) -> None:
        trunk = ResidualTrunk(channels, blocks, bias=bias, slopes=slopes, eps=eps)
        tail = [*self._upsample(channels, slopes), *self._upsample(channels, slopes)]
        tail += [nn.Conv2d(channels, 3, 9, padding=4)]
        tail += [UnitTanh()] if tanh else []
        super().__init__(OrderedDict(trunk=trunk, tail=nn.Sequential(*tail)))

    @staticmethod
    def _upsample(channels: int, slopes: int) -> list[nn.Module]:
        """Sub-pixel convolution x2 (Shi et al. 2016) and PReLU."""
        return [
            nn.Conv2d(channels, 4 * channels, 3, padding=1),
            nn.PixelShuffle(2),
            nn.PReLU(slopes),
        ]


class DenseBlock(nn.Module):
    """Residual dense block: five convolutions, each reading all before it (Zhang et al. 2018)."""

    def __init__(self, channels: int, growth: int) -> None:
        super().__init__()
        for i in range(1, 5):
            conv = nn.Conv2d(channels + (i - 1) * growth, growth, 3, padding=1)
            setattr(self, f"conv{i}", conv)
        self.conv5 = nn.Conv2d(channels + 4 * growth, channels, 3, padding=1)
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
        self.conv_first = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(RRDB(channels, growth) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(channels, channels, 3, padding=1)

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
            conv_up1=nn.Conv2d(channels, channels, 3, padding=1),
            lrelu1=nn.LeakyReLU(0.2),
            up2=nn.Upsample(scale_factor=2, mode="nearest"),
            conv_up2=nn.Conv2d(channels, channels, 3, padding=1),
            lrelu2=nn.LeakyReLU(0.2),
            conv_hr=nn.Conv2d(channels, channels, 3, padding=1),
            lrelu3=nn.LeakyReLU(0.2),
            conv_last=nn.Conv2d(channels, 3, 3, padding=1),
        )
        trunk = RRDBTrunk(channels, blocks, growth)
        super().__init__(OrderedDict(trunk=trunk, tail=nn.Sequential(tail)))


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


class SRCNN(nn.Sequential):
    """Luma (N, 1, H, W), already enlarged by bicubic, to the same size: the 9-5-5 network.

    Dong et al., "Image Super-Resolution Using Deep Convolutional Networks",
    TPAMI 2016, section 4.3.2, here with padded convolutions.
    """

    def __init__(self) -> None:
        trunk = nn.Sequential(
            nn.Conv2d(1, 64, 9, padding=4),
            nn.ReLU(),
            nn.Conv2d(64, 32, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(32, 1, 5, padding=2),
        )
        super().__init__(OrderedDict(trunk=trunk))


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


class Discriminator(nn.Sequential):
    """(N, 3, 96, 96) in -1..1 -> (N, 1) logits: how likely a photo is real, not made.

    Ledig et al. 2017, Figure 4; the sigmoid is left to the loss. The dense
    layer fixes the crop's size.

    bias: of the convolutions before a batch norm.  eps: the batch norm's.
    """

    CROP = 96

    def __init__(self, *, bias: bool = False, eps: float = 1e-5) -> None:
        layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, padding=1), nn.LeakyReLU(0.2)]
        sizes = [(64, 64, 2), (64, 128, 1), (128, 128, 2), (128, 256, 1)]
        sizes += [(256, 256, 2), (256, 512, 1), (512, 512, 2)]
        for inputs, outputs, stride in sizes:
            before = 2 - stride  # at stride 2 only the last row and column are padded, as in Keras
            layers += [
                nn.ZeroPad2d((before, 1, before, 1)),
                nn.Conv2d(inputs, outputs, 3, stride, bias=bias),
                nn.BatchNorm2d(outputs, eps=eps),
                nn.LeakyReLU(0.2),
            ]
        dense = [nn.Flatten(), nn.Linear(512 * (self.CROP // 16) ** 2, 1024)]
        super().__init__(*layers, *dense, nn.LeakyReLU(0.2), nn.Linear(1024, 1))
