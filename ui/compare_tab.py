"""The Compare tab: a photo shrunk, restored by several methods, and seen side by side.

The restored pictures stay in a folder of the session's, so looking elsewhere computes nothing.
"""

import shutil
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sr import image, settings
from sr.compare import methods
from sr.models.catalog import BICUBIC
from ui import pipeline, results
from ui.components.comparison import grid, table
from ui.components.events import QUIET, WORKING, Update, in_order, progress_bar
from ui.components.photo_input import photo_input
from ui.errors import sentences
from ui.pipeline import State
from ui.shelf import ORIGINAL, SHRUNK, Kept, Shelf
from ui.words import WORDS, Words, named, words_for

# Each is shown 240 CSS pixels wide, on phones 160: integer multiples, so that pixels stay square.
SIDES = (20, 40, 80)
SHOWN = 720  # the longest side of the picture to click on, or more, but less than twice that
SHELF = Shelf(16, settings.KEPT_SECONDS, settings.COMPARED_BYTES)


def run(path: str | None, names: list[str], words: Words) -> Iterator[Update]:
    """Everything the tab shows for a photo, as it comes."""
    folder, state, finished = results.new_folder(), State(), False
    try:
        with sentences():
            yield CLEARED | {"progress": progress_bar(state)}
            for state in pipeline.compare(path, names, lambda *kept: keep(folder, *kept)):
                yield {"progress": progress_bar(state)}
        kept, picture = keep_comparison(state, folder)
        finished = True
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)
    yield {
        "progress": "",
        "results": gr.update(visible=True),
        "controls": gr.update(visible=True),
        "kept": SHELF.put(kept),
        "picture": picture,
        "across": 50,
        "down": 50,
        "table": table(kept, words),
        "csv": results.save_csv(state.rows, kept.name),
    }


def keep(folder: Path, name: str, pixels: np.ndarray) -> None:
    """Put a method's picture into the folder."""
    np.save(folder / f"{name}.npy", pixels)


def keep_comparison(state: State, folder: Path) -> tuple[Kept, str]:
    """What the page looks at, and the file of the picture to click on."""
    high = state.pair.high
    keep(folder, ORIGINAL, high.pixels)
    keep(folder, SHRUNK, state.pair.low.pixels)
    shown = to_show(high.pixels)
    picture = image.write(shown, folder / f"{high.name}.png")
    size, rows = (shown.shape[1], shown.shape[0]), list(state.rows)
    titles = {name: title.split(":")[0] for name, title in state.titles.items()}
    return Kept(high.name, folder, high.size, size, titles, rows), str(picture)


def to_show(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of a size to click on: by whole steps smaller or, pixel by pixel, larger.

    Gradio shows no picture larger than it is, or it would not find the pixel that was clicked.
    """
    longest = max(pixels.shape[:2])
    if longest >= 2 * SHOWN:
        return image.shrink(pixels, longest // SHOWN)
    times = max(1, SHOWN // longest)
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


CLEARED: Update = {
    "progress": "",
    "results": gr.update(visible=False),
    "controls": gr.update(visible=False),
    "kept": "",
    "picture": None,
    "table": "",
    "csv": None,
}


def build_compare_tab(examples: list[Path]) -> None:
    """The tab, from top to bottom as it looks."""
    gr.Markdown(WORDS("compare_intro"), elem_id="compare-intro")
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            photo, chosen = build_inputs(examples)
            start = gr.Button(WORDS("compare_start"), variant="primary", elem_id="compare-start")
            small = {"variant": "stop", "size": "sm"}
            stop = gr.Button(WORDS("compare_stop"), elem_id="compare-stop", **small)
            outputs = {"progress": gr.HTML(**named("compare_progress"))}
        with gr.Column(scale=3, min_width=320):
            outputs |= build_view()
    with gr.Column(visible=False, elem_id="compare-results") as outputs["results"]:
        outputs["kept"] = gr.Textbox(visible=False)
        outputs["grid"] = gr.HTML(**named("compare_grid"))
        gr.Markdown(WORDS("compare_why"), elem_id="compare-why")
        outputs["table"] = gr.HTML(**named("compare_table"))
        outputs["csv"] = gr.DownloadButton(**named("compare_csv"))
    connect(photo, chosen, start, stop, outputs)


def build_inputs(examples: list[Path]) -> tuple[gr.Image, gr.CheckboxGroup]:
    """The photo and what to compare on it."""
    photo = photo_input(sources=["upload", "clipboard"], height=300, **named("compare_photo"))
    titles = methods.titles() | {BICUBIC: WORDS("compare_bicubic")}
    chosen = gr.CheckboxGroup(
        [(title, name) for name, title in titles.items()],
        value=methods.preferred(),
        info=WORDS("compare_methods_info"),
        **named("compare_methods"),
    )
    private = {"api_name": "page_compare_example", "api_visibility": "private"}
    files = [[str(path)] for path in examples]
    gr.Examples(files, photo, **private, **named("compare_examples"))
    return photo, chosen


def build_view() -> dict[str, Any]:
    """The photo and what chooses a place in it."""
    known = "alt_text" in signature(gr.Image).parameters  # not yet in 6.24, the oldest we take
    picture = gr.Image(
        type="filepath",
        format="png",
        image_mode=None,
        interactive=False,
        buttons=[],
        **({"alt_text": WORDS("compare_picture")} if known else {}),
        **named("compare_picture"),
    )
    with gr.Column(visible=False, elem_id="compare-place") as controls:
        with gr.Row():
            percent = {"minimum": 0, "maximum": 100, "value": 50, "step": 1, "min_width": 140}
            across = gr.Slider(**percent, **named("compare_across"))
            down = gr.Slider(**percent, **named("compare_down"))
        sides = [(str(side), side) for side in SIDES]
        side = gr.Radio(sides, value=SIDES[-1], **named("compare_side"))
    place = {"across": across, "down": down, "side": side}
    return {"picture": picture, "controls": controls, **place}


def connect(
    photo: gr.Image,
    chosen: gr.CheckboxGroup,
    start: gr.Button,
    stop: gr.Button,
    outputs: dict[str, Any],
) -> None:
    """The events: comparing, stopping, and looking elsewhere."""
    kept, across, down, side = (outputs[name] for name in ("kept", "across", "down", "side"))

    def run_page(path, names, request: gr.Request):
        yield from in_order(run(path, names, words_for(request)), outputs)

    def look(key, across, down, side, request: gr.Request):
        return grid(SHELF.get(key), across, down, side, words_for(request))

    def look_at(key, side, event: gr.SelectData, request: gr.Request):
        if (kept := SHELF.get(key)) is None:
            return gr.skip(), gr.skip(), grid(None, 0, 0, side, words_for(request))
        x, y = (100 * (i + 0.5) / n for i, n in zip(event.index, kept.shown, strict=True))
        return round(x), round(y), grid(kept, x, y, side, words_for(request))

    everything = list(outputs.values())
    running = start.click(run_page, [photo, chosen], everything, api_name="page_compare", **WORKING)
    looking = {"api_name": "page_look", "trigger_mode": "always_last", **QUIET}
    place = [kept, across, down, side]
    running.success(look, place, outputs["grid"], **looking)
    for event in (across.input, down.input, side.input):
        event(look, place, outputs["grid"], **looking)
    outputs["picture"].select(
        look_at, [kept, side], [across, down, outputs["grid"]], **looking | {"api_name": "page_at"}
    )
    running.failure(lambda: "", None, outputs["progress"], **QUIET)
    stop.click(lambda: "", None, outputs["progress"], cancels=[running], **QUIET)
