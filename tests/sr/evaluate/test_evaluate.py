"""python -m sr.evaluate through its main(): what is measured, said, and written."""

import csv
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sr import image
from sr.compare import metrics
from sr.compare.crops import cut, most_detailed
from sr.evaluate import __main__ as evaluate
from sr.models import catalog
from tests.conftest import EXAMPLES, ROOT

BICUBIC = Image.Resampling.BICUBIC
UNREACHABLE = {"srgan", "srresnet", "esrgan", "real-esrgan-general"}


def run(capsys, *arguments) -> tuple[int, str, str]:
    """(exit code, printed, printed as errors)."""
    code = evaluate.main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


def crop_of(name: str, folder: Path, file: str) -> Image.Image:
    high = Image.open(EXAMPLES / name).convert("RGB").crop((10, 20, 138, 116))
    high.save(folder / file)
    return high


@pytest.fixture
def given(tmp_path, macaw) -> Path:
    """A folder with one pair, whose small photo is not what Pillow's bicubic makes."""
    folder = tmp_path / "given"
    folder.mkdir()
    crop_of(macaw.name, folder, "a_HR.png").resize((32, 24), Image.Resampling.BOX).save(
        folder / "a_LR.png"
    )
    return folder


@pytest.fixture(scope="module")
def everything(tmp_path_factory, macaw) -> dict:
    """What a run over two plain photos with all the defaults leaves behind."""
    folder = tmp_path_factory.mktemp("plain")
    for name in (macaw.name, "owl.png"):
        crop_of(name, folder, name)
    (folder / "README.md").write_text("not a photo")
    out = tmp_path_factory.mktemp("out")
    with pytest.MonkeyPatch.context() as patch:
        printed = []
        patch.setattr("builtins.print", lambda *a, **k: printed.append(" ".join(map(str, a))))
        files = ["--json", str(out / "scores.json"), "--csv", str(out / "photos.csv")]
        assert evaluate.main([str(folder), *files]) == 0
    return {
        "folder": folder,
        "printed": "\n".join(printed),
        "scores": json.loads((out / "scores.json").read_text(encoding="utf-8")),
        "photos": list(csv.DictReader((out / "photos.csv").open(encoding="utf-8"))),
    }


def test_all_is_bicubic_and_the_catalog(everything):
    there = [score["model"] for score in everything["scores"] if not score["unavailable"]]
    gone = {s["model"]: s["unavailable"] for s in everything["scores"] if s["unavailable"]}
    assert {*there, *gone} == {"original", "bicubic", *catalog.names()}
    assert there[:2] == ["original", "bicubic"] and {"srgan-div2k", "srresnet-div2k"} < {*there}
    assert {*gone} == UNREACHABLE
    assert all("can't be reached" in reason for reason in gone.values())


def test_the_reasons_stand_below_the_table(everything):
    table, below = everything["printed"].split("Without weights, so not measured:")
    for name in UNREACHABLE:
        assert f"| {name} " not in table
        assert f"\n- {name}: " in below
    assert "the Hugging Face Hub can't be reached." in below


def test_the_table_has_the_original_then_bicubic_then_rising_psnr(everything):
    lines = [line.strip("| ").split("|") for line in everything["printed"].splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines if len(line) == 5]
    assert rows[0] == ["model", "PSNR-Y dB", "SSIM-Y", "sharpness", "s/MP"]
    original, bicubic, *others = rows[2:]
    assert original[0] == "original" and original[1:3] == ["-", "-"] and original[4] == "-"
    assert bicubic[0] == "bicubic" and others[-1][0] in ("srresnet-div2k", "span")
    psnr = [float(row[1]) for row in others]
    assert psnr == sorted(psnr) and psnr[-1] > float(bicubic[1])
    sharpness = {row[0]: float(row[3]) for row in rows[2:]}
    assert sharpness["bicubic"] < sharpness["srresnet-div2k"] < sharpness["srgan-div2k"]
    assert sharpness["srgan-div2k"] < sharpness["original"]
    assert "2 photos, shrunk here by Pillow's bicubic" in everything["printed"]


def test_the_csv_has_every_photo_and_the_json_their_means(everything):
    rows = everything["photos"]
    assert list(rows[0])[:8] == [
        "dataset", "degradation", "photo", "model", "psnr_y", "ssim_y", "sharpness", "seconds",
    ]  # fmt: skip
    assert {(row["degradation"], row["lite2_kept"]) for row in rows} == {("clean", "")}
    assert {row["photo"] for row in rows} == {"scarlet_macaw.png", "owl.png"}
    assert {row["dataset"] for row in rows} == {everything["folder"].name}
    scores = {s["model"]: s for s in everything["scores"] if not s["unavailable"]}
    assert len(rows) == 2 * len(scores)
    for name, score in scores.items():
        assert score["photos"] == 2 and score["dataset"] == everything["folder"].name
        mine = [row for row in rows if row["model"] == name]
        for field in ("psnr_y", "ssim_y", "sharpness"):
            values = [row[field] for row in mine]
            if name == "original" and field != "sharpness":
                assert values == ["", ""] and score[field] is None
            else:
                assert score[field] == pytest.approx(np.mean([float(v) for v in values]))
    seconds = [float(row["seconds"]) for row in rows if row["model"] == "bicubic"]
    assert scores["bicubic"]["seconds_per_mp"] == pytest.approx(sum(seconds) / (2 * 0.012288))


