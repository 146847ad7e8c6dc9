"""Each text in both languages, and what the rooms say while they work in Korean too.

The errors and notes here are the rooms' own. What can't be provoked is found in their source.
"""

import ast
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

import hub
from classify import catalog as classifiers
from classify import kinds, loaders, taxonomy
from sr import image, settings
from sr.compare import comparison, degradations
from sr.image import Condition, Photo
from sr.inference import Cancelled, auto, device, engine, restore, upscaler
from sr.models import catalog
from tests.conftest import ROOT
from tests.sr.image.pictures import frames
from ui import pipeline, status
from ui.components import viewer
from ui.errors import ERRORS
from ui.queue import Queue
from ui.words import ENGLISH, FOLDER, KOREAN
from ui.words.translate import SLOT, bird, translated

HANGUL = re.compile("[가-힣]")
TABLES = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in FOLDER.glob("*.yaml")}
SENTENCES, BIRDS = TABLES.pop("sentences"), TABLES.pop("birds")
IMAGENET = list(loaders.imagenet_birds().values())
PHOTO = Photo(np.zeros((12, 16, 3), np.uint8), name="bird")


# The tables


@pytest.mark.parametrize("name", TABLES)
def test_each_text_is_there_in_both_languages_with_the_same_slots(name):
    for key, texts in TABLES[name].items():
        assert set(texts) == {"en", "ko"}, key
        assert sorted(SLOT.findall(texts["en"])) == sorted(SLOT.findall(texts["ko"])), key


def test_each_sentence_is_listed_once_in_both_languages_with_the_same_slots():
    assert len({entry["en"] for entry in SENTENCES}) == len(SENTENCES)
    for entry in SENTENCES:
        assert {"en", "ko"} <= set(entry) <= {"en", "ko", "part"}, entry
        slots = SLOT.findall(entry["en"])
        assert sorted(slots) == sorted(SLOT.findall(entry["ko"])), entry
        assert len(set(slots)) == len(slots) and "}{" not in entry["en"], entry
        assert "part" in entry or HANGUL.search(entry["ko"]), entry


def test_no_sentence_is_taken_for_another():
    for entry in SENTENCES:
        values = {slot: f"{number}.5" for number, slot in enumerate(SLOT.findall(entry["en"]))}
        if "part" not in entry:
            english, korean = entry["en"].format(**values), entry["ko"].format(**values)
            assert translated(english, KOREAN) == korean
            if english.endswith("."):
                twice = translated(f"{english} Unknown here. {english}", KOREAN)
                assert twice == f"{korean} Unknown here. {korean}"


def test_birds_are_listed_once_and_by_names_that_the_app_gives():
    lines = (FOLDER / "birds.yaml").read_text("utf-8").splitlines()
    assert len(BIRDS) == sum(bool(line) and not line.startswith("#") for line in lines)
    species = taxonomy.species()
    named = {t.english for t in (*species, *IMAGENET)}
    named |= {taxonomy.called(group) for t in species for group in (t.family, t.order)}
    assert set(BIRDS) <= named
    assert all(re.fullmatch("[가-힣· ]+", korean) for korean in BIRDS.values())


def test_most_birds_of_the_classifier_at_hand_have_a_korean_name():
    left_out = {"junco", "prairie chicken", "jacamar", "Little Blue Heron", "Limpkin"}
    assert {t.english for t in IMAGENET} - set(BIRDS) == left_out
    lacks = kinds.lacking(IMAGENET)
    assert all(HANGUL.search(bird(name, KOREAN)) for name in lacks) and len(lacks) > 5
    assert bird("Great Gray Owl", KOREAN) == "큰회색올빼미" and bird("an owl", KOREAN) == "올빼미류"
    assert bird("Limpkin", KOREAN) == "Limpkin" and bird("macaw", ENGLISH) == "macaw"


# Real errors


