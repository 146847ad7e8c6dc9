"""The page, the API and the MCP tools: components, events and error messages.

Run `python app.py`, or `gradio app.py` while working on it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import gradio as gr

import classify
import hub
import sr
from classify import catalog as classifiers
from line import Busy, Line, Place
from sr import catalog, photo

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
SECONDS_BETWEEN_UPDATES = 0.2
NOTHING_NEW = gr.skip()  # an update that leaves every output as it is
# One photo is computed at a time, and 16 may wait; 30 µs a pixel is what SRGAN takes on two cores.
LINE = Line(length=16, guess=30e-6)
LARGEST_UPLOAD = "32mb"

INTRODUCTION = """
# Sharper birds
Drop a small photo: get it four times as large, and the name of the bird in it.

**What to know:** SRGAN *invents* plausible texture. The result looks sharp, but its fine detail
is a guess, not a record; don't read feather patterns off it. SRResNet guesses less and looks
softer.
"""


def photo_input(**options) -> gr.Image:
    """An image input that hands over the uploaded file as it came.

    `gr.Image` opens the file itself first, and a file that is no photo ends
    in an error that says nothing; `sr.open` says what is wrong. (A subclass
    would do, but Gradio writes a stub file beside the source of each.)
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **options)
    opened = image.preprocess
    image.preprocess = lambda payload: payload.path if payload and payload.path else opened(payload)
    return image


@contextmanager
def sentences() -> Iterator[None]:
    """Show the core's own errors, which are written for the user, as they are."""
    from sr.engine import EngineError

    try:
        yield
    except (sr.PhotoError, EngineError, Busy, *catalog.ERRORS, *classifiers.ERRORS) as error:
        raise gr.Error(str(error), print_exception=False) from None


def upscale(
    image: str,
    model: str | None = None,
    identify: bool = True,
    keep_metadata: bool = False,
    progress: gr.Progress = gr.Progress(),
):
    """Enlarge a photo four times with SRGAN and name the bird in it.

    SRGAN invents plausible texture: the result looks sharp, but its finest detail is a guess.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; the recommended if left out.
        identify: Whether to name the bird as well.
        keep_metadata: Whether to copy camera, date and place into the result.

    Returns:
        The photo before (bicubic) and after, the bird's probabilities, the PNG file, a line of
        facts, and a sentence on the bird.
    """
    with sentences():
        source = LINE.run(open_photo, image, photo.MAX_PIXELS)
        upscaler = sr.load(model or None)
        with LINE.place(upscaler.model.name, source.pixels[:, :, 0].size) as place:
            yield from wait_in_line(place, progress)
            start = time.perf_counter()
            result = yield from follow(source, upscaler, place, progress)
            pair = LINE.run(save_pair, source, result, keep_metadata)
            facts = describe(source, result, time.perf_counter() - start, upscaler)
            named = LINE.run(name_bird, source, result) if identify else (None, "")
            place.finish()
    yield pair, named[0], pair[1], facts, named[1]


def upscale_image(image: str, model: str | None = None, progress: gr.Progress = gr.Progress()):
    """Enlarge a photo four times with SRGAN; the answer is the one picture.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; the recommended if left out.

    Returns:
        The enlarged photo as PNG.
    """
    with closing(upscale(image, model, False, progress=progress)) as updates:
        for update in updates:
            yield update if update is NOTHING_NEW else update[2]


def identify(image: str, progress: gr.Progress = gr.Progress()):
    """Name the bird in a photo: the five most likely kinds, and whether there is a bird at all.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF or JPEG 2000.

    Returns:
        The kinds' probabilities, and a sentence with links to the species' pages.
    """
    with sentences(), LINE.place("naming", 1) as place:
        yield from wait_in_line(place, progress)
        source, result = LINE.run(open_photo, image, photo.MAX_PIXELS_READ), None
        if classify.wants_enlarging(source.pixels):
            result = yield from follow(source, sr.load(), place, progress)
        named = LINE.run(name_bird, source, result)
    yield named


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
    folder = Path(demo.GRADIO_CACHE)
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


def status() -> str:
    """Which weights are being fetched or used."""
    share = hub.progress()
    if share is not None:
        return f"Fetching weights, {share:.0%}."
    return IN_USE[-1]


IN_USE = ["Weights are read with the first photo."]


