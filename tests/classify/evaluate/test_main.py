"""python -m classify.evaluate from end to end, on three photos at small sizes."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import json
import shutil

import pytest
from PIL import Image

from classify.evaluate import __main__ as evaluate
from classify.evaluate.summary import MEAN
from tests.conftest import EXAMPLES, ROOT

SMALL = ["--sizes", "24,40", "--models", "bicubic,srgan-div2k,esrgan"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three birds, only one of which is of a kind the classifier has by its name."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "owls").mkdir()
    shutil.copy(EXAMPLES / "owl.png", folder / "owls")
    shutil.copy(EXAMPLES / "scarlet_macaw.png", folder)
    shutil.copy(EXAMPLES / "kingfisher.png", folder)
    (folder / "bad jay.png").write_text("?")
    return folder


@pytest.fixture(scope="module")
def outcome(data, tmp_path_factory):
    """(JSON, rows of the CSV, printed text, folder) with labels, other photos and other ways."""
    folder = tmp_path_factory.mktemp("out")
    # It isn't one, but that is what the classifier takes it for.
    (folder / "labels.csv").write_text("file,label\nowl.png,Great Gray Owl\n")
    others = folder / "others"
    others.mkdir()
    shutil.copy(EXAMPLES / "kingfisher.png", others / "copy.png")
    shutil.copy(ROOT / "docs" / "images" / "thumbnail.jpg", others)
    return run(data, folder, others)


def run(data, folder, others):
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        code = evaluate.main(
            [
                *(str(data), *SMALL, "--labels", str(folder / "labels.csv")),
                *("--others", str(others), "--classifier", "imagenet-birds"),
                *("--ways", "photo:squash,esrgan:squash,enlarged:squash"),
                *("--json", str(folder / "a.json"), "--csv", str(folder / "a.csv")),
                *("--device", "cpu", "--degrade", "jpeg70"),
            ]
        )
    assert code == 0
    with (folder / "a.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    return json.loads((folder / "a.json").read_text()), table, text.getvalue(), folder


def test_json(outcome):
    document, *_ = outcome
    assert document["degrade"] == "jpeg70"
    assert document["app"] == "found:squash"
    assert "esrgan" in document["unavailable"] and "esrgan:squash" in document["unavailable"]
    assert set(document["skipped"]) == {"kingfisher.png", "bad jay.png"}
    kinds = {p["file"]: p["label"] for p in document["photos"]}
    assert kinds == {
        "kingfisher.png": "kingfisher",
        "owls/owl.png": "Great Gray Owl",
        "scarlet_macaw.png": "scarlet_macaw",
    }
    ways = ["bicubic", "srgan-div2k", "app", "photo:squash", "enlarged:squash"]
    rows = {(row["size"], row["way"]): row for row in document["naming"]}
    assert list(rows) == [(size, way) for size in ("24", "40", MEAN) for way in ways]
    assert all(row["photos"] == 2 for row in rows.values())
    assert rows["40", "app"]["top1"] >= 0.5  # the macaw; the owl is no Great Gray Owl
    assert all(0 <= row["probability"] <= 1 for row in rows.values())
    assert [(row["photos"], row["birds"]) for row in document["others"]] == [(1, 3)] * 10
    tiers = {(row["size"], row["photos"]) for row in document["tiers"]}
    assert tiers == {(s, p) for s in ("24", "40") for p in ("its kinds", "other birds", "no bird")}
    assert sum(row["n"] for row in document["tiers"]) == 8
    assert sum(row["n"] for row in document["calibration"]) == 8
    assert document["scenes"] == []


def test_the_csv_has_every_photo_and_gives_the_same_means(outcome):
    document, table, *_ = outcome
    assert len(table) == (3 + 1) * 2 * 5
    for row in document["naming"]:
        lines = [
            float(line["probability"])
            for line in table
            if line["way"] == row["way"] and line["rank"] and row["size"] in (line["size"], MEAN)
        ]
        assert sum(lines) / len(lines) == pytest.approx(row["probability"])
    labels = {line["file"]: line["label"] for line in table}
    assert labels["owls/owl.png"] == "Great Gray Owl" and labels["thumbnail.jpg"] == ""


def test_what_is_printed(outcome):
    *_, text, _ = outcome
    assert "Unavailable: esrgan. " in text and "kadirnar/RRDB_ESRGAN_x4" in text
    assert "Skipped: “kingfisher” is no kind that it knows. (1 photo)" in text
    assert "Skipped: “bad jay.png” is not a photo" in text
    assert "Small photos were shrunk by bicubic and saved as JPEG of quality 70" in text
    assert "The app's way is found:squash, by the network for the photo." in text
    for title in ("Naming;", "Photos without a bird;", "What the app says", "Probability of the"):
        assert title in text


def test_birds_are_set_into_landscapes(data, tmp_path, capsys, landscape, monkeypatch):
    monkeypatch.setattr(evaluate, "LANDSCAPES", 1)
    Image.fromarray(landscape).save(tmp_path / "landscape.png")
    file = tmp_path / "a.json"
    arguments = ["--sizes", "24", "--models", "bicubic", "--scenes", str(tmp_path)]
    assert evaluate.main([str(data), *arguments, "--json", str(file)]) == 0
    rows = json.loads(file.read_text())["scenes"]
    shares = [(row["share"], row["scenes"]) for row in rows[::4]]
    assert shares == [("1/3", 3), ("1/5", 3), ("1/10", 3)]
    assert [row["way"] for row in rows[:4]] == [
        "whole",
        "found",
        "found, enlarged",
        "true box, enlarged",
    ]
    assert "Small birds in landscapes" in capsys.readouterr().out


def test_the_plot(data, tmp_path):
    pytest.importorskip("matplotlib", reason="--plot needs matplotlib: tools/requirements.txt")
    file = tmp_path / "a.png"
    arguments = ["--sizes", "24,full", "--models", "bicubic", "--plot", str(file)]
    assert evaluate.main([str(data), *arguments]) == 0
    assert file.read_bytes().startswith(b"\x89PNG") and file.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--models", "superman"], "There is no model called “superman”"),
        (["--classifier", "crystal ball"], "There is no classifier called “crystal ball”"),
        (["--ways", "photo:sqush"], "“photo:sqush” is no way of naming"),
        (["--device", "abacus"], "There is no device “abacus” here"),
        (["--labels", "nowhere.csv"], "The labels can't be read from nowhere.csv"),
        (["--sizes", "400"], "are smaller than all sizes asked for"),
    ],
)
def test_what_is_wrong_is_a_sentence(data, capsys, arguments, sentence):
    assert evaluate.main([str(data), "--models", "bicubic", *arguments]) == 1
    assert sentence in capsys.readouterr().err


def test_photos_of_unknown_kinds_alone_are_a_sentence(tmp_path, capsys):
    shutil.copy(EXAMPLES / "kingfisher.png", tmp_path)
    assert evaluate.main([str(tmp_path), "--models", "bicubic"]) == 1
    assert "has no photo of a kind that imagenet-birds knows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--sizes", "32,tiny"], "“tiny” is no size"),
        (["--limit", "-1"], "--limit must be at least 1"),
    ],
)
def test_a_number_that_is_none_is_refused(data, capsys, arguments, sentence):
    with pytest.raises(SystemExit):
        evaluate.main([str(data), *arguments])
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--json", "--csv", "--plot"])
def test_a_file_that_could_not_be_written_ends_the_program_before_the_work(
    data, tmp_path, capsys, monkeypatch, option
):
    monkeypatch.setattr(evaluate.measure, "prepare", lambda *_: pytest.fail("it began to work"))
    with pytest.raises(SystemExit) as stop:
        evaluate.main([str(data), option, str(tmp_path / "missing" / "x")])
    assert stop.value.code == 2
    assert f"there is no folder {tmp_path / 'missing'} to write x to" in capsys.readouterr().err


def test_a_plot_without_matplotlib_ends_the_program_before_the_work(
    data, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(evaluate.measure, "prepare", lambda *_: pytest.fail("it began to work"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        evaluate.main([str(data), "--plot", str(tmp_path / "x.png")])
    assert "drawing needs matplotlib" in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_a_sentence(data, tmp_path, capsys):
    arguments = ["--sizes", "24", "--models", "bicubic", "--json", str(tmp_path)]
    assert evaluate.main([str(data), *arguments]) == 1
    assert str(tmp_path) in capsys.readouterr().err
