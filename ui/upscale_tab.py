"""The Upscale tab: a photo in; the picture, the bird and the code that does the same out."""

import time
from collections.abc import Iterator
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
from ui.words import WORDS, named

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "curl"}
LEAST_SECONDS_BETWEEN_PREVIEWS = 1.0
PREVIEWS_SHARE = 20  # a preview may take this fraction of the time between two
SHOW = "(show) => { document.querySelector('#species').dataset.show = show; }"
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
        image.write_preview(canvas, path)
        before.with_name(f"preview_{self.number - 2}.jpg").unlink(missing_ok=True)
        took = time.perf_counter() - start
        self.next = start + max(LEAST_SECONDS_BETWEEN_PREVIEWS, PREVIEWS_SHARE * took)
        return str(before), str(path)


def enlarge(
    path: str | None,
    model: str,
    name: bool,
    keep_colours: bool,
    keep_metadata: bool,
    box: str,
    url: str,
) -> Iterator[Update]:
    """Everything the tab shows for a photo, as it comes."""
    with sentences():
        call = {"model": model or None, "identify": name, "keep_colours": keep_colours}
        choices = (parse_box(box), keep_colours, keep_metadata)
        request = Request(path, model or None, name, *choices, page=True)
        previews, shown, cleared = Previews(), State(), CLEARED
        for state in pipeline.upscale(request):
            yield cleared | {"progress": progress_bar(state)} | _pictures(state, shown, previews)
            cleared = {}
            if state.after and not shown.after:
                yield _finished(state) | snippets(url, Path(path).name, **call)
            shown = state
        yield {"species": _species(shown), "progress": ""}


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


def only_name(path: str | None, box: str) -> Iterator[Update]:
    """The species panel alone."""
    with sentences():
        yield {"species": "", "progress": progress_bar(State())}
        state = State()
        for state in pipeline.identify(Request(path, box=parse_box(box), page=True)):
            yield {"progress": progress_bar(state)}
        yield {"species": _species(state), "progress": ""}


def _species(state: State) -> str:
    """The species panel; empty where no name was asked for."""
    if state.answer is None:
        return ""
    return species.panel(state.uploaded, state.enlarged, state.answer)


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
            with gr.Row():
                start = gr.Button(WORDS("page_start"), variant="primary", elem_id="start")
                naming = gr.Button(WORDS("page_only_name"), elem_id="only-name")
            stop = gr.Button(WORDS("page_stop"), variant="stop", size="sm", elem_id="stop")
            private = {"api_name": "page_example", "api_visibility": "private"}
            files = [[str(path)] for path in examples]
            shown = gr.Examples(files, photo, **private, **named("page_examples"))
        with gr.Column(scale=3, min_width=320):
            outputs = build_outputs()
    connect([photo, model, identify, colours, metadata, box], outputs, start, naming, stop, shown)


def connect(
    inputs: list[gr.components.Component],
    outputs: dict[str, gr.components.Component],
    start: gr.Button,
    naming: gr.Button,
    stop: gr.Button,
    examples: gr.Examples,
) -> None:
    """The events. inputs: the photo, the model, three choices, and the crop tool's box."""
    photo, *_, box = inputs
    working = {"outputs": list(outputs.values()), "trigger_mode": "always_last", **WORKING}

    def run(path, model, identify, colours, metadata, box, request: gr.Request):
        updates = enlarge(path, model, identify, colours, metadata, box, address(request))
        yield from in_order(updates, outputs)

    def run_new(path, model, identify, colours, metadata, request: gr.Request):
        """A photo came, or went; the crop tool's box is still that of the photo before."""
        updates = enlarge(path, model, identify, colours, metadata, "", address(request))
        yield from in_order([CLEARED] if path is None else updates, outputs)

    def run_naming(path, box):
        yield from in_order(only_name(path, box), outputs)

    example_chosen = examples.load_input_event.then
    started = [
        start.click(run, inputs, api_name="page_upscale", **working),
        photo.input(run_new, inputs[:-1], api_name="page_photo", **working),
        example_chosen(run_new, inputs[:-1], api_name="page_example_run", **working),
        naming.click(run_naming, [photo, box], api_name="page_identify", **working),
    ]
    for event in started:
        event.failure(lambda: "", None, outputs["progress"], **QUIET)
    stop.click(lambda: "", None, outputs["progress"], cancels=started, **QUIET)


def build_outputs() -> dict[str, gr.components.Component]:
    """The right column; its components by the names that updates use."""
    outputs: dict[str, gr.components.Component] = {"progress": gr.HTML(**named("page_progress"))}
    lossless = {"type": "filepath", "format": "png", "image_mode": None}
    slider = gr.ImageSlider(max_height=640, interactive=False, **lossless, **named("page_slider"))
    outputs["slider"] = slider
    magnifier(slider)
    outputs["facts"] = gr.Markdown(**named("page_facts"))
    outputs["download"] = gr.File(height=90, **named("page_download"))
    choices = [(WORDS(f"page_show_{key}"), key) for key in ("both", "uploaded", "enlarged")]
    show = gr.Radio(choices, value="both", **named("page_show"))
    show.change(None, show, js=SHOW, api_visibility="private")
    outputs["species"] = gr.HTML(**named("page_species"))
    with gr.Accordion(open=False, **named("page_code")):
        for key, language in LANGUAGES.items():
            with gr.Tab(language):
                as_code = {"language": key, "label": language, "elem_id": f"code-{key}"}
                outputs[key] = gr.Code(interactive=False, **as_code)
    return outputs
