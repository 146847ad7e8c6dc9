"""Which work each page is waiting for: what a page has turned away from ends.

Gradio's own cancelling loses a run that begins while another is being cancelled, and what the
ended run told last may come to the page after the answer to Stop.
"""

from collections.abc import Generator
from contextlib import closing
from itertools import count
from typing import TypeVar

import gradio as gr

T = TypeVar("T")


class Runs:
    """The runs of one tab: a page waits for one of them at most."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._waited_for: dict[str, int] = {}  # a page -> the number of its run

    def begin(self, request: gr.Request) -> int:
        """The number of a new run, higher than all before; the page's former run ends."""
        number = next(self._numbers)
        self._waited_for[request.session_hash] = number
        return number

    def end(self, request: gr.Request) -> int:
        """End the page's run; a number that is higher than its."""
        self._waited_for.pop(request.session_hash, None)
        return next(self._numbers)

    def is_younger(self, request: gr.Request, number: int) -> bool:
        """Whether the page waits for a run that began after the one of a number."""
        return self._waited_for.get(request.session_hash, 0) > number

    def waited_for(self, request: gr.Request) -> bool:
        """Whether the page waits for a run."""
        return request.session_hash in self._waited_for

    def followed(
        self, request: gr.Request, number: int, updates: Generator[T, None, None]
    ) -> Generator[T, None, bool]:
        """The updates for as long as the page waits for them; then they are closed.

        Returns whether the page has turned away before they were all there.
        """
        page = request.session_hash
        with closing(updates):
            for update in updates:
                if self._waited_for.get(page) != number:
                    return True
                yield update
        if self._waited_for.get(page) == number:
            del self._waited_for[page]
        return False
