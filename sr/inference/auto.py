"""Which network suits a photo: what the app takes unless a model is asked for by name.

SRGAN-Swift has learned from clean and from damaged photos, and is quick. Real-ESRGAN makes more of
damaged ones, and is too slow for large ones. docs/results.md has the measurements.
"""

from dataclasses import replace

from sr import settings
from sr.image import Condition, Photo, condition
from sr.inference import engine, upscaler
from sr.inference.upscaler import Upscaler
from sr.models import catalog

SMALL = 100 * 100  # pixels, up to which Real-ESRGAN takes a few seconds on two cores
USUAL, FOR_SMALL = "srgan-swift", "real-esrgan"


def load(photo: Photo, name: str | None = None) -> Upscaler:
    """The model called `name`, else the one for the photo; its note then says which and why.

    The owner's own weights are for all photos.
    Raises `catalog.UnknownModel` and `hub.WeightsUnavailable`.
    """
    if name or settings.own_weights():
        return upscaler.load(name)  # the owner's own are the default
    chosen, why = choose(condition(photo), photo.size[0] * photo.size[1])
    try:
        loaded = upscaler.load(chosen)
    except catalog.ERRORS:  # nobody asked for it by name
        if chosen != FOR_SMALL:
            raise
        loaded = upscaler.load(USUAL)
    note = f"Auto took {loaded.model.name}: {why}."
    return replace(loaded, note=" ".join(filter(None, (note, loaded.note))))


def upscale(photo: Photo, device: str | None = None) -> Photo:
    """The photo four times as large, as the app makes it. Raises what `load` and the engine do."""
    return engine.upscale(photo, load(photo), device=device, keep_colours=True)


def usual() -> str | None:
    """The model of most photos; None for the default, where that is the owner's own."""
    return None if settings.own_weights() else USUAL


def choose(state: Condition, pixels: int) -> tuple[str, str]:
    """(a model's name, why) for a photo of so many pixels."""
    if not state.damaged:
        return USUAL, "the photo shows no harm by JPEG or noise"
    if pixels <= SMALL:
        return FOR_SMALL, f"{_harm(state)}, and the photo is small enough for a slow network"
    return USUAL, f"{_harm(state)}, and the photo is too large for a slow network"


def _harm(state: Condition) -> str:
    """What the photo suffered from most plainly, in words."""
    if state.compressed:
        return f"it is a JPEG of quality {state.quality}"
    return "the photo has a JPEG's blocks" if state.blocky else "the photo is noisy"
