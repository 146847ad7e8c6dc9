"""python -m sr.train: what a run leaves, how it ends early, and what it refuses."""

import json
import re
import signal
import subprocess
import sys
import time

import pytest
import torch
from safetensors.torch import load_file

from sr.models import catalog
from sr.train.__main__ import main
from sr.train.run import Run
from tests.conftest import ROOT
from tests.sr.train.runs import SMALL, rows, same


def test_a_run_leaves_what_it_did(finished):
    log, checks = rows(finished / "log.csv"), rows(finished / "validation.csv")
    assert [int(row["step"]) for row in log] == [20, 40]
    assert [int(row["step"]) for row in checks] == [0, 20, 40]
    assert float(checks[-1]["psnr_y"]) > float(checks[0]["psnr_y"])
    samples = sorted(path.name for path in (finished / "samples").iterdir())
    assert samples == [f"step_{n:07}.png" for n in (0, 20, 40)]
    card = json.loads((finished / "card.json").read_text())
    assert (card["model"], card["steps"], card["stage"], card["licence"]) == (
        "fsrcnn",
        40,
        "mse",
        "CC0-1.0",
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
    pytest.importorskip("tensorboard", reason="an option: see tools/requirements.txt")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished / "tensorboard")).Reload()
    assert [e.step for e in events.Scalars("loss/pixel")] == [20, 40]
    assert [e.step for e in events.Scalars("validation/psnr_y")] == [0, 20, 40]


def test_ctrl_c_saves_and_says_so(examples, tmp_path):
    out = tmp_path / "run"
    ask = [sys.executable, "-m", "sr.train", str(examples), "--out", str(out), *SMALL]
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
    step = Run(out).load_checkpoint()["step"]
    assert step > 0
    assert main([str(examples), "--out", str(out), "--resume", "--steps", str(step + 2)]) == 0
    assert Run(out).load_checkpoint()["step"] == step + 2
    assert Run(out).settings().steps == step + 2


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_good(command, tmp_path, capsys):
    out = tmp_path / "wild"
    options = [*SMALL, "--steps", "500", "--every", "1000"]
    options[options.index("--rate") + 1] = "1e30"
    assert command(out, *options) == 1
    assert "are not finite" in capsys.readouterr().err
    kept = Run(out).load_checkpoint()
    assert all(torch.isfinite(v).all() for v in kept["networks"]["generator"].values())


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--crop", "30"], "must be a multiple of 4 from 16 to 256"),
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


def test_a_run_does_not_learn_from_itself(examples, capsys):
    assert main([str(examples), "--out", str(examples / "run"), "--workers", "0"]) == 1
    assert "is inside the folder of photos" in capsys.readouterr().err


def test_a_run_is_not_begun_over_another(finished, command, capsys):
    assert command(finished, *SMALL) == 1
    assert "add --resume or name another folder" in capsys.readouterr().err


def test_a_run_can_begin_with_anothers_weights(finished, command, tmp_path):
    out = tmp_path / "next"
    options = [*SMALL, "--steps", "1", "--start", str(finished)]
    assert command(out, *options) == 0
    first = load_file(out / "first.safetensors")
    assert same(first, load_file(finished / "model.safetensors"))
