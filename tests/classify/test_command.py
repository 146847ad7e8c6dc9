"""python -m classify: one photo, many, folders, lists and what can't be read."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys

import pytest

from classify import __main__ as command
from tests.conftest import ROOT


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
    ("content", "sentence"),
    [
        (b"Snallygaster", "The list of species has none that the classifier knows."),
        (b"", "The list of species has none that the classifier knows."),
        (b"macaw\0\xff\xfe", "mine.txt is not text: --species takes a text file with a species"),
        ("macaw".encode("utf-16"), "mine.txt is not text: --species takes a text file"),
        (None, "mine.txt can't be read (No such file or directory): --species takes a text file"),
    ],
)
def test_a_list_that_cannot_be_used_is_a_sentence(macaw, tmp_path, capsys, content, sentence):
    mine = tmp_path / "mine.txt"
    if content is not None:
        mine.write_bytes(content)
    assert command.main([str(macaw), "--species", str(mine)]) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err and printed.err.count("\n") == 1 and printed.out == ""


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--species", "."], ". can't be read (Is a directory): --species takes a text file"),
        (["--species", "/dev/zero"], "/dev/zero is not text: --species takes a text file"),
        (["--model", "crystal ball"], "There is no classifier called “crystal ball”."),
        (["--device", "abacus"], "There is no device “abacus” here."),
    ],
)
def test_wrong_choices_are_sentences(macaw, capsys, options, sentence):
    assert command.main([str(macaw), "--json", *options]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith(sentence) and printed.err.count("\n") == 1 and printed.out == ""


def test_a_list_may_come_through_a_pipe(macaw, capsys):
    read, write = os.pipe()
    os.write(write, b"Scarlet Macaw\n")
    os.close(write)
    assert command.main([str(macaw), "--csv", "--species", f"/dev/fd/{read}"]) == 0
    os.close(read)
    assert ",macaw," in capsys.readouterr().out


def test_a_folder_without_photos_is_a_sentence_and_the_others_go_on(macaw, tmp_path, capsys):
    assert command.main([str(tmp_path), "", str(macaw), "--csv"]) == 1
    printed = capsys.readouterr()
    assert "has no photos in it" in printed.err and "There is no file “”" in printed.err
    assert [row["name"] for row in csv.DictReader(io.StringIO(printed.out))] == ["macaw"]


# Nothing that is named is lost


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C comes while the second photo is being named."""
    answers, calls = command.answer, []

    def answer(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return answers(*args)

    monkeypatch.setattr(command, "answer", answer)


@pytest.mark.parametrize("form", ["--json", "--csv", None])
def test_ctrl_c_prints_what_is_named(interrupted, macaw, capsys, form):
    assert command.main([str(macaw)] * 3 + [form] * bool(form)) == 130
    printed = capsys.readouterr().out
    if form == "--json":
        assert [answer["photo"] for answer in json.loads(printed)] == [str(macaw)]
    else:
        assert len(printed.splitlines()) == (2 if form else 3)  # and why it is the fallback
        assert printed.count(str(macaw)) == printed.count("Psittacidae") == 1


@pytest.fixture
def bird(macaw, tmp_path):
    return shutil.copy(macaw, tmp_path / "鸟\n\x1b[31m.png")


@pytest.mark.parametrize("form", ["--json", "--csv", "--whole"])
def test_a_name_that_the_output_cannot_spell_costs_no_answer(bird, form):
    done = subprocess.run(
        [sys.executable, "-m", "classify", bird, form],
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        cwd=ROOT,
        capture_output=True,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    printed = done.stdout.decode("cp1252")
    if form == "--json":
        assert json.loads(printed)[0]["photo"] == str(bird)
    elif form == "--csv":
        (row,) = csv.DictReader(io.StringIO(printed))
        assert row["file"] == str(bird).replace("鸟", r"\u9e1f")
    else:
        assert printed.splitlines()[0].endswith(r"\u9e1f\n\x1b[31m.png") and "macaw (" in printed


def test_names_stay_on_their_line_of_a_table(bird, capsys):
    assert command.main([str(bird), str(bird), "--whole"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert len(lines) == 3 and all(r"鸟\n\x1b[31m.png  macaw " in line for line in lines[:2])


@pytest.mark.parametrize("form", ["--json", "--csv", "--whole"])
def test_a_reader_that_goes_away_is_no_error_to_tell(macaw, form):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "classify", macaw, form],
        cwd=ROOT,
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


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
