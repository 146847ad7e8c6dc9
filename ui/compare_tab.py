"""The Compare tab: a photo made small, restored by several methods, and seen side by side.

The restored pictures stay in a folder of the session's, so looking elsewhere computes nothing.
"""

import shutil
from collections.abc import Generator, Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sr import image, settings
from sr.compare import methods
from sr.models.catalog import BICUBIC
from ui import comparing, results
from ui.comparing import Compared
from ui.components.comparison import grid, table
from ui.components.events import QUIET, WORKING, Update, in_order, progress_bar
from ui.components.photo_input import photo_input
from ui.components.runs import Runs
from ui.explain import explained
from ui.pipeline import State
from ui.shelf import ORIGINAL, SHRUNK, Kept, Shelf
from ui.words import WORDS, Words, named, words_for
from ui.words.translate import translated

# Each is shown 160 CSS pixels wide, or 240: integer multiples, so that pixels stay square.
SIDES = (20, 40, 80)
SHOWN = 720  # the longest side of the picture to click on, or more, but less than twice that
DEGRADATIONS = ("clean", "jpeg70", "phone", "old")  # those to choose; `/compare` takes all
SHELF = Shelf(16, settings.KEPT_SECONDS, settings.COMPARED_BYTES)
RUNS = Runs()

# What has come is above the button, on a phone out of sight.
SHOW_TOP = """() => {
  const body = document.querySelector("#compare-body");
  if (body.getBoundingClientRect().top < 0) body.scrollIntoView();
}"""

SHOW, HIDE = {"visible": True}, {"visible": False}
CLEARED: Update = {"error": "", "kept": "", "grid": "", "table": "", "csv": None}
CLEARED |= dict.fromkeys(("place", "results"), gr.update(**HIDE))
STARTED = CLEARED | {"start": gr.update(interactive=False), "stop": gr.update(**SHOW)}
ENDED: Update = {"progress": "", "start": gr.update(interactive=True), "stop": gr.update(**HIDE)}
FOUND: Update = dict.fromkeys(("view", "again", "place", "results"), gr.update(**SHOW))
FOUND |= dict.fromkeys(("input", "intro"), gr.update(**HIDE))
EMPTY = CLEARED | ENDED | {"photo": None, "picture": None, "across": 50, "down": 50}
EMPTY |= dict.fromkeys(("input", "intro"), gr.update(**SHOW))
EMPTY |= dict.fromkeys(("view", "again"), gr.update(**HIDE))


def run(
    path: str | None,
    names: list[str],
    degradation: str,
    look: tuple[float, float, int],
    words: Words,
) -> Generator[Update, None, None]:
    """Everything the tab shows for a photo, as it comes. look: the crops' place and size."""
    folder, state, finished = results.new_folder(), State(), False
    try:
        yield STARTED | {"progress": progress_bar(state, words)}
        work = comparing.compare(path, names, lambda *kept: keep(folder, *kept), degradation)
        with results.using(folder):
            for state in work:
                yield {"progress": progress_bar(state, words)}
        kept, picture = keep_comparison(state, folder, degradation, words)
        finished = True
    except Exception as error:
        yield ENDED | {"error": alert(explained(error, words))}
        return
    finally:
        if not finished:
            shutil.rmtree(folder, ignore_errors=True)
    found = {
        "kept": SHELF.put(kept),
        "picture": picture,
        "grid": grid(kept, *look, words),
        "table": table(kept, words),
        "csv": results.save_csv(state.rows, f"{kept.name}_{degradation}"),
    }
    yield ENDED | FOUND | found


def until_stopped(updates: Generator[Update, None, None], request: gr.Request) -> Iterator[Update]:
    """The updates for as long as the page waits for them; then what they told is taken back."""
    stopped = yield from RUNS.followed(request, RUNS.begin(request), updates)
    if stopped and not RUNS.waited_for(request):
        yield ENDED


def alert(sentence: str) -> str:
    """An error that screen readers say at once, and that stays."""
    return f'<p role="alert">{escape(sentence)}</p>'


