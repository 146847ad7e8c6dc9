"""What the events of both tabs share."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import gradio as gr

from ui.pipeline import State

# Options of an event that takes no time and is no one else's business.
QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# Options of an event that works on a photo.
WORKING = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
Update = dict[str, Any]  # an output's name -> its new value; outputs not named stay as they are


def in_order(updates: Iterable[Update], outputs: Iterable[str]) -> Iterator[list]:
    """Updates by name -> values in the order of an event's outputs."""
    for update in updates:
        yield [update.get(name, gr.skip()) for name in outputs]


def progress_bar(state: State) -> str:
    """A progress bar with words, for people and screen readers."""
    percent = round(100 * state.share)
    seconds = f"about {max(1, round(state.seconds))} s"
    if state.ahead:
        text = f"{state.ahead} before this photo, {seconds}"
    elif percent == 100:
        text = "Saving"
    else:
        text = f"{percent} %, {seconds} left" if percent else "Starting"
    return (
        f'<div class="bar"><progress max="100" value="{percent}" aria-label="{escape(text)}">'
        f"</progress><span>{escape(text)}</span></div>"
    )
