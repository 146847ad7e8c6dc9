"""Whether the app can serve as its owner wants it, which is known before it begins."""

import hub
from classify import catalog as classifiers
from sr import settings


def check_settings() -> None:
    """Raise one of `ui.errors.ERRORS` for what the command line or the environment says wrongly."""
    settings.max_pixels()
    hub.check_place(settings.own_weights(), "model.safetensors")
    hub.check_place(classifiers.own_weights(), "model.safetensors", "config.json")
    if settings.device() or settings.precision() != "auto":
        from sr.inference import device  # takes a second, to import PyTorch

        device.choose_precision(device.choose_device())
