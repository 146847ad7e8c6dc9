"""The processes that share a run, started by torchrun; a run of one needs none of this."""

import ctypes
import os
import sys
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel

from sr.train.run import RunError

PATIENCE = timedelta(hours=12)  # while one process decodes the photos
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


@dataclass(frozen=True)
class Processes:
    """The processes of a run, seen from one of them.

    rank: this one's number; 0 writes the run.
    size: how many there are.
    device: this one's.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def writes(self) -> bool:
        return self.rank == 0

    def share(self, network: nn.Module) -> nn.Module:
        """The network, moved to this device, with its gradients averaged over all processes.

        Its batch norms become ones over all processes.
        """
        network.to(self.device, memory_format=torch.channels_last)
        if self.size == 1:
            return network
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.__class__ = SynchronizedBatchNorm  # keeps its weights and statistics
        return DistributedDataParallel(network)

    def any(self, here: bool) -> bool:
        """Whether it is so in any process."""
        if self.size == 1:
            return here
        total = torch.tensor(float(here), device=self.device)
        dist.all_reduce(total)
        return bool(total > 0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


def join(device: str | None = None) -> Processes:
    """The processes that torchrun's variables describe; one without them. Raises `RunError`."""
    size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise RunError("There is no CUDA device here: leave out --device, or say cpu.")
    if kind == "cpu":
        _keep_memory()
    if size > 1:
        if kind == "cuda":
            kind = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
            torch.cuda.set_device(kind)
        dist.init_process_group("gloo" if kind == "cpu" else "nccl", timeout=PATIENCE)
    return Processes(rank, size, torch.device(kind))


def _keep_memory() -> None:
    """Let the C library keep what tensors free, on Linux with glibc.

    A step on a CPU frees and asks for the same hundreds of megabytes over and
    over; getting them from the kernel anew, page by page, took a fifth of it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_MMAP_MAX, 0)


def leave() -> None:
    """Undo `join`."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


class SynchronizedBatchNorm(nn.BatchNorm2d):
    """Batch norm by the mean and variance over all processes (Ioffe and Szegedy 2015, alg. 1).

    PyTorch's SyncBatchNorm does this on GPUs only.
    """

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        count = x.numel() // x.shape[1] * dist.get_world_size()
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = all_reduce(values.sum((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = all_reduce(centred.square().sum((0, 2, 3))) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
            self.num_batches_tracked += 1
        scale = self.weight / (variance + self.eps).sqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)
