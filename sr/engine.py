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

from sr.catalog import SCALE, Model, Upscaler
from sr.fuse import receptive_radius
from sr.luma import luma, with_luma
from sr.memory import available_bytes, stream_bytes
from sr.photo import Photo, bicubic
from sr.stream import Stream
from sr.tiles import Band, bands

# Input pixels in a strip, the fastest of a sweep on two cores: 64 channels of 16384 pixels are 4 MB
# in the trunk; in the tail 2048 pixels are 8 MB at double size with 256 channels. Fixed, so that a
# photo gives the same result to the last bit every time.
TRUNK_PIXELS, TAIL_PIXELS = 16384, 2048
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
    """Progress after a strip: `done` of `total` input pixels.

    canvas: (4H, 4W, 3) uint8, the result as far as it is finished. It is still being written.
    None where it is in another process, or is luma alone.
    """

    done: int
    total: int
    canvas: np.ndarray | None


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
    canvas: np.ndarray | None = None,
) -> Generator[Step, None, Photo]:
    """`upscale` as a generator that yields after each strip and returns the photo.

    canvas: (4H, 4W, 3) uint8 to write the result into, over what it shows.
    Closing it stops the work; each step may run in a thread of its own.
    """
    where = choose_device(device)
    planes, scale = _planes(photo, upscaler.model), upscaler.model.scale
    height, width = planes[0].shape[:2]
    budget = (memory_mb << 20) if memory_mb else available_bytes(where, _result_bytes(photo))
    plan = make_plan(height, width, upscaler.stages, budget, tile, upscaler.model.overlap)
    shown = None if upscaler.model.luma else canvas
    results = []
    for i, plane in enumerate(planes):
        if shown is None or i:
            canvas = np.empty((height * scale, width * scale, plane.shape[2]), np.uint8)
        results.append(canvas)
        for done in _fill_finite(canvas, plane, upscaler, plan, where):
            seen = None if upscaler.model.luma else results[0]
            yield Step(i * height * width + done, len(planes) * height * width, seen)
    alpha = results[1][:, :, 0].copy() if len(results) > 1 else None
    pixels = results[0]
    if upscaler.model.luma:
        pixels = with_luma(bicubic(photo.pixels, SCALE), pixels[:, :, 0])
    return Photo(pixels, alpha, photo.name, photo.notes, photo.exif)


def _planes(photo: Photo, model: Model) -> list[np.ndarray]:
    """What the network is run on, (H, W, 3 or 1) uint8: the colours or luma, then the alpha."""
    colours, alpha = photo.pixels, photo.alpha
    if not model.luma:
        return [colours] if alpha is None else [colours, np.repeat(alpha[:, :, None], 3, axis=2)]
    if model.scale == 1:
        colours = bicubic(colours, SCALE)
        alpha = None if alpha is None else bicubic(alpha, SCALE)
    planes = [luma(colours).round().astype(np.uint8)] + ([] if alpha is None else [alpha])
    return [plane[:, :, None] for plane in planes]


def _result_bytes(photo: Photo) -> int:
    return photo.pixels.size * SCALE**2 * (1 if photo.alpha is None else 2)


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
    done, scale = 0, upscaler.model.scale
    for band in plan.bands:
        row = 0
        runners = [
            _Runner(Stream(stage.to(device)), rows, allow_tf32)
            for stage, rows in zip(upscaler.stages, plan.rows, strict=True)
        ]
        outer = _Source(pixels[:, band.outer_start : band.outer_stop], device)
        for strip in _flow(runners, outer, True):
            _write(canvas, row, band, _to_uint8(strip), scale)
            row += strip.shape[2]
            yield done + row * (band.stop - band.start) // scale
        done += len(pixels) * (band.stop - band.start)


@dataclass(frozen=True)
class _Source:
    """A photo's pixels, made into (1, C, h, W) float32 in 0..1 on the device strip by strip."""

    pixels: np.ndarray
    device: torch.device

    @property
    def shape(self) -> tuple[int, int, int, int]:
        height, width, channels = self.pixels.shape
        return (1, channels, height, width)

    def __getitem__(self, index: tuple[slice, slice, slice]) -> Tensor:
        rows = torch.tensor(self.pixels[index[2]]).to(self.device)
        return rows.permute(2, 0, 1)[None].float().div_(255)


@dataclass
class _Runner:
    """A stage's stream with the height of its strips."""

    stream: Stream
    rows: int
    allow_tf32: bool

    def push(self, strip: Tensor, last: bool) -> Tensor | None:
        """One strip. Raises `torch.OutOfMemoryError`; then lower strips may do: see `halve`."""
        with _tf32(self.allow_tf32):
            return self.stream.push(strip, last)

    def halve(self, rows: int) -> None:
        if rows == 1:
            raise EngineError(
                "The GPU has no memory left even for the smallest piece: close other programs "
                "that use it, or run on the CPU."
            )
        torch.cuda.empty_cache()
        self.rows = rows // 2


def _flow(runners: list[_Runner], x: Tensor | _Source, last: bool) -> Iterator[Tensor]:
    """Feed `x` through the stages one after the other, each in strips of its own height."""
    height, start = x.shape[2], 0
    while start < height:
        rows = min(height - start, runners[0].rows)
        at_end = last and start + rows == height
        try:
            y = runners[0].push(x[:, :, start : start + rows], at_end)
        except torch.OutOfMemoryError:
            runners[0].halve(rows)
            continue
        if y is not None and len(runners) > 1:
            yield from _flow(runners[1:], y, at_end)
        elif y is not None:
            yield y
        start += rows


def _write(canvas: np.ndarray, row: int, band: Band, values: np.ndarray, scale: int) -> None:
    """Put a strip's rows into the canvas, mixed with the band to the left over `band.blend`."""
    rows = slice(row, row + len(values))
    left = (band.start - band.outer_start) * scale
    right = (min(band.stop + band.blend, band.outer_stop) - band.outer_start) * scale
    inner = values[:, left:right]
    if mixed := 2 * band.blend * scale if band.start else 0:
        inner = values[:, left - mixed // 2 : right]
        there = canvas[rows, band.start * scale - mixed // 2 :][:, :mixed]
        weight = (np.arange(mixed, dtype=np.float32) + 0.5)[None, :, None] / mixed
        mix = there + weight * (inner[:, :mixed].astype(np.float32) - there)
        inner = np.concatenate([mix.round().astype(np.uint8), inner[:, mixed:]], axis=1)
    start = band.start * scale - mixed // 2
    canvas[rows, start : start + inner.shape[1]] = inner


def _to_uint8(strip: Tensor) -> np.ndarray:
    """(1, C, h, W) around 0..1 -> (h, W, C) uint8. Raises `_NotFinite` on NaN and infinity."""
    if not torch.isfinite(strip).all():
        raise _NotFinite
    levels = strip.clamp(0, 1).mul_(255).round_().to(torch.uint8)[0].permute(1, 2, 0)
    return _to_host(levels).numpy()


def _to_host(levels: Tensor) -> Tensor:
    """On the CPU; from a GPU through pinned memory, which PyTorch keeps for the next strip."""
    if not levels.is_cuda:
        return levels.cpu()
    return torch.empty(levels.shape, dtype=levels.dtype, pin_memory=True).copy_(levels)
