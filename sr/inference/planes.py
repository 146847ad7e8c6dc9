"""The colours and the alpha of a photo: rows for the network, and where its rows go."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from sr.image.luma import luma, with_luma
from sr.image.photo import Photo
from sr.image.resize import bicubic, bicubic_rows
from sr.inference.bands import Band
from sr.models.model import Model
from sr.settings import SCALE


@dataclass(frozen=True)
class Plane:
    """What a network is run on.

    pixels: (H, W, 3) uint8 colours, or (H, W) uint8 alpha.
    channels: the network's, 1 or 3.
    luma: the network gets the luma of the colours, and its result keeps bicubic's colour.
    enlarged: the network gets the pixels already enlarged by bicubic.
    """

    pixels: np.ndarray
    channels: int
    luma: bool = False
    enlarged: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of what the network gets."""
        scale = SCALE if self.enlarged else 1
        return self.pixels.shape[0] * scale, self.pixels.shape[1] * scale

    def read(self, start: int, rows: int, band: Band, device: torch.device) -> Tensor:
        """What the network gets of a band: (1, channels, rows, width) float32 in 0..1."""
        stop, columns = start + rows, slice(band.outer_start, band.outer_stop)
        if self.enlarged:
            pixels = bicubic_rows(self.pixels, start, stop)[:, columns]
        else:
            pixels = self.pixels[start:stop, columns]
        if self.luma:
            pixels = luma(pixels).round().astype(np.uint8)
        if pixels.ndim == 2:
            pixels = pixels[:, :, None].repeat(self.channels, 2)
        return torch.tensor(pixels).to(device).permute(2, 0, 1)[None].float().div_(255)

    def canvas(self) -> np.ndarray:
        """Room for the result: (4H, 4W, 3), or (4H, 4W, 1) for alpha, uint8.

        Black, for it is looked at before all of it is written: new memory may show other photos.
        """
        height, width = self.pixels.shape[:2]
        channels = 3 if self.pixels.ndim == 3 else 1
        return np.zeros((height * SCALE, width * SCALE, channels), np.uint8)

    def begin(self, canvas: np.ndarray) -> None:
        """Make the canvas ready to be written to."""
        if self.luma:
            bicubic(self.pixels, out=canvas)

    def write(
        self, canvas: np.ndarray, row: int, band: Band, values: np.ndarray, scale: int
    ) -> None:
        """Put a strip of the network's result, (h, w, channels) uint8, into the canvas.

        It loses its halo and is mixed with the band to the left where they share columns.
        row: of the canvas, where the strip begins.
        scale: pixels of the canvas for a pixel that the network gets.
        """
        shared = band.blend * scale if band.start else 0  # on either side of the cut
        start = band.start * scale - shared
        stop = min(band.stop + band.blend, band.outer_stop) * scale
        place = canvas[row : row + len(values), start:stop]
        first = start - band.outer_start * scale
        values = values[:, first : first + place.shape[1], : place.shape[2]]
        if shared:
            values = _mixed(place[:, : 2 * shared], values)
        place[:] = with_luma(place, values[:, :, 0]) if self.luma else values


def _mixed(there: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(h, w, C) `values` whose first columns come in by and by, over those that are there."""
    width = there.shape[1]
    weight = (np.arange(width, dtype=np.float32) + 0.5)[None, :, None] / width
    mix = there + weight * (values[:, :width].astype(np.float32) - there)
    return np.concatenate([mix.round().astype(np.uint8), values[:, width:]], axis=1)


def planes(photo: Photo, model: Model) -> list[Plane]:
    """The photo's colours, then its alpha if it has one."""
    channels, enlarged = (1 if model.luma else 3), model.scale == 1
    found = [Plane(photo.pixels, channels, model.luma, enlarged)]
    if photo.alpha is not None:
        found.append(Plane(photo.alpha, channels, False, enlarged))
    return found