def written(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def drawn(folder: Path, name: str, size: tuple[int, int]) -> Path:
    Image.new("L", size).save(folder / name)
    return folder / name


def full_queue() -> None:
    queue = Queue(0, guess=1.0)
    with queue.place("a", 45), queue.place("a", 1):
        pass


def cancelled() -> None:
    event = engine.threading.Event()
    event.set()
    engine.upscale(PHOTO, upscaler.load("span"), cancelled=event)


def own(folder: Path, monkeypatch: pytest.MonkeyPatch, config: str) -> None:
    monkeypatch.setenv("SR_WEIGHTS", str(folder))
    (folder / "config.json").write_text(config)
    catalog.load("own")


def tensors(*shapes: tuple[int, ...]) -> dict[str, torch.Tensor]:
    return {f"conv{i}.weight": torch.zeros(shape) for i, shape in enumerate(shapes)}


def bad_weights(check: Callable, *given) -> None:
    """As the catalogs put it."""
    try:
        check(*given)
    except hub.BadWeights as error:
        raise hub.WeightsUnavailable(f"{error}.", hub.HubFile("owner/name", "w.bin")) from None


P = Path("w.bin")
MADE = {
    # Photos
    "no photo": lambda f, m: next(pipeline.upscale(pipeline.Request(None))),
    "no file": lambda f, m: image.read(f / "none.png"),
    "no name": lambda f, m: image.read("x" * 5000),
    "empty": lambda f, m: image.read(written(f, "empty.png", b"")),
    "unreadable": lambda f, m: image.read(written(f, "text.png", b"hello")),
    "cut": lambda f, m: image.read(
        written(f, "cut.png", drawn(f, "whole.png", (90, 90)).read_bytes()[:60])
    ),
    "many bytes": lambda f, m: (
        m.setattr(import_module("sr.image.read"), "MAX_BYTES", 1 << 20),
        image.read(written(f, "large.png", bytes(3 << 20))),
    ),
    "many pixels": lambda f, m: image.read_size(drawn(f, "large.png", (2500, 2000))),
    "long": lambda f, m: image.check_size((20_000, 1), "long.png"),
    "memory": lambda f, m: (
        m.setattr(Image, "open", raiser(MemoryError())),
        image.read(written(f, "photo.png", b"x")),
    ),
    "pixels": lambda f, m: (
        m.setattr(Image, "open", raiser(Image.DecompressionBombError())),
        image.read(written(f, "photo.png", b"x")),
    ),
    "text": lambda f, m: (
        m.setattr(Image, "open", raiser(ValueError("MAX_TEXT_MEMORY"))),
        image.read(written(f, "photo.png", b"x")),
    ),
    "small": lambda f, m: comparison.pair(PHOTO),
    "degradation": lambda f, m: degradations.evaluated("rust"),
    "box of words": lambda f, m: viewer.parse_box("everywhere"),
    "box of no numbers": lambda f, m: image.crop(PHOTO, (math.nan, 0, 1, 1)),
    "empty box": lambda f, m: image.crop(PHOTO, (0.5, 0, 0.5, 1)),
    "old page": lambda f, m: viewer.read({"results": [5]}),
    # The engine, the queue, the settings
    "engine's memory": lambda f, m: engine.make_plan(99, 99, upscaler.load("span").stages, 0),
    "GPU's memory": lambda f, m: engine._Stage(None, 1).halve(1),
    "no picture": lambda f, m: engine._to_uint8(torch.full((1, 3, 2, 2), math.nan)),
    "cancelled": lambda f, m: cancelled(),
    "device": lambda f, m: device.choose_device("abacus"),
    "precision": lambda f, m: device.choose_precision(torch.device("cpu"), "float8"),
    "busy": lambda f, m: full_queue(),
    "setting": lambda f, m: (m.setenv("SR_MAX_MEGAPIXELS", "many"), settings.max_pixels()),
    # Models, classifiers, lists
    "model": lambda f, m: catalog.load("crystal ball"),
    "classifier": lambda f, m: classifiers.load("crystal ball"),
    "long list": lambda f, m: kinds.read_list("x" * 1_000_001, IMAGENET),
    "useless list": lambda f, m: kinds.read_list("Snallygaster\nCommon Kingfisher", IMAGENET),
    "long useless list": lambda f, m: kinds.read_list("\n".join(map(str, range(50))), IMAGENET),
    # Weights
    "unreachable": lambda f, m: catalog.load("esrgan"),
    "place": lambda f, m: hub.parse("a b/c", "w.bin"),
    "folder": lambda f, m: hub.fetch(hub.LocalFile("/no/such folder/w.bin")),
    "package": lambda f, m: hub.fetch(hub.PackageFile("no_such_package", "w.bin", "0")),
    "package's file": lambda f, m: hub.fetch(hub.PackageFile("sr", "w.bin", "0")),
    "package's bytes": lambda f, m: hub.fetch(hub.PackageFile("sr", "settings.py", "0")),
    "two places": lambda f, m: hub.fetch_first([hub.LocalFile("/a/w"), hub.LocalFile("/b/w")]),
    "config": lambda f, m: own(f, m, "{}"),
    "junk": lambda f, m: bad_weights(hub.read_checkpoint, written(f, "w.bin", b"junk")),
    "lacking": lambda f, m: bad_weights(hub.check_tensors, P, {}, tensors(*[(1,)] * 9)),
    "too many": lambda f, m: bad_weights(hub.check_tensors, P, tensors((1,), (2,)), {}),
    "shapes": lambda f, m: bad_weights(
        hub.check_tensors, P, tensors((1, 2), (3,), (4,), (5,)), tensors((2, 2), (4,), (5,), (6,))
    ),
    "a shape": lambda f, m: bad_weights(hub.check_tensors, P, tensors((1, 2)), tensors((2, 2))),
    "order": lambda f, m: bad_weights(hub.same_order, {"a.bias": 0}, ["b.weight"], P),
    "count": lambda f, m: bad_weights(hub.same_order, {}, ["b.weight"], P),
}


def raiser(error: Exception) -> Callable:
    def raises(*_, **__):
        raise error

    return raises


def in_korean(text: str) -> str:
    """The text in Korean, in which at most names are in English."""
    korean = translated(text, KOREAN)
    assert HANGUL.search(korean) and translated(text, ENGLISH) == text
    left = korean.replace("pip install", "")
    assert not re.search(r"[a-z'’]+ [a-z'’]+ [a-z'’]+", left), korean
    return korean


@pytest.mark.parametrize("name", MADE)
def test_an_error_is_told_in_korean(name, tmp_path, monkeypatch):
    with pytest.raises(ERRORS) as caught:
        MADE[name](tmp_path, monkeypatch)
    in_korean(str(caught.value))


def test_values_stay_as_they_are(tmp_path):
    with pytest.raises(image.PhotoError) as caught:
        image.read_size(drawn(tmp_path, "Rotkehlchen, 2. Bild {name}.png", (2500, 2000)))
    assert translated(str(caught.value), KOREAN) == (
        "“Rotkehlchen, 2. Bild {name}.png” 사진은 2500 x 2000픽셀(5.0메가픽셀)이고, 여기서는 "
        "4메가픽셀까지 받습니다. 먼저 자르거나 줄이세요."
    )


# Real notes


JPEG, BLOCKS = Condition(80, 1.0, 0.0), Condition(None, 2.0, 0.0)
NOISE, CLEAN = Condition(None, 1.0, 9.0), Condition(None, 1.0, 0.0)


@pytest.mark.parametrize("state", [JPEG, BLOCKS, NOISE, CLEAN])
@pytest.mark.parametrize("pixels", [99, 99_999])
def test_why_auto_took_a_model_is_told_in_korean(monkeypatch, state, pixels):
    swift = upscaler.load("srgan-swift")
    monkeypatch.setattr(auto, "condition", lambda photo: state)
    monkeypatch.setattr(upscaler, "load", lambda name=None: swift)
    photo = replace(PHOTO, pixels=np.zeros((1, pixels, 3), np.uint8))
    note = in_korean(auto.load(photo).note)
    assert note.startswith("자동으로 srgan-swift 모델을 골랐습니다: ") and note.endswith(
        "때문입니다."
    )
    assert ("품질 80" in note) == (state is JPEG)


def test_facts_and_notes_are_told_in_korean(tmp_path, monkeypatch):
    file = written(tmp_path, "frames.gif", frames("GIF", 3))
    _, facts = restore.restore(file.read_bytes(), "frames.gif")
    first, *notes = replace(facts, seconds=1.25).sentences
    assert in_korean(first).startswith(
        "32 × 24 → 128 × 96픽셀 · cpu, float32에서 1.2초 · srgan-swift, "
    )
    assert len([in_korean(note) for note in notes]) == 2


def test_the_fallback_and_why_are_told_in_korean(tmp_path, monkeypatch):
    assert in_korean(classifiers.load().note).count("Hugging Face Hub에 연결할 수 없습니다.") == 1
    monkeypatch.setenv("SR_WEIGHTS", str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    note = in_korean(catalog.load().note)
    assert str(tmp_path) in note and "대체 모델" in note and "config.json 파일이" in note
    english = catalog.load().note
    whole = f" {english} Unknown here. {english}"  # as notes are joined, one of which is empty
    assert translated(whole, KOREAN) == f" {note} Unknown here. {note}"


def test_what_a_list_could_not_be_used_for_is_told_in_korean():
    lines = "Dunlin", "Snally. gaster", "“x”", "Common Kingfisher"
    assert in_korean(kinds.read_list("\n".join(lines), IMAGENET).sentence) == (
        "이런 이름의 종은 없습니다: “Snally. gaster”, ““x””. "
        "분류기가 모르는 종입니다: “Common Kingfisher”."
    )
    many = ["Dunlin", *(f"bird {i}" for i in range(50))]
    text = in_korean(kinds.read_list("\n".join(many), IMAGENET).sentence)
    assert text.endswith("“bird 9” 외 40개.")


def test_the_line_at_the_foot_is_told_in_korean(monkeypatch):
    in_korean(status.sentence())
    monkeypatch.setattr(status.IN_USE, "text", status._loaded())
    with pipeline.QUEUE.place("a", 1), pipeline.QUEUE.place("a", 1):
        line = in_korean(status.sentence())
    assert line.startswith("사용 중: srgan-swift (") and line.endswith("1장이 기다립니다.")


def test_titles_are_told_in_korean():
    told = [title for title in catalog.titles().values() if re.search("[a-z] [a-z]|:", title)]
    assert len([in_korean(title) for title in told]) > 5


# The source: what serves requests


SERVING = ["app.py", "hub", "sr/settings.py", "sr/image", "sr/models", "sr/inference", "sr/compare"]
SERVING += ["classify", "ui"]
ELSEWHERE = {"hub/upload.py", "classify/__main__.py"}  # publishing, and a command line
# Programs are told these: the page sends no addresses, and says itself that an upload failed.
ELSEWHERE |= {f"ui/serving/{name}.py" for name in ("bounds", "fetch", "mistakes")}
RAISED = {error.__name__ for error in (*ERRORS, Cancelled, hub.BadWeights)} | {"_unknown"}
# What is put before a sentence elsewhere.
STARTS = ("", "{}: ", "{}: its ", "“{}” ")
# Sentences of which a slot is filled by one of a few words -> each of them.
SPELT_OUT = {
    "There is no {} called “{}”. Choose one of: {}.": [
        f"There is no {kind} called “{{}}”. Choose one of: {{}}."
        for kind in ("model", "classifier")
    ],
    "{} {} {}{}": ["{} lacks {}", "{} has the unknown {}", "{} has a wrong shape in {}"],
    "{} {}.": ["No species is called “{}”.", "The classifier doesn't know “{}”."],
    "{}, weights {}.": ["{} → {} pixels · {} s on {} · {}, weights {}."],
}
# Sentences that have no entry of their own, and why.
NOT_LISTED = {
    "{}.": "a reason that is found where it is raised",
    "its {}.": "the same",
    "“{}” {}": "what is wrong with a photo is found where it is said",
    "{}, of {} kinds. Judged on {}.{}": "programs are told it; people are shown the name card",
    "No bird recognised (probability of a bird: {}).": "the same",
    " {} of the birds' probability lay outside the list.": "the same",
    "On eBird: {}.": "the same",
    "Serve the page on this machine.": "the command line's help",
}
# What errors are given that is no sentence, and where that comes from.
GIVEN = {
    "' '.join(reasons)": "sentences of errors that were raised before",
    "reason": "the same",
    "refused": "_why_refused, whose sentences end in full stops and are found so",
    "_reason(error)": "the same",
    "f'The list of species has none that the classifier knows. {listed.sentence}'.strip()": "found",
}


def serving() -> Iterator[Path]:
    for place in SERVING:
        paths = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).rglob("*.py"))
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            if name not in ELSEWHERE and not name.startswith("classify/evaluate"):
                yield path


