"""About how long a job takes and how much its results hold, by a trial on some of its photos."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr import image
from sr.batch import Job, Source, places
from sr.image import PhotoError
from sr.inference import auto, engine

TRIALS, SIDE = 4, 128  # photos, and pixels of the square that is cut from each


@dataclass(frozen=True)
class Estimate:
    """photos, pixels: that can be read by their headers.  failures: why others can't, in sentences.

    seconds: that this machine takes for them, about.  bytes: that the results take, about.
    """

    photos: int
    pixels: int
    failures: tuple[str, ...]
    seconds: float
    bytes: int

    @property
    def sentence(self) -> str:
        """The same for people."""
        failed = f" {len(self.failures)} more can't be read." if self.failures else ""
        return (
            f"{self.photos:,} photos of {self.pixels / 1e6:,.1f} megapixels, about "
            f"{duration(self.seconds)} and {self.bytes / 1e9:,.2f} GB of results.{failed}"
        )


def estimate(sources: Iterable[Source], job: Job) -> Estimate:
    """What a job will be. Nothing is written."""
    sizes, failures = {}, []
    for source in sources:
        try:
            data = places.read(source.address)
            size = image.read_size(data, name=Path(source.address).name)
            sizes[source.address] = size[0] * size[1]
        except PhotoError as error:
            failures.append(str(error))
    tried = list(sizes)[:: max(1, len(sizes) // TRIALS)][:TRIALS]
    trials = [_trial(address, job) for address in tried]
    pixels = sum(sizes.values())
    each = [float(np.mean(column)) for column in zip(*trials, strict=True)] or [0.0, 0.0]
    return Estimate(len(sizes), pixels, tuple(failures), each[0] * pixels, round(each[1] * pixels))


def _trial(address: str, job: Job) -> tuple[float, float]:
    """(seconds, bytes) that a pixel of a photo takes, by a square in its middle."""
    photo = image.read(places.read(address), name=Path(address).name)
    width, height = photo.size
    left, top = max(0, (width - SIDE) // 2), max(0, (height - SIDE) // 2)
    box = left / width, top / height, (left + SIDE) / width, (top + SIDE) / height
    part, upscaler = image.crop(photo, box), auto.load(photo, job.model)
    for _ in range(2):  # the first prepares what later ones find ready
        start = time.perf_counter()
        result = engine.upscale(part, upscaler, keep_colours=job.keep_colours, **job.engine)
        file = image.png(result.pixels)
        took = time.perf_counter() - start
    pixels = part.size[0] * part.size[1]
    return took / pixels, len(file) / pixels


def duration(seconds: float) -> str:
    """Seconds for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
