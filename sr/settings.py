"""Limits, and what the environment says. Variables are read when they are asked for."""

import math
import os

SCALE = 4  # how many times as large the result is, along each side

MAX_PIXELS_READ = 64_000_000  # of a photo that is named or cropped
MAX_SIDE = 16_384  # pixels; the result's is four times that
MAX_BYTES = 32 << 20  # of a photo's file
MAX_OPENING_SECONDS = 20  # of work on one file; the usual is one
QUEUE_LENGTH = 16  # photos that may wait while one is worked on
COMPARED_BYTES = 1 << 30  # of pictures kept on disk for the Compare tab
KEPT_SECONDS = 3600  # how long files and comparisons are kept

PRECISIONS = ("auto", "float32", "bfloat16")

_chosen: dict[str, str] = {}


class SettingError(ValueError):
    """A setting has no meaning; the message says which values have one."""


def choose(variable: str, value: str | None) -> None:
    """Let `value`, which a command line gave, go before the environment's; None changes nothing."""
    if value is not None:
        _chosen[variable] = value


def variable(name: str, default: str = "") -> str:
    """What was chosen for a variable, or what the environment says, without spaces around it."""
    return _chosen.get(name, os.environ.get(name, "")).strip() or default


def device() -> str | None:
    """The device asked for by SR_DEVICE, such as "cpu" or "cuda:1"; None for the best there is."""
    return variable("SR_DEVICE") or None


def precision() -> str:
    """What SR_PRECISION says: "auto", "float32" or "bfloat16"."""
    return variable("SR_PRECISION", "auto")


def max_pixels() -> int:
    """How many pixels a photo to be upscaled may have: SR_MAX_MEGAPIXELS, 4 million unless set.

    4 megapixels take minutes on two cores.  Raises `SettingError`.
    """
    text = variable("SR_MAX_MEGAPIXELS", "4")
    try:
        pixels = float(text) * 1e6
    except ValueError:
        pixels = math.nan
    if not 1 <= pixels < math.inf:
        raise SettingError(
            f"SR_MAX_MEGAPIXELS is “{text}”: set it to a number above 0, such as 4 or 0.5."
        )
    return int(pixels)


def own_weights() -> str:
    """The owner's own super-resolution weights, SR_WEIGHTS, as `hub.parse` reads it; or ""."""
    return variable("SR_WEIGHTS")
