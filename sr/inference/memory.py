"""How much memory there is, and how much a stream needs: both in bytes."""

import os
from pathlib import Path

import torch
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from sr.inference.rewrite import layer_of, row_lags

CGROUP = Path("/sys/fs/cgroup")
# (limit, usage): cgroup v2, then v1.
CGROUP_FILES = (
    ("memory.max", "memory.current"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
)
FEATURE_BYTES = 64 * 4  # a pixel of the features that one stage hands to the next
# What a stream is seen to take, for what it is known to need: the allocator keeps freed blocks of
# other sizes, and convolutions have buffers of their own.
SLACK = 2.5
BYTES = "stream_bytes"  # where a stage has its numbers
SHARE = 0.5  # of what is free: the result, the files and other requests need some too


def available_bytes(device: torch.device, result: int = 0) -> int:
    """Bytes that one photo's work may take: a share of what is free once the result has its own.

    What is free is the GPU's, or the container's or this machine's, whichever is less.
    """
    free = min(_host_free(), _container_free()) - result
    if device.type == "cuda":
        free = min(free, torch.cuda.mem_get_info(device)[0])
    return max(0, int(free * SHARE))


def _host_free() -> float:
    """MemAvailable where there is /proc, else a quarter of the memory installed."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 4
    except (AttributeError, ValueError, OSError):
        return 2 << 30


def _container_free(root: Path = CGROUP) -> float:
    """Bytes left under the container's limit, infinity if it has none."""
    for limit, usage in CGROUP_FILES:
        try:
            return max(0, int((root / limit).read_text()) - int((root / usage).read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    return float("inf")


def stream_bytes(stages: tuple[fx.GraphModule, ...], width: int, rows: tuple[int, ...]) -> int:
    """Bytes that streaming a band `width` columns wide takes at most, weights not counted.

    What the stages keep between strips, and the largest strip being worked on.
    """
    needs = [_stage_bytes(stage) for stage in stages]
    kept = sum(stage_kept for stage_kept, _ in needs)
    working = max(row * height for (_, row), height in zip(needs, rows, strict=True))
    handed_on = rows[0] * FEATURE_BYTES * (len(stages) - 1)
    return int(width * (kept + working + handed_on) * SLACK)


def _stage_bytes(stage: fx.GraphModule) -> tuple[float, float]:
    """(bytes kept, bytes of work for a strip's row), both for a column of the stage's input."""
    if BYTES not in stage.meta:  # kept there, so that it goes with the stage
        stage.meta[BYTES] = _count_bytes(stage)
    return stage.meta[BYTES]


def _count_bytes(stage: fx.GraphModule) -> tuple[float, float]:
    device = next((p.device for p in stage.parameters()), torch.device("cpu"))
    ShapeProp(stage).propagate(torch.zeros(1, _in_channels(stage), 8, 8, device=device))
    lags = row_lags(stage)
    kept = work = 0
    for node in stage.graph.nodes:
        inputs = node.all_input_nodes
        latest = max((lags[i] for i in inputs), default=0)
        kept += sum((latest - lags[i]) * _row_bytes(i) for i in inputs)
        layer = layer_of(stage, node)
        copied = 0.0
        if isinstance(layer, nn.Conv2d):  # rows above the strip, and all of it below them
            kept += 2 * (layer.kernel_size[0] - 1) * _row_bytes(inputs[0])
            copied = _rows_bytes(inputs[0])
        if node.op != "output":
            work = max(work, sum(map(_rows_bytes, inputs)) + copied + _rows_bytes(node))
    return kept, work


def _row_bytes(node: fx.Node) -> float:
    """Bytes of one row of this node's features, a column of input."""
    _, channels, _, width = node.meta["tensor_meta"].shape
    return 4 * channels * width / 8


def _rows_bytes(node: fx.Node) -> float:
    """Bytes of the rows that one input row makes, a column of input."""
    return _row_bytes(node) * node.meta["tensor_meta"].shape[2] / 8


def _in_channels(stage: fx.GraphModule) -> int:
    layers = (layer_of(stage, node) for node in stage.graph.nodes)
    return next(layer.in_channels for layer in layers if isinstance(layer, nn.Conv2d))
