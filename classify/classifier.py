"""A classifier that is ready to run: what it is shown of a photo, and how sure it is then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.taxonomy import Taxon

if TYPE_CHECKING:
    from torch import Tensor, nn


@dataclass(frozen=True)
class Classifier:
    """A network with what it needs to be asked.

    model: (1, 3, side, side) float32 -> (1, classes) logits.
    data_config: as timm has it: input_size, mean, std, crop_pct and so on.
    birds: index of each class that is a bird -> its taxon.
    name: the catalog's.
    weights: where they are from.
    note: why another classifier than the default answers, or "".
    """

    model: nn.Module
    data_config: dict[str, Any]
    birds: dict[int, Taxon]
    name: str = ""
    weights: str = ""
    note: str = ""

    @property
    def taxa(self) -> list[Taxon]:
        """The kinds of bird, in the order of `of_birds`."""
        return list(self.birds.values())

    @property
    def input_size(self) -> int:
        """Pixels on a side of the square it is shown."""
        return self.data_config["input_size"][-1]

    def wants_enlarged(self, pixels: np.ndarray) -> bool:
        """Whether the short side of (H, W, 3) pixels is under the input size."""
        return min(pixels.shape[:2]) < self.input_size

    def preprocessing(self, squash: bool) -> Callable[[Tensor], Tensor]:
        """A function from (3, H, W) float32 RGB in 0..1 to the input, (3, side, side).

        squash: all of the photo made square. Otherwise the published preprocessing, which for
        most classifiers shows a square in the middle.
        """
        from timm.data import create_transform

        squashed = {"crop_mode": "squash", "crop_pct": 1.0} if squash else {}
        return create_transform(**{**self.data_config, **squashed})

    def probabilities(self, pixels: np.ndarray, squash: bool) -> np.ndarray:
        """Probability of each class, (classes,) float64, for (H, W, 3) uint8 sRGB pixels."""
        import torch

        device = next(self.model.parameters()).device
        photo = torch.tensor(pixels).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            shown = self.preprocessing(squash)(photo)
            logits = self.model(shown[None].to(device))[0].cpu()  # MPS has no float64
            return logits.double().softmax(0).numpy()

    def of_birds(self, classes: np.ndarray) -> np.ndarray:
        """Of (classes,) probabilities those of the kinds of bird, (kinds,)."""
        return classes[list(self.birds)]
