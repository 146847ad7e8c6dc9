"""The line at the page's foot: which weights are in use, on what device, and how many wait."""

from __future__ import annotations

import hub
import sr
from classify import catalog as classifiers
from ui.jobs import LINE

IN_USE = ["Weights are read with the first photo."]


def sentence() -> str:
    """The state as one line of Markdown."""
    share = hub.progress()
    weights = IN_USE[-1] if share is None else f"Fetching weights, {share:.0%}."
    waiting = {0: "No photo is being worked on.", 1: "One photo is being worked on."}
    queue = waiting.get(len(LINE), f"One photo is being worked on, {len(LINE) - 1} wait.")
    return f"{weights} {queue}"


def warm_up() -> None:
    """Fetch and read the default weights while people look at the page."""
    from sr.engine import choose_device

    IN_USE.append("Reading weights.")
    try:
        upscaler, classifier = sr.load(), classifiers.load()
    except hub.WeightsUnavailable as error:
        IN_USE.append(str(error))
        return
    used = f"In use: {upscaler.model.name} ({upscaler.weights}), {classifier.name} "
    notes = [note for note in (upscaler.note, classifier.note) if note]
    device = f"Device: {choose_device()}."
    IN_USE.append(" ".join((f"{used}({classifier.weights}).", device, *notes)))
