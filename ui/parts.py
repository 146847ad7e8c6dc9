"""Components that more than one tab uses, and the colours of all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import gradio as gr
from gradio.utils import get_upload_folder, is_in_or_equal

from ui.jobs import State
from ui.words import ENGLISH, KOREAN

STATIC = Path(__file__).parent / "static"
STYLE = "".join(
    (STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("page", "species", "compare")
)
# Options of an event that takes no time and is no one else's business.
QUIET = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
Update = dict[str, Any]  # an output's name -> its new value; outputs not named stay as they are

# Gradio's own greys and oranges are too pale for small text (WCAG 2.2, 1.4.3: 4.5 to 1).
GREY = {"light": "*neutral_600", "dark": "*neutral_400"}
THEME = gr.themes.Default(font=["system-ui", "sans-serif"], font_mono=["monospace"]).set(
    color_accent="*primary_700",
    body_text_color_subdued=GREY["light"],
    body_text_color_subdued_dark=GREY["dark"],
    block_info_text_color=GREY["light"],
    block_info_text_color_dark=GREY["dark"],
    block_label_text_color="*neutral_700",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_hover_dark="*primary_800",
    button_cancel_background_fill="#b91c1c",
    button_cancel_background_fill_dark="#b91c1c",
    button_cancel_background_fill_hover="#991b1b",
    button_cancel_background_fill_hover_dark="#991b1b",
)


def photo_input(**options) -> gr.Image:
    """An image input that hands over the uploaded file as it came.

    `gr.Image` opens the file itself first, and a file that is no photo ends
    in an error that says nothing; `sr.open` says what is wrong. (A subclass
    would do, but Gradio writes a stub file beside the source of each.)
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **options)
    opened = image.preprocess
    image.preprocess = lambda payload: payload.path if payload and payload.path else opened(payload)
    fetched = image.async_move_resource_to_block_cache

    async def fetch(address):
        """An uploaded file by the address this app gave it, which Gradio would not ask itself for.

        MCP clients name a file they have uploaded by its address, and Gradio
        refuses addresses of its own machine, as it should for all others.
        """
        path = unquote(str(address).partition("/gradio_api/file=")[2])
        ours = path and is_in_or_equal(path, get_upload_folder())
        return await fetched(path if ours else address)

    image.async_move_resource_to_block_cache = fetch
    return image


def part(name: str, **options) -> gr.HTML:
    """A part of the page made of `static/{name}.html`, `.css` and `.js`, with its texts."""
    languages = {"en": ENGLISH, "ko": KOREAN}
    words = {
        language: {key: text for key, text in texts.items() if key.startswith(f"{name}_")}
        for language, texts in languages.items()
    }
    return gr.HTML(
        html_template=(STATIC / f"{name}.html").read_text(encoding="utf-8"),
        css_template=(STATIC / f"{name}.css").read_text(encoding="utf-8"),
        js_on_load=(STATIC / f"{name}.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        words=words,
        **options,
    )


def in_order(updates: Iterable[Update], outputs: Iterable[str]) -> Iterator[list]:
    """Updates by name -> values in the order of an event's outputs."""
    for update in updates:
        yield [update.get(name, gr.skip()) for name in outputs]


def bar(state: State) -> str:
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


NAME_EXAMPLES = """() => {
  const names = %s;
  const name = () => document.querySelectorAll(".gallery-item:not([aria-label])").forEach(
    (button) => button.ariaLabel = names[[...button.parentNode.children].indexOf(button)]);
  new MutationObserver(name).observe(document.body, { childList: true, subtree: true });
  name();
}"""


def name_examples(examples: list[Path]) -> str:
    """JavaScript that names the buttons of Gradio's galleries of examples, as tabs are opened."""
    return NAME_EXAMPLES % json.dumps([path.stem.replace("_", " ") for path in examples])
