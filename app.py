"""The page, the API and the MCP tools.

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

import sr
from sr import catalog, photo
from ui import jobs, state
from ui.compare_tab import build_compare_tab
from ui.jobs import LINE, NOTHING_NEW
from ui.parts import QUIET, STYLE, THEME, name_examples, photo_input
from ui.upscale_tab import build_upscale_tab
from ui.words import ENGLISH, WORDS

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.png"))
LARGEST_UPLOAD = "32mb"


def upscale(
    image: str,
    model: str | None = None,
    identify: bool = True,
    progress: gr.Progress = gr.Progress(),
):
    """Enlarge a photo four times with SRGAN and name the bird in it.

    SRGAN invents plausible texture: the result looks sharp, but its finest detail is a guess.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; the recommended if left out.
        identify: Whether to name the bird as well.

    Returns:
        The photo before (bicubic) and after, the bird's probabilities, the PNG file, a line of
        facts, and a sentence on the bird.
    """
    with jobs.sentences():
        source = LINE.run(jobs.open_photo, image)
        upscaler = sr.load(model or None)
        tell = jobs.tell_progress(progress)
        with LINE.place(upscaler.model.name, source.pixels[:, :, 0].size) as place:
            yield from jobs.wait_in_line(place, tell)
            start = time.perf_counter()
            result = yield from jobs.follow(jobs.restoring(source, upscaler), place, tell)
            pair = LINE.run(jobs.save_pair, source, result)
            facts = jobs.describe(source, result, time.perf_counter() - start, upscaler)
            named = LINE.run(jobs.name_bird, source, result) if identify else (None, "")
            place.finish()
    yield pair, named[0], pair[1], " ".join(facts), named[1]


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
    with jobs.sentences():
        source = LINE.run(jobs.open_photo, image, photo.MAX_PIXELS_READ)
        tell = jobs.tell_progress(progress)
        yield (yield from jobs.enlarge_to_name(source, jobs.name_bird, tell))


def build_api() -> None:
    """The endpoints for programs, with components that the page doesn't show."""
    options = {"type": "filepath", "format": "png", "image_mode": None, "visible": False}
    image = photo_input(label="image", visible=False)
    model = gr.Dropdown(list(catalog.MODELS), value=None, label="model", visible=False)
    named = gr.Checkbox(True, label="identify", visible=False)
    pair = gr.ImageSlider(label="before and after", **options)
    picture = gr.Image(label="result", **options)
    file = gr.File(label="result as PNG", visible=False)
    facts = gr.Markdown(label="facts", visible=False)
    label = gr.Label(label="most likely birds", num_top_classes=5, visible=False)
    birds = gr.Markdown(label="the bird", visible=False)
    trigger = gr.Button(visible=False)
    for function, inputs, outputs in (
        (upscale, [image, model, named], [pair, label, file, facts, birds]),
        (upscale_image, [image, model], picture),
        (identify, image, [label, birds]),
    ):
        trigger.click(function, inputs, outputs, api_name=function.__name__, concurrency_limit=None)


def build() -> gr.Blocks:
    """The page, from top to bottom as it looks."""
    with gr.Blocks(
        title=ENGLISH["page_title"], analytics_enabled=False, delete_cache=(3600, 3600)
    ) as page:
        gr.Markdown(WORDS("page_introduction"))
        with gr.Tab(WORDS("page_tab_upscale")):
            build_upscale_tab(EXAMPLES)
        with gr.Tab(WORDS("page_tab_compare")):
            build_compare_tab(EXAMPLES)
        build_api()
        status = gr.Markdown(elem_id="status", label=WORDS("page_status"))
        page.load(None, js=name_examples(EXAMPLES), api_visibility="private")
        page.load(state.sentence, None, status, **QUIET)
        gr.Timer(2).tick(state.sentence, None, status, **QUIET)
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
        theme=THEME,
        css=STYLE,
        i18n=WORDS,
    )
    threading.Thread(target=state.warm_up, daemon=True).start()
    demo.block_thread()


demo = build()

if __name__ == "__main__":
    main()
