"""The Upscale tab: a photo in; the picture, the bird and the code that does the same out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np

from sr import image
from sr.models import catalog
from ui import pipeline
from ui.components import species
from ui.components.custom import crop_tool, magnifier, parse_box
from ui.components.events import QUIET, WORKING, Update, in_order, progress_bar
from ui.components.photo_input import photo_input
from ui.components.snippets import snippets
from ui.errors import sentences
from ui.pipeline import Request, State
from ui.words import WORDS, Words, named, words_for

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "curl"}
LEAST_SECONDS_BETWEEN_PREVIEWS = 1.0
PREVIEWS_SHARE = 20  # a preview may take this fraction of the time between two
LIST = {"placeholder": "Common Kingfisher\nSitta europaea\nmalla3", **named("page_list")}
CLEARED = {"progress": "", "slider": None, "facts": "", "download": None, "species": ""}


class Previews:
    """Pictures of the unfinished result, now and then, beside the photo by bicubic."""

    def __init__(self) -> None:
        self.number = 0
        self.next = time.perf_counter() + LEAST_SECONDS_BETWEEN_PREVIEWS

    def pair(self, before: Path, canvas: np.ndarray | None) -> tuple[str, str] | None:
        """The slider's pictures, or None where it isn't time for new ones."""
        if canvas is None or time.perf_counter() < self.next:
            return None
        start = time.perf_counter()
        self.number += 1  # a new file each time, or the browser would show the old one
        path = before.parent / f"preview_{self.number}.jpg"
        path.write_bytes(image.jpeg(canvas))
        before.with_name(f"preview_{self.number - 2}.jpg").unlink(missing_ok=True)
        took = time.perf_counter() - start
        self.next = start + max(LEAST_SECONDS_BETWEEN_PREVIEWS, PREVIEWS_SHARE * took)
        return str(before), str(path)


@dataclass(frozen=True)
class Choices:
    """What is chosen beside the photo, in the order of the tab's inputs."""

    model: str = ""
    name: bool = True
    keep_colours: bool = True
    keep_metadata: bool = False
    species: str = ""
    box: str = ""

    def request(self, path: str | None) -> Request:
        """What is asked for. Raises `PhotoError` for a box that can't be read."""
        return Request(
            path,
            self.model or None,
            name=self.name,
            box=parse_box(self.box),
            species=self.species,
            keep_colours=self.keep_colours,
            keep_metadata=self.keep_metadata,
            page=True,
        )

    def call(self) -> dict[str, str | bool | None]:
        """The same for the API, by the names that `/upscale` has."""
        return {
            "model": self.model or None,
            "identify": self.name,
            "keep_colours": self.keep_colours,
            "species": self.species or None,
        }


def enlarge(path: str | None, choices: Choices, url: str, words: Words) -> Iterator[Update]:
    """Everything the tab shows for a photo, as it comes."""
    with sentences():
        previews, shown, cleared = Previews(), State(), CLEARED
        for state in pipeline.upscale(choices.request(path)):
            news = _pictures(state, shown, previews) | _bird(state, shown, words)
            yield cleared | {"progress": progress_bar(state)} | news
            cleared = {}
            if state.after and not shown.after:
                yield _finished(state) | snippets(url, Path(path).name, **choices.call())
            shown = state
        yield {"progress": ""}


def _pictures(state: State, shown: State, previews: Previews) -> Update:
    """What the slider has to show anew."""
    if state.before != shown.before:
        return {"slider": (str(state.before), str(state.before))}
    pair = previews.pair(state.before, state.canvas) if state.before else None
    return {"slider": pair} if pair else {}


def _finished(state: State) -> Update:
    first, *notes = state.facts
    facts = "\n\n".join([first, *(f"<small>{escape(note)}</small>" for note in notes)])
    pair = (str(state.before), str(state.after))
    return {"slider": pair, "download": pair[1], "facts": facts}


def only_name(path: str | None, choices: Choices, words: Words) -> Iterator[Update]:
    """The name card alone."""
    with sentences():
        yield {"species": "", "progress": progress_bar(State())}
        shown = State()
        for state in pipeline.identify(choices.request(path)):
            yield {"progress": progress_bar(state)} | _bird(state, shown, words)
            shown = state
        yield {"progress": ""}


