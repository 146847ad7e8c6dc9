"""What the tests of whole runs share."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import torch
from torch import nn

SMALL = ["--stage", "mse", "--model", "fsrcnn", "--batch", "2", "--crop", "32", "--rate", "1e-3"]
SMALL += ["--workers", "0"]


def rows(path: Path) -> list[dict]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def same(a: object, b: object) -> bool:
    """Two checkpoints hold the same numbers, to the last bit, but for the clock's."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return all(same(a[k], b[k]) for k in a if k not in ("seconds", "waited"))
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def dies_after(monkeypatch: pytest.MonkeyPatch, stage: type, steps: int) -> None:
    """Let the process be stopped, without being asked, in the step after that many."""
    taken, step = [], stage.step

    def die(self, *batch):
        taken.append(1)
        if len(taken) > steps:
            raise KeyboardInterrupt
        return step(self, *batch)

    monkeypatch.setattr(stage, "step", die)


def small_discriminator(name: str | None = None) -> nn.Sequential:
    """A quick one, in place of `discriminator.load`."""
    layers = nn.Conv2d(3, 8, 3, stride=4), nn.BatchNorm2d(8), nn.LeakyReLU(0.2), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(8 * 24 * 24, 1))
