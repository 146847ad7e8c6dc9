"""Folders here and elsewhere: what is in them, and files that are whole or not there."""

from pathlib import Path

import fsspec
import pytest

from sr.batch import BatchError, places
from sr.image import PhotoError


@pytest.fixture
def elsewhere():
    """A folder on a file system that isn't this machine's."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield "memory://archive"
    system.store.clear()


def fill(folder: str, *names: str) -> None:
    for name in names:
        places.write(folder, name, [b"photo"])


NAMES = ("b/x.JPG", "b/x.png", "a.webp", "text.txt", ".hidden/x.png", "b/.x.png")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_folders_are_searched_for_photos(tmp_path, elsewhere, where):
    folder = str(tmp_path / "in") if where == "here" else f"{elsewhere}/in"
    fill(folder, *NAMES, "out/x_x4.png")
    assert places.is_folder(folder) and not places.is_folder(f"{folder}/a.webp")
    places.remove_parts(folder)
    found = list(places.sources(folder, f"{folder}/out"))
    for source, name in zip(found, ("a.webp", "b/x.JPG", "b/x.png"), strict=True):
        assert source.address.endswith(f"in/{name}") and places.read(source.address) == b"photo"
    assert [source.folder for source in found] == ["", "b", "b"]
    assert {source.size for source in found} == {5}


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_a_photo_is_a_photo_whatever_its_ending(tmp_path, elsewhere, where):
    folder = str(tmp_path) if where == "here" else elsewhere
    fill(folder, "x.photo")
    (source,) = places.sources(f"{folder}/x.photo", "out")
    assert source.size == 5 and places.read(source.address) == b"photo"
    with pytest.raises(PhotoError, match=r"There is no file “y\.png”"):
        places.read(f"{folder}/y.png")


def test_a_link_to_the_folder_above_ends(tmp_path):
    fill(str(tmp_path), "a/x.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    assert len(list(places.sources(str(tmp_path), "out"))) == 1


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    def pieces():
        yield b"some"
        raise OSError(28, "No space left on device")

    places.write(str(tmp_path), "a/x.png", [b"before"])
    with pytest.raises(OSError):
        places.write(str(tmp_path), "a/x.png", pieces())
    assert (tmp_path / "a" / "x.png").read_bytes() == b"before"
    assert list((tmp_path / places.PARTS).iterdir()) == []


def test_a_file_system_that_does_not_answer_is_asked_again(monkeypatch):
    monkeypatch.setattr(places.time, "sleep", lambda seconds: None)
    answers = [ConnectionError(), TimeoutError(), "here"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert places.persistently(ask) == "here"
    monkeypatch.setattr(places, "PATIENCE", -1)
    answers.append(ConnectionError("gone"))
    with pytest.raises(ConnectionError):
        places.persistently(ask)


def test_what_is_not_there_is_not_asked_for_again():
    calls = []

    def ask():
        calls.append(1)
        raise FileNotFoundError

    with pytest.raises(FileNotFoundError):
        places.persistently(ask)
    assert len(calls) == 1


def test_results_of_another_file_system(elsewhere):
    assert places.facts(f"{elsewhere}/x.png") is None
    address = places.write(elsewhere, "x.png", [b"re", b"sult"])
    assert places.facts(address)["size"] == 6 and places.content(address) == b"result"
    assert places.listed(elsewhere) == ["memory:///archive/x.png"]
    places.remove(places.listed(elsewhere))
    assert places.listed(elsewhere) == []
    assert not Path("memory:").exists()


def test_what_no_file_system_has_is_a_sentence():
    with pytest.raises(BatchError, match=r"superman://x/y.png can't be reached: "):
        list(places.sources("superman://x/y.png", "out"))
