"""The device to work on, in what precision, and how fast it multiplies."""

import time
from functools import cache

import torch

from sr import settings
from sr.inference import EngineError

BFLOAT16_INSTRUCTIONS = ("avx512_bf16", "amx_tile")
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


def choose_precision(device: torch.device, name: str | None = None) -> torch.dtype:
    """The precision of convolutions called `name`, else what SR_PRECISION says.

    "auto" is bfloat16 where the device is faster in it, else float32.  Raises `EngineError`.
    """
    name = name or settings.precision()
    if name not in settings.PRECISIONS:
        known = ", ".join(settings.PRECISIONS)
        raise EngineError(f"There is no precision “{name}”. Choose one of: {known}.")
    if name == "auto":
        faster = has_bfloat16(device) and (device.type != "cpu" or _faster_in_bfloat16())
        name = "bfloat16" if faster else "float32"
    return getattr(torch, name)


def described(device: torch.device, precision: torch.dtype) -> str:
    """Both in words, such as "cpu, float32"."""
    return f"{device}, {str(precision).removeprefix('torch.')}"


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has instructions for bfloat16; others imitate it, many times slower."""
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    tests = (getattr(torch.cpu, f"_is_{what}_supported", None) for what in BFLOAT16_INSTRUCTIONS)
    return device.type == "cpu" and any(test() for test in tests if test)


@cache
def _faster_in_bfloat16() -> bool:
    """Whether this processor multiplies faster in it, by a trial of hundredths of a second.

    AMX is several times faster, AVX512-BF16 on Zen about twice; without AMX, as virtual machines
    often hide it, Intel's take nearly twice as long as in float32.
    """
    products = [MatrixProduct(precision, 512) for precision in (torch.float32, torch.bfloat16)]
    seconds = zip(*([product.seconds() for product in products] for _ in range(5)), strict=True)
    usual, half = (min(each) for each in seconds)
    return half < usual / 1.2


class MatrixProduct:
    """The matrix product, the most that this machine's processor can reach in a precision."""

    def __init__(self, precision: torch.dtype = torch.float32, side: int = MATRIX) -> None:
        self.operands = [torch.rand(side, side).to(precision) for _ in range(3)]

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
