"""The About tab, and its line: which weights are in use, on what device, and how many wait."""

import logging
from dataclasses import dataclass

import gradio as gr

import hub
import sr
from classify import catalog as classifiers
from sr import settings
from ui.components.events import QUIET
from ui.errors import ERRORS
from ui.pipeline import QUEUE
from ui.words import WORDS, words_for
from ui.words.translate import translated


@dataclass
class Weights:
    """What is known of the weights in use, in sentences."""

    text: str = "Weights are read with the first photo."


IN_USE = Weights()


def build_about_tab(tab: gr.Tab, others: list[gr.Tab]) -> None:
    """What is in `tab`; its line is asked for only while it is read.

    After a poll that fails Gradio loads the page anew, and the photo is gone.
    """
    gr.Markdown(WORDS("page_about"), elem_id="about")
    line = gr.Markdown(elem_id="status", label=WORDS("page_status"))
    timer = gr.Timer(2, active=False)
    tab.select(lambda: gr.Timer(active=True), None, timer, **QUIET)
    for other in others:
        other.select(lambda: gr.Timer(active=False), None, timer, **QUIET)
    gr.on([tab.select, timer.tick], _said, None, line, **QUIET)


def _said(request: gr.Request) -> str:
    """The sentence in the reader's language."""
    return translated(sentence(), words_for(request))


def sentence() -> str:
    """The state as one line of Markdown."""
    share = hub.progress()
    weights = IN_USE.text if share is None else f"Fetching weights, {share:.0%}."
    waiting = {0: "No photo is being worked on.", 1: "One photo is being worked on."}
    queue = waiting.get(len(QUEUE), f"One photo is being worked on, {len(QUEUE) - 1} wait.")
    return f"{weights} {queue}"


def warm_up() -> None:
    """Fetch and read the weights that most photos meet, and SRGAN's, while people look on."""
    IN_USE.text = "Reading weights."
    try:
        IN_USE.text = _loaded()
    except ERRORS as error:
        IN_USE.text = str(error)
    except Exception:
        logging.getLogger(__name__).exception("The weights could not be read")
        IN_USE.text = "The weights could not be read; the log says why."


def _loaded() -> str:
    from sr.inference import auto, device

    here = device.choose_device()
    where = device.described(here, device.choose_precision(here))
    upscalers = [sr.load(name) for name in dict.fromkeys((auto.usual(), None))]
    classifier = classifiers.load(device=settings.device())
    used = [f"{one.model.name} ({one.weights})" for one in upscalers]
    used.append(f"{classifier.name} ({classifier.weights})")
    notes = [one.note for one in (*upscalers, classifier) if one.note]
    return " ".join((f"In use: {', '.join(used)}.", f"Device: {where}.", *notes))
