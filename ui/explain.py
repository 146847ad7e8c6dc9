"""What went wrong, for people who look at the page."""

import logging

import gradio as gr

from ui.errors import sentence
from ui.words import Words
from ui.words.translate import translated


def explained(error: Exception, words: Words) -> str:
    """The sentence of an error that is written for people; any other goes to the log.

    To be called where the error is handled.  Gradio's own come from a GPU that is lent.
    """
    if isinstance(error, gr.Error):
        return translated(error.message, words)
    if text := sentence(error):
        return translated(text, words)
    logging.getLogger(__name__).exception("The page's work ended by an error")
    return words["page_broken"]
