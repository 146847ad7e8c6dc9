"""python -m sr.evaluate with degradations, small photos, recognition and lists of photos."""

import contextlib
import csv
import importlib.util
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr import image
from sr.compare import metrics
from sr.compare.degradations import EVALUATED
from sr.compare.statistics import interval
from sr.evaluate import __main__ as evaluate
from sr.evaluate import recognition
from sr.evaluate.datasets import open_pair
from tests.conftest import EXAMPLES

pytest.importorskip("matplotlib", reason="tools/requirements.txt is not installed")
MACAW = 88  # ImageNet's class


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, macaw) -> dict:
    """What a run over a list of two photos in two folders leaves behind."""
    folder = tmp_path_factory.mktemp("photos")
    for path in (macaw, EXAMPLES / "owl.png"):
        (folder / path.stem).mkdir()
        shutil.copy(path, folder / path.stem)
    lines = f"owl/owl.png\n\n{folder / macaw.stem / macaw.name}\n"
    (folder / "both.txt").write_text(lines, encoding="utf-8")
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        code = evaluate.main(
            [
                *(str(folder / "both.txt"), "--models", "bicubic,fsrcnn", "--device", "cpu"),
                *("--degrade", "clean,jpeg50,jpeg50", "--short-side", "24", "--recognise"),
                *("--json", str(folder / "a.json"), "--csv", str(folder / "a.csv")),
                *("--plot", str(folder / "crops.png"), "--chart", str(folder / "chart.png")),
            ]
        )
    assert code == 0
    return {
        "folder": folder,
        "printed": text.getvalue(),
        "scores": json.loads((folder / "a.json").read_text(encoding="utf-8")),
        "photos": list(csv.DictReader((folder / "a.csv").open(encoding="utf-8"))),
    }


def test_every_degradation_has_a_table(outcome):
    headings = re.findall(r"(?m)^both, .*$", outcome["printed"])
    shrunk = "2 photos, shrunk here by Pillow's bicubic to a short side of 24 pixels"
    assert headings == [f"both, clean: {shrunk}", f"both, jpeg50: {shrunk}"]
    assert "| lite2 agreement (95 %) | lite2 kept |" in outcome["printed"]
    places = [(score["degradation"], score["model"]) for score in outcome["scores"]]
    assert places[:2] == [("clean", "original"), ("clean", "bicubic")]
    assert len(places) == len(set(places)) == len(outcome["photos"]) / 2 == 6


