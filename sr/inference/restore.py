"""One photo, from the bytes of its file to the bytes of its result: read, choose, run, write.

Page, command line and cluster go through here.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from sr import image
from sr.image import Photo
from sr.inference import auto, engine
from sr.inference.engine import Step
from sr.inference.upscaler import Upscaler


@dataclass(frozen=True)
class Facts:
    """What is known of a result.

    size, result_size: (width, height) in pixels, of the photo and of the result.
    seconds: that it took.
    where: the device and the precision, such as "cpu, float32".
    model, weights: the network's name, and the file of its weights.
    notes: on the model and on the photo, a sentence each.
    """

    size: tuple[int, int]
    result_size: tuple[int, int]
    seconds: float
    where: str
    model: str
    weights: str
    notes: tuple[str, ...]

    @property
    def sizes(self) -> str:
        """Those of the photo and of the result, such as “192 × 187 → 768 × 748”."""
        return " → ".join(f"{width} × {height}" for width, height in (self.size, self.result_size))

    @property
    def sentences(self) -> tuple[str, ...]:
        """The facts for people: sizes, time, device and model first, then the notes."""
        made = f"{self.sizes} pixels · {self.seconds:.1f} s on {self.where} · {self.model}"
        return (f"{made}, weights {self.weights}.", *self.notes)


@dataclass(frozen=True)
class Options:
    """How a photo is restored.

    model: a model's name, or None for the one that suits the photo.
    keep_colours: whether the result is to be as bright and coloured as the photo.
    keep_metadata: whether the result gets the photo's camera, date and place.
    engine: options of `engine.steps` more: device, tile, memory_mb, precision.
    """

    model: str | None = None
    keep_colours: bool = True
    keep_metadata: bool = False
    engine: dict[str, Any] = field(default_factory=dict)


def restore(
    data: bytes,
    name: str,
    options: Options = Options(),
    *,
    keywords: Callable[[Photo], list[str]] = lambda photo: [],
    progress: Callable[[Step], None] = lambda step: None,
) -> tuple[bytes, Facts]:
    """(a PNG file, facts) of the photo in a file four times as large.

    data, name: what is in the file, and its name.
    keywords: what the photo shows, to be written into the result.
    progress: called after each strip; what it raises ends the work.
    Raises `PhotoError`, `EngineError` and `catalog.ERRORS`.
    """
    photo, file = image.read(data, name=name), io.BytesIO()
    upscaler = auto.load(photo, options.model)
    work = steps(photo, upscaler, file, options, keywords=keywords(photo))
    while True:
        try:
            progress(next(work))
        except StopIteration as end:
            return file.getvalue(), end.value[1]


def steps(
    photo: Photo,
    upscaler: Upscaler,
    file: BinaryIO | Path,
    options: Options,
    *,
    keywords: list[str] | tuple[str, ...] = (),
    run: Callable[..., Generator[Step, None, Photo]] = engine.steps,
    **more: Any,
) -> Generator[Step, None, tuple[Photo, Facts]]:
    """Enlarge a photo and write it as PNG, yielding after each strip; returns it and its facts.

    file: an open file, or a path where it appears once it is whole.
    run: `engine.steps`, or what does the same elsewhere.
    more: options of `run`.
    Raises `EngineError`, and `OSError` where the file can't be written.
    """
    start, where = time.perf_counter(), ""
    work = run(photo, upscaler, keep_colours=options.keep_colours, **options.engine, **more)
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            result = end.value
            break
        where = step.where
        yield step
    exif = result.exif if options.keep_metadata else None
    save = image.write if isinstance(file, Path) else image.encode
    save(result.pixels, file, result.alpha, exif=exif, keywords=keywords)
    made = photo.size, result.size, time.perf_counter() - start, where
    notes = tuple(note for note in (upscaler.note, *photo.notes) if note)
    return result, Facts(*made, upscaler.model.name, upscaler.weights, notes)
