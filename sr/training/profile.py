"""How fast a run's steps are on this machine, and what holds them up."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from sr.bench import MATRIX, matmul
from sr.training.loop import Training, crops, take_step


@dataclass(frozen=True)
class Profile:
    """steps_per_second: by the median step.  waiting: share of the time spent waiting for crops.
    peak_mb: the most memory this process has had.  gflop: operations of a step, in billions.
    gflops: of them a second.  matmul_gflops: what the float32 matrix product reaches.
    """

    steps_per_second: float
    waiting: float
    peak_mb: float
    gflop: float
    gflops: float
    matmul_gflops: float

    def __str__(self) -> str:
        return (
            f"{self.steps_per_second:.2f} steps a second, {self.waiting:.1%} of the time waiting "
            f"for crops, {self.peak_mb:.0f} MB at most.\n{self.gflop:.0f} GFLOP a step, "
            f"{self.gflops:.0f} GFLOP/s: {self.gflops / self.matmul_gflops:.0%} of the matrix "
            f"product's {self.matmul_gflops:.0f}."
        )


def profile(training: Training, steps: int) -> Profile:
    """Take `steps` steps after two to warm up, the matrix product between them."""
    source = crops(training)
    with FlopCounterMode(display=False) as counter:
        take_step(training, *next(source))
    take_step(training, *next(source))
    taken, products, before = [], [], training.waited
    for _ in range(steps):
        start = time.perf_counter()
        take_step(training, *next(source))
        taken.append(time.perf_counter() - start)
        start = time.perf_counter()
        matmul()
        products.append(time.perf_counter() - start)
    gflop, step = counter.get_total_flops() / 1e9, statistics.median(taken)
    product = 2 * MATRIX**3 / 1e9 / statistics.median(products)
    waiting = (training.waited - before) / sum(taken)
    return Profile(1 / step, waiting, _peak_mb(), gflop, gflop / step, product)


def _peak_mb() -> float:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3  # bytes there, else KiB
