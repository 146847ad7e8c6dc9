"""Super-resolution, four times, of any photo on any machine.

    import sr
    photo = sr.open("bird.jpg")
    sr.save(sr.upscale(photo, sr.load()), "bird_x4.png")

The names are imported when first used: importing `sr` alone costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "open": "sr.photo",
    "save": "sr.photo",
    "Photo": "sr.photo",
    "PhotoError": "sr.photo",
    "load": "sr.catalog",
    "upscale": "sr.engine",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sr' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