def warm_up() -> None:
    """Fetch and read the default weights while people look at the page."""
    IN_USE.append("Reading weights.")
    try:
        upscaler, classifier = sr.load(), classifiers.load()
    except hub.WeightsUnavailable as error:
        IN_USE.append(str(error))
        return
    used = f"In use: {upscaler.model.name} ({upscaler.weights}), {classifier.name} "
    notes = [note for note in (upscaler.note, classifier.note) if note]
    IN_USE.append(" ".join((f"{used}({classifier.weights}).", *notes)))


def hidden_api(image: gr.Image, outputs: list, identify_outputs: list) -> None:
    """The endpoints for programs, where `model` may be left out; the page has no use for them."""
    model = gr.Dropdown(list(catalog.MODELS), value=None, label="model", visible=False)
    named = gr.Checkbox(True, label="identify", visible=False)
    picture = gr.Image(
        label="result", type="filepath", image_mode=None, format="png", visible=False
    )
    trigger = gr.Button(visible=False)
    trigger.click(
        upscale,
        [image, model, named],
        outputs,
        api_name="upscale",
        concurrency_limit=None,
    )
    trigger.click(
        upscale_image, [image, model], picture, api_name="upscale_image", concurrency_limit=None
    )
    trigger.click(identify, image, identify_outputs, api_name="identify", concurrency_limit=None)


def build() -> gr.Blocks:
    """The page, from top to bottom as it looks."""
    with gr.Blocks(
        title="Sharper birds", analytics_enabled=False, delete_cache=(3600, 3600)
    ) as page:
        gr.Markdown(INTRODUCTION)
        with gr.Row():
            with gr.Column(scale=2, min_width=280):
                image = photo_input(
                    label="Photo",
                    sources=["upload", "clipboard", "webcam"],
                    height=300,
                    elem_id="photo",
                )
                model = gr.Dropdown(
                    [("Recommended", ""), *((m.title, m.name) for m in catalog.MODELS.values())],
                    value="",
                    label="Model",
                    elem_id="model",
                )
                named = gr.Checkbox(True, label="Identify the bird", elem_id="identify")
                metadata = gr.Checkbox(
                    False,
                    label="Keep metadata",
                    info="Copies camera, date and place into the result; the place is private.",
                    elem_id="metadata",
                )
                with gr.Row():
                    start = gr.Button("Enlarge 4×", variant="primary", elem_id="start")
                    only_name = gr.Button("Only name the bird", elem_id="only-name")
                stop = gr.Button("Stop", variant="stop", size="sm", elem_id="stop")
                examples = gr.Group()
            with gr.Column(scale=3, min_width=320):
                slider = gr.ImageSlider(
                    label="Before (bicubic) and after",
                    type="filepath",
                    format="png",
                    image_mode=None,
                    max_height=640,
                    interactive=False,
                    elem_id="slider",
                )
                facts = gr.Markdown(elem_id="facts", label="Facts")
                download = gr.File(label="Download the result (PNG)", elem_id="download")
                label = gr.Label(label="Most likely birds", num_top_classes=5, elem_id="label")
                birds = gr.Markdown(elem_id="birds", label="The bird")
        outputs = [slider, label, download, facts, birds]
        private = {"api_visibility": "private", "concurrency_limit": None}
        running = [
            start.click(
                upscale,
                [image, model, named, metadata],
                outputs,
                api_name="page_upscale",
                **private,
            ),
            only_name.click(identify, image, [label, birds], api_name="page_identify", **private),
        ]
        stop.click(None, cancels=running)
        with examples:
            gr.Examples(
                [[str(path)] for path in EXAMPLES],
                image,
                outputs,
                upscale,
                cache_examples=True,
                cache_mode="lazy",
                label="Examples",
                api_name="page_example",
                api_visibility="private",
            )
        hidden_api(image, outputs, [label, birds])
        weights = gr.Markdown(elem_id="status", label="Weights")
        quiet = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
        page.load(status, None, weights, **quiet)
        gr.Timer(2).tick(status, None, weights, **quiet)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the page on this machine.")
    parser.add_argument("--device", help="cpu, cuda or mps; the best there is if left out")
    args = parser.parse_args()
    if args.device:
        os.environ["SR_DEVICE"] = args.device
    demo.launch(
        prevent_thread_lock=True,
        mcp_server=True,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        theme=gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
    )
    threading.Thread(target=warm_up, daemon=True).start()
    demo.block_thread()


demo = build()

if __name__ == "__main__":
    main()
