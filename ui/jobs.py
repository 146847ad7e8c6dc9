"""What a request does, from the file it brings to the files it gets: in line, step by step.

Gradio runs these as generators: it can stop one where it yields, so a request
that was cancelled or whose client is gone leaves the line, or the worker, at
the next yield.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.utils import get_upload_folder

import classify
import sr
from classify import catalog as classifiers
from sr import catalog, photo
from ui.line import Busy, Line, Place
from ui.zero import on_gpu

SECONDS_BETWEEN_UPDATES = 0.2
NOTHING_NEW = gr.skip()  # an update that leaves every output as it is
# One photo is computed at a time, and 16 may wait; 30 µs a pixel is what SRGAN takes on two cores.
LINE = Line(length=16, guess=30e-6)


@contextmanager
def sentences() -> Iterator[None]:
    """Show the core's own errors, which are written for the user, as they are."""
    from sr.engine import EngineError

    try:
        yield
    except (sr.PhotoError, EngineError, Busy, *catalog.ERRORS, *classifiers.ERRORS) as error:
        raise gr.Error(str(error), print_exception=False) from None


@dataclass(frozen=True)
class State:
    """How far a request is.

    ahead: photos before this one.  seconds: a guess of what is left of the waiting or the work.
    share: of the work that is done, 0..1.  canvas: (4H, 4W, 3) uint8, the result so far.
    """

    ahead: int
    seconds: float
    share: float = 0.0
    canvas: np.ndarray | None = None


Tell = Callable[[State], Any]  # a state -> what to send to the page or client


def tell_progress(progress: gr.Progress, what: str = "Upscaling") -> Tell:
    """States become the client's `progress_data`; the answer itself stays open."""

    def tell(state: State) -> Any:
        waiting = f"{state.ahead} before this photo, about {state.seconds:.0f} s"
        working = f"{what}, about {state.seconds:.0f} s left"
        progress(state.share, desc=waiting if state.ahead else working)
        return NOTHING_NEW

    return tell


def open_photo(path: str | None, max_pixels: int = photo.MAX_PIXELS) -> sr.Photo:
    if not path:
        raise sr.PhotoError("There is no photo yet: drop one in, or choose an example.")
    return sr.open(path, max_pixels=max_pixels)


def wait_in_line(place: Place, tell: Tell) -> Iterator:
    """Tell how many are ahead, until nobody is."""
    while (ahead_and_seconds := place.wait(SECONDS_BETWEEN_UPDATES))[0]:
        yield tell(State(*ahead_and_seconds))


def follow(work: Generator, place: Place, tell: Tell) -> Iterator:
    """Have the worker do `work`, such as `restoring`, and tell how far it is; ends with its result.

    It yields steps with `done`, `total` and the `canvas` to be seen meanwhile.
    """
    underway = LINE.start(advance, work)
    while True:
        step, result = underway.result()
        if result is not None:
            return result
        underway = LINE.start(advance, work)  # goes on while the page is told
        place.share = step.done / step.total
        yield tell(State(0, place.seconds_left(), place.share, step.canvas))


def advance(work: Generator) -> tuple:
    """Work for `SECONDS_BETWEEN_UPDATES`: (last step, None), or (None, result) at the end."""
    end = time.perf_counter() + SECONDS_BETWEEN_UPDATES
    try:
        while (step := next(work)) and time.perf_counter() < end:
            pass
        return step, None
    except StopIteration as stop:
        return None, stop.value


def restoring(
    source: sr.Photo, upscaler: catalog.Upscaler, canvas: np.ndarray | None = None
) -> Generator:
    """`engine.steps`, on a GPU that is lent for it where that is the way."""
    from sr.engine import steps

    if compute is _compute:
        return steps(source, upscaler, canvas=canvas)
    return _lent(source, upscaler)


def _compute(source: sr.Photo, model: str) -> Iterator[Any]:
    """The engine's steps and then the result, for a process that was lent a GPU.

    A canvas would be pickled at every step, and other errors than Gradio's lose their sentence.
    """
    from sr.engine import steps

    work = steps(source, sr.load(model))
    with sentences():
        while True:
            try:
                yield replace(next(work), canvas=None)
            except StopIteration as stop:
                yield stop.value
                return


compute = on_gpu(_compute)


def _lent(source: sr.Photo, upscaler: catalog.Upscaler) -> Generator:
    """As `engine.steps`: yields the steps and returns the result."""
    result = None
    for item in compute(source, upscaler.model.name):
        if isinstance(item, sr.Photo):
            result = item
        else:
            yield item
    return result


def new_folder() -> Path:
    """A folder of the request's own, from which Gradio serves, and which it deletes in time."""
    parent = Path(get_upload_folder())
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


def save_before(source: sr.Photo, folder: Path) -> str:
    """The slider's left picture: bicubic, as large as the result, lossless."""
    path = folder / f"{source.name}_bicubic.png"
    alpha = None if source.alpha is None else photo.bicubic(source.alpha)
    return str(photo.save(photo.bicubic(source.pixels), path, alpha))


def save_after(result: sr.Photo, folder: Path, keep_metadata: bool = False) -> str:
    """The result, lossless, named after the photo."""
    path = folder / f"{result.name}_x4.png"
    exif = result.exif if keep_metadata else None
    return str(photo.save(result.pixels, path, result.alpha, exif=exif))


def save_pair(source: sr.Photo, result: sr.Photo) -> tuple[str, str]:
    """Both pictures of the slider."""
    folder = new_folder()
    with ThreadPoolExecutor(1) as other:  # compressing takes as long as a tenth of the network
        before = other.submit(save_before, source, folder)
        after = save_after(result, folder)
        return before.result(), after


def describe(
    source: sr.Photo, result: sr.Photo, seconds: float, upscaler: catalog.Upscaler
) -> list[str]:
    """The facts, a sentence each: sizes, time, device and model first."""
    from sr.engine import choose_device

    sizes = " → ".join(f"{width} × {height}" for width, height in (source.size, result.size))
    facts = f"{sizes} pixels · {seconds:.1f} s on {choose_device()} · {upscaler.model.name}"
    parts = (f"{facts}, weights {upscaler.weights}.", upscaler.note, *source.notes)
    return [part for part in parts if part]


def name_bird(source: sr.Photo, result: sr.Photo | None) -> tuple[dict[str, float] | str, str]:
    """What the label shows, and the sentence with the links."""
    answer = classify.identify(source.pixels, enlarge=lambda: result.pixels)
    links = [f"[{s.name}]({s.url}) (*{s.scientific}*)" for s in answer.species if s.url]
    pages = f"On eBird: {', '.join(links)}." if links else ""
    sentence = " ".join(part for part in (answer.sentence, pages, answer.note) if part)
    label = {s.name: s.probability for s in answer.species} or "no bird recognised"
    return label, sentence


def enlarge_to_name(
    source: sr.Photo, name: Callable[[sr.Photo, sr.Photo | None], Any], tell: Tell
) -> Iterator:
    """Call `name` with the photo and, if it is small for the classifier, its enlargement.

    Tells how far it is; ends with what `name` gave.
    """
    small = classify.wants_enlarging(source.pixels)
    upscaler = sr.load() if small else None
    kind, work = (upscaler.model.name, source.pixels[:, :, 0].size) if small else ("naming", 1)
    with LINE.place(kind, work) as place:
        yield from wait_in_line(place, tell)
        result = (yield from follow(restoring(source, upscaler), place, tell)) if small else None
        named = LINE.run(name, source, result)
        place.finish()
    return named
