"""What a command shows while it works on many photos, and how it is asked to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from sr.batch import Line, places
from sr.batch.estimate import duration
from sr.batch.manifest import NAME
from sr.commands import shown, tell
from sr.inference.engine import Step
from sr.settings import SCALE


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C sets; the second ends the program as usual."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # no signals come to others
        return

    def asked(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        tell("Finishing what is begun; Ctrl-C once more ends it at once.")

    before = signal.signal(signal.SIGINT, asked)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


class Report:
    """A bar with photos, megapixels, the time left and failures; a line for each photo.

    photos: that are to be done.  before: that are done already.
    For a single photo the bar shows its pixels.
    """

    def __init__(self, photos: int, before: int, out: str) -> None:
        self.photos, self.before, self.out = photos, before, out
        self.written, self.failed, self.full, self.pixels = 0, 0, 0, 0
        self.start = time.monotonic()

    def __enter__(self) -> Report:
        one = {"unit": "px", "unit_scale": True}
        options = one if self.photos == 1 else {"unit": "photo", "total": self.photos}
        self.bar = tqdm(**options, disable=None, dynamic_ncols=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def strip(self, step: Step) -> None:
        """A strip of a photo is done."""
        if self.photos == 1:
            self.bar.total = step.total
            self.bar.update(step.done - self.bar.n)

    def tell(self, line: Line) -> None:
        """Print a photo's line, what went wrong on the standard error."""
        if line["error"]:
            self.failed += 1
            tell(line["error"])
        else:
            self.written += 1
            self.pixels += line["pixels"][0] * line["pixels"][1]
            tqdm.write(self._sentence(line))
        if self.photos > 1:
            failed = f", {self.failed} failed" if self.failed else ""
            self.bar.set_postfix_str(f"{self.pixels / 1e6:.1f} MP{failed}", refresh=False)
            self.bar.update()

    def _sentence(self, line: Line) -> str:
        width, height = line["result_size"]
        target = shown(places.join(self.out, line["result"]))
        facts = f"{target} ({width} x {height}, {line['weights']})"
        plain = places.plain_name(line["source"])
        named = line["result"].rpartition("/")[2] == plain
        source = shown(places.as_given(line["source"]))
        other = "" if named else f"It is {source}: {plain} is another's name."
        bird = (line.get("bird") or {}).get("name")
        parts = (facts, other, f"{bird}." if bird else "", *line["notes"])
        return " ".join(part for part in parts if part)

    @property
    def summary(self) -> str:
        """What became of all photos, in a sentence."""
        left = self.photos - self.written - self.failed
        parts = [f"{self.written:,} written"]
        parts += [f"{self.before:,} were done before"] if self.before else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        parts += [f"{left:,} are left"] if left else []
        took = duration(time.monotonic() - self.start)
        size = f"{self.pixels / 1e6:,.1f} megapixels of photos in {took}"
        total = self.photos + self.before
        return (
            f"{total:,} photos: {', '.join(parts)}; {size}, {SCALE} times as large. "
            f"What became of each is in {shown(places.join(self.out, NAME))}."
        )
