"""Finding an entry, loading it once, and falling back with a note."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from hub import Catalog, WeightsUnavailable


class UnknownThing(ValueError):
    pass


@dataclass(frozen=True)
class Thing:
    name: str
    fallback: str | None = None
    place: str = ""


@dataclass(frozen=True)
class Ready:
    thing: Thing
    given: tuple[Hashable, ...]
    note: str = ""


@dataclass
class Recorder:
    """What the catalog under test reads from and calls.

    place: where the owner's own entry is, "" for none.
    broken: names of the entries that can't be had.
    seconds: how long a load takes.
    loaded: names of the entries loaded, in order.
    """

    place: str = ""
    broken: set[str] = field(default_factory=set)
    seconds: float = 0
    loaded: list[str] = field(default_factory=list)

    def own(self) -> Thing | None:
        return Thing("own", "b", self.place) if self.place else None

    def load(self, thing: Thing, *given: Hashable) -> Ready:
        time.sleep(self.seconds)
        if thing.name in self.broken:
            raise WeightsUnavailable(f"{thing.name} is not there.")
        self.loaded.append(thing.name)
        return Ready(thing, given)


PUBLISHED = (Thing("a", "b"), Thing("b"), Thing("c", "b"))


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def catalog(recorder) -> Catalog[Thing, Ready]:
    return Catalog(
        "thing", PUBLISHED, recorder.load, own=recorder.own, unknown=UnknownThing, kept=2
    )


def test_the_default_comes_first_and_the_owner_s_own_is_it(recorder, catalog):
    assert catalog.entries() == {thing.name: thing for thing in PUBLISHED}
    assert catalog.names() == ["a", "b", "c"]
    assert catalog.find() == catalog.find("") == catalog.find("a") == PUBLISHED[0]
    recorder.place = "here"
    assert catalog.names() == ["own", "a", "b", "c"]
    assert catalog.find() == Thing("own", "b", "here")
    recorder.place = ""
    assert catalog.names() == ["a", "b", "c"]


def test_an_unknown_name_is_a_sentence_that_lists_the_known(catalog):
    for ask in (catalog.find, catalog.load):
        with pytest.raises(UnknownThing) as caught:
            ask("x")
        assert str(caught.value) == "There is no thing called “x”. Choose one of: a, b, c."


def test_an_entry_is_loaded_once(recorder, catalog):
    assert catalog.load() == Ready(PUBLISHED[0], ())
    assert catalog.load() is catalog.load("a") is catalog.load("")
    assert recorder.loaded == ["a"]


def test_what_is_given_is_passed_on_and_tells_loads_apart(recorder, catalog):
    assert catalog.load("a", "cpu", 2) == Ready(PUBLISHED[0], ("cpu", 2))
    assert catalog.load("a", "cuda", 2) is not catalog.load("a", "cpu", 2)
    assert recorder.loaded == ["a", "a"]


def test_the_owner_s_entry_is_loaded_anew_where_its_place_changed(recorder, catalog):
    recorder.place = "here"
    here = catalog.load()
    assert here.thing.place == "here" and catalog.load() is here
    recorder.place = "there"
    assert catalog.load().thing.place == "there"
    recorder.place = "here"
    assert catalog.load("own") is here


def test_the_default_falls_back_and_says_so(recorder, catalog):
    recorder.broken = {"a"}
    note = "This is the fallback: the weights of a could not be had. a is not there."
    assert catalog.load(None, 1) == Ready(PUBLISHED[1], (1,), note)
    assert catalog.load("b", 1) == Ready(PUBLISHED[1], (1,))  # which has no note
    assert recorder.loaded == ["b"]
    recorder.place, recorder.broken = "here", {"own"}
    assert catalog.load().thing.name == "b" and "the weights of own" in catalog.load().note


def test_an_entry_asked_for_by_name_never_falls_back(recorder, catalog):
    recorder.broken = {"a", "c"}
    for name in ("a", "c"):
        with pytest.raises(WeightsUnavailable, match=f"^{name} is not there"):
            catalog.load(name)
    assert recorder.loaded == []


def test_a_default_without_a_fallback_or_with_a_broken_one_is_an_error(recorder, catalog):
    alone = Catalog("thing", [Thing("b")], recorder.load, own=recorder.own, unknown=UnknownThing)
    recorder.broken = {"a", "b"}
    for broken in (alone, catalog):
        with pytest.raises(WeightsUnavailable, match=r"^b is not there"):
            broken.load()


def test_a_failure_is_not_kept(recorder, catalog):
    recorder.broken = {"a"}
    assert catalog.load().thing.name == "b"
    recorder.broken = set()
    assert catalog.load() == Ready(PUBLISHED[0], ())


def test_the_least_recently_used_goes(recorder, catalog):
    for name in ("a", "b", "a", "c", "a", "b"):
        catalog.load(name)
    assert recorder.loaded == ["a", "b", "c", "b"]


def test_threads_share_one_load(recorder, catalog):
    recorder.seconds = 0.05
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(catalog.load, [None, "a"] * 4))
    assert recorder.loaded == ["a"]
    assert all(result is results[0] for result in results)


def test_threads_share_one_load_of_an_entry_that_takes_a_moment_to_hash(recorder):
    class SlowThing(Thing):
        def __hash__(self) -> int:
            time.sleep(0.02)
            return hash(self.name)

    recorder.seconds = 0.05
    things = [SlowThing("a")]
    catalog = Catalog("thing", things, recorder.load, own=recorder.own, unknown=UnknownThing)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(catalog.load, [None] * 4))
    assert recorder.loaded == ["a"]


def test_different_entries_load_side_by_side(recorder):
    both = threading.Barrier(2)  # broken, where one waits for the other's load to end

    def load(thing: Thing) -> Ready:
        both.wait(timeout=5)
        return Ready(thing, ())

    catalog = Catalog("thing", PUBLISHED, load, own=recorder.own, unknown=UnknownThing)
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(catalog.load, ["a", "b"]))
    assert [result.thing.name for result in results] == ["a", "b"]
