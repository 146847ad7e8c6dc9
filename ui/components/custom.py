"""Parts of the page with a script of their own: the crop tool and the magnifier."""

import gradio as gr

from sr.image import PhotoError
from ui.words import ENGLISH, KOREAN, STATIC


def crop_tool(image: gr.Image) -> gr.HTML:
    """A box to be drawn on the photo in `image`, or typed in percent; hidden without a photo.

    Its value, for `parse_box`, is "left,top,right,bottom" in fractions of the upright photo, or ""
    for the whole photo, which it is again for every new photo.  `image` needs an `elem_id`.
    """
    return _part("crop", value="", image=_id(image))


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


def magnifier(slider: gr.ImageSlider) -> gr.HTML:
    """Two lenses that show the same area of the slider's pictures; hidden until there are any.

    They follow the pointer over the slider, and need no events: the page's own script reads the
    pictures' addresses off the slider, which needs an `elem_id`; it also gives the slider
    alternative texts and a handle for the keyboard.
    """
    return _part("magnifier", slider=_id(slider))


def _id(component: gr.components.Component) -> str:
    if not component.elem_id:
        raise ValueError("the component needs an elem_id, by which the part's script finds it")
    return component.elem_id


def _part(name: str, **options) -> gr.HTML:
    """A part made of `static/{name}.html`, `.css` and `.js`, with its texts."""
    words = {
        language: {key: text for key, text in texts.items() if key.startswith(f"{name}_")}
        for language, texts in (("en", ENGLISH), ("ko", KOREAN))
    }
    files = {
        option: (STATIC / f"{name}.{ending}").read_text(encoding="utf-8")
        for option, ending in (
            ("html_template", "html"),
            ("css_template", "css"),
            ("js_on_load", "js"),
        )
    }
    return gr.HTML(elem_id=name, apply_default_css=False, words=words, **files, **options)
