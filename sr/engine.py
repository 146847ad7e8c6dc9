"""Runs a network over a photo: device, memory budget, bands and strips, progress, cancel.

The result equals that of the whole photo at once, to one grey level on fewer
than 0.1 % of the values, whatever the tiles.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, fx

from sr.catalog import SCALE, Upscaler
from sr.fuse import receptive_radius
from sr.memory import available_bytes, stream_bytes
from sr.photo import Photo
from sr.stream import Stream
from sr.tiles import Band, bands

# Input pixels in a strip. A strip's feature maps stay in the cache: 64
# channels of 8192 pixels are 2 MB in the trunk; in the tail 1024 pixels
# are 4 MB at double size with 256 channels.
TRUNK_PIXELS = 8192
TAIL_PIXELS = 1024
NARROWEST_BAND = 32


class EngineError(RuntimeError):
    """A photo could not be upscaled; the message says why and what to do."""


class Cancelled(EngineError):
    """The caller cancelled; nothing was returned."""


@dataclass(frozen=True)
class Plan:
    """bands: the columns computed at a time.  rows: a strip's height for each stage."""

    bands: tuple[Band, ...]
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """Progress after a strip: `done` of `total` input pixels."""

    done: int
    total: int


def choose_device(name: str | None = None) -> torch.device:
    """CUDA, else MPS, else CPU; or the one named, here or by the variable SR_DEVICE.

    Raises `EngineError` if that one isn't there.
    """
    name = name or os.environ.get("SR_DEVICE") or None
    there = ["cpu"]
    there += ["mps"] if torch.backends.mps.is_available() else []
    there += ["cuda"] if torch.cuda.is_available() else []
    if name is None:
        return torch.device(there[-1])
    if name.split(":")[0] not in there:
        raise EngineError(f"There is no device “{name}” here. Choose one of: {', '.join(there)}.")
    return torch.device(name)


def upscale(
    photo: Photo,
    upscaler: Upscaler,
    *,
    device: str | None = None,
    tile: int | None = None,
    memory_mb: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: threading.Event | None = None,
) -> Photo:
    """The photo four times as large, alpha and name kept.

    device: "cpu", "cuda", "mps"; None takes the best there is.
    tile: columns and rows computed at a time, in input pixels; None chooses.
    memory_mb: MB that the work may take beyond the model and the result.
    progress: called with (done, total) after each strip.
    cancelled: when set, the work stops before the next strip.
    Raises `EngineError`, `Cancelled`.
    """
    work = steps(photo, upscaler, device=device, tile=tile, memory_mb=memory_mb)
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
) -> Generator[Step, None, Photo]:
    """`upscale` as a generator that yields after each strip and returns the photo.

    Closing it stops the work; each step may run in a thread of its own.
    """
    where = choose_device(device)
    height, width = photo.pixels.shape[:2]
    planes = [photo.pixels]
    if photo.alpha is not None:
        planes.append(np.repeat(photo.alpha[:, :, None], 3, axis=2))
    result_bytes = len(planes) * photo.pixels.size * SCALE**2
    budget = (memory_mb << 20) if memory_mb else available_bytes(where, result_bytes)
    plan = make_plan(height, width, upscaler.stages, budget, tile, upscaler.model.overlap)
    results = []
    for i, plane in enumerate(planes):
        canvas = np.empty((height * SCALE, width * SCALE, 3), np.uint8)
        for done in _fill_finite(canvas, plane, upscaler, plan, where):
            yield Step(i * height * width + done, len(planes) * height * width)
        results.append(canvas)
    alpha = results[1][:, :, 0].copy() if len(results) > 1 else None
    return Photo(results[0], alpha, photo.name, photo.notes, photo.exif)


