"""What a request does, from the file it brings to the files it gets: open, wait, run, save, name.

Page, API and MCP go through here. Each function is a generator of `State`, every one of which says
all that is known so far. Gradio can stop it where it yields, so a request that was cancelled, or
whose client is gone, leaves the queue or the worker at the next state.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gradio.utils import get_upload_folder

import classify
import sr
from classify import catalog as classifiers
from sr import image, settings
from sr.compare import comparison, methods, tables
from sr.compare.comparison import Keep, Pair, Row
from sr.image import Photo, PhotoError
from sr.image.photo import Box, part_of
from ui import zero
from ui.queue import SECONDS_BETWEEN_UPDATES, Place, Queue

if TYPE_CHECKING:  # starting the app needs no PyTorch
    from sr.inference.upscaler import Upscaler

FIRST_LOOK = "srgan-swift"  # a fifth of what SRGAN takes
PATIENCE = 2.0  # seconds that people look at bicubic
# 30 µs a pixel is what SRGAN takes on two cores.
QUEUE = Queue(settings.QUEUE_LENGTH, guess=30e-6)


@dataclass(frozen=True)
class Request:
    """What is asked for.

    path: the photo's file, or None.
    model: a model's name, or None for the one that suits the photo.
    name: whether the bird is to be named.
    box: the part of the photo that is wanted, as `image.crop` takes it, or None.
    keep_colours: whether the result is to be as bright and coloured as the photo.
    keep_metadata: whether the result gets the photo's camera, date and place.
    before: whether the photo enlarged by bicubic is wanted as a file.
    page: whether somebody looks on: bicubic is shown at once, the result as it grows, and what
        the photo itself would be named beside what its enlargement is.
    """

    path: str | None
    model: str | None = None
    name: bool = True
    box: Box | None = None
    keep_colours: bool = True
    keep_metadata: bool = False
    before: bool = True
    page: bool = False


@dataclass(frozen=True)
class State:
    """How far a request is, and what there is of its answer.

    ahead: photos before this one.
    seconds: a guess of what is left of the waiting or the work.
    share: of the work that is done, 0..1.
    canvas: (4H, 4W, 3) uint8, the result so far, while it is being made.
    before: the file of the photo enlarged by bicubic.
    after: the file of the result.
    facts: sizes, time, device and model, then notes, a sentence each.
    answer: the bird's name, by which the app goes.
    uploaded: what the photo itself is named, where somebody looks on.
    enlarged: what its enlargement is named, where somebody looks on.
    pair: the photo to compare on, once it is opened.
    rows: the scores of a comparison.
    titles: of the methods compared, by name.
    """

    ahead: int = 0
    seconds: float = 0.0
    share: float = 0.0
    canvas: np.ndarray | None = None
    before: Path | None = None
    after: Path | None = None
    facts: tuple[str, ...] = ()
    answer: classify.Answer | None = None
    uploaded: classify.Answer | None = None
    enlarged: classify.Answer | None = None
    pair: Pair | None = None
    rows: tuple[Row, ...] = ()
    titles: dict[str, str] | None = None


def upscale(request: Request) -> Iterator[State]:
    """Enlarge a photo four times, and name the bird in it if asked."""
    from sr.inference import auto

    pixels = _size(request, settings.max_pixels())[0]
    # Weights are fetched in the request's own thread: that must not hold up the worker. Those that
    # Auto takes for some photos come with packages.
    kind = sr.load(request.model or auto.usual()).model.name
    state = State()
    with QUEUE.place(kind, pixels) as place:
        folder = new_folder()
        if request.page:
            preview = _previewed(request, folder, state)
            for state in QUEUE.work(preview):
                yield state
        yield from _waited(place, state)
        yield from QUEUE.work(_upscaled(request, place, folder, state))
        place.finish()


def identify(request: Request) -> Iterator[State]:
    """Name the bird in a photo, which is enlarged first if it is small for the classifier."""
    from sr.inference import auto

    pixels, short_side = _size(request, settings.MAX_PIXELS_READ)
    small = short_side < classifiers.load(device=settings.device()).input_size
    kind, work = (sr.load(auto.usual()).model.name, pixels) if small else ("naming", 1)
    with QUEUE.place(kind, work) as place:
        yield from _waited(place, State())
        yield from QUEUE.work(_identified(request, place))
        place.finish()


def compare(path: str | None, names: list[str], keep: Keep) -> Iterator[State]:
    """Shrink a photo four times, restore it by several methods and score them.

    keep: called with each picture once it is made.
    """
    request, chosen = Request(path), []
    pixels = _size(request, comparison.max_pixels())[0]
    for name in names or methods.preferred():
        yield State()  # fetching weights can take minutes
        chosen.append(methods.method(name))
    with QUEUE.place("compare", comparison.work(pixels, chosen)) as place:
        yield from _waited(place, State())
        yield from QUEUE.work(_compared(request, chosen, keep, place))
        place.finish()


def new_folder() -> Path:
    """A folder of the request's own, from which Gradio serves, and which it deletes in time."""
    parent = Path(get_upload_folder())
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def save_csv(rows: tuple[Row, ...], name: str) -> str:
    """The file of a comparison's table, named after the photo."""
    path = new_folder() / f"{name}_compared.csv"
    path.write_text(tables.csv_text(rows), encoding="utf-8")
    return str(path)


