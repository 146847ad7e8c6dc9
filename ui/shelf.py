"""Finished comparisons, kept for their pages for a while.

Not in `gr.State`: it makes Gradio's clients hold a connection open, so that a program that only
wanted one answer would not end by itself.
"""

import secrets
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sr.compare.comparison import Row

ORIGINAL, SHRUNK = "original", "shrunk"  # pictures that are kept beside the methods' own


@dataclass(frozen=True)
class Kept:
    """A finished comparison.

    name: the photo's.
    degradation: the name of how it became small.
    folder: holds each picture as {name}.npy, (H, W, 3) uint8; deleted when it leaves the shelf.
    size: the photo's width and height.
    shown: those of the picture to click on.
    titles: of the methods, by name.
    rows: the table.
    """

    name: str
    degradation: str
    folder: Path
    size: tuple[int, int]
    shown: tuple[int, int]
    titles: dict[str, str]
    rows: list[Row]

    def picture(self, name: str) -> np.ndarray:
        """Not read before it is cut."""
        return np.load(self.folder / f"{name}.npy", mmap_mode="r")

    @property
    def bytes(self) -> int:
        """What its folder takes on the disk."""
        return sum(file.stat().st_size for file in self.folder.iterdir())


class Shelf:
    """At most `length` comparisons and `most_bytes`, each for at most `seconds`; oldest go first.

    The newest stays, whatever its size.
    """

    def __init__(self, length: int, seconds: float, most_bytes: int) -> None:
        self.length, self.seconds, self.most_bytes = length, seconds, most_bytes
        self._kept: dict[str, tuple[float, int, Kept]] = {}  # when, how large, what; oldest first
        self._lock = threading.Lock()

    def put(self, kept: Kept) -> str:
        """Keep it; the key is known to its page alone."""
        key, size = secrets.token_urlsafe(), kept.bytes
        with self._lock:
            self._kept[key] = time.monotonic(), size, kept
            self._clear()
        return key

    def get(self, key: str | None) -> Kept | None:
        """What was put, unless it is gone."""
        with self._lock:
            self._clear()
            return self._kept[key][2] if key in self._kept else None

    def _clear(self) -> None:
        now, left = time.monotonic(), sum(size for _, size, _ in self._kept.values())
        for key, (when, size, kept) in list(self._kept.items()):
            many = len(self._kept) > self.length
            large = left > self.most_bytes and len(self._kept) > 1
            if many or large or now - when > self.seconds:
                del self._kept[key]
                left -= size
                shutil.rmtree(kept.folder, ignore_errors=True)
