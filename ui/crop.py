"""A crop tool below the photo: a box that is drawn, or typed in percent."""

from __future__ import annotations

import gradio as gr

from sr.photo import PhotoError
from ui.parts import part


def crop_tool(image: gr.Image) -> gr.HTML:
    """A box to be drawn on the photo in `image`, which must have an `elem_id`; hidden without one.

    Its value, for `parse_box`, is "left,top,right,bottom" in fractions of the
    upright photo, or "" for the whole photo, which it is again for every new photo.
    """
    if not image.elem_id:
        raise ValueError("the image needs an elem_id, by which the crop tool finds it")
    return part("crop", value="", elem_id="crop", image=image.elem_id)


def parse_box(text: str | None) -> tuple[float, float, float, float] | None:
    """The crop tool's value as left, top, right, bottom; None is the whole. Raises `PhotoError`."""
    if text is None or text == "":
        return None
    try:
        left, top, right, bottom = (float(edge) for edge in text.split(","))
    except (TypeError, ValueError, AttributeError):
        raise PhotoError(
            "The crop box can't be read: it has four edges, such as 0.1,0.2,0.6,0.9."
        ) from None
    return left, top, right, bottom
