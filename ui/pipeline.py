"""What a request does, from the file it brings to the files it gets: open, wait, run, save, name.

Page, API and MCP go through here. Each function is a generator of `State`, every one of which says
all that is known so far. Gradio can stop it where it yields, so a request that was cancelled, or
whose client is gone, leaves the queue or the worker at the next state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import classify
import sr
from sr import image, settings
from sr.image import Photo, PhotoError
from sr.image.photo import Box, part_of
from ui import results, zero
from ui.queue import SECONDS_BETWEEN_UPDATES, Place, Queue

if TYPE_CHECKING:  # starting the app needs no PyTorch
    from sr.inference.upscaler import Upscaler

FIRST_LOOK = "srgan-swift"  # a fifth of what SRGAN takes
PATIENCE = 2.0  # seconds that people look at bicubic
LOOK = 900  # pixels of the short side of the photo that people crop on
# 30 µs a pixel is what SRGAN takes on two cores.
QUEUE = Queue(settings.QUEUE_LENGTH, guess=30e-6)


@dataclass(frozen=True)
class Request:
    """What is asked for.

    path: the photo's file, or None.
    model: a model's name, or None for the one that suits the photo.
    name: whether the bird is to be named.
    box: the part of the photo that is wanted, as `image.crop` takes it, or None.
    species: the kinds of bird to consider, as `classify.kinds.read_list` takes them; "" for all.
    keep_colours: whether the result is to be as bright and coloured as the photo.
    keep_metadata: whether the result gets the photo's camera, date and place.
    before: whether the photo enlarged by bicubic is wanted as a file, and the photo to crop on.
    page: whether somebody looks on: a name and bicubic are shown at once, the result as it grows,
        and a photo too large to be enlarged is named and shown, to be cropped.
    """

    path: str | None
    model: str | None = None
    name: bool = True
    box: Box | None = None
    species: str = ""
    keep_colours: bool = True
    keep_metadata: bool = False
    before: bool = True
    page: bool = False


@dataclass(frozen=True)
class State:
    """How far a request is, and what there is of its answer.

    folder: where the request's files are.
    ahead: photos before this one.
    seconds: a guess of what is left of the waiting or the work.
    share: of the work that is done, 0..1.
    canvas: (4H, 4W, 3) uint8, the result so far, while it is being made.
    before: the file of the photo enlarged by bicubic.
    after: the file of the result.
    facts: sizes, time, device and model, then notes, a sentence each.
    answer: the bird's name, at first by the photo as it is, where somebody looks on.
    sizes: of the photo and of the result, in words.
    took: seconds that making the result took.
    model: the name of the network that made it.
    look: the file of the whole photo as a small JPEG, to crop on, where somebody looks on.
    size: (width, height) of the whole photo, upright.
    pace: seconds that a pixel takes, as far as is known.
    limit: how many pixels a part may have, where the photo is too large to be enlarged; else 0.
    """

    folder: Path | None = None
    ahead: int = 0
    seconds: float = 0.0
    share: float = 0.0
    canvas: np.ndarray | None = None
    before: Path | None = None
    after: Path | None = None
    facts: tuple[str, ...] = ()
    answer: classify.Answer | None = None
    sizes: str = ""
    took: float = 0.0
    model: str = ""
    look: Path | None = None
    size: tuple[int, int] = (0, 0)
    pace: float = 0.0
    limit: int = 0


def upscale(request: Request) -> Iterator[State]:
    """Enlarge a photo four times, and name the bird in it if asked."""
    from sr.inference import auto

    limit = settings.max_pixels()
    size = size_of(request, settings.MAX_PIXELS_READ if request.page else limit)
    # Weights are fetched in the request's own thread: that must not hold up the worker. Those that
    # Auto takes for some photos come with packages.
    kind = sr.load(request.model or auto.usual()).model.name
    fits = size[0] * size[1] <= limit
    with (
        QUEUE.place(kind, size[0] * size[1]) as place,
        results.using(request.path),
        results.request_folder() as folder,
    ):
        state = State(folder, pace=QUEUE.pace(kind))
        looks = [_glanced, _found, *([_previewed] if fits else [])]
        for look in looks if request.page and (request.name or request.before) else []:
            looking = look(request, state)
            for state in QUEUE.work(looking):
                yield state
        if not fits:  # the page has it cropped
            yield replace(state, limit=limit)
            return
        yield from waited(place, state)
        yield from QUEUE.work(_upscaled(request, place, state))
        place.finish()


def identify(request: Request) -> Iterator[State]:
    """Find and name the bird in a photo."""
    from sr.inference import auto

    size_of(request, settings.MAX_PIXELS_READ)
    sr.load(auto.usual())  # a small bird is enlarged
    with QUEUE.place("naming", 1) as place, results.using(request.path):
        yield from waited(place, State())
        yield from QUEUE.work(_identified(request))
        place.finish()


def size_of(request: Request, max_pixels: int) -> tuple[int, int]:
    """(width, height) of what is wanted, by the file's header alone.

    A photo that waits is not decoded before its turn: 17 of them would hold gigabytes.
    """
    limit = max_pixels if request.box is None else settings.MAX_PIXELS_READ
    size = image.read_size(_path(request), max_pixels=limit)
    if request.box is None:
        return size
    columns, rows = part_of(size, request.box)
    return columns.stop - columns.start, rows.stop - rows.start


def _path(request: Request) -> str:
    if not request.path:
        raise PhotoError("There is no photo yet: drop one in, or choose an example.")
    return request.path


def open_photo(request: Request, max_pixels: int | None = None) -> Photo:
    """The photo, or the part of it in the request's box, which may be cut from a large one."""
    if request.box is None:
        return image.read(_path(request), max_pixels=max_pixels)
    photo = image.read(_path(request), max_pixels=settings.MAX_PIXELS_READ)
    part = image.crop(photo, request.box)
    image.check_size(part.size, part.name, max_pixels)
    return part


