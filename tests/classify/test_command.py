"""python -m classify: one photo, many, folders, lists and what can't be read."""

import csv
import io
import json
import shutil

import pytest

from classify import __main__ as command


@pytest.fixture
def folder(macaw, tmp_path):
    """Two photos and one that is none, in a folder and in a folder in it."""
    (tmp_path / "deep").mkdir()
    shutil.copy(macaw, tmp_path / "deep")
    shutil.copy(macaw, tmp_path / "a.png")
    (tmp_path / "bad.png").write_text("?")
    return tmp_path


def test_one_photo_is_told_in_full(macaw, capsys):
    assert command.main([str(macaw)]) == 0
    printed = capsys.readouterr().out
    first, sentence, note, *rows = printed.splitlines()
    assert first == str(macaw) and " macaw (" in sentence and "of 59 kinds" in sentence
    assert note.startswith("This is the fallback: the weights of inat21 could not be had")
    assert len(rows) == 5 and "https://ebird.org/species/" in printed


def test_many_photos_are_a_line_each_and_broken_ones_are_reported(folder, capsys):
    assert command.main([str(folder), "--device", "cpu"]) == 1
    printed = capsys.readouterr()
    head, *lines = printed.out.splitlines()
    assert head.split() == list(command.COLUMNS)
    assert [line.split()[:2] for line in lines[:2]] == [
        [str(folder / "a.png"), "macaw"],
        [str(folder / "deep" / "scarlet_macaw.png"), "macaw"],
    ]
    assert lines[2].startswith("This is the fallback")  # once
    assert len(lines) == 3 and "“bad.png” is not a photo" in printed.err


def test_csv(folder, capsys):
    assert command.main([str(folder), "--csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows] == ["macaw", "macaw"]
    assert tuple(rows[0]) == command.COLUMNS
    assert rows[0]["family"] == "Psittacidae" and 0.5 < float(rows[0]["probability"]) < 1


def test_json(macaw, capsys):
    assert command.main([str(macaw), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["photo"] == str(macaw) and 0.2 < answer["bird"] <= 1
    assert set(answer["species"][0]) == {"name", "scientific", "probability", "url"}
    assert answer["species"][0]["name"] == "macaw"
    assert answer["family"] == "Psittacidae" and answer["box"] is None
    assert answer["tier"] in ("likely", "possibly")


def test_a_list_of_species(folder, tmp_path, capsys):
    mine = tmp_path / "mine.txt"
    mine.write_text("Scarlet Macaw\nSnallygaster\n")
    assert command.main([str(folder), "--csv", "--species", str(mine)]) == 1
    printed = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    assert [row["name"] for row in rows] == ["macaw"] * 2
    assert float(rows[0]["probability"]) > 0.7
    assert printed.err.count("No species is called “Snallygaster”.") == 1


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("Snallygaster", "none that the classifier knows"), (None, "No such file or directory")],
)
def test_a_list_that_cannot_be_used_is_a_sentence(macaw, tmp_path, capsys, text, sentence):
    mine = tmp_path / "mine.txt"
    if text:
        mine.write_text(text)
    assert command.main([str(macaw), "--species", str(mine)]) == 1
    assert sentence in capsys.readouterr().err


def test_a_folder_without_photos_is_a_sentence(tmp_path, capsys):
    assert command.main([str(tmp_path)]) == 1
    assert "has no photos in it" in capsys.readouterr().err


def test_the_box_is_told_and_can_be_declined(macaw, tmp_path, capsys):
    import numpy as np
    from PIL import Image

    wide = np.full((800, 1200, 3), (90, 130, 80), np.uint8)
    wide[500:620, 900:1023] = np.asarray(Image.open(macaw).convert("RGB").resize((123, 120)))
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert command.main([str(tmp_path / "wide.png")]) == 0
    assert "The bird is in 0." in capsys.readouterr().out
    assert command.main([str(tmp_path / "wide.png"), "--whole"]) == 0
    assert "The bird is in" not in capsys.readouterr().out
