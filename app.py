"""The page, the API and the MCP tools: components, events and error messages.

Run `python app.py`, or `gradio app.py` while working on it.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from contextlib import closing
from pathlib import Path

import gradio as gr

import classify
import hub
import sr
from classify import catalog as classifiers
from sr import catalog, photo
from ui.jobs import (
    LINE,
    NOTHING_NEW,
    describe,
    follow,
    name_bird,
    open_photo,
    save_pair,
    sentences,
    wait_in_line,
)

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
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
