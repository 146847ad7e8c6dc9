"""SRCNN, the first network for super-resolution, and its weights, trained here."""

from collections import OrderedDict

from torch import nn

from sr.models.model import trained_here


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


SHA256 = "867b302b2acd18652a7b1ec3660f94110016ccc1e54f4363c33262a02949156d"
PUBLISHED = (trained_here("srcnn", SRCNN, {}, SHA256, luma=True, scale=1),)