def waited(place: Place, state: State) -> Iterator[State]:
    """Until nobody is ahead."""
    while True:
        ahead, seconds = place.wait(SECONDS_BETWEEN_UPDATES)
        if not ahead:
            return
        yield replace(state, ahead=ahead, seconds=seconds)


def _glanced(request: Request, state: State) -> Generator[State, None, None]:
    """What the bird is named by all of the photo as it is, to be read while it waits."""
    if request.name:
        photo = open_photo(request, settings.MAX_PIXELS_READ)
        answer = _answer(request, photo, classify.WHOLE)
        # A small bird may yet be found.
        yield replace(state, answer=answer if answer.species else None)


def _found(request: Request, state: State) -> Generator[State, None, None]:
    """The same by the part that shows the bird, where a small one is found; then the photo.

    It is decoded once more rather than held: others may be worked on in between.
    """
    photo = open_photo(request, settings.MAX_PIXELS_READ)
    if request.name:
        box = None if request.box else classify.find(photo.pixels, device=settings.device())
        if box or state.answer is None:
            state = replace(state, answer=_answer(request, photo, box or classify.WHOLE))
        yield state
    yield _looked(request, photo, state)


def _looked(request: Request, photo: Photo, state: State) -> State:
    """The state with the photo as a small JPEG; the page has it already where it sends a box."""
    if request.box:
        return state
    look = state.folder / "photo.jpg"
    look.write_bytes(image.jpeg(image.thumbnail(photo.pixels, LOOK)))
    return replace(state, look=look, size=photo.size)


def _previewed(request: Request, state: State) -> Generator[State, None, None]:
    """The photo by bicubic, to be looked at while it waits."""
    yield replace(state, before=results.save_before(open_photo(request), state.folder))