def test_numbers_are_those_of_the_metrics(everything):
    high = image.read(everything["folder"] / "owl.png").pixels
    expected = metrics.quality(high, image.bicubic(image.shrink(high)))
    rows = [row for row in everything["photos"] if row["photo"] == "owl.png"]
    original, bicubic = rows[:2]
    assert float(bicubic["psnr_y"]) == expected.psnr_y
    assert float(bicubic["ssim_y"]) == expected.ssim_y
    assert float(bicubic["sharpness"]) == expected.sharpness
    assert float(original["sharpness"]) == metrics.sharpness(metrics.inner_luma(high))


def test_the_small_photo_of_a_pair_is_used(given, capsys):
    assert run(capsys, given, "--models", "bicubic", "--json", given / "s.json")[0] == 0
    _, score = json.loads((given / "s.json").read_text())
    high, low = (image.read(given / name).pixels for name in ("a_HR.png", "a_LR.png"))
    assert score["psnr_y"] == metrics.quality(high, image.bicubic(low)).psnr_y
    assert score["psnr_y"] != metrics.quality(high, image.bicubic(image.shrink(high))).psnr_y
    assert score["low"] == "as given"


def test_several_folders_have_a_table_each(given, everything, capsys):
    _, printed, _ = run(capsys, given, everything["folder"], "--models", "bicubic,bicubic")
    assert "given, clean: 1 photo, shrunk as given" in printed
    assert f"{everything['folder'].name}, clean: 2 photos, shrunk here" in printed
    assert printed.count("| bicubic ") == 2
    assert "not measured" not in printed


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ("bicubic,esrgan", "esrgan can't be had: kadirnar/RRDB_ESRGAN_x4"),
        ("superman", "There is no model called “superman”"),
        ("all,bicubic", "There is no model called “all”"),
    ],
)
def test_a_model_asked_for_by_name_is_measured_or_an_error(given, capsys, models, sentence):
    code, printed, errors = run(capsys, given, "--models", models)
    assert (code, printed) == (1, "")
    assert errors.startswith(sentence) and errors.count("\n") == 1


def test_photos_that_are_not_there_are_sentences(tmp_path, capsys):
    assert "There is no folder" in run(capsys, tmp_path / "nowhere")[2]
    (tmp_path / "README.md").write_text("?")
    assert "has no photos: name one with pairs" in run(capsys, tmp_path)[2]
    Image.new("RGB", (40, 40)).save(tmp_path / "b_HR.png")
    assert "lacks b_LR.png: add what is missing" in run(capsys, tmp_path)[2]
    Image.new("RGB", (9, 10)).save(tmp_path / "b_LR.png")
    code, _, errors = run(capsys, tmp_path, "--models", "bicubic")
    assert code == 1
    assert "“b_LR.png” has 9 x 10 pixels, but a quarter of “b_HR.png” has 10 x 10" in errors


def test_a_damaged_photo_and_a_wrong_device_are_sentences(tmp_path, given, capsys):
    code, _, errors = run(capsys, given, "--models", "srgan-div2k", "--device", "abacus")
    assert code == 1 and "There is no device “abacus” here" in errors
    (tmp_path / "bad.jpg").write_text("?")
    code, _, errors = run(capsys, tmp_path, "--models", "bicubic")
    assert code == 1 and errors.startswith("“bad.jpg” is ")


def test_what_can_not_be_written_is_refused_before_the_work(given, capsys):
    for option in ("--json", "--csv", "--plot", "--chart"):
        with pytest.raises(SystemExit):
            evaluate.main([str(given), option, str(given / "nowhere" / "file")])
        assert "there is no folder" in capsys.readouterr().err


def test_a_plot_without_matplotlib_is_refused_before_the_work(given, capsys, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for option in ("--plot", "--chart"):
        with pytest.raises(SystemExit):
            evaluate.main([str(given), option, str(given / "crops.png")])
        assert "pip install -r tools/requirements.txt" in capsys.readouterr().err
    assert "matplotlib" in (ROOT / "tools/requirements.txt").read_text()


def test_the_plot_has_crops_of_the_first_photos(given, everything, capsys):
    pytest.importorskip("matplotlib", reason="tools/requirements.txt is not installed")
    folder, file = everything["folder"], given / "crops.png"
    assert run(capsys, folder, given, "--models", "bicubic", "--plot", file)[0] == 0
    drawn = np.asarray(Image.open(file).convert("RGB"))
    assert drawn.shape[1] == 1200
    for path in (folder / "owl.png", folder / "scarlet_macaw.png", given / "a_HR.png"):
        high = image.read(path).pixels
        assert contains(drawn, cut(high, most_detailed(high)))


def contains(drawn: np.ndarray, crop: np.ndarray) -> bool:
    """Whether the crop is somewhere in the picture, enlarged by a whole number."""
    for zoom in range(1, 12):
        large = crop.repeat(zoom, axis=0).repeat(zoom, axis=1)
        height, width = (a - b + 1 for a, b in zip(drawn.shape[:2], large.shape[:2], strict=True))
        if min(height, width) < 1:
            break
        for y, x in np.argwhere((drawn[:height, :width] == large[0, 0]).all(axis=2)):
            if np.array_equal(drawn[y : y + len(large), x : x + len(large)], large):
                return True
    return False


def test_a_lossless_result_is_no_infinity_in_json(tmp_path, capsys):
    Image.new("RGB", (40, 40), "teal").save(tmp_path / "flat.png")
    assert run(capsys, tmp_path, "--models", "bicubic", "--json", tmp_path / "s.json")[0] == 0
    text = (tmp_path / "s.json").read_text()
    original, bicubic = json.loads(text)
    assert "Infinity" not in text and bicubic["psnr_y"] is None
    assert original["sharpness"] == bicubic["sharpness"] == 0


def test_matplotlib_is_not_imported_for_the_tables():
    code = "import sys, sr.evaluate.__main__; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
