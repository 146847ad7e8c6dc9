"""Comparisons are kept for a while, and not too many."""

import time
from pathlib import Path

import numpy as np

from ui.shelf import Kept, Shelf


def kept(folder: Path, name: str) -> Kept:
    own = folder / name
    own.mkdir()
    np.save(own / "bicubic.npy", np.zeros((2, 3, 3), np.uint8))
    return Kept(name, "clean", own, (3, 2), (3, 2), {}, [])


def test_what_is_put_is_found_by_its_key_alone(tmp_path):
    shelf, first = Shelf(2, 60, 1 << 20), kept(tmp_path, "a")
    key = shelf.put(first)
    assert shelf.get(key) is first
    assert shelf.get(key).picture("bicubic").shape == (2, 3, 3)
    assert shelf.get("") is shelf.get(None) is shelf.get("guess") is None


def test_the_oldest_leaves_a_full_shelf_with_its_pictures(tmp_path):
    shelf = Shelf(2, 60, 1 << 20)
    keys = [shelf.put(kept(tmp_path, name)) for name in "abc"]
    assert [shelf.get(key) is not None for key in keys] == [False, True, True]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]


def test_nothing_stays_for_ever(tmp_path, monkeypatch):
    shelf = Shelf(2, 60, 1 << 20)
    key = shelf.put(kept(tmp_path, "a"))
    now = time.monotonic()
    monkeypatch.setattr("ui.shelf.time.monotonic", lambda: now + 61)
    assert shelf.get(key) is None
    assert not list(tmp_path.iterdir())


def test_the_pictures_on_the_disk_are_bounded(tmp_path):
    one = kept(tmp_path, "a")
    most = int(2.5 * one.bytes)
    shelf = Shelf(9, 60, most_bytes=most)
    keys = [shelf.put(one), *(shelf.put(kept(tmp_path, name)) for name in "bcd")]
    assert [shelf.get(key) is not None for key in keys] == [False, False, True, True]
    assert sum(f.stat().st_size for f in tmp_path.rglob("*.npy")) <= most
    alone = Shelf(9, 60, most_bytes=1)
    assert alone.get(alone.put(kept(tmp_path, "e"))) is not None
