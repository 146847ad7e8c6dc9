"""What a classifier is shown of a photo, and how probable its classes are then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from classify.catalog import Classifier


def preprocessing(data_config: Mapping[str, Any], squash: bool) -> Callable[[Tensor], Tensor]:
    """A function from (3, H, W) float32 RGB in 0..1 to a classifier's input, (3, side, side).

    data_config: as timm has it for the classifier: input_size, mean, std, crop_pct and so on.
    squash: all of the photo made square.  Otherwise the published preprocessing, which for most
    classifiers shows a square in the middle.
    """
    from timm.data import create_transform

    if squash:
        data_config = {**data_config, "crop_mode": "squash", "crop_pct": 1.0}
    return create_transform(**data_config)


def probabilities(classifier: Classifier, pixels: np.ndarray, squash: bool) -> np.ndarray:
    """Probability of each class, (classes,) float64, for (H, W, 3) uint8 sRGB pixels.

    squash: as in `preprocessing`.
    """
    import torch

    device = next(classifier.model.parameters()).device
    photo = torch.tensor(pixels).permute(2, 0, 1).float() / 255
    with torch.inference_mode():
        shown = preprocessing(classifier.data_config, squash)(photo)
        logits = classifier.model(shown[None].to(device))[0].cpu()  # MPS has no float64
        return logits.double().softmax(0).numpy()
