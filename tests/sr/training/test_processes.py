"""Two processes with half the batch each are one process with the whole."""

import os
import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import multiprocessing

from sr.networks import Discriminator, SRResNet
from sr.training import features, processes
from sr.training.processes import join
from sr.training.stages import Adversarial
from tests.conftest import ROOT, free_port


def gradients(rank: int, size: int, port: int, file: str) -> None:
    """One step of the adversarial stage that moves nothing, batch norm learning its statistics.

    In float64: rounding in float32 turns a few activations round, and with them their slopes.
    """
    os.environ |= {"RANK": str(rank), "WORLD_SIZE": str(size), "MASTER_ADDR": "127.0.0.1"}
    os.environ["MASTER_PORT"] = str(port)
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    world = join("cpu")
    torch.manual_seed(0)
    network = features.efficientnet().double().eval().requires_grad_(False)
    content = features.Content(network, "")
    stage = Adversarial(
        SRResNet(channels=8, blocks=2).train(), Discriminator(), content, world
    )
    large = torch.rand(4, 3, 96, 96).split(4 // size)[rank]
    losses = stage.step(F.avg_pool2d(large, 4), large, 0.0)
    if world.writes:
        found = {f"{k}.{n}": p.grad for k, v in stage.networks.items()
                 for n, p in v.named_parameters()}
        found |= {f"{k}.{n}": b for k, v in stage.networks.items() for n, b in v.named_buffers()}
        torch.save((found, losses), file)
    processes.leave()


def test_gradients_and_statistics_are_those_of_the_doubled_batch(tmp_path):
    results = []
    for size in (1, 2):
        file = str(tmp_path / f"{size}.pt")
        multiprocessing.start_processes(
            gradients, (size, free_port(), file), nprocs=size, start_method="spawn"
        )
        results.append(torch.load(file)[0])
    alone, shared = results
    assert alone.keys() == shared.keys()
    for name, value in alone.items():
        torch.testing.assert_close(shared[name], value, rtol=1e-6, atol=1e-9, msg=name)


@pytest.mark.parametrize(("model", "steps"), [("fsrcnn", 4), ("srresnet-div2k", 1)])
def test_torchrun_trains_as_one_process_does(photos, tmp_path, model, steps):
    """The second has batch norm."""
    ask = ["-m", "sr.train", str(photos), "--stage", "mse", "--model", model, "--steps", str(steps)]
    ask += ["--batch", "4", "--crop", "32", "--rate", "1e-3", "--workers", "0", "--device", "cpu"]
    torchrun = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    torchrun += ["--master-port", str(free_port())]
    for name, begin in (("one", []), ("two", torchrun)):
        command = [sys.executable, *begin, *ask, "--out", str(tmp_path / name)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("one", "two"))
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, rtol=1e-3, atol=1e-3)
