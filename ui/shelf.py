"""Finished comparisons, kept for their pages for a while.

Not in `gr.State`: it makes Gradio's clients hold a connection open, so that
a program that only wanted one answer would not end by itself.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr.compare import Row


@dataclass(frozen=True)
class Kept:
    """A finished comparison. Its folder is deleted when it leaves the shelf.

    size: the photo's width and height.  shown: those of the picture to click on.
    titles: of the methods, by name.
    rows: the table.  The folder holds each picture as {name}.npy, (H, W, 3) uint8.
    """

    name: str
    folder: Path
    size: tuple[int, int]
    shown: tuple[int, int]
    titles: dict[str, str]
    rows: list[Row]

    def picture(self, name: str) -> np.ndarray:
        """Not read before it is cut."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")


class Shelf:
    """At most `length` comparisons, each for at most `seconds`; the oldest go first."""

    def __init__(self, length: int, seconds: float) -> None:
        self.length, self.seconds = length, seconds
        self._kept: dict[str, tuple[float, Kept]] = {}  # oldest first
        self._lock = threading.Lock()

    def put(self, kept: Kept) -> str:
        """Keep it; the key is known to its page alone."""
        key = secrets.token_urlsafe()
        with self._lock:
            self._kept[key] = time.monotonic(), kept
            self._clear()
        return key

    def get(self, key: str | None) -> Kept | None:
        """What was put, unless it is gone."""
        with self._lock:
            self._clear()
            return self._kept.get(key or "", (0.0, None))[1]

    def _clear(self) -> None:
        now = time.monotonic()
        for key, (put, kept) in list(self._kept.items()):
            if len(self._kept) > self.length or now - put > self.seconds:
                del self._kept[key]
                shutil.rmtree(kept.folder, ignore_errors=True)
