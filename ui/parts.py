"""Components that more than one tab uses."""

from __future__ import annotations

import gradio as gr


def photo_input(**options) -> gr.Image:
    """An image input that hands over the uploaded file as it came.

    `gr.Image` opens the file itself first, and a file that is no photo ends
    in an error that says nothing; `sr.open` says what is wrong. (A subclass
    would do, but Gradio writes a stub file beside the source of each.)
    """
    image = gr.Image(type="filepath", image_mode=None, format="png", **options)
    opened = image.preprocess
    image.preprocess = lambda payload: payload.path if payload and payload.path else opened(payload)
    return image
