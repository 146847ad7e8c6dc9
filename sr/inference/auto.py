"""Which network suits a photo: what the app takes unless a model is asked for by name.

SRGAN, the default, makes the most of a clean photo, and feathers of a JPEG's blocks. Networks that
learned from damaged photos leave these alone; the best of them is too slow for large ones.
docs/results.md has the measurements.
"""

from dataclasses import replace

from sr import settings
from sr.image import Condition, Photo, condition
from sr.inference import engine, upscaler
from sr.inference.upscaler import Upscaler
from sr.models import catalog

SMALL = 100 * 100  # pixels, up to which Real-ESRGAN takes a few seconds on two cores
FOR_SMALL, FOR_DAMAGED = "real-esrgan", "srgan-photo"


def load(photo: Photo, name: str | None = None) -> Upscaler:
    """The model called `name`, else the one for the photo; its note then says which and why.

    The owner's own weights are for all photos.
    Raises `catalog.UnknownModel` and `hub.WeightsUnavailable`.
    """
    if name or settings.own_weights():
        return upscaler.load(name)
    chosen, why = choose(condition(photo), photo.size[0] * photo.size[1])
    try:
        loaded = upscaler.load(chosen)
    except catalog.ERRORS:  # nobody asked for it by name
        if chosen != FOR_SMALL:
            raise
        loaded = upscaler.load(FOR_DAMAGED)
    note = f"Auto took {loaded.model.name}: {why}."
    return replace(loaded, note=" ".join(filter(None, (note, loaded.note))))


def upscale(photo: Photo, device: str | None = None) -> Photo:
    """The photo four times as large, as the app makes it. Raises what `load` and the engine do."""
    return engine.upscale(photo, load(photo), device=device, keep_colours=True)


def choose(state: Condition, pixels: int) -> tuple[str | None, str]:
    """(a model's name or None for the default, why) for a photo of so many pixels."""
    if not state.damaged:
        return None, "the photo shows no harm by JPEG or noise"
    if pixels <= SMALL:
        return FOR_SMALL, f"{_harm(state)}, and the photo is small enough for a slow network"
    return FOR_DAMAGED, _harm(state)


def _harm(state: Condition) -> str:
    """What the photo suffered from most plainly, in words."""
    if state.compressed:
        return f"it is a JPEG of quality {state.quality}"
    return "the photo has a JPEG's blocks" if state.blocky else "the photo is noisy"
