"""The device to work on, and how fast it multiplies."""

import time

import torch

from sr import settings
from sr.inference import EngineError

MATRIX = 2048  # rows and columns of the matrices that are multiplied to know a device's speed


def choose_device(name: str | None = None) -> torch.device:
    """The device called `name`, else what SR_DEVICE says, else CUDA, MPS or the CPU.

    Raises `EngineError`.
    """
    name = name or settings.device()
    there = ["cpu"]
    there += ["mps"] if torch.backends.mps.is_available() else []
    there += ["cuda"] if torch.cuda.is_available() else []
    if name is None:
        return torch.device(there[-1])
    try:
        device = torch.device(name)
    except RuntimeError:
        device = None
    count = torch.cuda.device_count() if device and device.type == "cuda" else 1
    if device is None or device.type not in there or (device.index or 0) >= count:
        raise EngineError(f"There is no device “{name}” here. Choose one of: {', '.join(there)}.")
    return device


class MatrixProduct:
    """The float32 matrix product, the most that this machine's processor can reach."""

    def __init__(self) -> None:
        self.operands = [torch.rand(MATRIX, MATRIX) for _ in range(3)]

    def seconds(self) -> float:
        """How long one product takes."""
        a, b, product = self.operands
        start = time.perf_counter()
        torch.mm(a, b, out=product)
        return time.perf_counter() - start

    @staticmethod
    def gflops(seconds: float) -> float:
        """Billions of operations a second, where a product takes `seconds`."""
        return 2 * MATRIX**3 / seconds / 1e9
