"""The rooms' own errors, which are written for people, as Gradio shows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from classify import catalog as classifiers
from sr.image import PhotoError, is_disk_full
from sr.inference import EngineError
from sr.models import catalog
from sr.settings import SettingError
from ui.queue import Busy

ERRORS = (SettingError, PhotoError, EngineError, Busy, *catalog.ERRORS, *classifiers.ERRORS)


def sentence(error: BaseException | None) -> str | None:
    """What an error says to people, or None for one that isn't written for them."""
    if isinstance(error, ERRORS):
        return str(error)
    if is_disk_full(error):
        return "The disk here is full, so nothing was saved: try again in an hour."
    return None


@contextmanager
def sentences() -> Iterator[None]:
    """Turn an error that has a sentence into one of Gradio's, which passes it on as it is."""
    try:
        yield
    except Exception as error:
        if (text := sentence(error)) is None:
            raise
        raise gr.Error(text, print_exception=False) from None
