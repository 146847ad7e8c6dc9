"""The Compare tab: a photo shrunk, restored by several methods, and seen side by side.

The restored pictures stay in a folder of the session's, so looking elsewhere computes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sr import catalog, compare, photo
from sr.compare import Method, Row
from ui import jobs
from ui.compare_view import ORIGINAL, SHRUNK, Words, grid, table, words_for
from ui.jobs import LINE, State
from ui.parts import Update, bar, in_order, photo_input
from ui.shelf import Kept, Shelf
from ui.words import WORDS

# Each is shown 240 CSS pixels wide, on phones 160: integer multiples, so that pixels stay square.
SIDES = (20, 40, 80)
SHOWN = 720  # the longest side of the picture to click on, or more, but less than twice that
SHELF = Shelf(length=16, seconds=3600)


# --- Computing ------------------------------------------------------------------------------


def read_methods(names: list[str], tell: jobs.Tell) -> Iterator:
    """Read weights, or learn why they can't be had; ends with the methods. Raises `UnknownModel`.

    In the request's own thread: fetching from the Hub must not hold up the worker.
    """
    methods = []
    for name in names or compare.preferred():
        yield tell(State(0, 0))
        methods.append(compare.method(name))
    return methods


def scores(pair: compare.Pair, methods: list[Method], keep: compare.Keep, tell: jobs.Tell):
    """Wait in line, restore and score; ends with the rows."""
    with LINE.place("compare", compare.work(pair, methods)) as place:
        yield from jobs.wait_in_line(place, tell)
        work = compare.steps(pair, methods, keep, jobs.restoring)
        rows = yield from jobs.follow(work, place, tell)
        place.finish()
    return rows


def open_pair(path: str | None) -> compare.Pair:
    """The photo and its shrunk twin. Raises `PhotoError`."""
    return compare.pair(jobs.open_photo(path, compare.MAX_PIXELS))


def save_csv(rows: list[Row], name: str) -> str:
    """The table's file, in a folder that Gradio deletes in time."""
    path = jobs.new_folder() / f"{name}_compared.csv"
    path.write_text(compare.csv_text(rows), encoding="utf-8")
    return str(path)