def make_plan(
    height: int,
    width: int,
    stages: tuple[fx.GraphModule, ...],
    budget: int,
    tile: int | None = None,
    overlap: int | None = None,
) -> Plan:
    """The widest bands, and strips as high as the cache likes, that fit `budget` bytes.

    An explicit `tile` is kept or refused, never changed. With an `overlap` bands
    share that many pixels and are blended, else their halo is the receptive
    radius and they are exact. Raises `EngineError`.
    """
    halo = overlap or receptive_radius(*stages)
    pixels = [TRUNK_PIXELS] + [TAIL_PIXELS] * (len(stages) - 1)
    band = min(width, tile + 2 * halo) if tile else width
    while True:
        rows = tuple(min(height, tile or max(1, p // band)) for p in pixels)
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


def _fill_finite(
    canvas: np.ndarray, pixels: np.ndarray, upscaler: Upscaler, plan: Plan, device: torch.device
) -> Iterator[int]:
    """`_fill`, and once more in full float32 if the fast arithmetic gave NaN or infinity.

    On a GPU convolutions run in TF32 by default. Raises `EngineError` if that doesn't help.
    """
    for allow_tf32 in (True, False):
        try:
            yield from _fill(canvas, pixels, upscaler, plan, device, allow_tf32)
            return
        except _NotFinite:
            continue
    raise EngineError("The model gave a result that is not a picture: try another model.")


class _NotFinite(ArithmeticError):
    pass


@contextmanager
def _tf32(allowed: bool) -> Iterator[None]:
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = allowed and before
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def _fill(
    canvas: np.ndarray,
    pixels: np.ndarray,
    upscaler: Upscaler,
    plan: Plan,
    device: torch.device,
    allow_tf32: bool,
) -> Iterator[int]:
    """Write the upscaled `pixels` into `canvas`; yield the input pixels done after each strip."""
    done = 0
    for band in plan.bands:
        row = 0
        streams = [Stream(stage.to(device)) for stage in upscaler.stages]
        outer = pixels[:, band.outer_start : band.outer_stop]
        for strip in _flow(streams, list(plan.rows), outer, True, device, allow_tf32):
            _write(canvas, row, band, _to_uint8(strip))
            row += strip.shape[2]
            yield done + row * (band.stop - band.start) // SCALE
        done += len(pixels) * (band.stop - band.start)


def _write(canvas: np.ndarray, row: int, band: Band, values: np.ndarray) -> None:
    """Put a strip's rows into the canvas, mixed with the band to the left over `band.blend`."""
    rows = slice(row, row + len(values))
    left = (band.start - band.outer_start) * SCALE
    right = (min(band.stop + band.blend, band.outer_stop) - band.outer_start) * SCALE
    inner = values[:, left:right]
    if mixed := 2 * band.blend * SCALE if band.start else 0:
        inner = values[:, left - mixed // 2 : right]
        there = canvas[rows, band.start * SCALE - mixed // 2 :][:, :mixed]
        weight = (np.arange(mixed, dtype=np.float32) + 0.5)[None, :, None] / mixed
        mix = there + weight * (inner[:, :mixed].astype(np.float32) - there)
        inner = np.concatenate([mix.round().astype(np.uint8), inner[:, mixed:]], axis=1)
    start = band.start * SCALE - mixed // 2
    canvas[rows, start : start + inner.shape[1]] = inner


def _flow(
    streams: list[Stream],
    rows: list[int],
    x: Tensor | np.ndarray,
    last: bool,
    device: torch.device,
    allow_tf32: bool,
) -> Iterator[Tensor]:
    """Feed `x` through the streams one after the other, each in strips of its own height."""
    height = x.shape[2] if isinstance(x, Tensor) else x.shape[0]
    start = 0
    while start < height:
        stop = min(height, start + rows[0])
        try:
            with _tf32(allow_tf32):
                y = streams[0].push(_rows(x, start, stop, device), last and stop == height)
        except torch.OutOfMemoryError:
            rows[0] = _halve(rows[0])
            continue
        if y is not None and len(streams) > 1:
            at_end = last and stop == height
            yield from _flow(streams[1:], rows[1:], y, at_end, device, allow_tf32)
        elif y is not None:
            yield y
        start = stop


def _halve(rows: int) -> int:
    if rows == 1:
        raise EngineError(
            "The GPU has no memory left even for the smallest piece: close other programs "
            "that use it, or run on the CPU."
        )
    torch.cuda.empty_cache()
    return rows // 2


def _rows(x: Tensor | np.ndarray, start: int, stop: int, device: torch.device) -> Tensor:
    return x[:, :, start:stop] if isinstance(x, Tensor) else _to_tensor(x[start:stop], device)


def _to_tensor(pixels: np.ndarray, device: torch.device) -> Tensor:
    """(h, W, 3) uint8 -> (1, 3, h, W) float32 in 0..1, channels last."""
    rows = torch.tensor(pixels).to(device)
    return rows.permute(2, 0, 1)[None].float().div_(255)


def _to_uint8(strip: Tensor) -> np.ndarray:
    """(1, 3, h, W) around 0..1 -> (h, W, 3) uint8. Raises `_NotFinite` on NaN and infinity."""
    if not torch.isfinite(strip).all():
        raise _NotFinite
    levels = strip.clamp(0, 1).mul_(255).round_().to(torch.uint8)
    return levels[0].permute(1, 2, 0).cpu().numpy()
