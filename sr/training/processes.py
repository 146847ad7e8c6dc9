"""The processes that share a run, started by torchrun; a run of one needs none of this."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from sr.training.run import RunError

PATIENCE = timedelta(hours=12)  # while one process decodes the photos
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # malloc.h


@dataclass(frozen=True)
class World:
    """rank: this process's number, 0 writes the run.  size: how many.  device: this one's."""

    rank: int
    size: int
    device: torch.device

    @property
    def writes(self) -> bool:
        return self.rank == 0

    def share(self, network: nn.Module) -> nn.Module:
        """The network on this device, its gradients averaged over all processes."""
        network = network.to(self.device, memory_format=torch.channels_last)
        if self.size == 1:
            return network
        return DistributedDataParallel(shared_batch_norm(network))

    def any(self, here: bool) -> bool:
        """Whether it is so in any process."""
        if self.size == 1:
            return here
        told = torch.tensor(float(here), device=self.device)
        dist.all_reduce(told)
        return bool(told > 0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()


def join(device: str | None = None) -> World:
    """The world that torchrun's variables describe; of one process without them."""
    size, rank = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if kind == "cuda" and not torch.cuda.is_available():
        raise RunError("There is no CUDA device here: leave out --device, or say cpu.")
    if size > 1 and kind == "cuda":
        kind = f"cuda:{os.environ.get('LOCAL_RANK', 0)}"
        torch.cuda.set_device(kind)
    if size > 1 and not dist.is_initialized():
        backend = "nccl" if kind.startswith("cuda") else "gloo"
        dist.init_process_group(backend, timeout=PATIENCE)
    return World(rank, size, torch.device(kind))


def keep_memory() -> None:
    """Let the C library keep what tensors free, on Linux with glibc.

    A step on a CPU frees and asks for the same hundreds of megabytes over and
    over; getting them from the kernel anew, page by page, took a fifth of it.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(M_MMAP_MAX, 0)


def leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def bare(network: nn.Module) -> nn.Module:
    """The network itself, without what averages its gradients."""
    return network.module if isinstance(network, DistributedDataParallel) else network


def shared_batch_norm(network: nn.Module) -> nn.Module:
    """Let each batch norm see the batches of all processes, as one process would see them whole.

    PyTorch's SyncBatchNorm does this on GPUs only.
    """
    for name, layer in list(network.named_children()):
        if isinstance(layer, nn.BatchNorm2d):
            shared = SharedBatchNorm(layer.num_features, layer.eps, layer.momentum)
            shared.load_state_dict(layer.state_dict())
            setattr(network, name, shared.train(layer.training).to(layer.weight.device))
        else:
            shared_batch_norm(layer)
    return network


def own_batch_norm(network: nn.Module) -> nn.Module:
    """What `shared_batch_norm` did, undone: for use by one process, and for tracing."""
    for name, layer in list(network.named_children()):
        if isinstance(layer, SharedBatchNorm):
            own = nn.BatchNorm2d(layer.num_features, layer.eps, layer.momentum)
            own.load_state_dict(layer.state_dict())
            setattr(network, name, own.train(layer.training).to(layer.weight.device))
        else:
            own_batch_norm(layer)
    return network


class SharedBatchNorm(nn.BatchNorm2d):
    """Batch norm by the mean and variance over all processes (Ioffe and Szegedy 2015, alg. 1)."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        count = x.numel() // x.shape[1] * dist.get_world_size()
        values = x.to(torch.promote_types(x.dtype, torch.float32))
        mean = _Sum.apply(values.sum((0, 2, 3))) / count
        centred = values - mean[:, None, None]
        variance = _Sum.apply(centred.square().sum((0, 2, 3))) / count
        self._remember(mean, variance, count)
        scale = self.weight / (variance + self.eps).sqrt()
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        self.num_batches_tracked += 1


class _Sum(torch.autograd.Function):
    """The sum over all processes; what depends on it in any of them comes back to each."""

    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        total = x.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        dist.all_reduce(total)
        return total
