"""The page, the API and the MCP tools: components, events and error messages.

Run `python app.py`, or `gradio app.py` while working on it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr

import classify
import hub
import sr
from classify import catalog as classifiers
from sr import catalog, photo

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
SECONDS_BETWEEN_UPDATES = 0.2
QUEUE_LENGTH = 16
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
    except (sr.PhotoError, EngineError, *catalog.ERRORS, *classifiers.ERRORS) as error:
        raise gr.Error(str(error), print_exception=False) from None


def upscale(
    image: str,
    model: str | None = None,
    identify: bool = True,
    progress: gr.Progress = gr.Progress(),
):
    """Enlarge a photo four times with SRGAN and name the bird in it.

    SRGAN invents plausible texture: the result looks sharp, but its finest detail is a guess.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or JPEG 2000, at most 4 megapixels.
        model: A model's name, such as srgan-div2k or srresnet-div2k; the recommended if left out.
        identify: Whether to name the bird as well.

    Returns:
        The photo before (bicubic) and after, the bird's probabilities, the PNG file, a line of
        facts, and a sentence on the bird.
    """
    with sentences():
        source = open_photo(image, photo.MAX_PIXELS)
        start = time.perf_counter()
        upscaler = sr.load(model or None)
        result = yield from follow(source, upscaler, progress)
        seconds = time.perf_counter() - start
        before, after = save_pair(source, result)
        facts = describe(source, result, seconds, upscaler)
        label, birds = None, ""
        if identify:
            label, birds = name_bird(source, lambda: result.pixels)
    yield (before, after), label, after, facts, birds


def upscale_image(image: str, model: str | None = None, progress: gr.Progress = gr.Progress()):
    """Enlarge a photo four times with SRGAN; the answer is the one picture.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or JPEG 2000, at most 4 megapixels.
        model: A model's name, such as srgan-div2k or srresnet-div2k; the recommended if left out.

    Returns:
        The enlarged photo as PNG.
    """
    for (_, after), *_rest in only_results(upscale(image, model, False, progress)):
        yield after


def identify(image: str):
    """Name the bird in a photo: the five most likely kinds, and whether there is a bird at all.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF or JPEG 2000.

    Returns:
        The kinds' probabilities, and a sentence with links to the species' pages.
    """
    with sentences():
        source = open_photo(image, photo.MAX_PIXELS_READ)
        return name_bird(source, lambda: sr.upscale(source, sr.load()).pixels)


def open_photo(path: str | None, max_pixels: int) -> sr.Photo:
    if not path:
        raise sr.PhotoError("There is no photo yet: drop one in, or choose an example.")
    return sr.open(path, max_pixels=max_pixels)


def follow(source: sr.Photo, upscaler: catalog.Upscaler, progress: gr.Progress) -> Iterator:
    """Upscale, telling the page how far it is; ends with the result.

    Gradio can stop a function where it yields, so a cancelled request frees
    the worker there.
    """
    from sr.engine import steps

    work, shown = steps(source, upscaler), 0.0
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            return stop.value
        if time.perf_counter() - shown > SECONDS_BETWEEN_UPDATES:
            shown = time.perf_counter()
            progress(step.done / step.total, desc=f"Upscaling {source.name}")
            yield (gr.skip(),) * 5


def only_results(updates: Iterator[tuple]) -> Iterator[tuple]:
    """`updates` without those that only show progress."""
    return (update for update in updates if isinstance(update[0], tuple))


def save_pair(source: sr.Photo, result: sr.Photo) -> tuple[str, str]:
    """The two pictures of the slider: bicubic and super-resolved, of equal size, lossless."""
    folder = Path(demo.GRADIO_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=folder))
    alpha = None if source.alpha is None else photo.bicubic(source.alpha)
    before = photo.save(photo.bicubic(source.pixels), folder / f"{source.name}_bicubic.png", alpha)
    after = photo.save(result.pixels, folder / f"{source.name}_x4.png", result.alpha)
    return str(before), str(after)


def describe(source: sr.Photo, result: sr.Photo, seconds: float, upscaler: catalog.Upscaler) -> str:
    """The line of facts."""
    from sr.engine import choose_device

    sizes = " → ".join(f"{width} × {height}" for width, height in (source.size, result.size))
    facts = f"{sizes} pixels · {seconds:.1f} s on {choose_device()} · {upscaler.model.name}"
    parts = (f"{facts}, weights {upscaler.weights}.", upscaler.note, *source.notes)
    return " ".join(part for part in parts if part)


def name_bird(source: sr.Photo, enlarge) -> tuple[dict[str, float] | str, str]:
    """What the label shows, and the sentence with the links."""
    answer = classify.identify(source.pixels, enlarge=enlarge)
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
    trigger.click(upscale, [image, model, named], outputs, api_name="upscale", **ONE_AT_A_TIME)
    trigger.click(upscale_image, [image, model], picture, api_name="upscale_image", **ONE_AT_A_TIME)
    trigger.click(identify, image, identify_outputs, api_name="identify", **ONE_AT_A_TIME)


ONE_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "inference"}


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
        private = {"api_visibility": "private", **ONE_AT_A_TIME}
        running = [
            start.click(
                upscale, [image, model, named], outputs, api_name="page_upscale", **private
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
    return page.queue(max_size=QUEUE_LENGTH)


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
