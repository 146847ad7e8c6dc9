"""python -m sr, run as a user runs it or through its main()."""

import subprocess
import sys

import pytest
from PIL import Image

from sr import __main__ as command
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
    assert "klein, süß_x4.png (96 x 80, sr/weights/srgan-swift" in done.stdout
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


def test_each_photo_gets_the_network_that_suits_it(tmp_path, macaw, capsys):
    clean, saved = tmp_path / "clean.png", tmp_path / "saved.jpg"
    part = Image.open(macaw).convert("RGB").crop((40, 30, 104, 94))
    part.save(clean)
    part.save(saved, quality=60)
    assert command.main([str(clean), str(saved), "--out", str(tmp_path / "out")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert "Auto took srgan-swift: the photo shows no harm" in first
    assert "Auto took real-esrgan: it is a JPEG of quality 60" in second
    plain = [str(clean), "--out", str(tmp_path / "plain"), "--no-keep-colours"]
    assert command.main([*plain, "--model", "srgan-div2k"]) == 0
    assert "Auto" not in capsys.readouterr().out
    kept, own = (Image.open(tmp_path / d / "clean_x4.png") for d in ("out", "plain"))
    assert kept.tobytes() != own.tobytes()
