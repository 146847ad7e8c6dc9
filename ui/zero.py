"""A GPU for the length of a call, on Spaces that lend one (ZeroGPU); elsewhere nothing changes.

Such a Space runs the decorated function in a process forked for it, the only one that has CUDA.
What goes in and out is pickled, a generator's values one by one; what it returns at its end is
lost, so a result has to be yielded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sr import Photo

LONGEST = 120
Function = TypeVar("Function", bound=Callable)


def on_gpu(function: Function) -> Function:
    """A function, or generator function, of a photo and more that may use CUDA while it runs."""
    try:
        import spaces  # there on a Space only; before anything has used CUDA
    except ImportError:
        return function
    return spaces.GPU(duration=seconds)(function)


def seconds(source: Photo, *_: object) -> int:
    """How long the GPU is asked for: enough for the slowest model and a process's start."""
    height, width = source.pixels.shape[:2]
    return min(LONGEST, 15 + round(15e-6 * width * height))
