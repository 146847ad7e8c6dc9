"""How many pixels a strip should have, learned from how long strips take.

Low strips fit the cache, high ones spend less on overhead; where the best
height lies depends on the processor, the network and the photo's width.
Results don't depend on it, so the engine tries while it works.
"""

from __future__ import annotations

TRIES = 2  # a size is judged by its best time of so many: what else runs only ever adds time


class Pace:
    """Climbs from a first guess to the strip size, a power of two in pixels, with the best time."""

    def __init__(self, guess: int) -> None:
        self._seconds: dict[int, list[float]] = {guess: []}  # a pixel, by strip size
        self._asked = guess, 0

    def rows(self, width: int, most: int) -> int:
        """Height for the next strip: 1..most rows of `width` pixels."""
        size = self._next()
        rows = max(1, min(most, size // width))
        self._asked = size, rows
        return rows

    def learn(self, rows: int, width: int, seconds: float) -> None:
        """A strip of `rows` x `width` pixels took so long; the last of a photo may be lower."""
        size, asked = self._asked
        if rows == asked:
            self._seconds.setdefault(size, []).append(seconds / (rows * width))

    def _next(self) -> int:
        """The best size so far, or a neighbour of it that has not been tried enough."""
        tried = {size: min(times) for size, times in self._seconds.items() if len(times) >= TRIES}
        if not tried:
            return next(iter(self._seconds))
        best = min(tried, key=tried.get)
        return next((size for size in (best, best * 2, best // 2) if size not in tried), best)
