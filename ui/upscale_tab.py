"""The Upscale tab: a photo in; the picture, the bird and the code that does the same out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path

import gradio as gr
import numpy as np

import classify
import sr
from sr import catalog, photo
from ui import jobs, species
from ui.crop import crop_tool, parse_box
from ui.jobs import LINE, State
from ui.magnifier import magnifier
from ui.parts import QUIET, Update, bar, in_order, photo_input
from ui.snippets import snippets
from ui.words import WORDS

LANGUAGES = {"python": "Python", "javascript": "JavaScript", "shell": "curl"}
LEAST_SECONDS_BETWEEN_PREVIEWS = 1.0
PREVIEWS_SHARE = 20  # a preview may take this fraction of the time between two
SHOW = "(show) => { document.querySelector('#species').dataset.show = show; }"
CLEARED = {"progress": "", "slider": None, "facts": "", "download": None, "species": ""}


class Previews:
    """Tells the page how far a photo is: in words, and now and then as a picture."""

    def __init__(self, before: str, folder: Path) -> None:
        self.before, self.folder = before, folder
        self.number = 0
        self.next = time.perf_counter() + LEAST_SECONDS_BETWEEN_PREVIEWS

    def __call__(self, state: State) -> Update:
        update: Update = {"progress": bar(state)}
        if state.canvas is not None and time.perf_counter() > self.next:
            update["slider"] = (self.before, self._picture(state.canvas))
        return update

    def _picture(self, canvas: np.ndarray) -> str:
        """A new file each time, or the browser would show the old one; the last but one goes."""
        start = time.perf_counter()
        self.number += 1
        path = self.folder / f"preview_{self.number}.jpg"
        photo.save_preview(canvas, path)
        (self.folder / f"preview_{self.number - 2}.jpg").unlink(missing_ok=True)
        took = time.perf_counter() - start
        self.next = start + max(LEAST_SECONDS_BETWEEN_PREVIEWS, PREVIEWS_SHARE * took)
        return str(path)


def open_cropped(path: str | None, box: str | None, max_pixels: int = photo.MAX_PIXELS) -> sr.Photo:
    """The photo, or the part of it in the crop tool's box, which may be cut from a large one."""
    fractions = parse_box(box or "")
    if fractions is None:
        return jobs.open_photo(path, max_pixels)
    part = photo.crop(jobs.open_photo(path, photo.MAX_PIXELS_READ), fractions)
    photo.check_size(part.size, part.name, max_pixels)
    return part


def enlarge(
    image: str | None, model: str, identify: bool, keep_metadata: bool, box: str, url: str
) -> Iterator[Update]:
    """Everything the tab shows for a photo, as it comes."""
    with jobs.sentences():
        source = LINE.run(open_cropped, image, box)
        upscaler = sr.load(model or None)
        folder = jobs.new_folder()
        before = LINE.run(jobs.save_before, source, folder)
        yield CLEARED | {"slider": (before, before), "progress": bar(State(0, 0))}
        with LINE.place(upscaler.model.name, source.pixels[:, :, 0].size) as place:
            tell = Previews(before, folder)
            yield from jobs.wait_in_line(place, tell)
            start = time.perf_counter()
            work = jobs.restoring(source, upscaler, LINE.run(first_canvas, source))
            result = yield from jobs.follow(work, place, tell)
            after = LINE.run(jobs.save_after, result, folder, keep_metadata)
            first, *notes = jobs.describe(source, result, time.perf_counter() - start, upscaler)
            facts = "\n\n".join([first, *(f"<small>{escape(note)}</small>" for note in notes)])
            place.finish()
            calls = snippets(url, Path(image).name, model or None, identify)
            yield {"slider": (before, after), "download": after, "facts": facts} | calls
            named = LINE.run(name, source, result) if identify else ""
    yield {"species": named, "progress": ""}


def first_canvas(source: sr.Photo) -> np.ndarray:
    """Bicubic, to be written over. Made anew: kept since the first look, it would wait in line."""
    return np.array(photo.bicubic(source.pixels))


def only_name(image: str | None, box: str) -> Iterator[Update]:
    """The species panel alone."""
    with jobs.sentences():
        source = LINE.run(open_cropped, image, box, photo.MAX_PIXELS_READ)
        yield {"species": "", "progress": bar(State(0, 0))}
        named = yield from jobs.enlarge_to_name(source, name, lambda s: {"progress": bar(s)})
    yield {"species": named, "progress": ""}


