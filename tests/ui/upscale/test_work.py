"""What the Upscale tab is told to show, without a browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from sr import image
from ui import pipeline
from ui.components.viewer import View, file, read
from ui.pipeline import State
from ui.queue import Queue
from ui.upscale import tab, work
from ui.upscale.work import Choices
from ui.words import ENGLISH, KOREAN

URL = "http://127.0.0.1:7860"


@pytest.fixture(autouse=True)
def queue(monkeypatch) -> Queue:
    monkeypatch.setattr(pipeline, "QUEUE", Queue(1, guess=1e-6))
    return pipeline.QUEUE


@pytest.fixture(autouse=True)
def uploads(monkeypatch, tmp_path_factory) -> None:
    """The photos here are in the folder of uploads."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.getbasetemp()))


@pytest.fixture
def view(little) -> View:
    return View("working", file=file(little), name=little.name)


def views(updates) -> list[View]:
    return [read(update["viewer"]) for update in updates if "viewer" in update]


def test_a_photo_is_named_shown_and_enlarged(view):
    updates = list(work.enlarge(view, Choices(), URL, ENGLISH))
    seen = views(updates)
    assert seen[0].phase == "working" and not seen[0].results and updates[0]["species"] == ""
    last = seen[-1]
    assert last.phase == "done" and last.picked.label == "Auto"
    assert last.picked.model == "srgan-swift" and last.picked.size == "96 × 94 → 384 × 376"
    assert last.size == [96, 94] and last.photo and last.before
    cards = [update["species"] for update in updates if update.get("species")]
    assert "macaw" in cards[0]
    order = [bool(update.get("species")) for update in updates].index(True)
    assert not read(updates[order]["viewer"]).results  # the name comes first
    done = next(update for update in updates if update.get("python"))
    assert done["download"]["value"] == last.picked.file["path"] and "'/upscale'" not in done
    assert Path(last.picked.file["path"]).name == "scarlet_macaw_x4.png"
    assert 'api_name="/upscale"' in done["python"]


def test_another_style_adds_a_result_and_one_that_is_there_is_only_picked(view):
    first = views(work.enlarge(view, Choices(), URL, ENGLISH))[-1]
    updates = list(work.enlarge(first, Choices("faithful"), URL, ENGLISH))
    second = views(updates)[-1]
    assert [one.label for one in second.results] == ["Auto", "Faithful"] and second.pick == 1
    assert second.results[0] == first.results[0] and second.before == first.before
    assert not any("species" in update for update in updates)  # the name doesn't hang on it
    (back,) = work.enlarge(second, Choices("auto"), URL, ENGLISH)
    assert read(back["viewer"]).pick == 0 and read(back["viewer"]).phase == "done"
    assert back["download"]["value"] == first.picked.file["path"]


def test_a_network_by_its_name_has_the_name_as_its_label(view):
    last = views(work.enlarge(view, Choices(None, "fsrcnn"), URL, KOREAN))[-1]
    assert (last.picked.label, last.picked.model) == ("FSRCNN", "fsrcnn")


def test_all_styles_are_made_and_the_one_that_was_shown_stays(view):
    first = views(work.enlarge(view, Choices("faithful"), URL, ENGLISH))[-1]
    last = views(work.try_all(first, Choices("faithful"), URL, ENGLISH))[-1]
    assert [one.label for one in last.results] == ["Faithful", "Auto", "Crisp", "Clean"]
    assert last.pick == 0 and all(one.seconds.endswith(" s") for one in last.results)
    sizes = {Image.open(one.file["path"]).size for one in last.results}
    assert sizes == {(384, 376)}


def test_a_part_of_the_photo_is_enlarged(view):
    part = replace(view, box="0.25,0,0.75,0.5", photo=view.file, size=[96, 94])
    last = views(work.enlarge(part, Choices("faithful"), URL, ENGLISH))[-1]
    assert last.picked.size == "48 × 47 → 192 × 188" and last.size == [96, 94]
    assert last.photo["path"] == view.file["path"]


def test_name_only(view):
    updates = list(work.enlarge(view, Choices(what=work.NAME), URL, ENGLISH))
    last = views(updates)[-1]
    assert last.phase == "named" and not last.results and last.photo
    assert "macaw" in [update["species"] for update in updates if update.get("species")][-1]


def test_a_photo_too_large_is_named_and_shown_to_be_cropped(view, macaw, tmp_path):
    path = tmp_path / "large.jpg"
    wide = Image.new("RGB", (2800, 1900), (90, 130, 80))
    wide.paste(Image.open(macaw).convert("RGB").resize((369, 360)), (2000, 1200))
    wide.save(path)
    updates = list(work.enlarge(replace(view, file=file(path)), Choices(), URL, ENGLISH))
    last = views(updates)[-1]
    assert last.phase == "large" and last.limit == 4_000_000 and last.size == [2800, 1900]
    left, top, right, bottom = map(float, last.found.split(","))
    assert left < 0.78 < right and top < 0.72 < bottom and last.pace > 0
    assert Image.open(last.photo["path"]).size[1] == pipeline.LOOK
    assert not any(update.get("python") for update in updates)
    assert "macaw" in [update["species"] for update in updates if update.get("species")][-1]