def _size(request: Request, max_pixels: int) -> tuple[int, int]:
    """(pixels, pixels along the short side) of what is wanted, by the file's header alone.

    A photo that waits is not decoded before its turn: 17 of them would hold gigabytes.
    """
    limit = max_pixels if request.box is None else settings.MAX_PIXELS_READ
    size = image.read_size(_path(request), max_pixels=limit)
    if request.box is not None:
        columns, rows = part_of(size, request.box)
        size = columns.stop - columns.start, rows.stop - rows.start
    return size[0] * size[1], min(size)


def _path(request: Request) -> str:
    if not request.path:
        raise PhotoError("There is no photo yet: drop one in, or choose an example.")
    return request.path


def _open(request: Request, max_pixels: int | None = None) -> Photo:
    """The photo, or the part of it in the request's box, which may be cut from a large one."""
    if request.box is None:
        return image.read(_path(request), max_pixels=max_pixels)
    photo = image.read(_path(request), max_pixels=settings.MAX_PIXELS_READ)
    part = image.crop(photo, request.box)
    image.check_size(part.size, part.name, max_pixels)
    return part


def _waited(place: Place, state: State) -> Iterator[State]:
    """Until nobody is ahead."""
    while True:
        ahead, seconds = place.wait(SECONDS_BETWEEN_UPDATES)
        if not ahead:
            return
        yield replace(state, ahead=ahead, seconds=seconds)


def _previewed(request: Request, folder: Path, state: State) -> Generator[State, None, None]:
    """The photo by bicubic, to be looked at while it waits."""
    yield replace(state, before=_save_before(_open(request), folder))


def _upscaled(
    request: Request, place: Place, folder: Path, state: State
) -> Generator[State, None, None]:
    start = time.perf_counter()
    photo = _open(request)
    if request.before and state.before is None:
        state = replace(state, before=_save_before(photo, folder))
    upscaler = _suited(photo, request, place)
    colours = request.keep_colours
    canvas = None
    if request.page:
        canvas = yield from _first_look(photo, upscaler, place, state, colours)
    result, where = yield from _run(photo, upscaler, place, state, canvas, colours)
    after = _save_after(result, folder, request.keep_metadata)
    facts = _describe(photo, result, time.perf_counter() - start, where, upscaler)
    state = replace(state, share=1.0, after=after, facts=facts)
    yield state
    if request.name:
        yield _named(request, state, photo, result)


def _first_look(
    photo: Photo, upscaler: Upscaler, place: Place, state: State, keep_colours: bool
) -> Generator[State, None, np.ndarray]:
    """What the finished part is seen over: a quick network's picture, or bicubic for a moment."""
    canvas, seconds = image.bicubic(photo.pixels), place.seconds_left()
    if seconds > PATIENCE and upscaler.model.name != FIRST_LOOK and not zero.spaces:
        for step in _steps(photo, sr.load(FIRST_LOOK), canvas, keep_colours=keep_colours):
            yield replace(state, seconds=seconds, canvas=step.canvas)
    return canvas


