"""Two processes with half the batch each are one process with the whole."""

import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import multiprocessing, nn

from sr.models.srresnet import SRResNet
from sr.train import distributed
from sr.train.__main__ import main
from sr.train.distributed import join
from sr.train.stages import AdversarialStage
from tests.conftest import ROOT, free_port
from tests.sr.train.runs import small_discriminator


class Features(nn.Conv2d):
    """What stands for a trained classifier."""

    name = "a layer"

    def __init__(self) -> None:
        super().__init__(3, 4, 3)

    def forward(self, x):
        return [super().forward(x)]


def gradients(rank: int, size: int, port: int, file: str) -> None:
    """One step of the adversarial stage that moves nothing, batch norm learning its statistics.

    In float64: rounding in float32 turns a few activations round, and with them their slopes.
    """
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1"}
    os.environ["MASTER_PORT"] = str(port)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    processes = join("cpu")
    torch.manual_seed(0)
    compared = Features().requires_grad_(False)
    generator = SRResNet(channels=8, blocks=1).train()
    stage = AdversarialStage(generator, small_discriminator(), compared, processes)
    large = torch.rand(4, 3, 96, 96).split(4 // size)[rank]
    losses = stage.step(F.avg_pool2d(large, 4), large, 0.0)
    if processes.writes:
        found = {
            f"{k}.{n}": p.grad for k, v in stage.networks.items() for n, p in v.named_parameters()
        }
        found |= {f"{k}.{n}": b for k, v in stage.networks.items() for n, b in v.named_buffers()}
        torch.save((found, losses), file)
    distributed.leave()


def test_gradients_and_statistics_are_those_of_the_doubled_batch(tmp_path):
    """One process and two, side by side."""
    started = [
        multiprocessing.start_processes(
            gradients,
            (size, free_port(), str(tmp_path / f"{size}.pt")),
            nprocs=size,
            join=False,
            start_method="spawn",
        )
        for size in (1, 2)
    ]
    for processes in started:
        while not processes.join():
            pass
    alone, shared = (torch.load(tmp_path / f"{size}.pt")[0] for size in (1, 2))
    assert alone.keys() == shared.keys()
    for name, value in alone.items():
        torch.testing.assert_close(shared[name], value, rtol=1e-6, atol=1e-9, msg=name)


@pytest.mark.parametrize(("model", "steps"), [("fsrcnn", 4), ("own", 2)])
def test_torchrun_trains_as_one_process_does(photos, tiny, tiny_weights, tmp_path, model, steps):
    """The second has batch norm."""
    ask = [str(photos), "--stage", "mse", "--model", model, "--steps", str(steps), "--batch", "4"]
    ask += ["--crop", "32", "--rate", "1e-3", "--workers", "0", "--device", "cpu", "--out"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    torchrun += ["--master-port", str(free_port()), "-m", "sr.train", *ask, str(tmp_path / "two")]
    done = subprocess.run(
        torchrun,
        cwd=ROOT,
        env={**os.environ, "SR_WEIGHTS": str(tiny_weights)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert main([*ask, str(tmp_path / "one")]) == 0
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-3, atol=1e-3)