def compare_methods(
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
        A row for each method, with psnr_y in dB, ssim_y, contrast between neighbouring pixels
        relative to the original's, or why it is unavailable; and the same as a CSV file.
    """
    with jobs.sentences():
        pair = LINE.run(open_pair, image)
        tell = jobs.tell_progress(progress, "Comparing")
        chosen = yield from read_methods(methods or [], tell)
        rows = yield from scores(pair, chosen, lambda name, pixels: None, tell)
    yield compare.table(rows), save_csv(rows, pair.high.name)


def run(image: str | None, names: list[str], words: Words) -> Iterator[Update]:
    """Everything the tab shows for a photo, as it comes."""
    with jobs.sentences():
        pair = LINE.run(open_pair, image)
        yield CLEARED | {"progress": bar(State(0, 0))}

        def tell(state: State) -> Update:
            return {"progress": bar(state)}

        methods = yield from read_methods(names, tell)
        folder = jobs.new_folder()
        finished = False
        try:
            keep = keeper(folder)
            rows = yield from scores(pair, methods, keep, tell)
            picture, *shown = LINE.run(save_inputs, pair, keep, folder)
            finished = True
        finally:
            if not finished:
                shutil.rmtree(folder, ignore_errors=True)
    titles = {method.name: method.title.split(":")[0] for method in methods}
    kept = Kept(pair.high.name, folder, pair.high.size, tuple(shown), titles, rows)
    yield {
        "progress": "",
        "results": gr.update(visible=True),
        "controls": gr.update(visible=True),
        "kept": SHELF.put(kept),
        "picture": picture,
        "across": 50,
        "down": 50,
        "table": table(kept, words),
        "csv": save_csv(rows, kept.name),
    }


def keeper(folder: Path) -> compare.Keep:
    """Puts pictures into the folder."""

    def keep(name: str, pixels: np.ndarray) -> None:
        np.save(folder / f"{name}.npy", pixels)

    return keep


def save_inputs(pair: compare.Pair, keep: compare.Keep, folder: Path) -> tuple[str, int, int]:
    """Keep the original and the shrunk photo; the file that the page shows, its width, height."""
    keep(ORIGINAL, pair.high.pixels)
    keep(SHRUNK, pair.low.pixels)
    shown = to_show(pair.high.pixels)
    path = photo.save(shown, folder / f"{pair.high.name}.png")
    return str(path), shown.shape[1], shown.shape[0]


def to_show(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of a size to click on: by whole steps smaller or, pixel by pixel, larger.

    Gradio shows no picture larger than it is, or it would not find the pixel that was clicked.
    """
    longest = max(pixels.shape[:2])
    if longest >= 2 * SHOWN:
        return photo.shrink(pixels, longest // SHOWN)
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


# --- The page -------------------------------------------------------------------------------


def build_compare_tab(examples: list[Path]) -> None:
    """The tab, from top to bottom as it looks, and the endpoint `/compare`."""
    gr.Markdown(WORDS("compare_intro"), elem_id="compare-intro")
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            image, methods = build_inputs(examples)
            start = gr.Button(WORDS("compare_start"), variant="primary", elem_id="compare-start")
            stop = gr.Button(
                WORDS("compare_stop"), variant="stop", size="sm", elem_id="compare-stop"
            )
            progress = gr.HTML(elem_id="compare-progress", label=WORDS("compare_progress"))
        with gr.Column(scale=3, min_width=320):
            outputs = {"progress": progress, **build_view()}
    with gr.Column(visible=False, elem_id="compare-results") as outputs["results"]:
        outputs |= build_results()
    connect(image, methods, start, stop, outputs)
    build_endpoint()


def build_inputs(examples: list[Path]) -> tuple[gr.Image, gr.CheckboxGroup]:
    """The photo and what to compare on it."""
    image = photo_input(
        label=WORDS("compare_photo"),
        sources=["upload", "clipboard"],
        height=300,
        elem_id="compare-photo",
    )
    titles = ((model.title, model.name) for model in catalog.MODELS.values())
    methods = gr.CheckboxGroup(
        [(WORDS("compare_bicubic"), catalog.BICUBIC), *titles],
        value=compare.preferred(),
        label=WORDS("compare_methods"),
        info=WORDS("compare_methods_info"),
        elem_id="compare-methods",
    )
    gr.Examples(
        [[str(path)] for path in examples],
        image,
        label=WORDS("compare_examples"),
        elem_id="compare-examples",
        api_name="page_compare_example",
        api_visibility="private",
    )
    return image, methods


def build_view() -> dict[str, Any]:
    """The photo and what chooses a place in it."""
    known = "alt_text" in signature(gr.Image).parameters  # not yet in 6.24, the oldest we take
    alt = {"alt_text": WORDS("compare_picture")} if known else {}
    picture = gr.Image(
        label=WORDS("compare_picture"),
        type="filepath",
        format="png",
        image_mode=None,
        interactive=False,
        buttons=[],
        elem_id="compare-picture",
        **alt,
    )
    with gr.Column(visible=False, elem_id="compare-place") as controls:
        with gr.Row():
            across, down = (
                gr.Slider(
                    0,
                    100,
                    50,
                    step=1,
                    label=WORDS(key),
                    min_width=140,
                    elem_id=key.replace("_", "-"),
                )
                for key in ("compare_across", "compare_down")
            )
        side = gr.Radio(
            [(str(side), side) for side in SIDES],
            value=SIDES[-1],
            label=WORDS("compare_side"),
            elem_id="compare-side",
        )
    return {
        "picture": picture,
        "controls": controls,
        "across": across,
        "down": down,
        "side": side,
    }


def build_results() -> dict[str, Any]:
    """What a comparison gives."""
    outputs: dict[str, Any] = {
        "kept": gr.Textbox(visible=False),
        "grid": gr.HTML(elem_id="compare-grid", label=WORDS("compare_crops")),
    }
    gr.Markdown(WORDS("compare_why"), elem_id="compare-why")
    outputs["table"] = gr.HTML(elem_id="compare-table", label=WORDS("compare_table"))
    outputs["csv"] = gr.DownloadButton(WORDS("compare_csv"), elem_id="compare-csv")
    return outputs


def connect(
    image: gr.Image,
    methods: gr.CheckboxGroup,
    start: gr.Button,
    stop: gr.Button,
    outputs: dict[str, Any],
) -> None:
    """The events: comparing, stopping, and looking elsewhere."""
    kept, across, down, side = (outputs[name] for name in ("kept", "across", "down", "side"))
    at_once = {"show_progress": "hidden", "api_visibility": "private"}

    def run_page(image, methods, request: gr.Request):
        yield from in_order(run(image, methods, words_for(request)), outputs)

    def look(key, across, down, side, request: gr.Request):
        return grid(SHELF.get(key), across, down, side, words_for(request))

    def look_at(key, side, event: gr.SelectData, request: gr.Request):
        if (kept := SHELF.get(key)) is None:
            return gr.skip(), gr.skip(), grid(None, 0, 0, side, words_for(request))
        x, y = (100 * (i + 0.5) / n for i, n in zip(event.index, kept.shown, strict=True))
        return round(x), round(y), grid(kept, x, y, side, words_for(request))

    running = start.click(
        run_page,
        [image, methods],
        list(outputs.values()),
        api_name="page_compare",
        concurrency_limit=None,
        **at_once,
    )
    looking = {"api_name": "page_look", "queue": False, "trigger_mode": "always_last", **at_once}
    place = [kept, across, down, side]
    running.success(look, place, outputs["grid"], **looking)
    for event in (across.input, down.input, side.input):
        event(look, place, outputs["grid"], **looking)
    outputs["picture"].select(
        look_at, [kept, side], [across, down, outputs["grid"]], **looking | {"api_name": "page_at"}
    )
    for event, cancels in ((running.failure, None), (stop.click, [running])):
        event(lambda: "", None, outputs["progress"], queue=False, cancels=cancels, **at_once)


def build_endpoint() -> None:
    """`/compare` for programs, with components that the page doesn't show."""
    image = photo_input(label="image", visible=False)
    methods = gr.CheckboxGroup(compare.names(), label="methods", visible=False)
    rows = gr.JSON(label="scores", visible=False)
    file = gr.File(label="scores as CSV", visible=False)
    gr.Button(visible=False).click(
        compare_methods, [image, methods], [rows, file], api_name="compare", concurrency_limit=None
    )
