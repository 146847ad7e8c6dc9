"""The same job on a cluster, by Ray Data: actors that load the networks once and do tasks.

Ray feeds them no faster than they work, and gives what a lost actor had at hand to another: its
results are written again, to the same place and byte for byte the same.
"""

from __future__ import annotations

import json
import logging
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sr.batch import BatchError, Job, Line, Source, Task, work

CPUS = 2  # of an actor without a GPU
TOGETHER = 4  # tasks at least that an actor is handed at a time; their lines come together
BLOCKS = 20_000  # such hands at most, or Ray's own bookkeeping would take long
ROOT = Path(__file__).parents[2]
ROOMS = ("hub", "sr", "classify")  # the code that actors need; its libraries are their machines'


def lines(
    tasks: list[Task], job: Job, address: str, actors: int | None, stop: Any
) -> Iterator[Line]:
    """Each task's line, in the order in which they are done. Raises `BatchError`.

    address: of a cluster, such as ray://host:10001, or "auto"; "" begins one on this machine.
    actors: how many work at most; None for as many as there are GPUs or pairs of processors.
    stop: once it is set no more lines are awaited; what is then done without a line is done again.
    """
    try:
        import ray
    except ImportError:
        raise BatchError(
            "--cluster needs Ray: pip install -r tools/cluster-requirements.txt"
        ) from None
    try:
        _check(address)
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # of a cluster that begins here
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        ray.init(address or "local", runtime_env=_environment(), **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise BatchError(f"There is no cluster at {address or 'this machine'}: {error}") from None
    try:
        each = _resources(job.engine.get("device"))
        options = job, each, actors or _room(each)
        feeder = ray.remote(Feeder).options(num_cpus=0).remote([asdict(t) for t in tasks], *options)
        while not stop.is_set() and (found := ray.get(feeder.more.remote())):
            yield from (json.loads(line) for line in found)
    finally:
        ray.shutdown()


def _check(address: str) -> None:
    """Raise `OSError` if nobody is at an address; Ray would find out after minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host, int(port)), 10).close()


def _environment() -> dict[str, Any]:
    """What a cluster's machines are given: the code, and this one's settings; no credentials."""
    names = [name for name in os.environ if name.startswith(("SR_", "BIRD_"))]
    return {
        "py_modules": [str(ROOT / room) for room in ROOMS],
        "env_vars": {name: os.environ[name] for name in names},
    }


class Feeder:
    """Hands out tasks and collects lines, from within the cluster: Ray Data needs to be there."""

    def __init__(self, tasks: list[dict], job: Job, each: dict[str, float], actors: int) -> None:
        import ray

        logging.getLogger("ray.data").setLevel(logging.ERROR)
        ray.data.DataContext.get_current().enable_progress_bars = False
        rows = [{"task": json.dumps(task)} for task in tasks]
        blocks = max(1, min(len(rows) // TOGETHER, BLOCKS))
        lines = ray.data.from_items(rows, override_num_blocks=blocks).map(
            Actor,
            fn_constructor_kwargs={"job": job, "threads": max(1, int(each["num_cpus"]))},
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
            **each,
        )
        self.blocks = iter(lines.iter_batches(batch_size=None, batch_format="numpy"))

    def more(self) -> list[str]:
        """The lines that have come, as JSON; none at the end."""
        block = next(self.blocks, None)
        return [] if block is None else [str(line) for line in block["line"]]


def _resources(device: str | None) -> dict[str, float]:
    """What an actor is given: a GPU where the cluster has some and nobody asked for the CPU."""
    import ray

    there = ray.cluster_resources()
    if there.get("GPU") and device in (None, "cuda"):
        return {"num_gpus": 1, "num_cpus": 1}
    if device not in (None, "cpu"):
        raise BatchError(f"The cluster has no “{device}”: choose --device cpu.")
    return {"num_cpus": min(CPUS, there.get("CPU", 1))}


def _room(each: dict[str, float]) -> int:
    """How many actors a cluster has room for."""
    import ray

    there = ray.cluster_resources()
    if "num_gpus" in each:
        return int(there["GPU"])
    return max(1, int(there.get("CPU", 1) // each["num_cpus"]))


class Actor:
    """Does tasks in a process of a cluster."""

    def __init__(self, job: Job, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.job = job

    def __call__(self, row: dict[str, str]) -> dict[str, str]:
        """A task's row -> its line's."""
        task = json.loads(row["task"])
        source = Source(**task.pop("source"))
        return {"line": json.dumps(work.do(Task(source, **task), self.job))}
