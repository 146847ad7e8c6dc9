"""The queue for the one worker: who is next, and how long it will take.

One photo at a time is computed on a device: two at once would take twice the
memory and no less time. All of it in one thread: memory that a thread has
freed is kept for that thread, so ten threads in turn would hold ten times as
much. Knows neither Gradio nor PyTorch.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any, TypeVar

SECONDS_BETWEEN_UPDATES = 0.2
T = TypeVar("T")


class Busy(RuntimeError):
    """The queue is full; the message says when to try again."""


class Queue:
    """At most one place is at work and `length` wait behind it.

    guess: seconds that a unit of work takes, until some have been measured.
    """

    def __init__(self, length: int, guess: float) -> None:
        self.length = length
        self._guess = guess
        self._seconds: dict[str, float] = {}  # a unit of work, by kind
        self._places: list[Place] = []
        self._changed = threading.Condition()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="worker")  # started when needed

    def __len__(self) -> int:
        """How many are at work or waiting."""
        return len(self._places)

    def work(self, generator: Generator[T, None, None]) -> Iterator[T]:
        """Run a generator in the worker's thread, behind what was given to it before.

        Of what it yields the first comes out at once, then the newest every
        `SECONDS_BETWEEN_UPDATES`, and the last in any case; so each value should say all that is to
        be known. The worker goes on meanwhile. The generator sees the caller's context variables,
        such as whose request it is. It is closed when nobody wants more.
        """
        context = copy_context()

        def start(function: Callable, *arguments: Any) -> Future:
            return self._worker.submit(context.copy().run, function, *arguments)

        underway = start(_advance, generator, 0.0)
        try:
            while True:
                value, ended = underway.result()
                if not ended:
                    underway = start(_advance, generator, SECONDS_BETWEEN_UPDATES)
                if value is not None:
                    yield value
                if ended:
                    return
        finally:
            start(generator.close)

    @contextmanager
    def place(self, kind: str, work: float) -> Iterator[Place]:
        """A place at the end of the queue, given up when the block ends, however it ends.

        kind: what is alike in speed, such as a model's name.  work: units, such as pixels.
        Raises `Busy`.
        """
        place = Place(self, kind, work)
        with self._changed:
            if len(self._places) > self.length:
                seconds = sum(map(self._left, self._places))
                raise Busy(
                    f"Busy: {self.length} photos are waiting already. "
                    f"Try again in about {max(1, round(seconds))} s."
                )
            self._places.append(place)
        try:
            yield place
        finally:
            with self._changed:
                self._places.remove(place)
                self._changed.notify_all()
                if not self._places:
                    self._worker.submit(give_back_memory)

    def pace(self, kind: str) -> float:
        """Seconds that a unit of that kind takes, as far as is known."""
        return self._seconds.get(kind, self._guess)

    def _left(self, place: Place) -> float:
        """Seconds of work that a place still has before it."""
        return self.pace(place.kind) * place.work * (1 - place.share)


def give_back_memory() -> None:
    """Have the allocator return what is free to the system, which glibc keeps for later."""
    with suppress(AttributeError, OSError):  # another system's library
        ctypes.CDLL(None).malloc_trim(0)


def _advance(generator: Generator[T, None, None], seconds: float) -> tuple[T | None, bool]:
    """Run for at least so long: (the last value, whether the generator has ended)."""
    end, value = time.perf_counter() + seconds, None
    for value in generator:
        if time.perf_counter() >= end:
            return value, False
    return value, True


class Place:
    """One photo's place in a `Queue`. share: how much of its work is done, 0..1."""

    def __init__(self, queue: Queue, kind: str, work: float) -> None:
        self.queue, self.kind, self.work = queue, kind, work
        self.share = 0.0
        self._started: float | None = None

    def wait(self, seconds: float) -> tuple[int, float]:
        """Wait for one's turn, at most `seconds`: (places ahead, guess of seconds until it is).

        Once nobody is ahead, it is this place's turn until it is given up.
        """
        with self.queue._changed:
            self.queue._changed.wait_for(lambda: self.queue._places[0] is self, seconds)
            ahead = self.queue._places[: self.queue._places.index(self)]
            if not ahead and self._started is None:
                self._started = time.monotonic()
            return len(ahead), sum(map(self.queue._left, ahead))

    def seconds_left(self) -> float:
        """A guess, by this photo's own pace once a tenth of it is done."""
        if self.share < 0.1 or self._started is None:
            return self.queue._left(self)
        return (time.monotonic() - self._started) * (1 / self.share - 1)

    def finish(self) -> None:
        """The work is done: learn from how long it took."""
        if self._started is not None and self.work:
            took = (time.monotonic() - self._started) / self.work
            before = self.queue._seconds.get(self.kind, took)
            self.queue._seconds[self.kind] = (before + took) / 2
        self.share = 1.0
