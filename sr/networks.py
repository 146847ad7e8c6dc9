"""The papers' networks as plain modules.

Every network maps RGB in 0..1, shape (N, 3, H, W), to RGB around 0..1, shape
(N, 3, 4H, 4W), float32. Each is an `nn.Sequential` of named stages: the
`trunk` works at the input's size, the `tail` upsamples. All convolutions are
zero-padded to keep the size, so the same module serves any photo; the engine
runs the stages strip by strip.
"""

from __future__ import annotations

from collections import OrderedDict

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
