"""A linked magnifier below the image slider: both pictures, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from ui.words import ENGLISH, KOREAN

STATIC = Path(__file__).parent / "static"


def magnifier(slider: gr.ImageSlider) -> gr.HTML:
    """Two lenses that show the same area of the slider's two pictures; hidden until there are any.

    They follow the pointer over the slider. It needs no events: the page's own
    script reads the pictures' addresses off the slider, which must have an
    `elem_id`; it also gives the slider alternative texts and a handle for the
    keyboard.
    """
    if not slider.elem_id:
        raise ValueError("the slider needs an elem_id, by which the magnifier finds it")
    return part("magnifier", elem_id="magnifier", slider=slider.elem_id)


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