def template(node: ast.AST) -> str | None:
    """A text, or one with values, as {}."""
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def said(path: Path) -> Iterator[str]:
    """What the errors raised in a file say, and all texts in it that end as sentences do."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    others = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            others |= {id(part) for part in node.values}
        if isinstance(node, ast.Call) and node.args:
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if function in RAISED:
                yield template(node.args[0]) or ast.unparse(node.args[0])
                others.add(id(node.args[0]))
    for node in nodes:
        text = template(node)
        if text and id(node) not in others and re.search(r" .*[a-z0-9})]\.$", text, re.DOTALL):
            yield text


def listed(text: str) -> bool:
    """Whether an entry says what a text in the source does, perhaps between other words."""
    known = {SLOT.sub("{}", entry["en"]) for entry in SENTENCES}
    text = text.removesuffix(" {}") if text.endswith(". {}") else text
    texts = SPELT_OUT.get(text, [text])
    ends = [(start, end) for start in STARTS for end in ("", ".")]
    return all(any(start + one + end in known for start, end in ends) for one in texts)


@pytest.mark.parametrize("path", list(serving()), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_sentence_in_the_source_is_listed(path):
    missing = {text for text in said(path) if not listed(text)} - set(NOT_LISTED) - set(GIVEN)
    assert not missing


# Entries that the source has in pieces, and where they come from.
IN_PIECES = {
    "SRGAN for photos with noise and JPEG marks": "a title up to its colon",
    "No species is called “{}” and {} more.": "classify/kinds.py",
    "The classifier doesn't know “{}” and {} more.": "classify/kinds.py",
    "{} and {}": "hub/sources.py",
    "{} and {} more": "hub/checkpoints.py",
    "{}) and {} more": "the same",
    "{}, which is {}, not {}), {}": "the same",
}


def test_each_listed_sentence_is_in_the_source():
    nodes = [n for path in serving() for n in ast.walk(ast.parse(path.read_text("utf-8")))]
    there = {text for node in nodes if (text := template(node))} | set(IN_PIECES)
    there |= {text.removesuffix(" {}") for text in there if text.endswith(". {}")}
    there |= {text for texts in SPELT_OUT.values() for text in texts}
    for entry in SENTENCES:
        text = SLOT.sub("{}", entry["en"])
        forms = {text.removeprefix(start) for start in STARTS}
        assert (forms | {form.removesuffix(".") for form in forms}) & there, entry["en"]


# Hostile texts


EMPTY = "“{}” is empty (0 bytes): choose the photo again, or another one."
HOSTILE = {
    "long": EMPTY.format("x" * 10_000),
    "braces": EMPTY.format("{name}{0}{" * 1000),
    "quotes": EMPTY.format("“”\"'" * 2500),
    "lines": EMPTY.format("a\nb\r\n" * 2000),
    "itself": EMPTY.format(EMPTY * 200),
    "beginnings": "“a” has " + "3 x 4 pixels; the limit here is " * 300,
    "places": "a and " * 2000 + "b: there is no such file.",
    "shapes": "a/b: c has a wrong shape in " + "n, which is (1), not (2), " * 400 + "n.",
    "stops": "a. " * 3333,
    "colons": ": " * 5000,
    "one after the other": "a: there is no such file. " * 400,
    "begun": "There is no file “. " * 500,
    "in use": "In use: " + ".a" * 5000,
    "spaces": " " * 10_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_are_translated_at_once_and_lose_nothing(name):
    text = HOSTILE[name]
    start = time.perf_counter()
    korean = translated(text, KOREAN)
    assert time.perf_counter() - start < 1
    assert translated(text, ENGLISH) == text
    if text.startswith("“") and text.endswith("one."):
        value = text.removeprefix("“").removesuffix(
            "” is empty (0 bytes): choose the photo again, or another one."
        )
        assert name == "itself" or value in korean
    assert HANGUL.search(korean) or korean == text


@pytest.mark.parametrize("text", ["", " ", "Hello.", "A bird. Another one! {name}", "한국어."])
def test_what_is_not_listed_stays_as_it_is(text):
    assert translated(text, KOREAN) == text
