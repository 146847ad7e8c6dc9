"""What a request holds while it waits, and who is refused before any work."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import classify
import sr
from sr import image
from ui import pipeline, status
from ui.pipeline import Request, State
from ui.queue import Busy, Queue


@pytest.fixture
def queue(monkeypatch) -> Queue:
    monkeypatch.setattr(pipeline, "QUEUE", Queue(1, guess=1e-6))
    monkeypatch.setattr("ui.pipeline.SECONDS_BETWEEN_UPDATES", 0.01)
    return pipeline.QUEUE


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """The names of the photos that are decoded."""
    names, read = [], image.read

    def counted(path, **options):
        names.append(Path(path).name)
        return read(path, **options)

    monkeypatch.setattr(image, "read", counted)
    return names


@pytest.mark.parametrize("work", [pipeline.upscale, pipeline.identify])
def test_a_photo_that_waits_is_not_decoded(queue, decoded, macaw, work):
    with queue.place("another", 1) as place:
        place.wait(0)
        waiting = work(Request(str(macaw), "srgan-div2k"))
        assert next(waiting).ahead == 1
        assert not decoded
    *_, last = waiting
    assert decoded == ["scarlet_macaw.png"]
    assert last.answer.species[0].name == "macaw"


def test_who_finds_the_queue_full_is_refused_before_decoding(queue, decoded, macaw):
    with queue.place("a", 1), queue.place("b", 1), pytest.raises(Busy, match="Try again in"):
        next(pipeline.identify(Request(str(macaw))))
    assert not decoded


def test_a_photo_too_large_is_refused_before_it_waits(queue, decoded, tmp_path):
    path = tmp_path / "large.png"
    Image.new("L", (2500, 2000)).save(path)
    with queue.place("another", 1), pytest.raises(image.PhotoError, match=r"5\.0 megapixels"):
        next(pipeline.upscale(Request(str(path))))
    assert not decoded


def test_a_part_is_worked_on_and_a_page_sees_bicubic_at_once(queue, macaw):
    request = Request(str(macaw), "srgan-div2k", name=False, box=(0.25, 0, 0.75, 0.5), page=True)
    first, *_, last = pipeline.upscale(request)
    before, after = (np.asarray(Image.open(path)) for path in (last.before, last.after))
    assert first.look is None  # the page has the photo that it drew the box on
    assert last.before.exists() and last.model == "srgan-div2k" and last.took > 0
    assert before.shape == after.shape == (376, 384, 3)
    assert last.facts[0].startswith("96 × 94 → 384 × 376 pixels")


def test_who_would_wait_long_sees_a_quick_network_s_picture_first(queue, macaw, monkeypatch):
    photo, slow = image.read(macaw), sr.load("srgan-div2k")
    quick = sr.upscale(photo, sr.load("srgan-swift"), keep_colours=True).pixels
    pictures = {}
    with queue.place("slow", photo.size[0] * photo.size[1]) as place:
        for patience in (0, 1000):
            monkeypatch.setattr(pipeline, "PATIENCE", patience)
            work = pipeline._first_look(photo, slow, place, State(), True)
            pictures[patience] = yield_from(work)
    np.testing.assert_array_equal(pictures[0], quick)
    np.testing.assert_array_equal(pictures[1000], image.bicubic(photo.pixels))


def yield_from(generator):
    """What a generator returns."""
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def test_a_page_is_told_the_name_first_and_again_by_the_enlargement(queue, macaw, little):
    states = list(pipeline.upscale(Request(str(little), "srgan-div2k", page=True)))
    first, last = states[0], states[-1]
    assert first.answer and first.before is None and first.look is None
    assert Image.open(last.look).size == last.size == (96, 94)
    assert not first.answer.enlarged and last.answer.enlarged
    *_, program = pipeline.upscale(Request(str(little), "srgan-div2k"))
    *_, alone = pipeline.identify(Request(str(little)))
    assert program.answer == last.answer == alone.answer
    *_, large = pipeline.upscale(Request(str(macaw), "srgan-div2k", page=True))
    assert not large.answer.enlarged


def test_the_name_hangs_neither_on_the_model_nor_on_the_colours(queue, little):
    choices = [(None, True), (None, False), ("fsrcnn", True)]
    answers = []
    for model, colours in choices:
        *_, last = pipeline.upscale(Request(str(little), model, keep_colours=colours))
        answers.append(last.answer)
    assert answers[0] == answers[1] == answers[2]


def test_a_photo_too_large_to_enlarge_is_named_on_the_page(queue, macaw, tmp_path):
    path = tmp_path / "large.jpg"
    Image.open(macaw).convert("RGB").resize((2400, 2340)).save(path)
    states = list(pipeline.upscale(Request(str(path), page=True)))
    assert states[0].answer.species[0].name == "macaw"
    assert states[-1].limit == 4_000_000 and states[-1].size == (2400, 2340)
    assert states[-1].before is None and states[-1].after is None and states[-1].look
    assert not queue._places


def test_a_page_is_told_of_a_small_bird_as_soon_as_it_is_found(queue, decoded, macaw, tmp_path):
    path = tmp_path / "wide.png"
    wide = Image.new("RGB", (600, 400), (90, 130, 80))
    wide.paste(Image.open(macaw).convert("RGB").resize((62, 60)), (450, 250))
    wide.save(path)
    states = pipeline.upscale(Request(str(path), page=True))
    glanced, found = next(states), next(states)
    assert glanced.answer is None  # not “no bird” yet
    assert found.answer.species[0].name == "macaw" and found.answer.box[0] > 0.5
    assert found.before is None and not found.answer.enlarged
    *_, last = states
    assert last.answer.box == found.answer.box and last.answer.enlarged


def test_the_box_of_a_request_is_the_part_that_is_named(queue, macaw):
    box = (0.1, 0.0, 0.9, 1.0)
    for work in (pipeline.upscale, pipeline.identify):
        *_, last = work(Request(str(macaw), box=box))
        assert last.answer.box == box and last.answer.species[0].name == "macaw"


def test_the_device_reaches_engine_and_classifier(queue, macaw, monkeypatch):
    asked = []
    identify = classify.identify

    def noted(*arguments, device, **options):
        asked.append(device)
        return identify(*arguments, device=device, **options)

    monkeypatch.setattr(classify, "identify", noted)
    monkeypatch.setenv("SR_DEVICE", "cpu")
    *_, last = pipeline.upscale(Request(str(macaw), "srgan-div2k"))
    assert set(asked) == {"cpu"} and " on cpu, float32 · " in last.facts[0]


def test_auto_takes_another_network_for_a_damaged_photo_and_says_so(queue, macaw, tmp_path):
    path = tmp_path / "macaw.jpg"
    Image.open(macaw).convert("RGB").save(path, quality=50)
    part = (0.3, 0.3, 0.7, 0.7)
    *_, last = pipeline.upscale(Request(str(path), name=False, box=part))
    assert " · real-esrgan, weights" in last.facts[0]
    small = "the photo is small enough for a slow network"
    assert last.facts[1] == f"Auto took real-esrgan: it is a JPEG of quality 50, and {small}."
    assert set(queue._seconds) == {"real-esrgan"}
    *_, named = pipeline.upscale(Request(str(path), "fsrcnn", name=False))
    assert " · fsrcnn, weights" in named.facts[0] and len(named.facts) == 1


def test_colours_are_kept_unless_they_are_not_wanted(queue, tmp_path):
    path = tmp_path / "white.png"
    Image.new("RGB", (40, 30), (249, 255, 255)).save(path)
    for keep in (True, False):
        *_, last = pipeline.upscale(Request(str(path), "srgan-div2k", False, keep_colours=keep))
        mean = np.asarray(Image.open(last.after)).mean((0, 1))
        assert (np.abs(mean - (249, 255, 255)).max() <= 0.5) == keep


def test_a_wrong_device_is_said_by_the_status(monkeypatch):
    monkeypatch.setattr(status, "IN_USE", status.Weights())
    monkeypatch.setenv("SR_DEVICE", "abacus")
    status.warm_up()
    assert "There is no device “abacus” here" in status.sentence()


def test_an_unforeseen_error_does_not_leave_the_status_reading(monkeypatch, caplog):
    monkeypatch.setattr(status, "IN_USE", status.Weights())
    monkeypatch.setattr(status, "_loaded", lambda: 1 / 0)
    status.warm_up()
    assert status.sentence().startswith("The weights could not be read; the log says why.")
    assert "ZeroDivisionError" in caplog.text
