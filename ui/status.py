"""The line at the page's foot: which weights are in use, on what device, and how many wait."""

import logging
from dataclasses import dataclass

import hub
import sr
from classify import catalog as classifiers
from sr import settings
from ui.errors import ERRORS
from ui.pipeline import QUEUE


@dataclass
class Weights:
    """What is known of the weights in use, in sentences."""

    text: str = "Weights are read with the first photo."


IN_USE = Weights()


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
