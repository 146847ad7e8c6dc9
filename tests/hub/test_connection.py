"""Fetching without the Hub: the first answer comes at most 5 s later than offline."""

from __future__ import annotations

import socket
import time

import pytest

from tests.hub.conftest import SMALL, content
from tests.hub.double import COMMIT

PINNED = ("a/plain", "w.bin", COMMIT)


@pytest.fixture
def closed() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def unreachable(run, **environment) -> float:
    first, second = run(PINNED, ["b/other", "w.bin"], **environment)
    assert first["sentence"] == (
        "a/plain:w.bin@cccccccccccc: the Hugging Face Hub can't be reached."
    )
    assert "can't be reached" in second["sentence"]
    assert second["seconds"] < 0.5  # found out once
    return first["seconds"]


def test_refused(run, closed):
    assert unreachable(run, HF_ENDPOINT=closed) < 5


def test_no_such_name(run):
    assert unreachable(run, HF_ENDPOINT="http://hub.invalid") < 5


def test_no_answer(run, silent):
    start = time.perf_counter()
    assert 2 < unreachable(run, HF_ENDPOINT=silent) < 5
    assert time.perf_counter() - start < 12  # and the process ends


def test_offline(run):
    assert unreachable(run, HF_HUB_OFFLINE="1") < 2


def test_offline_with_the_file_cached(double, run):
    double.add("a/plain", "w.bin", SMALL)
    run(PINNED, ["a/plain", "w.bin"])
    pinned, loose = run(PINNED, ["a/plain", "w.bin"], HF_HUB_OFFLINE="1")
    assert content(pinned) == content(loose) == SMALL


def test_unreachable_with_the_file_cached(double, run, silent):
    double.add("a/plain", "w.bin", SMALL)
    run(PINNED, ["a/plain", "w.bin"])
    pinned, loose = run(PINNED, ["a/plain", "w.bin"], HF_ENDPOINT=silent)
    assert content(pinned) == content(loose) == SMALL
    assert pinned["seconds"] < 1  # asked nobody
    assert loose["seconds"] < 5


def test_a_pinned_file_in_the_cache_makes_no_request(double, run):
    digest = double.add("a/plain", "w.bin", SMALL)
    by_hash = ["a/plain", "w.bin", "main", digest]
    run(PINNED, by_hash)
    double.requests.clear()
    run(PINNED, by_hash)
    assert not double.requests
