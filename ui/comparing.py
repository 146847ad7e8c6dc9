"""What a comparison does, from the file it brings to its table: open, wait, shrink, restore, name.

Page, API and MCP go through here, as `ui.pipeline` has it for other requests.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import classify
from sr import settings
from sr.compare import comparison, methods
from sr.compare.comparison import Keep, Pair, Row
from sr.compare.degradations import Degradation, evaluated
from ui import pipeline, results
from ui.pipeline import Request, State
from ui.queue import Place


@dataclass(frozen=True)
class Compared(State):
    """How far a comparison is, and at its end what it found.

    pair: the photo, and the same shrunk and harmed.
    rows: the table.
    titles: of the methods compared, by name.
    """

    pair: Pair | None = None
    rows: tuple[Row, ...] = ()
    titles: dict[str, str] | None = None


def compare(
    path: str | None, names: list[str], keep: Keep, degradation: str = "clean"
) -> Iterator[State]:
    """Make a photo small, restore it by several methods, give each to `keep`, score and name.

    names: of the methods; those of `methods.preferred` if there are none.
    degradation: the name of how it became small.
    """
    how, chosen = evaluated(degradation), []
    width, height = pipeline.size_of(Request(path), comparison.max_pixels())
    for name in dict.fromkeys(names) or methods.preferred():
        yield State()  # fetching weights can take minutes
        chosen.append(methods.method(name))
    work = comparison.work(width * height, chosen)
    with pipeline.QUEUE.place("compare", work) as place, results.using(path):
        yield from pipeline.waited(place, State())
        yield from pipeline.QUEUE.work(_compared(path, how, chosen, keep, place))
        place.finish()


def _compared(
    path: str, how: Degradation, chosen: list[methods.Method], keep: Keep, place: Place
) -> Generator[State, None, None]:
    photo = pipeline.open_photo(Request(path), comparison.max_pixels())
    pair = comparison.harmed(comparison.pair(photo), how, Path(path).name)
    original, kinds = _kind(pair.high.pixels), {}

    def kept(name: str, pixels: np.ndarray) -> None:
        keep(name, pixels)
        kinds[name] = _kind(pixels)

    def to_state(step: Any) -> State:
        place.share = step.done / step.total
        return State(seconds=place.seconds_left(), share=place.share)

    rows = yield from pipeline.each_step(
        comparison.steps(pair, chosen, kept, pipeline.engine_steps), to_state
    )
    rows = tuple(_named(row, original, kinds) for row in rows)
    titles = {method.name: method.title for method in chosen}
    yield Compared(share=1.0, pair=pair, rows=rows, titles=titles)


def _kind(pixels: np.ndarray) -> str | None:
    """The bird that the app's classifier sees in all of (H, W, 3) uint8 pixels, if any."""
    answer = classify.identify(pixels, 1, box=classify.WHOLE, device=settings.device())
    return answer.species[0].name if answer.species else None


def _named(row: Row, original: str | None, kinds: dict[str, str | None]) -> Row:
    """The row with what its picture is named, where there is a picture."""
    if row.method not in kinds or original is None:
        return replace(row, named=kinds.get(row.method), original=original)
    named = kinds[row.method]
    return replace(row, named=named, original=original, agrees=named == original)
