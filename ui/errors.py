"""The rooms' own errors, which are written for people, as Gradio shows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from classify import catalog as classifiers
from sr.image import PhotoError
from sr.inference import EngineError
from sr.models import catalog
from sr.settings import SettingError
from ui.queue import Busy

ERRORS = (SettingError, PhotoError, EngineError, Busy, *catalog.ERRORS, *classifiers.ERRORS)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn an error of `ERRORS` into one whose sentence Gradio passes on as it is."""
    try:
        yield
    except ERRORS as error:
        raise gr.Error(str(error), print_exception=False) from None