def test_options_that_change_the_result_make_all_of_them_anew(view):
    first = views(work.enlarge(view, Choices(), URL, ENGLISH))[-1]
    changed = Choices("faithful", keep_colours=False)
    last = views(work.again(first, changed, URL, ENGLISH))[-1]
    assert [one.call["keep_colours"] for one in last.results] == [False]
    assert not list(work.again(View(), changed, URL, ENGLISH))


def test_another_style_is_made_though_only_names_are_asked_for(view):
    named = views(work.enlarge(view, Choices(what=work.NAME), URL, ENGLISH))[-1]
    *_, last = work.restyle(named, Choices("faithful", what=work.NAME), URL, ENGLISH)
    assert read(last["viewer"]).picked.model == "span"


def test_what_is_picked_is_what_is_chosen(view):
    first = views(work.enlarge(view, Choices(None, "fsrcnn"), URL, ENGLISH))[-1]
    second = views(work.enlarge(first, Choices("faithful"), URL, ENGLISH))[-1]
    shown = work.shown_result(second, URL)
    assert (shown["style"], shown["model"]) == ("faithful", "")
    shown = work.shown_result(replace(second, pick=0), URL)
    assert (shown["style"], shown["model"]) == (None, "fsrcnn")


def test_stop_leaves_nothing_to_download_and_keeps_what_was_there(view):
    alone = read(work.stopped(replace(view, share=0.18), ENGLISH)["viewer"])
    assert alone.phase == "stopped" and not alone.picked
    assert alone.message == "Stopped at 18 %. There is nothing to download."
    first = views(work.enlarge(view, Choices("faithful"), URL, ENGLISH))[-1]
    growing = replace(first, phase="working", share=0.5, growing=view.file)
    kept = read(work.stopped(growing, KOREAN)["viewer"])
    assert kept.results == first.results and kept.growing is None and "50 %" in kept.message


def reader(page: str = "page") -> SimpleNamespace:
    """What a handler knows of who asks."""
    return SimpleNamespace(headers={"origin": URL, "accept-language": "ko"}, session_hash=page)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            image.PhotoError("“a.png” is empty (0 bytes): choose the photo again, or another one."),
            "“a.png”",
        ),
        (gr.Error("There is no photo yet: drop one in, or choose an example."), "사진"),
        (ZeroDivisionError("secret"), KOREAN["page_broken"]),
    ],
)
def test_an_error_is_said_in_the_pictures_place_in_the_readers_language(view, error, said, caplog):
    def fails(*_):
        yield {"viewer": view.value()}
        raise error

    value = replace(view, results=[]).value()
    *_, last = tab.updates(fails, value, (), {"model": ""}, reader())
    shown = read(last["viewer"])
    assert shown.phase == "error" and said in shown.message and "secret" not in shown.message
    assert any("가" <= letter <= "힣" for letter in shown.message)
    assert last["model"] == "" and shown.name == view.name


def test_a_network_that_can_not_be_had_is_said_and_the_former_result_stays(view):
    first = views(work.enlarge(view, Choices("faithful"), URL, ENGLISH))[-1]
    chosen = ("faithful", "esrgan", work.BOTH, "", True, False)
    *_, last = tab.updates(work.enlarge, first.value(), chosen, {"style": None}, reader())
    shown = read(last["viewer"])
    assert shown.phase == "error" and shown.results == first.results
    assert "kadirnar/RRDB_ESRGAN_x4" in shown.message and "download" not in last


def test_what_was_made_before_an_error_stays(view):
    made = views(work.enlarge(view, Choices("faithful"), URL, ENGLISH))[-1]

    def fails(*_):
        yield {"viewer": made.value()}
        raise image.PhotoError("“a.png” is gone.")

    *_, last = tab.updates(fails, view.value(), (), {}, reader())
    assert read(last["viewer"]).results == made.results


def test_work_that_the_page_has_turned_away_from_ends(view):
    closed = []

    def endless(*_):
        try:
            while True:
                yield {"viewer": view.value()}
        finally:
            closed.append(True)

    former = tab.updates(endless, view.value(), (), {}, reader())
    next(former)
    latter = tab.updates(endless, view.value(), (), {}, reader())
    assert read(next(latter)["viewer"]).phase == "working"
    assert not list(former) and closed == [True]
    other = tab.updates(endless, view.value(), (), {}, reader("another page"))
    next(other)
    tab.RUNS.end(reader())
    assert not list(latter) and next(other)


def test_the_networks_offered_are_those_that_can_be_had():
    names = [name for _, name in tab.networks_at_hand()["choices"]]
    assert names[0] == "" and "span" in names and "esrgan" not in names


def test_a_growing_picture_comes_now_and_then_and_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(work, "LEAST_SECONDS_BETWEEN_PREVIEWS", 0)
    monkeypatch.setattr(work, "PREVIEWS_SHARE", 0)
    previews = work.Previews()
    canvas = np.zeros((8, 12, 3), np.uint8)
    assert previews.of(State()) is None
    made = [previews.of(State(tmp_path, canvas=canvas)) for _ in range(4)]
    assert len(set(made)) == 4 and [path.exists() for path in made] == [False, False, True, True]
