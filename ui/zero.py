"""A GPU for the length of a call, on Spaces that lend one (ZeroGPU).

Such a Space runs the decorated function in a process forked for it, the only one that has CUDA.
What goes in and out is pickled, a generator's values one by one; what it returns at its end is
lost, so a result has to be yielded.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import sr
from sr import Photo
from ui.errors import sentences

try:
    import spaces  # there on a Space only; before anything has used CUDA
except ImportError:
    spaces = None

if TYPE_CHECKING:  # starting the app needs no PyTorch
    from sr.inference.engine import Step

LONGEST = 120  # seconds
Function = TypeVar("Function", bound=Callable)


def on_gpu(function: Function) -> Function:
    """A function, or generator function, of a photo and more that may use CUDA while it runs."""
    return spaces.GPU(duration=seconds)(function) if spaces else function


def seconds(source: Photo, *_: object) -> int:
    """How long the GPU is asked for: enough for the slowest model and a process's start."""
    height, width = source.pixels.shape[:2]
    return min(LONGEST, 15 + round(15e-6 * width * height))


def _compute(source: Photo, model: str, options: dict[str, Any]) -> Iterator[Step | Photo]:
    """The engine's steps and then the result, for the process that was lent a GPU.

    A canvas would be pickled at every step, and other errors than Gradio's lose their sentence.
    """
    from sr.inference import engine

    with sentences():
        work = engine.steps(source, sr.load(model), **options)
        while True:
            try:
                yield replace(next(work), canvas=None)
            except StopIteration as end:
                yield end.value
                return


compute = on_gpu(_compute)


def steps(source: Photo, model: str, **options: Any) -> Generator[Step, None, Photo]:
    """As `engine.steps`, on the GPU that is lent: yields the steps and returns the result."""
    result = None
    for item in compute(source, model, options):
        if isinstance(item, Photo):
            result = item
        else:
            yield item
    return result
