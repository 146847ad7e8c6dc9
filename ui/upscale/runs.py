"""Which work each page is waiting for: what a page has turned away from ends.

Gradio's own cancelling loses a run that begins while another is being cancelled.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import count
from typing import TypeVar

import gradio as gr

T = TypeVar("T")

_numbers = count(1)
_waited_for: dict[str, int] = {}  # a page -> the number of its run


def begin(request: gr.Request) -> int:
    """The number of a new run, which is higher than all before; the page's former run ends."""
    number = next(_numbers)
    _waited_for[request.session_hash] = number
    return number


def end(request: gr.Request) -> int:
    """End the page's run; a number that is higher than its."""
    _waited_for.pop(request.session_hash, None)
    return next(_numbers)


def followed(request: gr.Request, number: int, updates: Generator[T, None, None]) -> Iterator[T]:
    """The updates for as long as the page waits for them; then they are closed."""
    page = request.session_hash
    with closing(updates):
        for update in updates:
            if _waited_for.get(page) != number:
                return
            yield update
    if _waited_for.get(page) == number:
        del _waited_for[page]
