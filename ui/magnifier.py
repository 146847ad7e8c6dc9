"""A linked magnifier below the image slider: both pictures, pixel by pixel."""

from __future__ import annotations

import gradio as gr

from ui.parts import part


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