def name(source: sr.Photo, result: sr.Photo | None) -> str:
    """The species panel for a photo and, where there is one, its enlargement."""
    uploaded = classify.identify(source.pixels)
    enlarged = result and replace(classify.identify(result.pixels), enlarged=True)
    chosen = enlarged if enlarged and classify.wants_enlarging(source.pixels) else uploaded
    return species.panel(uploaded, enlarged, chosen)


def address(request: gr.Request) -> str:
    """Where the reader of the page can call the app."""
    return request.headers.get("origin") or str(request.request.base_url)


def build_upscale_tab(examples: list[Path]) -> None:
    """The tab, from top to bottom as it looks."""
    with gr.Row():
        with gr.Column(scale=2, min_width=280):
            image = photo_input(
                label=WORDS("page_photo"),
                sources=["upload", "clipboard", "webcam"],
                height=300,
                elem_id="photo",
            )
            box = crop_tool(image)
            models = [(model.title, model.name) for model in catalog.MODELS.values()]
            model = gr.Dropdown(
                [(WORDS("page_recommended"), ""), *models],
                value="",
                label=WORDS("page_model"),
                elem_id="model",
            )
            identify = gr.Checkbox(True, label=WORDS("page_identify"), elem_id="identify")
            metadata = gr.Checkbox(
                False,
                label=WORDS("page_metadata"),
                info=WORDS("page_metadata_info"),
                elem_id="metadata",
            )
            with gr.Row():
                start = gr.Button(WORDS("page_start"), variant="primary", elem_id="start")
                naming = gr.Button(WORDS("page_only_name"), elem_id="only-name")
            stop = gr.Button(WORDS("page_stop"), variant="stop", size="sm", elem_id="stop")
            shown = gr.Examples(
                [[str(path)] for path in examples],
                image,
                label=WORDS("page_examples"),
                elem_id="examples",
                api_name="page_example",
                api_visibility="private",
            )
        with gr.Column(scale=3, min_width=320):
            outputs = build_outputs()
    inputs = [image, model, identify, metadata, box]
    private = {
        "outputs": list(outputs.values()),
        "show_progress": "hidden",
        "api_visibility": "private",
        "concurrency_limit": None,
        "trigger_mode": "always_last",
    }

    def run(image, model, identify, metadata, box, request: gr.Request):
        updates = enlarge(image, model, identify, metadata, box, address(request))
        yield from in_order(updates, outputs)

    def run_new(image, model, identify, metadata, request: gr.Request):
        """A photo came, or went; the crop tool's box is still that of the photo before."""
        updates = enlarge(image, model, identify, metadata, "", address(request))
        yield from in_order([CLEARED] if image is None else updates, outputs)

    def run_naming(image, box):
        yield from in_order(only_name(image, box), outputs)

    working = [
        start.click(run, inputs, api_name="page_upscale", **private),
        image.input(run_new, inputs[:-1], api_name="page_photo", **private),
        shown.load_input_event.then(run_new, inputs[:-1], api_name="page_example_run", **private),
        naming.click(run_naming, [image, box], api_name="page_identify", **private),
    ]
    for event in working:
        event.failure(lambda: "", None, outputs["progress"], **QUIET)
    stop.click(lambda: "", None, outputs["progress"], cancels=working, **QUIET)


def build_outputs() -> dict[str, gr.components.Component]:
    """The right column; its components by the names that updates use."""
    outputs: dict[str, gr.components.Component] = {
        "progress": gr.HTML(elem_id="progress", label=WORDS("page_progress")),
        "slider": gr.ImageSlider(
            label=WORDS("page_slider"),
            type="filepath",
            format="png",
            image_mode=None,
            max_height=640,
            interactive=False,
            elem_id="slider",
        ),
    }
    magnifier(outputs["slider"])
    outputs["facts"] = gr.Markdown(elem_id="facts", label=WORDS("page_facts"))
    outputs["download"] = gr.File(label=WORDS("page_download"), height=90, elem_id="download")
    choices = [(WORDS(f"page_show_{key}"), key) for key in ("both", "uploaded", "enlarged")]
    show = gr.Radio(choices, value="both", label=WORDS("page_show"), elem_id="show")
    outputs["species"] = gr.HTML(elem_id="species", label=WORDS("page_species"))
    show.change(None, show, js=SHOW, api_visibility="private")
    with gr.Accordion(WORDS("page_code"), open=False, elem_id="code"):
        for key, language in LANGUAGES.items():
            with gr.Tab(language):
                outputs[key] = gr.Code(
                    language=key, label=language, interactive=False, elem_id=f"code-{key}"
                )
    return outputs
