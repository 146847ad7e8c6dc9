"""Geometry only: integers in, spans out. No tensors.

A photo is cut into vertical *bands* and each band into *strips* of rows,
which are fed from top to bottom. Strips need no overlap, for the stream keeps
the rows that the next strip needs; bands need a halo, for nothing is kept
sideways. With memory enough there is one band, and nothing is computed twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """Columns start..stop of the result, computed from outer_start..outer_stop.

    blend: columns on both sides of a cut over which two bands are mixed; 0 where
    the halo is wide enough for an exact result.
    """

    start: int
    stop: int
    outer_start: int
    outer_stop: int
    blend: int = 0


def spans(length: int, size: int) -> Iterator[tuple[int, int]]:
    """Even (start, stop) pairs that cover 0..length once, none longer than `size`.

    >>> list(spans(10, 4))
    [(0, 3), (3, 6), (6, 10)]
    """
    if length < 1 or size < 1:
        raise ValueError(f"length and size must be at least 1, not {length} and {size}")
    count = -(-length // size)
    for i in range(count):
        yield i * length // count, (i + 1) * length // count


def bands(width: int, size: int, halo: int, blend: int = 0) -> list[Band]:
    """Bands over `width` columns that are at most `size` wide, halo included.

    A band that touches the photo's edge has no halo there. `blend` is at most `halo` and half the
    narrowest band. `size` must leave a column between two halos unless one band holds all.
    """
    if width <= size:
        return [Band(0, width, 0, width)]
    core = size - 2 * halo
    if core < 1:
        raise ValueError(f"a band of {size} columns has no room beside its halo of {halo}")
    return [
        Band(start, stop, max(0, start - halo), min(width, stop + halo), min(blend, core // 2))
        for start, stop in spans(width, core)
    ]
