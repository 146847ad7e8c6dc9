"""The Upscale tab: what is on it, and what happens when."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr

from sr.models import catalog
from ui.components.events import QUIET, WORKING, Update, in_order
from ui.components.runs import Runs
from ui.components.viewer import View, read, viewer
from ui.errors import sentences
from ui.explain import explained
from ui.upscale.work import (
    BOTH,
    CLEARED,
    ENLARGE,
    NAME,
    STYLES,
    Choices,
    Work,
    again,
    enlarge,
    failed,
    only_name,
    restyle,
    shown_result,
    stopped,
    try_all,
)
from ui.words import WORDS, named, words_for

RUNS = Runs()
LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "curl"}
LIST = {"placeholder": "Common Kingfisher\nSitta europaea\nmalla3", **named("page_list")}


def build_upscale_tab(examples: list[Path]) -> None:
    """The tab, from left to right and top to bottom as it looks."""
    with gr.Row(elem_id="upscale"):
        with gr.Column(scale=5, min_width=320, elem_id="picture"):
            surface = viewer(examples)
            with gr.Row(elem_id="styles"):
                styles = [(WORDS(f"page_style_{name}"), name) for name in STYLES]
                style = gr.Radio(styles, value="auto", **named("page_style"))
                all_styles = gr.Button(WORDS("page_all"), size="sm", elem_id="all")
            gr.Markdown(WORDS("page_truth"), elem_id="truth")
        with gr.Column(scale=3, min_width=300, elem_id="side"):
            live = '<div role="status">${value}</div>'  # screen readers say the name as it comes
            card = gr.HTML("", html_template=live, apply_default_css=False, **named("page_species"))
            outputs = {"viewer": surface, "species": card}
            with gr.Row(elem_id="actions"):
                outputs["download"] = gr.DownloadButton(
                    variant="primary", visible=False, **named("page_download")
                )
                new = gr.Button(WORDS("page_new"), elem_id="new")
            with gr.Accordion(open=False, **named("page_details")):
                outputs["facts"] = gr.Markdown(**named("page_facts"))
                options, rename = build_options()
            outputs |= build_code()
    outputs |= {"style": style, "model": options[0]}
    chosen = [style, *options]
    connect_work(outputs, chosen, all_styles, rename)
    connect_the_rest(outputs, new)


def networks(names: list[str]) -> list[tuple[str, str]]:
    """What the choice of a network shows and means."""
    titles = catalog.titles()
    return [(WORDS("page_by_style"), ""), *((titles[name], name) for name in names)]


def networks_at_hand() -> dict:
    """The same without those whose weights can't be had here."""
    return gr.update(choices=networks(catalog.at_hand()))


def build_options() -> tuple[list[gr.components.Component], gr.Button]:
    """What `Choices` has after the style, and the button that names again by the list."""
    whats = [(WORDS(f"page_what_{what}"), what) for what in (BOTH, NAME, ENLARGE)]
    model = gr.Dropdown(networks(catalog.names()), value="", **named("page_model"))
    gr.on(None, networks_at_hand, None, model, **QUIET)  # as the page is loaded
    what = gr.Radio(whats, value=BOTH, **named("page_what"))
    only = gr.Textbox("", lines=2, max_lines=6, info=WORDS("page_list_info"), **LIST)
    rename = gr.Button(WORDS("page_rename"), size="sm", elem_id="rename")
    colours = gr.Checkbox(True, info=WORDS("page_colours_info"), **named("page_colours"))
    metadata = gr.Checkbox(False, info=WORDS("page_metadata_info"), **named("page_metadata"))
    return [model, what, only, colours, metadata], rename


def build_code() -> dict[str, gr.components.Component]:
    """The code that does the same, by language."""
    with gr.Accordion(open=False, **named("page_code")):
        outputs = {}
        for key, language in LANGUAGES.items():
            with gr.Tab(language):
                as_code = {"language": key, "label": language, "elem_id": f"code-{key}"}
                outputs[key] = gr.Code(interactive=False, **as_code)
    return outputs


def connect_work(
    outputs: dict[str, gr.components.Component],
    chosen: list[gr.components.Component],
    all_styles: gr.Button,
    rename: gr.Button,
) -> None:
    """The events that work on a photo. chosen: what `Choices` has."""
    surface, (style, model, _, _, colours, metadata) = outputs["viewer"], chosen
    inputs, everything = [surface, *chosen], list(outputs.values())
    for name, event, work, more in (
        ("page_photo", surface.upload, enlarge, {}),
        ("page_crop", surface.submit, enlarge, {}),
        ("page_again", surface.retry, enlarge, {}),
        ("page_style", style.input, restyle, {"model": ""}),
        ("page_model", model.input, restyle, {"style": None}),
        ("page_all", all_styles.click, try_all, {}),
        ("page_identify", rename.click, only_name, {}),
        ("page_colours", colours.input, again, {}),
        ("page_metadata", metadata.input, again, {}),
    ):
        run = handler(work, outputs, more)
        event(run, inputs, everything, api_name=name, trigger_mode="multiple", **WORKING)


def handler(work: Callable[..., Work], outputs: Iterable[str], more: Update) -> Callable:
    """An event's function: what `work` yields, in the order of the outputs, and `more` beside."""

    def run(request: gr.Request, value, *chosen):
        yield from in_order(updates(work, value, chosen, more, request), outputs)

    return run


def updates(
    work: Callable[..., Work], value: Any, chosen: tuple, more: Update, request: gr.Request
) -> Iterator[Update]:
    """What `work` yields for a page's value and choices; an error in the picture's place."""
    number = RUNS.begin(request)
    words, view = words_for(request), View(run=number)
    try:
        view, choices = replace(read(value), run=number), replace(Choices(*chosen), **more)
        working = work(view, choices, address(request), words)
        for update in RUNS.followed(request, number, working):
            yield more | update
            view = read(update["viewer"]) if "viewer" in update else view
    except Exception as error:
        yield failed(view, explained(error, words)) | more


def connect_the_rest(outputs: dict[str, gr.components.Component], new: gr.Button) -> None:
    """The events that take no time: stopping, another result, another photo."""
    surface, everything = outputs["viewer"], list(outputs.values())

    def stop(request: gr.Request, value):
        with sentences():
            view = replace(read(value), run=RUNS.end(request))
        return next(in_order([stopped(view, words_for(request))], outputs))

    def select(request: gr.Request, value):
        with sentences():
            view = read(value)
        return next(in_order([shown_result(view, address(request))], outputs))

    def clear(request: gr.Request):
        empty = {"viewer": View(run=RUNS.end(request)).value(), "style": "auto", "model": ""}
        return next(in_order([empty | CLEARED], outputs))

    def turn_away(request: gr.Request, value):
        with sentences():
            view = read(value)
        if RUNS.is_younger(request, view.run):  # it came late: the next photo is worked on already
            return next(in_order([{}], outputs))
        RUNS.end(request)
        return next(in_order([CLEARED], outputs))

    surface.stop(stop, surface, everything, **QUIET)
    surface.clear(turn_away, surface, everything, **QUIET)
    surface.select(select, surface, everything, **QUIET)
    new.click(clear, None, everything, **QUIET)


def address(request: gr.Request) -> str:
    """Where the reader of the page can call the app."""
    return request.headers.get("origin") or str(request.request.base_url)
