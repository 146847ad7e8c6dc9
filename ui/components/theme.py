"""The page's colours, and small helps for all of its components."""

import json
from pathlib import Path

import gradio as gr

from ui.words import STATIC

STYLE = "".join(
    (STATIC / f"{name}.css").read_text(encoding="utf-8") for name in ("page", "species", "compare")
)

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
