"""Runs a network over a photo: device, memory budget, bands and strips, progress, cancel.

The result equals that of the whole photo at once, to one grey level on fewer
than 0.1 % of the values, whatever the tiles. That holds in each precision; bfloat16
is at least 45 dB from float32.
"""

import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from sr.image.photo import Photo
from sr.inference import Cancelled, EngineError, colours
from sr.inference.bands import Band, bands
from sr.inference.device import choose_device, choose_precision, described
from sr.inference.memory import available_bytes, stream_bytes
from sr.inference.planes import Plane, planes
from sr.inference.rewrite import receptive_radius
from sr.inference.row_stream import Stream
from sr.inference.upscaler import Upscaler
from sr.settings import SCALE

# Input pixels in a strip, the fastest of a sweep on two cores: 64 channels of 16384 pixels are 4 MB
# in the trunk; in the tail 2048 pixels are 8 MB at double size with 256 channels. Fixed, so that a
# photo gives the same result to the last bit every time.
TRUNK_PIXELS, TAIL_PIXELS = 16384, 2048
NARROWEST_BAND = 32


@dataclass(frozen=True)
class Plan:
    """bands: the columns computed at a time.  rows: a strip's height for each stage."""

    bands: tuple[Band, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """Progress after a strip: `done` of `total` input pixels.

    canvas: (4H, 4W, 3) uint8, the result as far as it is finished. It is still being written.
    None where it is in another process.
    where: the device and the precision, such as "cpu, float32".
    """

    done: int
    total: int
    canvas: np.ndarray | None
    where: str = ""


def upscale(
    photo: Photo,
    upscaler: Upscaler,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: threading.Event | None = None,
    **options: Any,
) -> Photo:
    """The photo four times as large, alpha and name kept.

    progress: called with (done, total) after each strip.
    cancelled: when set, the work stops before the next strip.
    options: those of `steps`.
    Raises `EngineError`, `Cancelled`.
    """
    work = steps(photo, upscaler, **options)
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            return stop.value
        progress(step.done, step.total)
        if cancelled is not None and cancelled.is_set():
            raise Cancelled("Cancelled.")


def steps(
    photo: Photo,
    upscaler: Upscaler,
    *,
    device: str | None = None,
    tile: int | None = None,
    memory_mb: int | None = None,
    precision: str | None = None,
    keep_colours: bool = False,
    canvas: np.ndarray | None = None,
) -> Generator[Step, None, Photo]:
    """`upscale` as a generator that yields after each strip and returns the photo.

    device: "cpu", "cuda", "mps"; None takes the best there is.
    tile: columns and rows computed at a time, in input pixels; None chooses.
    memory_mb: MB that the work may take beyond the model and the result.
    precision: "float32", "bfloat16" or "auto", of the convolutions; None takes SR_PRECISION.
    keep_colours: the result gets the photo's low frequencies, see `colours`.
    canvas: (4H, 4W, 3) uint8 to write the result into, over what it shows.
    Closing it stops the work; each step may run in a thread of its own.
    """
    where, model = choose_device(device), upscaler.model
    dtype = choose_precision(where, precision)
    parts = planes(photo, model)
    height, width = parts[0].size
    result = sum(part.pixels.size for part in parts) * SCALE**2
    budget = (memory_mb << 20) if memory_mb else available_bytes(where, result)
    plan = make_plan(height, width, upscaler.stages, budget, tile, model.overlap)
    converted, facts = upscaler.in_precision(dtype), described(where, dtype)
    canvases = [parts[0].canvas() if canvas is None else canvas]
    canvases += [part.canvas() for part in parts[1:]]
    for i, (part, target) in enumerate(zip(parts, canvases, strict=True)):
        for done in _fill(target, part, converted, plan, where):
            yield Step(i * height * width + done, len(parts) * height * width, canvases[0], facts)
        if keep_colours:
            colours.keep_colours(target, part.pixels.reshape(*part.pixels.shape[:2], -1))
    alpha = canvases[1][:, :, 0] if len(canvases) > 1 else None
    return Photo(canvases[0], alpha, photo.name, photo.notes, photo.exif)


def make_plan(
    height: int,
    width: int,
    stages: tuple[fx.GraphModule, ...],
    budget: int,
    tile: int | None = None,
    overlap: int | None = None,
) -> Plan:
    """The widest bands, then the highest strips up to the usual, that fit `budget` bytes.

    An explicit `tile` is kept or refused, never changed. With an `overlap` bands
    share that many pixels and are blended, else their halo is the receptive
    radius and they are exact. Raises `EngineError`.
    """
    halo = overlap or receptive_radius(*stages)
    band = min(width, tile + 2 * halo) if tile else width
    while True:
        for share in (1,) if tile else (1, 2, 4, 8):
            pixels = [TRUNK_PIXELS] + [TAIL_PIXELS] * (len(stages) - 1)
            rows = tuple(min(height, tile or max(1, p // share // band)) for p in pixels)
            if stream_bytes(stages, band, rows) <= budget:
                return Plan(tuple(bands(width, band, halo, (overlap or 0) // 2)), rows)
        narrower = band // 2
        if tile or narrower < 2 * halo + NARROWEST_BAND:
            needed = stream_bytes(stages, band, rows) >> 20
            raise EngineError(
                f"This photo needs {needed} MB of memory and {budget >> 20} MB may be used: "
                "close other programs, allow more memory, or choose a smaller tile or photo."
            )
        band = narrower


def _fill(
    canvas: np.ndarray, plane: Plane, upscaler: Upscaler, plan: Plan, device: torch.device
) -> Iterator[int]:
    """Write the upscaled plane into `canvas`; yield the input pixels done after each strip."""
    done, scale = 0, upscaler.model.scale
    plane.begin(canvas)
    for band in plan.bands:
        row = 0
        stages = [
            _Stage(Stream(stage.to(device)), rows)
            for stage, rows in zip(upscaler.stages, plan.rows, strict=True)
        ]
        read = partial(plane.read, band=band, device=device)
        for strip in _run(stages, read, plane.size[0], True):
            _check_size(strip.shape[3], (band.outer_stop - band.outer_start) * scale)
            plane.write(canvas, row, band, _to_uint8(strip), scale)
            row += strip.shape[2]
            yield done + row * (band.stop - band.start) // scale
        _check_size(row, plane.size[0] * scale)
        done += plane.size[0] * (band.stop - band.start)


def _check_size(made: int, needed: int) -> None:
    """Refuse columns or rows that aren't as many as the canvas has. Raises `EngineError`."""
    if made != needed:
        raise EngineError("The model gave a picture of another size: try another model.")


@dataclass
class _Stage:
    """A stage of the network: its stream, and the height of the strips it is fed."""

    stream: Stream
    rows: int

    def halve(self, rows: int) -> None:
        """Lower strips, after the memory didn't suffice for one of `rows`. Raises `EngineError`."""
        if rows == 1:
            raise EngineError(
                "The GPU has no memory left even for the smallest piece: close other programs "
                "that use it, or run on the CPU."
            )
        torch.cuda.empty_cache()
        self.rows = rows // 2


def _run(
    stages: list[_Stage], read: Callable[[int, int], Tensor], height: int, last: bool
) -> Iterator[Tensor]:
    """The strips that come out when `height` rows go through all stages.

    Each stage takes them in strips of its own height. `read(start, rows)` gives so many rows.
    """
    stage, start = stages[0], 0
    while start < height:
        rows = min(height - start, stage.rows)
        at_end = last and start + rows == height
        try:
            y = stage.stream.push(read(start, rows), at_end)
            failed = False
        except torch.OutOfMemoryError:
            failed = True  # the strip is let go of with the exception, at the block's end
        if failed:
            stage.halve(rows)
            continue
        if y is not None and len(stages) > 1:
            yield from _run(stages[1:], partial(y.narrow, 2), y.shape[2], at_end)
        elif y is not None:
            yield y
        start += rows


def _to_uint8(strip: Tensor) -> np.ndarray:
    """(1, C, h, W) around 0..1 -> (h, W, C) uint8. Raises `EngineError` on NaN and infinity."""
    if not torch.isfinite(strip.sum()):
        raise EngineError("The model gave a result that is not a picture: try another model.")
    levels = strip.float().clamp(0, 1).mul_(255).round_().to(torch.uint8)[0].permute(1, 2, 0)
    if levels.is_cuda:  # through pinned memory, which PyTorch keeps for the next strip
        levels = torch.empty(levels.shape, dtype=levels.dtype, pin_memory=True).copy_(levels)
    return levels.cpu().numpy()
