"""Many odd cases of one kind: a short run in the tests, a long one with FUZZ_EXAMPLES=20000."""

from __future__ import annotations

import json
import os
import resource
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))
LONG = EXAMPLES > 1000
MOST_GROWTH = 600  # MB that a long run may take beyond what it began with
MOST_SECONDS = 20  # for one case of a long run
T = TypeVar("T")

# What a JSON file may say in a value's place.
ODD_JSON = st.one_of(
    st.sampled_from([None, True, False, 0, 1, -1, 3, 10**9, 10**30, 0.5, 1e300, "", "8", [], {}]),
    st.sampled_from([float("nan"), float("inf"), "false", "x" * 5000, "\ud800", "a\n\x1b", [[]]]),
    st.integers(-5, 4000),
    st.floats(),
    st.text(max_size=5),
    st.recursive(st.integers(-2, 9), lambda inner: st.lists(inner, max_size=4), max_leaves=8),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.integers(1, 3000).map(lambda depth: Nested(depth)),
)


class Nested(int):
    """A list in a list and so on, so deep; written by `dumps`."""


def dumps(value: object) -> bytes:
    """JSON, as Python writes it; surrogates and what isn't a number too."""

    def told(value: object) -> str:
        if isinstance(value, Nested):
            return "[" * value + "]" * value
        if isinstance(value, dict):
            return f"{{{','.join(f'{json.dumps(str(k))}:{told(v)}' for k, v in value.items())}}}"
        if isinstance(value, list):
            return f"[{','.join(map(told, value))}]"
        return json.dumps(value)

    return told(value).encode()


def changed(data: bytes, at: float, new: bytes, removed: int) -> bytes:
    """Bytes with some put in the place of some, at a share of their length."""
    place = int(at * len(data))
    return data[:place] + new + data[place + removed :]


byte_changes = st.tuples(
    st.floats(0, 1), st.binary(max_size=6) | st.just(b"\xff" * 8), st.sampled_from([0, 1, 4, 10**9])
)


def fuzz(cases: st.SearchStrategy[T], outcome: Callable[[T], str]) -> Counter:
    """How often each outcome came of the cases; a long run's peak of memory is asserted too."""
    counts: Counter = Counter()
    slowest, start, before = 0.0, time.perf_counter(), _peak()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not LONG,  # the short run is the same each time
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def run(case: T) -> None:
        nonlocal slowest
        began = time.perf_counter()
        counts[outcome(case)] += 1
        slowest = max(slowest, time.perf_counter() - began)

    run()
    figures = f"peak {before} -> {_peak()} MB, {time.perf_counter() - start:.0f} s"
    print(f"\n{dict(counts)}, {figures}, the slowest {slowest:.2f} s")
    assert not LONG or (_peak() - before < MOST_GROWTH and slowest < MOST_SECONDS)
    return counts


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
