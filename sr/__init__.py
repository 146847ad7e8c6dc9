"""Super-resolution, four times, of any photo on any machine.

    import sr
    photo = sr.open("bird.jpg")
    sr.save(sr.upscale(photo, sr.load()).pixels, "bird_x4.png")

The names are imported when first used: importing `sr` alone costs nothing.
"""

from importlib import import_module
from typing import Any

# What is offered here -> the module that has it, and its name there.
_HOMES = {
    "open": ("sr.image", "read"),
    "save": ("sr.image", "write"),
    "Photo": ("sr.image", "Photo"),
    "PhotoError": ("sr.image", "PhotoError"),
    "load": ("sr.inference.upscaler", "load"),
    "upscale": ("sr.inference.engine", "upscale"),
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sr' has no attribute {name!r}")
    module, there = _HOMES[name]
    return getattr(import_module(module), there)
