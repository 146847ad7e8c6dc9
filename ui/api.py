"""The endpoints for programs, which are MCP tools too.

Their docstrings are what programs and agents are told of them.
"""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from classify import Answer
from sr.compare import methods, tables
from sr.models import catalog
from ui import pipeline
from ui.components.photo_input import photo_input
from ui.errors import sentences
from ui.pipeline import Request, State


def upscale(
    image: str,
    model: str | None = None,
    identify: bool = True,
    keep_colours: bool = True,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio hands it over
):
    """Enlarge a photo four times and name the bird in it.

    The network invents plausible texture: the result looks sharp, its finest detail is a guess.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; left out, the one that
            suits the photo.
        identify: Whether to name the bird as well.
        keep_colours: Whether to give the result the photo's brightness and colours.

    Returns:
        The photo before (bicubic) and after, the bird's probabilities, the PNG file, a line of
        facts, and a sentence on the bird.
    """
    request = Request(image, model, name=identify, keep_colours=keep_colours)
    state = yield from followed(pipeline.upscale(request), progress, "Upscaling")
    label, birds = named(state.answer)
    file = str(state.after)
    yield (str(state.before), file), label, file, " ".join(state.facts), birds


def upscale_image(
    image: str,
    model: str | None = None,
    keep_colours: bool = True,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
):
    """Enlarge a photo four times; the answer is the one picture.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; left out, the one that
            suits the photo.
        keep_colours: Whether to give the result the photo's brightness and colours.

    Returns:
        The enlarged photo as PNG.
    """
    request = Request(image, model, name=False, keep_colours=keep_colours, before=False)
    state = yield from followed(pipeline.upscale(request), progress, "Upscaling")
    yield str(state.after)


def identify(image: str, progress: gr.Progress = gr.Progress()):  # noqa: B008
    """Name the bird in a photo: the five most likely kinds, and whether there is a bird at all.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF or JPEG 2000.

    Returns:
        The kinds' probabilities, and a sentence with links to the species' pages.
    """
    state = yield from followed(pipeline.identify(Request(image)), progress, "Upscaling")
    yield named(state.answer)


def compare(
    image: str,
    methods: list[str] | None = None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
):
    """Compare super-resolution methods on a photo: it is shrunk four times, restored and scored.

    PSNR and SSIM are on luma, without 4 pixels at each border. The highest score is not the
    sharpest picture: squared error rewards the mean of all plausible textures, which is blur.

    Args:
        image: The full-size photo, at most 16 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF...
        methods: Names such as bicubic, srresnet-div2k or srgan-div2k; a few quick ones if empty.

    Returns:
        A row for each method, with psnr_y in dB, ssim_y, contrast (the sharpness, which is the
        mean modified Laplacian, relative to the original's), or why it is unavailable; and the
        same as a CSV file.
    """
    work = pipeline.compare(image, methods or [], lambda name, pixels: None)
    state = yield from followed(work, progress, "Comparing")
    yield tables.plain(state.rows), pipeline.save_csv(state.rows, state.pair.high.name)


def followed(states: Iterator[State], progress: gr.Progress, what: str) -> Iterator[Any]:
    """Tell the client how far a request is, as `progress_data`; ends with the last state."""
    state = State()
    with sentences():
        for state in states:
            waiting = f"{state.ahead} before this photo, about {state.seconds:.0f} s"
            working = f"{what}, about {state.seconds:.0f} s left"
            progress(state.share, desc=waiting if state.ahead else working)
            yield gr.skip()
    return state


def named(answer: Answer | None) -> tuple[dict[str, float] | str | None, str]:
    """What the label shows, and the sentence with the links."""
    if answer is None:
        return None, ""
    links = [f"[{s.name}]({s.url}) (*{s.scientific}*)" for s in answer.species if s.url]
    pages = f"On eBird: {', '.join(links)}." if links else ""
    sentence = " ".join(part for part in (answer.sentence, pages, answer.note) if part)
    return {s.name: s.probability for s in answer.species} or "no bird recognised", sentence


def build_api() -> None:
    """The endpoints, with components that the page doesn't show."""
    hidden = {"visible": False}
    picture = {"type": "filepath", "format": "png", "image_mode": None, **hidden}
    image = photo_input(label="image", **hidden)
    model = gr.Dropdown(catalog.names(), value=None, label="model", **hidden)
    name = gr.Checkbox(True, label="identify", **hidden)
    colours = gr.Checkbox(True, label="keep_colours", **hidden)
    chosen = gr.CheckboxGroup(methods.names(), label="methods", **hidden)
    pair = gr.ImageSlider(label="before and after", **picture)
    result = gr.Image(label="result", **picture)
    file = gr.File(label="result as PNG", **hidden)
    facts = gr.Markdown(label="facts", **hidden)
    label = gr.Label(label="most likely birds", num_top_classes=5, **hidden)
    birds = gr.Markdown(label="the bird", **hidden)
    rows = gr.JSON(label="scores", **hidden)
    csv = gr.File(label="scores as CSV", **hidden)
    trigger = gr.Button(**hidden)
    for function, inputs, outputs in (
        (upscale, [image, model, name, colours], [pair, label, file, facts, birds]),
        (upscale_image, [image, model, colours], result),
        (identify, image, [label, birds]),
        (compare, [image, chosen], [rows, csv]),
    ):
        trigger.click(function, inputs, outputs, api_name=function.__name__, concurrency_limit=None)