def _bird(state: State, shown: State, words: Words) -> Update:
    """The name card, where it has something new to say."""
    if state.answer is None or state.answer == shown.answer:
        return {}
    return {"species": species.card(state.answer, state.look, words)}


def address(request: gr.Request) -> str:
    """Where the reader of the page can call the app."""
    return request.headers.get("origin") or str(request.request.base_url)


def build_upscale_tab(examples: list[Path]) -> None:
    """The tab, from top to bottom as it looks."""
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            sources = ["upload", "clipboard", "webcam"]
            photo = photo_input(sources=sources, height=300, **named("page_photo"))
            box = crop_tool(photo)
            models = [(title, name) for name, title in catalog.titles().items()]
            models = [(WORDS("page_auto"), ""), *models]
            model = gr.Dropdown(models, value="", **named("page_model"))
            identify = gr.Checkbox(True, **named("page_identify"))
            colours = gr.Checkbox(True, info=WORDS("page_colours_info"), **named("page_colours"))
            metadata = gr.Checkbox(
                False, info=WORDS("page_metadata_info"), **named("page_metadata")
            )
            only = gr.Textbox("", lines=2, max_lines=6, info=WORDS("page_list_info"), **LIST)
            with gr.Row():
                start = gr.Button(WORDS("page_start"), variant="primary", elem_id="start")
                naming = gr.Button(WORDS("page_only_name"), elem_id="only-name")
            stop = gr.Button(WORDS("page_stop"), variant="stop", size="sm", elem_id="stop")
            private = {"api_name": "page_example", "api_visibility": "private"}
            files = [[str(path)] for path in examples]
            shown = gr.Examples(files, photo, **private, **named("page_examples"))
        with gr.Column(scale=3, min_width=320):
            outputs = build_outputs()
    inputs = [photo, model, identify, colours, metadata, only, box]
    connect(inputs, outputs, start, naming, stop, shown)


def connect(
    inputs: list[gr.components.Component],
    outputs: dict[str, gr.components.Component],
    start: gr.Button,
    naming: gr.Button,
    stop: gr.Button,
    examples: gr.Examples,
) -> None:
    """The events. inputs: the photo, then what `Choices` has."""
    photo = inputs[0]
    working = {"outputs": list(outputs.values()), "trigger_mode": "always_last", **WORKING}

    def run(request: gr.Request, path, *chosen):
        updates = enlarge(path, Choices(*chosen), address(request), words_for(request))
        yield from in_order(updates, outputs)

    def run_new(request: gr.Request, path, *chosen):
        """A photo came, or went; the crop tool's box is still that of the photo before."""
        choices = replace(Choices(*chosen), box="")
        updates = enlarge(path, choices, address(request), words_for(request))
        yield from in_order([CLEARED] if path is None else updates, outputs)

    def run_naming(request: gr.Request, path, *chosen):
        yield from in_order(only_name(path, Choices(*chosen), words_for(request)), outputs)

    example_chosen = examples.load_input_event.then
    started = [
        start.click(run, inputs, api_name="page_upscale", **working),
        photo.input(run_new, inputs, api_name="page_photo", **working),
        example_chosen(run_new, inputs, api_name="page_example_run", **working),
        naming.click(run_naming, inputs, api_name="page_identify", **working),
    ]
    for event in started:
        event.failure(lambda: "", None, outputs["progress"], **QUIET)
    stop.click(lambda: "", None, outputs["progress"], cancels=started, **QUIET)


def build_outputs() -> dict[str, gr.components.Component]:
    """The right column; its components by the names that updates use."""
    outputs: dict[str, gr.components.Component] = {"progress": gr.HTML(**named("page_progress"))}
    outputs["species"] = gr.HTML(**named("page_species"))
    lossless = {"type": "filepath", "format": "png", "image_mode": None}
    slider = gr.ImageSlider(max_height=640, interactive=False, **lossless, **named("page_slider"))
    outputs["slider"] = slider
    magnifier(slider)
    outputs["facts"] = gr.Markdown(**named("page_facts"))
    outputs["download"] = gr.File(height=90, **named("page_download"))
    with gr.Accordion(open=False, **named("page_code")):
        for key, language in LANGUAGES.items():
            with gr.Tab(language):
                as_code = {"language": key, "label": language, "elem_id": f"code-{key}"}
                outputs[key] = gr.Code(interactive=False, **as_code)
    return outputs
