"""A classifier that is ready to run: what it is shown of a photo, and how sure it is then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from classify.taxonomy import Taxon
from hub import BadWeights

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

# Short side, in input sizes. Of 110 photos the app's enlargement is recognised as what full size is
# 7 (0 to 14) percent points more often at 128 pixels and 2 (-4 to 8) at 192, of an input of 260.
ENLARGED_BELOW = 0.6
STRIDE = 32  # pixels of the photo between two places of most networks' last features


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
        """Whether more is seen in the enlargement of (H, W, 3) pixels than in themselves."""
        return min(pixels.shape[:2]) < ENLARGED_BELOW * self.input_size

    def preprocessing(self) -> Callable[[Tensor], Tensor]:
        """The published function from (3, H, W) float32 RGB in 0..1 to the input, (3, side, side).

        For most classifiers it shows a square in the photo's middle.
        """
        from timm.data import create_transform

        return create_transform(**self.data_config)

    def probabilities(self, pixels: np.ndarray, squash: bool) -> np.ndarray:
        """Probability of each class, (classes,) float64, for (H, W, 3) uint8 sRGB pixels.

        squash: whether all of the photo is shown, made square; else as published.
        """
        import torch

        with torch.inference_mode():
            if squash:
                shown = self.resized(pixels, (self.input_size, self.input_size))
            else:
                photo = torch.tensor(pixels).permute(2, 0, 1).float() / 255
                shown = self.preprocessing()(photo)[None].to(self._device)
            logits = self.model(shown)[0].cpu().double()  # MPS has no float64
            return logits.softmax(0).numpy()

    def check(self) -> None:
        """That it can name a picture, as it will be asked to. Raises `BadWeights`."""
        picture = np.linspace(0, 255, 48 * 64 * 3).astype(np.uint8).reshape(48, 64, 3)
        try:
            self.preprocessing()
            classes = self.probabilities(picture, squash=True)
            seen = self.bird_map(picture, 256)
            named = self.of_birds(classes)
        except Exception as error:  # what its layers raise
            reason = type(error).__name__
            raise BadWeights(f"the classifier can't name a picture ({reason})") from None
        sound = np.isfinite(named).all() and (seen is None or bool(seen.isfinite().all()))
        if not sound:
            raise BadWeights("the classifier gives NaN for a picture")

    def bird_map(self, pixels: np.ndarray, long_side: int) -> Tensor | None:
        """Probability of a bird at each place of (H, W, 3) uint8 pixels, (h, w) float32.

        A classifier that knows nothing but birds sees one everywhere; of such it is that of the
        most probable kind.
        long_side: pixels to which the photo is resized first.
        None if the network takes one size only, or mixes all places before it classifies.
        """
        import torch

        if self._takes_one_size():
            return None
        scale = long_side / max(pixels.shape[:2])
        height, width = (max(round(side * scale / STRIDE), 1) for side in pixels.shape[:2])
        with torch.inference_mode():
            shown = self.resized(pixels, (height * STRIDE, width * STRIDE))
            features = self.model.forward_features(shown)
            if features.ndim != 4 or features.shape[1] != self.model.num_features:
                return None
            places = features[0].flatten(1).T[:, :, None, None]  # each as a picture of its own
            classes = self.model.forward_head(places).float().softmax(1)
            birds = classes[:, list(self.birds)]
            seen = birds.sum(1) if len(self.birds) < classes.shape[1] else birds.amax(1)
            return seen.reshape(features.shape[2:]).cpu()

    def resized(self, pixels: np.ndarray, size: tuple[int, int]) -> Tensor:
        """(H, W, 3) uint8 sRGB -> the network's input, (1, 3, height, width) float32 of `size`."""
        import torch
        from torch.nn.functional import interpolate

        photo = torch.tensor(pixels).permute(2, 0, 1)[None]
        # In whole levels: that takes a tenth of the time of floats for a large photo.
        photo = interpolate(photo, size, mode="bicubic", antialias=True).to(self._device)
        mean, std = (
            torch.tensor(self.data_config[key], device=self._device)[:, None, None]
            for key in ("mean", "std")
        )
        return (photo.float() / 255 - mean) / std

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def _takes_one_size(self) -> bool:
        facts = getattr(self.model, "pretrained_cfg", None) or {}
        return bool(facts.get("fixed_input_size")) or not hasattr(self.model, "forward_head")

    def of_birds(self, classes: np.ndarray) -> np.ndarray:
        """Of (classes,) probabilities those of the kinds of bird, (kinds,)."""
        return classes[list(self.birds)]
