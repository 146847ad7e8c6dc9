"""python -m sr.train: what a run leaves, that it goes on bit for bit, and how it ends early."""

import csv
import json
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from sr import catalog, train
from sr.training.run import Run
from sr.training.stages import Adversarial, Pixel
from tests.conftest import ROOT

SMALL = ["--stage", "mse", "--model", "fsrcnn", "--batch", "2", "--crop", "32", "--rate", "1e-3"]
SMALL += ["--workers", "0"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with the example photos, to learn from."""
    folder = tmp_path_factory.mktemp("photos")
    for path in (ROOT / "examples").glob("*.png"):
        (folder / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def command(photos, tmp_path_factory):
    """Train in this process with one cache of decoded photos; gives the exit code."""
    cache = str(tmp_path_factory.mktemp("cache"))

    def run(out, *options):
        ask = [str(photos), "--out", str(out), "--cache", cache, "--device", "cpu", *options]
        return train.main(ask)

    return run


@pytest.fixture(scope="module")
def finished(command, tmp_path_factory):
    """A run of 40 steps."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    assert command(out, *SMALL, "--steps", "40", "--every", "20", "--licence", "CC0-1.0") == 0
    return out


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def same(a, b):
    """Two checkpoints hold the same numbers, to the last bit, but for the clock's."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return all(same(a[k], b[k]) for k in a if k not in ("seconds", "waited"))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_a_run_leaves_what_it_did(finished):
    log, checks = rows(finished / "log.csv"), rows(finished / "validation.csv")
    assert [int(row["step"]) for row in log] == [20, 40]
    assert [int(row["step"]) for row in checks] == [0, 20, 40]
    assert float(checks[-1]["psnr_y"]) > float(checks[0]["psnr_y"])
    samples = sorted(path.name for path in (finished / "samples").iterdir())
    assert samples == [f"step_{n:07}.png" for n in (0, 20, 40)]
    card = json.loads((finished / "card.json").read_text())
    assert (card["model"], card["steps"], card["stage"], card["licence"]) == (
        "fsrcnn", 40, "mse", "CC0-1.0",
    )
    assert card["photos"] + card["held_out"] == len(list((ROOT / "examples").glob("*.png")))
    assert len(card["scores"]) == 3 and card["seconds"] > 0
    assert not list(finished.rglob("*.part"))


def test_its_weights_are_the_catalogs_network(finished):
    config = json.loads((finished / "config.json").read_text())
    assert config["network"] == {"network": "FSRCNN", "options": {}}
    network = catalog.find("fsrcnn").build()
    network.load_state_dict(load_file(finished / "model.safetensors"), strict=True)


def test_the_log_is_there_for_tensorboard(finished):
    pytest.importorskip("tensorboard", reason="an option: see tools-requirements.txt")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished / "tensorboard")).Reload()
    assert [e.step for e in events.Scalars("loss/pixel")] == [20, 40]
    assert [e.step for e in events.Scalars("validation/psnr_y")] == [0, 20, 40]


def dies_after(monkeypatch, kind, steps):
    """Let the process be stopped, without being asked, in the step after that many."""
    taken, step = [], kind.step

    def die(self, *batch):
        taken.append(1)
        if len(taken) > steps:
            raise KeyboardInterrupt
        return step(self, *batch)

    monkeypatch.setattr(kind, "step", die)


def test_a_run_that_was_killed_goes_on_bit_for_bit(finished, command, tmp_path, monkeypatch):
    """Killed in step 33, it goes on from the checkpoint of step 20."""
    out = tmp_path / "killed"
    dies_after(monkeypatch, Pixel, 32)
    assert command(out, *SMALL, "--steps", "40", "--every", "20", "--licence", "CC0-1.0") == 130
    monkeypatch.undo()
    assert Run(out).load()["step"] == 20
    assert command(out, "--resume") == 0
    assert same(Run(out).load(), Run(finished).load())
    losses = [[row["pixel"] for row in rows(run / "log.csv")] for run in (out, finished)]
    assert losses[0] == losses[1]
    assert same(*(load_file(run / "model.safetensors") for run in (out, finished)))


def test_fine_tuning_goes_on_bit_for_bit(command, tmp_path, monkeypatch):
    """Both networks and both optimizers."""
    ask = ["--degrade", "realistic", "--batch", "1", "--every", "1", "--workers", "0"]
    assert command(tmp_path / "whole", *ask, "--steps", "2") == 0
    dies_after(monkeypatch, Adversarial, 1)
    assert command(tmp_path / "halves", *ask, "--steps", "2") == 130
    monkeypatch.undo()
    assert Run(tmp_path / "halves").load()["step"] == 1
    assert command(tmp_path / "halves", "--resume") == 0
    assert same(*(Run(tmp_path / name).load() for name in ("whole", "halves")))
    card = json.loads((tmp_path / "whole" / "card.json").read_text())
    assert card["start"] == "srgan-div2k" and "EfficientNet" in card["features"]


def test_ctrl_c_saves_and_says_so(photos, tmp_path):
    out = tmp_path / "run"
    ask = [sys.executable, "-m", "sr.train", str(photos), "--out", str(out), *SMALL]
    ask += ["--steps", "1000000", "--workers", "1", "--every", "1000000"]
    process = subprocess.Popen(
        ask, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    end = time.monotonic() + 60
    while not (out / "model.safetensors").exists() and time.monotonic() < end:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert process.returncode == 130 and "stopped; --resume goes on" in said
    assert "Traceback" not in errors
    step = Run(out).load()["step"]
    assert step > 0
    assert train.main([str(photos), "--out", str(out), "--resume", "--steps", str(step + 2)]) == 0
    assert Run(out).load()["step"] == step + 2
    assert Run(out).settings().steps == step + 2


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_good(command, tmp_path, capsys):
    out = tmp_path / "wild"
    options = [*SMALL, "--steps", "500", "--every", "1000"]
    options[options.index("--rate") + 1] = "1e30"
    assert command(out, *options) == 1
    assert "are not finite" in capsys.readouterr().err
    kept = Run(out).load()
    assert all(torch.isfinite(v).all() for v in kept["networks"]["generator"].values())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--crop", "30"], "must be a multiple of 4 from 16 to 128"),
        (["--stage", "finetune", "--crop", "64"], "crops of 96 pixels: leave out --crop"),
        (["--stage", "gan", "--model", "fsrcnn"], "on luma alone, which only the stage mse"),
        (["--resume"], "There is no run in .* leave out --resume"),
        (["--start", "nowhere"], "no model and no run called nowhere"),
        (["--stage", "mse", "--model", "fsrcnn", "--start", "srgan-div2k"], "another network"),
        (["--validate", "nowhere"], "There is no folder nowhere to validate on"),
    ],
)
def test_what_can_not_be_trained_is_a_sentence(command, tmp_path, capsys, options, sentence):
    assert command(tmp_path / "run", "--workers", "0", *options) == 1
    assert re.search(sentence, capsys.readouterr().err)


def test_a_run_does_not_learn_from_itself(photos, capsys):
    assert train.main([str(photos), "--out", str(photos / "run"), "--workers", "0"]) == 1
    assert "is inside the folder of photos" in capsys.readouterr().err


def test_a_run_goes_on_with_its_own_photos_only(command, finished, tmp_path, capsys):
    (tmp_path / "photos").mkdir()
    for name in ("owl", "kingfisher"):
        (tmp_path / "photos" / f"{name}.png").symlink_to(ROOT / "examples" / f"{name}.png")
    ask = [str(tmp_path / "photos"), "--out", str(finished), "--resume", "--device", "cpu"]
    assert train.main(ask) == 1
    assert "not those the run began with" in capsys.readouterr().err


def test_a_run_is_not_begun_over_another(finished, command, capsys):
    assert command(finished, *SMALL) == 1
    assert "add --resume or name another folder" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_a_sentence(finished, command, tmp_path, capsys):
    (tmp_path / "config.json").write_text((finished / "config.json").read_text())
    (tmp_path / "last.pt").write_bytes(b"no checkpoint")
    assert command(tmp_path, "--resume") == 1
    assert "can't be read" in capsys.readouterr().err


def test_a_run_can_begin_with_anothers_weights(finished, command, tmp_path):
    out = tmp_path / "next"
    options = [*SMALL, "--steps", "1", "--start", str(finished)]
    assert command(out, *options) == 0
    first = load_file(out / "first.safetensors")
    assert same(first, load_file(finished / "model.safetensors"))
