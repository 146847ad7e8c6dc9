"""--resume: to the same bits, with the options the run was begun with."""

import json
import shutil

import pytest
from safetensors.torch import load_file

from sr.models import discriminator
from sr.train.__main__ import main
from sr.train.run import Run, RunError
from sr.train.setup import begun, resumed
from sr.train.stages import AdversarialStage, PixelStage
from tests.conftest import ROOT
from tests.sr.train.runs import SMALL, dies_after, rows, same, small_discriminator


def test_a_run_that_was_killed_goes_on_bit_for_bit(finished, command, tmp_path, monkeypatch):
    """Killed in step 33, it goes on from the checkpoint of step 20."""
    out = tmp_path / "killed"
    with monkeypatch.context() as patch:
        dies_after(patch, PixelStage, 32)
        assert command(out, *SMALL, "--steps", "40", "--every", "20", "--licence", "CC0-1.0") == 130
    assert Run(out).load_checkpoint()["step"] == 20
    assert command(out, "--resume") == 0
    assert same(Run(out).load_checkpoint(), Run(finished).load_checkpoint())
    losses = [[row["pixel"] for row in rows(run / "log.csv")] for run in (out, finished)]
    assert losses[0] == losses[1]
    assert same(*(load_file(run / "model.safetensors") for run in (out, finished)))


def test_fine_tuning_goes_on_bit_for_bit(command, tiny, tmp_path, monkeypatch):
    """Both networks, batch norm in each, and both optimizers; small ones, for speed."""
    monkeypatch.setattr(discriminator, "load", small_discriminator)
    ask = ["--start", tiny, "--degrade", "realistic", "--batch", "1", "--every", "1"]
    ask += ["--workers", "0"]
    assert command(tmp_path / "whole", *ask, "--steps", "2") == 0
    with monkeypatch.context() as patch:
        dies_after(patch, AdversarialStage, 1)
        assert command(tmp_path / "halves", *ask, "--steps", "2") == 130
    assert Run(tmp_path / "halves").load_checkpoint()["step"] == 1
    assert command(tmp_path / "halves", "--resume") == 0
    whole, halves = (Run(tmp_path / name) for name in ("whole", "halves"))
    assert same(whole.load_checkpoint(), halves.load_checkpoint())
    assert whole.card()["start"] == tiny and "EfficientNet" in whole.card()["features"]


def test_a_checkpoint_of_an_earlier_version_goes_on(finished, command, tmp_path):
    """Its optimizers have another name."""
    shutil.copytree(finished, tmp_path / "run")
    run = Run(tmp_path / "run")
    state = run.load_checkpoint()
    state["descents"] = state.pop("optimizers")
    run.save_checkpoint(state)
    assert command(run.folder, "--resume", "--steps", "41") == 0
    assert run.load_checkpoint()["step"] == 41


def test_a_run_goes_on_with_its_own_photos_only(command, finished, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    for name in ("owl", "kingfisher"):
        (tmp_path / "photos" / f"{name}.png").symlink_to(ROOT / "examples" / f"{name}.png")
    ask = [str(tmp_path / "photos"), "--out", str(finished), "--resume", "--device", "cpu"]
    assert main([*ask, "--cache", str(tmp_path / "cache")]) == 1
    assert "not those the run began with" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_a_sentence(finished, command, tmp_path, capsys):
    (tmp_path / "config.json").write_text((finished / "config.json").read_text())
    (tmp_path / "last.pt").write_bytes(b"no checkpoint")
    assert command(tmp_path, "--resume") == 1
    assert "can't be read" in capsys.readouterr().err


def test_a_run_from_before_the_rename_goes_on(finished, tmp_path):
    config = json.loads((finished / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "degrade": "bicubic"}))
    assert Run(tmp_path).settings() == Run(finished).settings()


@pytest.mark.parametrize(
    ("option", "was"),
    [
        (["--stage", "gan"], "with --stage mse"),
        (["--model", "srcnn"], "with --model fsrcnn"),
        (["--start", "fsrcnn"], "without --start"),
        (["--degrade", "realistic"], "with --degrade clean"),
        (["--batch", "4"], "with --batch 2"),
        (["--crop", "64"], "with --crop 32"),
        (["--rate", "2e-3"], "with --learning-rate 0.001"),
        (["--learning-rate", "2e-3"], "with --learning-rate 0.001"),
        (["--seed", "1"], "with --seed 0"),
        (["--validate", "."], "without --validate"),
    ],
)
def test_what_can_not_change_on_the_way_is_a_sentence(finished, command, capsys, option, was):
    """It was ignored in silence once."""
    before = (finished / "config.json").read_bytes()
    assert command(finished, "--resume", *option) == 1
    error = capsys.readouterr().err
    assert f"The run in {finished} was begun {was}, which can't be changed" in error
    assert "leave --" in error and f"--start {finished}" in error and error.count("\n") == 1
    assert (finished / "config.json").read_bytes() == before


def test_what_can_change_is_what_the_run_has_from_then_on(finished, command, tmp_path):
    shutil.copytree(finished, tmp_path / "run")
    run = Run(tmp_path / "run")
    changed = {"steps": 43, "every": 3, "workers": 1, "licence": "MIT", "attribution": "Me"}
    options = [text for name, value in changed.items() for text in (f"--{name}", str(value))]
    same_as_before = ["--rate", "1e-3", "--batch", "2", "--model", "fsrcnn"]
    assert command(run.folder, "--resume", *options, *same_as_before) == 0
    assert {name: getattr(run.settings(), name) for name in changed} == changed
    checks = [int(row["step"]) for row in rows(run.folder / "validation.csv")]
    assert checks == [0, 20, 40, 42, 43]
    assert run.card()["licence"] == "MIT" and run.card()["attribution"] == "Me"


def test_the_same_folder_may_be_written_in_another_way(tmp_path, monkeypatch):
    (tmp_path / "held").mkdir()
    monkeypatch.chdir(tmp_path)
    run = Run(tmp_path / "run")
    run.begin(begun(run, {"data": "photos", "validate": "held"}), {})
    assert resumed(run, {"validate": str(tmp_path / "held")}) == run.settings()
    with pytest.raises(RunError, match="begun with --validate held"):
        resumed(run, {"validate": str(tmp_path)})


def test_what_is_not_asked_follows_from_the_stage(tmp_path):
    def asked(**given):
        settings = begun(Run(tmp_path), {"data": "photos", **given})
        return settings.stage, settings.model, settings.start, settings.rate

    assert asked() == ("finetune", "srgan-div2k", "srgan-div2k", 5e-5)
    assert asked(start="srgan") == ("finetune", "srgan", "srgan", 5e-5)
    assert asked(model="srgan-photo") == ("finetune", "srgan-photo", "srgan-photo", 5e-5)
    assert asked(stage="gan") == ("gan", "srgan-div2k", "srresnet-div2k", 1e-4)
    assert asked(stage="task") == ("task", "srgan-swift", "span", 2e-4)
    assert asked(stage="mse", rate=1e-3) == ("mse", "srresnet-div2k", None, 1e-3)