def _upscaled(request: Request, place: Place, state: State) -> Generator[State, None, None]:
    from sr.inference import restore

    photo = open_photo(request)
    if request.before and state.before is None:
        state = replace(state, before=results.save_before(photo, state.folder))
    upscaler = _suited(photo, request, place)
    colours = request.keep_colours
    first = _first_look(photo, upscaler, place, state, colours)
    canvas = (yield from first) if request.page else None
    options = restore.Options(keep_colours=colours, keep_metadata=request.keep_metadata)

    def to_state(step: Any) -> State:
        place.share = step.done / step.total
        return replace(state, seconds=place.seconds_left(), share=place.share, canvas=step.canvas)

    after = state.folder / f"{photo.name}_x4.png"
    work = restore.steps(photo, upscaler, after, options, run=engine_steps, canvas=canvas)
    result, facts = yield from each_step(work, to_state)
    made = {"facts": facts.sentences, "sizes": facts.sizes, "took": facts.seconds}
    state = replace(state, share=1.0, after=after, model=facts.model, **made)
    yield state
    if request.name:  # by what Auto makes of the photo
        yield from _named(request, photo, state, result if colours and not request.model else None)


def _first_look(
    photo: Photo, upscaler: Upscaler, place: Place, state: State, keep_colours: bool
) -> Generator[State, None, np.ndarray]:
    """What the finished part is seen over: a quick network's picture, or bicubic for a moment."""
    canvas, seconds = image.bicubic(photo.pixels), place.seconds_left()
    if seconds > PATIENCE and upscaler.model.name != FIRST_LOOK and not zero.spaces:
        for step in engine_steps(photo, sr.load(FIRST_LOOK), canvas, keep_colours=keep_colours):
            yield replace(state, seconds=seconds, canvas=step.canvas)
    return canvas


def _identified(request: Request) -> Generator[State, None, None]:
    photo = open_photo(request, settings.MAX_PIXELS_READ)
    state = State(share=1.0)
    if request.page:
        state = _looked(request, photo, replace(state, folder=results.new_folder()))
    yield from _named(request, photo, state)


def _suited(photo: Photo, request: Request, place: Place) -> Upscaler:
    """The model that was asked for, or that suits the photo; the queue learns which it is."""
    from sr.inference import auto

    upscaler = auto.load(photo, request.model or None)
    place.kind = upscaler.model.name
    return upscaler


def each_step(steps: Generator, to_state: Callable[[Any], State]) -> Generator[State, None, Any]:
    """What is to_state of each of the steps; returns what they return."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield to_state(step)


def engine_steps(
    photo: Photo, upscaler: Upscaler, canvas: np.ndarray | None = None, **options: Any
) -> Generator:
    """`engine.steps`, on a GPU that is lent where that is the way."""
    from sr.inference import engine

    if zero.spaces:
        return zero.steps(photo, upscaler.model.name, **options)
    return engine.steps(photo, upscaler, canvas=canvas, **options)


def _named(
    request: Request, photo: Photo, state: State, enlarged: Photo | None = None
) -> Generator[State, None, None]:
    """The state with the bird's name, then again by an enlargement where the bird is small.

    It is Auto's enlargement, whatever model the result is made by, so that the name doesn't hang
    on that.  enlarged: what Auto makes of the whole photo, where that is there already.
    """
    state = replace(state, answer=state.answer or _answer(request, photo))
    found = None if request.box else state.answer.box
    yield state
    part = image.crop(photo, found) if found else photo
    if not classify.wants_enlarging(part.pixels, device=settings.device()):
        return
    if found or not enlarged:
        enlarged = yield from _enlarged(part, state)
    answer = _answer(request, photo, found or classify.WHOLE, lambda _: enlarged.pixels)
    yield replace(state, answer=answer)


def _answer(
    request: Request,
    photo: Photo,
    box: Box | None = None,
    enlarge: Callable[[Box | None], np.ndarray] | None = None,
) -> classify.Answer:
    """The bird in a photo, or in the part that the request's box has cut from it."""
    box = classify.WHOLE if request.box else box
    options = {"enlarge": enlarge, "only": request.species, "device": settings.device()}
    answer = classify.identify(photo.pixels, box=box, **options)
    return replace(answer, box=request.box or answer.box)


def _enlarged(part: Photo, state: State) -> Generator[State, None, Photo]:
    """A small part of a photo, enlarged as Auto does."""
    from sr.inference import auto

    steps = engine_steps(part, auto.load(part), keep_colours=True)
    return (yield from each_step(steps, lambda step: state))
