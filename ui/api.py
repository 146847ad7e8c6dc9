"""The endpoints for programs, which are MCP tools too.

Their docstrings are what programs and agents are told of them.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import gradio as gr

from classify import Answer
from sr.compare import methods, tables
from sr.models import catalog
from ui import comparing, pipeline, results
from ui.components.photo_input import photo_input
from ui.components.viewer import parse_box
from ui.errors import sentences
from ui.pipeline import Request, State


def upscale(
    image: str,
    model: str | None = None,
    identify: bool = True,
    keep_colours: bool = True,
    species: str | None = None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008 - how Gradio hands it over
):
    """Enlarge a photo four times, and find and name the bird in it.

    The network invents plausible texture: the result looks sharp, its finest detail is a guess.

    Args:
        image: The photo, at most 4 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF...
        model: A model's name, such as srgan-div2k or srresnet-div2k; left out, the one that
            suits the photo.
        identify: Whether to name the bird as well.
        keep_colours: Whether to give the result the photo's brightness and colours.
        species: The only species to consider: English or scientific names or eBird codes, one a
            line; all if empty.

    Returns:
        The photo before (bicubic) and after, the species' probabilities, the PNG file, a line of
        facts, a sentence on the bird, and all that is known of it, as from identify.
    """
    options = {"name": identify, "keep_colours": keep_colours, "species": species or ""}
    work = pipeline.upscale(Request(image, model, **options))
    state = yield from followed(work, progress, "Upscaling")
    file = str(state.after)
    label, birds, bird = named(state.answer)
    yield (str(state.before), file), label, file, " ".join(state.facts), birds, bird


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


def identify(
    image: str,
    species: str | None = None,
    box: str | None = None,
    progress: gr.Progress = gr.Progress(),  # noqa: B008
):
    """Find and name the bird in a photo, and say how sure that is.

    Args:
        image: The photo: JPEG, PNG, WebP, AVIF, HEIC, GIF, BMP, TIFF or JPEG 2000.
        species: The only species to consider: English or scientific names or eBird codes, one a
            line; all if empty.
        box: The part of the photo that shows the bird, as left,top,right,bottom in fractions of
            its sides, such as 0.1,0.2,0.6,0.9; a small bird is found if empty.

    Returns:
        The species' probabilities; a sentence with links to their pages; and all that is known:
        bird (the probability of one), tier (likely, possibly, not sure or no bird, of the first
        species), species, family, group (a family or order that is surer), box, outside (what
        species outside the list had) and list_note (lines of the list that can't be used).
    """
    with sentences():
        request = Request(image, species=species or "", box=parse_box(box))
    state = yield from followed(pipeline.identify(request), progress, "Looking")
    yield named(state.answer)


def compare(
    image: str,
    methods: list[str] | None = None,
    degradation: str = "clean",
    progress: gr.Progress = gr.Progress(),  # noqa: B008
):
    """Compare super-resolution methods on a photo: it is shrunk four times, restored and scored.

    PSNR and SSIM are on luma, without 4 pixels at each border. The highest score is not the
    sharpest picture: squared error rewards the mean of all plausible textures, which is blur.
    What the bird is named then is told too; one photo proves nothing about a method.

    Args:
        image: The full-size photo, at most 16 megapixels: JPEG, PNG, WebP, AVIF, HEIC, GIF...
        methods: Names such as bicubic, srresnet-div2k or srgan-div2k; a few quick ones if empty.
        degradation: How the photo becomes small: clean (by bicubic alone), jpeg90, jpeg70, jpeg50,
            phone or old.

    Returns:
        A row for each method, with psnr_y in dB, ssim_y, contrast (the sharpness, which is the
        mean modified Laplacian, relative to the original's), or why it is unavailable; named and
        original, the birds seen in the restored photo and in the original (none: null), and agrees,
        whether they are the same; and all this as a CSV file.
    """
    degradation = degradation or "clean"
    work = comparing.compare(image, methods or [], lambda name, pixels: None, degradation)
    state = yield from followed(work, progress, "Comparing")
    name = f"{state.pair.high.name}_{degradation}"
    yield tables.plain(state.rows), results.save_csv(state.rows, name)


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


def named(answer: Answer | None) -> tuple[dict[str, float] | str | None, str, dict | None]:
    """What the label shows, the sentence with the links, and the answer as it is."""
    if answer is None:
        return None, "", None
    links = [f"[{s.name}]({s.url}) (*{s.scientific}*)" for s in answer.species if s.url]
    pages = f"On eBird: {', '.join(links)}." if links else ""
    parts = answer.sentence, answer.list_note, pages, answer.note
    label = {s.name: s.probability for s in answer.species} or "no bird recognised"
    return label, " ".join(part for part in parts if part), asdict(answer)


def build_api() -> None:
    """The endpoints, with components that the page doesn't show."""
    hidden = {"visible": False}
    picture = {"type": "filepath", "format": "png", "image_mode": None, **hidden}
    image = photo_input(label="image", **hidden)
    model = gr.Dropdown(catalog.names(), value=None, label="model", **hidden)
    name = gr.Checkbox(True, label="identify", **hidden)
    colours = gr.Checkbox(True, label="keep_colours", **hidden)
    chosen = gr.CheckboxGroup(methods.names(), label="methods", **hidden)
    check = chosen.preprocess
    chosen.preprocess = lambda names: check(names or [])  # None is the default, as for the others
    harm = gr.Textbox("clean", label="degradation", **hidden)
    species = gr.Textbox(value=None, label="species", **hidden)
    box = gr.Textbox(value=None, label="box", **hidden)
    pair = gr.ImageSlider(label="before and after", **picture)
    result = gr.Image(label="result", **picture)
    file = gr.File(label="result as PNG", **hidden)
    facts = gr.Markdown(label="facts", **hidden)
    label = gr.Label(label="most likely birds", num_top_classes=5, **hidden)
    birds = gr.Markdown(label="the bird", **hidden)
    bird = gr.JSON(label="all that is known of it", **hidden)
    rows = gr.JSON(label="scores", **hidden)
    csv = gr.File(label="scores as CSV", **hidden)
    trigger = gr.Button(**hidden)
    for function, inputs, outputs in (
        (upscale, [image, model, name, colours, species], [pair, label, file, facts, birds, bird]),
        (upscale_image, [image, model, colours], result),
        (identify, [image, species, box], [label, birds, bird]),
        (compare, [image, chosen, harm], [rows, csv]),
    ):
        trigger.click(function, inputs, outputs, api_name=function.__name__, concurrency_limit=None)