def keep(folder: Path, name: str, pixels: np.ndarray) -> None:
    """Put a method's picture into the folder."""
    np.save(folder / f"{name}.npy", pixels)


def keep_comparison(
    state: Compared, folder: Path, degradation: str, words: Words
) -> tuple[Kept, str]:
    """What the page looks at, and the file of the picture to click on."""
    high = state.pair.high
    keep(folder, ORIGINAL, high.pixels)
    keep(folder, SHRUNK, state.pair.low.pixels)
    shown = to_show(high.pixels)
    picture = image.write(shown, folder / f"{high.name}.png")
    size, rows = (shown.shape[1], shown.shape[0]), list(state.rows)
    titles = {n: translated(title.split(":")[0], words) for n, title in state.titles.items()}
    return Kept(high.name, degradation, folder, high.size, size, titles, rows), str(picture)


def to_show(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 of a size to click on: by whole steps smaller or, pixel by pixel, larger.

    Gradio shows no picture larger than it is, or it would not find the pixel that was clicked.
    """
    longest = max(pixels.shape[:2])
    if longest >= 2 * SHOWN:
        return image.shrink(pixels, longest // SHOWN)
    times = max(1, SHOWN // longest)
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def build_compare_tab(examples: list[Path]) -> None:
    """The tab: what is chosen and clicked at the left, what comes of it at the right."""
    with gr.Row(elem_id="compare-body"):
        with gr.Column(elem_id="compare-left"):
            outputs = build_photo(examples)
            chosen = build_choices(outputs)
        with gr.Column(elem_id="compare-right"):
            outputs["intro"] = gr.Markdown(WORDS("compare_intro"), elem_id="compare-intro")
            outputs["grid"] = gr.HTML(**named("compare_grid"))
            outputs |= build_place()
    shown = {"open": False, "visible": False, **named("compare_results")}
    with gr.Accordion(**shown) as outputs["results"]:
        outputs["table"] = gr.HTML(**named("compare_table"))
        gr.Markdown(WORDS("compare_why"), elem_id="compare-why")
        outputs["csv"] = gr.DownloadButton(**named("compare_csv"))
    outputs["kept"] = gr.Textbox(visible=False)
    connect(chosen, outputs)


def build_photo(examples: list[Path]) -> dict[str, Any]:
    """The photo to drop, then the one to click on, with how far the work is below."""
    outputs: dict[str, Any] = {}
    with gr.Column(elem_id="compare-input") as outputs["input"]:
        options = {"sources": ["upload", "clipboard"], "height": 300}
        photo = outputs["photo"] = photo_input(**options, **named("compare_photo"))
        # Not gr.Examples: what it gives makes the photo input an ordinary gr.Image.
        chosen = gr.Dataset(
            components=[photo],
            samples=[[str(path)] for path in examples],
            sample_labels=[path.stem.replace("_", " ") for path in examples],
            type="index",
            **named("compare_examples"),
        )
        chosen.click(lambda number: str(examples[number]), chosen, photo, **QUIET)
    with gr.Column(visible=False, elem_id="compare-view") as outputs["view"]:
        outputs["picture"] = gr.Image(
            type="filepath",
            format="png",
            image_mode=None,
            interactive=False,
            buttons=[],
            alt_text=WORDS("compare_picture"),
            **named("compare_picture"),
        )
    with gr.Column(elem_id="compare-doing"):
        outputs["progress"] = gr.HTML(**named("compare_progress"))
        stop = {"visible": False, "variant": "stop", "elem_id": "compare-stop"}
        outputs["stop"] = gr.Button(WORDS("compare_stop"), **stop)
        outputs["error"] = gr.HTML(**named("compare_error"))
    return outputs


def build_choices(outputs: dict[str, Any]) -> list[gr.components.Component]:
    """The methods and how the photo becomes small, with what begins and ends a comparison."""
    with gr.Column(elem_id="compare-choices"):
        ways = [(WORDS(f"compare_{name}"), name) for name in DEGRADATIONS]
        degradation = gr.Radio(ways, value=DEGRADATIONS[0], **named("compare_degradation"))
        with gr.Row():
            button = {"variant": "primary", "min_width": 120}
            outputs["start"] = gr.Button(WORDS("compare_start"), elem_id="compare-start", **button)
            again = {"visible": False, "min_width": 120}
            outputs["again"] = gr.Button(WORDS("compare_again"), elem_id="compare-again", **again)
        titles, usual = methods.titles() | {BICUBIC: WORDS("compare_bicubic")}, methods.preferred()
        with gr.Accordion(open=False, **named("compare_methods")):
            chosen = gr.CheckboxGroup(
                [(title, name) for name, title in titles.items()],
                value=usual,
                info=WORDS("compare_methods_info"),
                show_label=False,
                **named("compare_chosen"),
            )
        listed = gr.Markdown(short_titles(usual), elem_id="compare-listed")
    chosen.change(short_titles, chosen, listed, **QUIET)
    return [chosen, degradation]


def short_titles(names: list[str]) -> str:
    """The methods' names for people, in a line."""
    titles = methods.titles()
    return ", ".join(titles[name].split(":")[0] for name in names)


def build_place() -> dict[str, Any]:
    """What chooses a place in the photo, but for the photo itself."""
    with gr.Row(visible=False, elem_id="compare-place") as place:
        sides = [(str(side), side) for side in SIDES]
        side = gr.Radio(sides, value=SIDES[-1], min_width=240, **named("compare_side"))
        percent = {"minimum": 0, "maximum": 100, "value": 50, "step": 1, "min_width": 140}
        across = gr.Slider(**percent, **named("compare_across"))
        down = gr.Slider(**percent, **named("compare_down"))
    return {"place": place, "across": across, "down": down, "side": side}


def connect(chosen: list[gr.components.Component], outputs: dict[str, Any]) -> None:
    """The events: comparing, stopping, looking elsewhere, and another photo."""
    look = [outputs[name] for name in ("across", "down", "side")]
    kept, everything = outputs["kept"], list(outputs.values())

    def run_page(path, names, degradation, across, down, side, request: gr.Request):
        updates = run(path, names, degradation, (across, down, side), words_for(request))
        yield from in_order(until_stopped(updates, request), outputs)

    def stop(request: gr.Request):
        RUNS.end(request)
        return list(ENDED.values())

    def start_again(request: gr.Request):
        RUNS.end(request)
        return next(in_order([EMPTY], outputs))

    def look_around(key, across, down, side, request: gr.Request):
        return grid(SHELF.get(key), across, down, side, words_for(request))

    def look_at(key, side, event: gr.SelectData, request: gr.Request):
        if not key:  # while another comparison runs, or after one that came to nothing
            return [gr.skip()] * 3
        if (found := SHELF.get(key)) is None:
            return gr.skip(), gr.skip(), grid(None, 0, 0, side, words_for(request))
        x, y = (100 * (i + 0.5) / n for i, n in zip(event.index, found.shown, strict=True))
        return round(x), round(y), grid(found, x, y, side, words_for(request))

    inputs = [outputs["photo"], *chosen, *look]
    running = outputs["start"].click(
        run_page, inputs, everything, api_name="page_compare", **WORKING
    )
    running.success(None, js=SHOW_TOP, **QUIET)
    ended = [outputs[name] for name in ENDED]
    outputs["stop"].click(stop, None, ended, **QUIET)
    outputs["again"].click(start_again, None, everything, **QUIET)
    looking = {"api_name": "page_look", "trigger_mode": "always_last", **QUIET}
    for control in look:
        control.input(look_around, [kept, *look], outputs["grid"], **looking)
    looking["api_name"] = "page_at"
    places = [outputs[name] for name in ("across", "down", "grid")]
    outputs["picture"].select(look_at, [kept, look[-1]], places, **looking)