def _identified(request: Request, place: Place) -> Generator[State, None, None]:
    photo = _open(request, settings.MAX_PIXELS_READ)
    small = classify.wants_enlarging(photo.pixels, device=settings.device())
    result = None
    if small:
        result, _ = yield from _run(photo, _suited(photo, request, place), place, State())
    yield _named(request, State(share=1.0), photo, result)


def _suited(photo: Photo, request: Request, place: Place) -> Upscaler:
    """The model that was asked for, or that suits the photo; the queue learns which it is."""
    from sr.inference import auto

    upscaler = auto.load(photo, request.model or None)
    place.kind = upscaler.model.name
    return upscaler


def _run(
    photo: Photo,
    upscaler: Upscaler,
    place: Place,
    state: State,
    canvas: np.ndarray | None = None,
    keep_colours: bool = True,
) -> Generator[State, None, tuple[Photo, str]]:
    """Run the network; returns the photo four times as large, and where it was computed."""
    steps, where = _steps(photo, upscaler, canvas=canvas, keep_colours=keep_colours), ""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value, where
        where = step.where
        place.share = step.done / step.total
        yield replace(state, seconds=place.seconds_left(), share=place.share, canvas=step.canvas)


def _steps(
    photo: Photo, upscaler: Upscaler, canvas: np.ndarray | None = None, **options: Any
) -> Generator:
    """`engine.steps`, on a GPU that is lent where that is the way."""
    from sr.inference import engine

    if zero.spaces:
        return zero.steps(photo, upscaler.model.name, **options)
    return engine.steps(photo, upscaler, canvas=canvas, **options)


def _save_before(photo: Photo, folder: Path) -> Path:
    """The slider's left picture: bicubic, as large as the result, lossless."""
    alpha = None if photo.alpha is None else image.bicubic(photo.alpha)
    return image.write(image.bicubic(photo.pixels), folder / f"{photo.name}_bicubic.png", alpha)


def _save_after(result: Photo, folder: Path, keep_metadata: bool) -> Path:
    """The result, lossless, named after the photo."""
    exif = result.exif if keep_metadata else None
    return image.write(result.pixels, folder / f"{result.name}_x4.png", result.alpha, exif=exif)


def _describe(
    photo: Photo, result: Photo, seconds: float, where: str, upscaler: Upscaler
) -> tuple[str, ...]:
    """The facts, a sentence each: sizes, time, device and model first."""
    sizes = " → ".join(f"{width} × {height}" for width, height in (photo.size, result.size))
    facts = f"{sizes} pixels · {seconds:.1f} s on {where} · {upscaler.model.name}"
    parts = (f"{facts}, weights {upscaler.weights}.", upscaler.note, *photo.notes)
    return tuple(part for part in parts if part)


def _named(request: Request, state: State, photo: Photo, result: Photo | None) -> State:
    """The state with the bird's name, by the photo or, if that is small, by its enlargement."""
    device = settings.device()
    if not request.page:
        answer = classify.identify(photo.pixels, enlarge=lambda: result.pixels, device=device)
        return replace(state, answer=answer)
    uploaded = classify.identify(photo.pixels, device=device)
    if result is None:
        return replace(state, answer=uploaded, uploaded=uploaded)
    enlarged = replace(classify.identify(result.pixels, device=device), enlarged=True)
    small = classify.wants_enlarging(photo.pixels, device=device)
    answer = enlarged if small else uploaded
    return replace(state, answer=answer, uploaded=uploaded, enlarged=enlarged)


def _compared(
    request: Request, chosen: list[methods.Method], keep: Keep, place: Place
) -> Generator[State, None, None]:
    pair = comparison.pair(_open(request, comparison.max_pixels()))
    work = comparison.steps(pair, chosen, keep, _steps)
    while True:
        try:
            step = next(work)
        except StopIteration as end:
            titles = {method.name: method.title for method in chosen}
            yield State(share=1.0, pair=pair, rows=tuple(end.value), titles=titles)
            return
        place.share = step.done / step.total
        yield State(seconds=place.seconds_left(), share=place.share)
