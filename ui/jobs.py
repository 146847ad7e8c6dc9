"""What a request does, from the file it brings to the files it gets: in line, step by step.

Gradio runs these as generators: it can stop one where it yields, so a request
that was cancelled or whose client is gone leaves the line, or the worker, at
the next yield.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

import classify
import sr
from classify import catalog as classifiers
from sr import catalog, photo
from ui.line import Busy, Line, Place

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


def open_photo(path: str | None, max_pixels: int) -> sr.Photo:
    if not path:
        raise sr.PhotoError("There is no photo yet: drop one in, or choose an example.")
    return sr.open(path, max_pixels=max_pixels)


def wait_in_line(place: Place, progress: gr.Progress) -> Iterator:
    """Tell the page how many are ahead, until nobody is.

    Gradio can stop a function where it yields, so a request that was cancelled
    or whose client is gone leaves the line, or the worker, at the next yield.
    """
    while (ahead_and_seconds := place.wait(SECONDS_BETWEEN_UPDATES))[0]:
        ahead, seconds = ahead_and_seconds
        progress(0, desc=f"{ahead} before this photo, about {seconds:.0f} s")
        yield NOTHING_NEW


def follow(
    source: sr.Photo, upscaler: catalog.Upscaler, place: Place, progress: gr.Progress
) -> Iterator:
    """Upscale and tell the page how far it is; ends with the result."""
    from sr.engine import steps

    work = steps(source, upscaler)
    underway = LINE.start(advance, work)
    while True:
        step, result = underway.result()
        if result is not None:
            return result
        underway = LINE.start(advance, work)  # goes on while the page is told
        place.share = step.done / step.total
        progress(place.share, desc=f"Upscaling {source.name}")
        yield NOTHING_NEW


def advance(work: Generator) -> tuple:
    """Work for `SECONDS_BETWEEN_UPDATES`: (last step, None), or (None, result) at the end."""
    end = time.perf_counter() + SECONDS_BETWEEN_UPDATES
    try:
        while (step := next(work)) and time.perf_counter() < end:
            pass
        return step, None
    except StopIteration as stop:
        return None, stop.value


def save_pair(source: sr.Photo, result: sr.Photo, keep_metadata: bool) -> tuple[str, str]:
    """The two pictures of the slider: bicubic and super-resolved, of equal size, lossless."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=folder))
    alpha = None if source.alpha is None else photo.bicubic(source.alpha)
    exif = result.exif if keep_metadata else None
    before, after = folder / f"{source.name}_bicubic.png", folder / f"{source.name}_x4.png"
    with ThreadPoolExecutor(1) as other:  # compressing takes as long as a tenth of the network
        saved = other.submit(photo.save, photo.bicubic(source.pixels), before, alpha)
        photo.save(result.pixels, after, result.alpha, exif=exif)
        saved.result()
    return str(before), str(after)


def describe(source: sr.Photo, result: sr.Photo, seconds: float, upscaler: catalog.Upscaler) -> str:
    """The line of facts."""
    from sr.engine import choose_device

    sizes = " → ".join(f"{width} × {height}" for width, height in (source.size, result.size))
    facts = f"{sizes} pixels · {seconds:.1f} s on {choose_device()} · {upscaler.model.name}"
    parts = (f"{facts}, weights {upscaler.weights}.", upscaler.note, *source.notes)
    return " ".join(part for part in parts if part)


def name_bird(source: sr.Photo, result: sr.Photo | None) -> tuple[dict[str, float] | str, str]:
    """What the label shows, and the sentence with the links."""
    answer = classify.identify(source.pixels, enlarge=lambda: result.pixels)
    links = [f"[{s.name}]({s.url}) (*{s.scientific}*)" for s in answer.species if s.url]
    pages = f"On eBird: {', '.join(links)}." if links else ""
    sentence = " ".join(part for part in (answer.sentence, pages, answer.note) if part)
    label = {s.name: s.probability for s in answer.species} or "no bird recognised"
    return label, sentence
