"""SPAN, the swift parameter-free attention network, its published weights, and some of our own."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hub import PackageFile
from sr.models.model import Model, trained_here

MEAN = (0.4488, 0.4371, 0.4040)  # of DIV2K's colours
LEVELS = 255  # the features are in levels, not in 0..1


class Conv3XC(nn.Module):
    """The 3x3 convolution while it is trained: 1x1, 3x3 and 1x1, and a 1x1 beside them.

    The zeros are put round the input first, which makes `merged` exact at the photo's border too.
    """

    def __init__(self, inputs: int, outputs: int, gain: int = 2) -> None:
        super().__init__()
        self.expand = nn.Conv2d(inputs, gain * inputs, 1)
        self.conv = nn.Conv2d(gain * inputs, gain * outputs, 3)
        self.reduce = nn.Conv2d(gain * outputs, outputs, 1)
        self.skip = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduce(self.conv(self.expand(F.pad(x, (1, 1, 1, 1))))) + self.skip(x)

    def merged(self) -> nn.Conv2d:
        """The one convolution that it is, once trained."""
        outputs, inputs = self.skip.weight.shape[:2]
        expand, reduce = self.expand.weight[:, :, 0, 0], self.reduce.weight[:, :, 0, 0]
        one = nn.Conv2d(inputs, outputs, 3, padding=1, dtype=expand.dtype)
        weight = torch.einsum("om,mnyx,ni->oiyx", reduce, self.conv.weight, expand)
        inner = self.conv.bias + self.conv.weight.sum((2, 3)) @ self.expand.bias
        one.weight.data = weight + F.pad(self.skip.weight, (1, 1, 1, 1))
        one.bias.data = self.reduce.bias + reduce @ inner + self.skip.bias
        return one.requires_grad_(False)


def conv3(inputs: int, outputs: int, merged: bool) -> nn.Module:
    """A 3x3 convolution as it is run, or as it is trained."""
    return nn.Conv2d(inputs, outputs, 3, padding=1) if merged else Conv3XC(inputs, outputs)


class SPAB(nn.Module):
    """Swift parameter-free attention block (Figure 3): what the convolutions find, times how much.

    Gives its result, and what its first activation gave, which the last block hands on.
    """

    def __init__(self, channels: int, merged: bool) -> None:
        super().__init__()
        self.c1 = conv3(channels, channels, merged)
        self.c2 = conv3(channels, channels, merged)
        self.c3 = conv3(channels, channels, merged)
        self.silu = nn.SiLU()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = self.silu(self.c1(x))
        y = self.c3(self.silu(self.c2(first)))
        return (y + x) * (torch.sigmoid(y) - 0.5), first


class SPANBody(nn.Module):
    """A convolution, six blocks, a convolution; their outputs joined; sub-pixel upsampling."""

    def __init__(self, channels: int, blocks: int, scale: int, merged: bool) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.conv1 = conv3(3, channels, merged)
        self.blocks = nn.ModuleList(SPAB(channels, merged) for _ in range(blocks))
        self.conv2 = conv3(channels, channels, merged)
        self.conv_cat = nn.Conv2d(4 * channels, channels, 1)
        self.upsample = nn.Conv2d(channels, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, x: Tensor) -> Tensor:
        features = self.conv1((x - self.mean) * LEVELS)
        y, results = features, []
        for block in self.blocks:
            y, first = block(y)
            results.append(y)
        joined = torch.cat([features, self.conv2(y), results[0], first], 1)
        return self.shuffle(self.upsample(self.conv_cat(joined)))


class SPAN(nn.Sequential):
    """Swift parameter-free attention network.

    Wan et al., "Swift Parameter-free Attention Network for Efficient Super-Resolution",
    CVPRW 2024, Section 3; 48 channels and 6 blocks.

    merged: each `Conv3XC` as the one convolution that it is once trained.
    """

    def __init__(
        self, channels: int = 48, blocks: int = 6, scale: int = 4, *, merged: bool = True
    ) -> None:
        super().__init__(OrderedDict(trunk=SPANBody(channels, blocks, scale, merged)))


# The authors' own weights, in half precision; span.json says how they were converted.
SHA256 = "06503495d056940a46b4ec04eb42bcb264de4f9850e16cbf2bc7306fcc1c1a4a"
SOURCE = PackageFile("sr", "weights/span.safetensors", SHA256)
# Trained here.
SWIFT = "66401f05f2f176435d54f7b7b8c6459b4960b9bb8eb32813055e81bf47c54158"

PUBLISHED = (
    Model("span", SPAN, sources=(SOURCE,), licence="Apache-2.0"),
    trained_here("srgan-swift", SPAN, {}, SWIFT),
)
