"""What the events of both tabs share."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

import gradio as gr

from ui.pipeline import State
from ui.words import Words

# Options of an event that takes no time and is no one else's business.
QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
# Options of an event that works on a photo.
WORKING = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
Update = dict[str, Any]  # an output's name -> its new value; outputs not named stay as they are


def in_order(updates: Iterable[Update], outputs: Iterable[str]) -> Iterator[list]:
    """Updates by name -> values in the order of an event's outputs."""
    for update in updates:
        yield [update.get(name, gr.skip()) for name in outputs]


def progress_words(state: State, words: Words) -> str:
    """How far a request is, for people."""
    percent, seconds = round(100 * state.share), max(1, round(state.seconds))
    if state.ahead:
        return words["page_waiting"].format(ahead=state.ahead, seconds=seconds)
    if percent == 100:
        return words["page_saving"]
    key = "page_percent" if percent else "page_starting"
    return words[key].format(percent=percent, seconds=seconds)


def progress_bar(state: State, words: Words) -> str:
    """A progress bar with words, for people and screen readers."""
    text = escape(progress_words(state, words))
    return (
        f'<div class="bar"><progress max="100" value="{round(100 * state.share)}" '
        f'aria-label="{text}"></progress><span>{text}</span></div>'
    )