def test_numbers_are_those_of_the_harmed_photo(outcome, macaw):
    """Shrunk to a short side of 4 x 24 pixels, cut to multiples of four, shrunk again, saved."""
    high = image.shrink_to(image.read(macaw).pixels, 96)[:, : 98 // 4 * 4]
    low = image.as_jpeg(image.shrink(np.ascontiguousarray(high)), 50)
    expected = metrics.quality(high, image.bicubic(low))
    (row,) = (
        row
        for row in outcome["photos"]
        if (row["degradation"], row["photo"], row["model"]) == ("jpeg50", macaw.name, "bicubic")
    )
    assert float(row["psnr_y"]) == expected.psnr_y and float(row["ssim_y"]) == expected.ssim_y
    assert float(row["megapixels"]) == 96 * 96 / 1e6


def test_means_have_intervals_over_the_photos(outcome):
    for score in outcome["scores"]:
        place = score["degradation"], score["model"]
        rows = [r for r in outcome["photos"] if (r["degradation"], r["model"]) == place]
        for field in ("psnr_y", "lite2_agreement", "lite2_kept", "lite0_agreement", "lite0_kept"):
            values = [row[field] for row in rows]
            if score["model"] == "original":
                assert values == ["", ""] and score[field] is score[f"{field}_95"] is None
            else:
                assert score[field] == pytest.approx(np.mean([float(v) for v in values]))
                assert score[f"{field}_95"] == list(interval([float(v) for v in values]))


def test_the_figures_are_drawn(outcome):
    sizes = {n: Image.open(outcome["folder"] / n).size for n in ("crops.png", "chart.png")}
    assert sizes["crops.png"][0] == 1200 and sizes["crops.png"][1] > 1200  # a row for each
    assert sizes["chart.png"][0] > 3 * sizes["chart.png"][1]  # PSNR and two agreements


def test_a_photo_meets_the_same_harm_in_any_folder_and_another_under_another_name(tmp_path, macaw):
    other = tmp_path / "other.png"
    shutil.copy(macaw, tmp_path)
    shutil.copy(macaw, other)
    here, there, renamed = (
        open_pair(path, None, EVALUATED["phone"], 24).low.pixels
        for path in (macaw, tmp_path / macaw.name, other)
    )
    np.testing.assert_array_equal(here, there)
    assert (here != renamed).mean() > 0.5


def test_a_photo_that_is_small_already_is_not_shrunk(macaw):
    pair = open_pair(macaw, None, EVALUATED["clean"], 48)  # 4 x 48 is more than its 187 pixels
    assert pair.high.size == (192, 184) and pair.low.size == (48, 46)


def test_the_small_photo_of_a_pair_is_harmed(tmp_path, macaw):
    high = Image.open(macaw).convert("RGB").crop((0, 0, 128, 96))
    high.save(tmp_path / "a_HR.png")
    low = high.resize((32, 24), Image.Resampling.BOX)
    low.save(tmp_path / "a_LR.png")
    pair = open_pair(tmp_path / "a_HR.png", tmp_path / "a_LR.png", EVALUATED["jpeg70"])
    np.testing.assert_array_equal(pair.low.pixels, image.as_jpeg(np.asarray(low), 70))


def test_agreement_and_what_is_kept():
    original = {"lite2": np.array([0.1, 0.6, 0.3]), "lite0": np.array([0.5, 0.25, 0.25])}
    restored = {"lite2": np.array([0.1, 0.3, 0.6]), "lite0": np.array([0.8, 0.1, 0.1])}
    assert recognition.compare(original, restored) == {
        "lite2_agreement": 0.0,
        "lite2_kept": pytest.approx(0.5),
        "lite0_agreement": 1.0,
        "lite0_kept": 1.0,
    }


def test_both_classifiers_know_a_macaw(macaw):
    answers = recognition.answers(recognition.load("cpu"), image.read(macaw).pixels)
    assert {name: int(classes.argmax()) for name, classes in answers.items()} == {
        "lite2": MACAW,
        "lite0": MACAW,
    }
    assert all(classes.shape == (1000,) for classes in answers.values())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--degrade", "clean,jepg"], "There is no degradation “jepg”: choose among clean, jpeg90"),
        (["--recognise"], "pip install -r tools/requirements.txt"),
        (["--short-side", "0"], "must be at least 1"),
    ],
)
def test_a_wrong_command_ends_before_the_work(arguments, sentence, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as stop:
        evaluate.main([str(EXAMPLES), *arguments])
    assert stop.value.code == 2 and sentence in capsys.readouterr().err


def test_lists_and_pairs_that_do_not_fit_are_sentences(tmp_path, capsys):
    def error(place: Path) -> str:
        assert evaluate.main([str(place), "--models", "bicubic", "--short-side", "24"]) == 1
        return capsys.readouterr().err

    (tmp_path / "list.txt").write_text("\n")
    assert "names no photos: write one path in each line." in error(tmp_path / "list.txt")
    (tmp_path / "list.txt").write_text("gone.png\n")
    assert f"names what is not there: {tmp_path / 'gone.png'}." in error(tmp_path / "list.txt")
    Image.new("RGB", (40, 40)).save(tmp_path / "b_HR.png")
    Image.new("RGB", (10, 10)).save(tmp_path / "b_LR.png")
    assert "are given: leave out --short-side." in error(tmp_path)
