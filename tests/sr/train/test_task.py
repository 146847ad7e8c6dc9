"""The stage task, of a small network."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from sr.models.span import SPAN
from sr.train.__main__ import main
from sr.train.loop import Trainer
from sr.train.run import Run
from sr.train.stages import TASK_LOSSES, TaskStage
from tests.sr.train.runs import dies_after, rows, same

NEW = ["--stage", "task", "--start", "own", "--batch", "2", "--steps", "4", "--every", "2"]


@pytest.fixture(scope="module")
def small_span(tmp_path_factory):
    """A folder as `SR_WEIGHTS` names one."""
    folder = tmp_path_factory.mktemp("span")
    options = {"channels": 8, "blocks": 1}
    (folder / "config.json").write_text(json.dumps({"network": "SPAN", "options": options}))
    torch.manual_seed(0)
    save_file(SPAN(**options).state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture
def train(small_span, large_photos, tmp_path_factory, monkeypatch):
    """train(RUN, option, ...): gives the exit code."""
    monkeypatch.setenv("SR_WEIGHTS", str(small_span))
    cache = tmp_path_factory.getbasetemp() / "task"

    def run(out, *options):
        ask = [str(large_photos), "--out", str(out), "--cache", str(cache), "--device", "cpu"]
        return main([*ask, "--workers", "0", "--validate", str(large_photos / "held"), *options])

    return run


def test_a_run_goes_on_bit_for_bit(train, tmp_path, monkeypatch):
    whole, halves = (Run(tmp_path / name) for name in ("whole", "halves"))
    assert train(whole.folder, *NEW) == 0
    with monkeypatch.context() as patch:
        dies_after(patch, TaskStage, 3)
        assert train(halves.folder, *NEW) == 130
    assert halves.load_checkpoint()["step"] == 2
    assert train(halves.folder, "--resume") == 0
    assert same(whole.load_checkpoint(), halves.load_checkpoint())
    card = whole.card()
    assert card["losses"] == TASK_LOSSES and "EfficientNet" in card["features"]
    assert {"lite0_kept", "lite2_agreement"} < card["scores"][-1].keys()


@pytest.mark.parametrize(("kept", "best"), [([0.2, 0.5, 0.3], 1), ([0.2, 0.5, 0.49], 2)])
def test_the_weights_kept_are_the_newest_that_are_recognised_as_well_as_any(
    train, tmp_path, monkeypatch, kept, best
):
    scores, averages, validate = iter(kept), [], Trainer.validate

    def recognised(*_):
        share = next(scores)
        return {"psnr_y": 20.0, "lite0_kept": share, "lite2_kept": share}

    def noted(self):
        averages.append({k: v.clone() for k, v in self.average.state_dict().items()})
        validate(self)

    monkeypatch.setattr("sr.train.validation.score", recognised)
    monkeypatch.setattr(Trainer, "validate", noted)
    run = Run(tmp_path / "run")
    assert train(run.folder, *NEW) == 0
    assert not same(averages[1], averages[2])
    assert same(load_file(run.weights), averages[best])
    written = [float(row["lite0_kept"]) for row in rows(run.folder / "validation.csv")]
    assert written == kept


def test_a_run_with_lessons_makes_them_and_says_so(train, tmp_path, monkeypatch):
    monkeypatch.setattr("sr.train.crops.TEACHER", "own")
    run = Run(tmp_path / "run")
    assert train(run.folder, *NEW, "--lessons", "2") == 0
    assert run.card()["lessons"] == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--crop", "80"], "crops of a multiple of 32 from 96"),
        (["--model", "fsrcnn"], "works on luma alone"),
        (
            ["--stage", "gan", "--without", "pixel"],
            "--without and --lessons are for the stage task: leave them out.",
        ),
        (["--lessons", "2", "--degrade", "old"], "leave out --degrade"),
    ],
)
def test_what_can_not_be_trained_is_a_sentence(train, tmp_path, capsys, options, sentence):
    assert train(tmp_path / "run", "--stage", "task", *options) == 1
    assert sentence in capsys.readouterr().err


def test_photos_smaller_than_a_crop_are_a_sentence(train, examples, tmp_path, capsys):
    ask = [str(examples), "--out", str(tmp_path / "run"), "--stage", "task", "--device", "cpu"]
    assert main([*ask, "--crop", "256"]) == 1
    assert "No photo has 256 pixels a side: name a smaller --crop." in capsys.readouterr().err
