"""The list of networks with published weights, and how they are found and loaded.

A new network is one file in this folder and one line in `LIST`.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hub
from hub import BadWeights, Catalog, Source, WeightsUnavailable
from sr import settings

if TYPE_CHECKING:  # starting the app needs the list, not PyTorch
    from torch import nn

    from sr.models.model import Loaded, Model

BICUBIC = "bicubic"  # the method that needs no network
OWN = "own"
EMBEDDED = "srgan-div2k"
MOST = 1024  # channels, blocks and the like of own weights
TRIED = 8  # pixels on a side of the picture that a network is tried on


class UnknownModel(ValueError):
    """No model has that name; the message lists those there are."""


ERRORS = (UnknownModel, WeightsUnavailable)  # what `find` and `load` raise


@dataclass(frozen=True)
class Entry:
    """A line of the list.

    name: what people call the model by.
    file: the network's, in this folder; for own weights the place of these.
    title: what the page calls it.
    fallback: the entry that answers when this one is the default and can't be had.
    """

    name: str
    file: str
    title: str
    fallback: str | None = None

    def model(self) -> Model:
        """What there is to know of the network. Raises `WeightsUnavailable` for own weights."""
        if self.name == OWN:
            return _own_model(self.file)
        models = import_module(f"sr.models.{self.file}").PUBLISHED
        return next(model for model in models if model.name == self.name)


LIST = (
    Entry("srgan", "srresnet", "SRGAN (ImageNet)", EMBEDDED),
    Entry(EMBEDDED, "srresnet", "SRGAN (DIV2K): sharp, invents texture"),
    Entry("srgan-photo", "srresnet", "SRGAN for photos with noise and JPEG marks: softer"),
    Entry("srresnet", "srresnet", "SRResNet (ImageNet)"),
    Entry("srresnet-div2k", "srresnet", "SRResNet (DIV2K): smooth, invents little"),
    Entry("srcnn", "srcnn", "SRCNN: the first, on luma"),
    Entry("fsrcnn", "fsrcnn", "FSRCNN: the fastest, on luma"),
    Entry("span", "span", "SPAN: as near to the original as SRResNet, faster"),
    Entry("srgan-swift", "span", "SRGAN-Swift: sharp and quick, for any photo"),
    Entry("esrgan", "rrdbnet", "ESRGAN: slow"),
    Entry("real-esrgan", "rrdbnet", "Real-ESRGAN: for damaged photos, slow"),
    Entry("real-esrgan-general", "srvgg", "Real-ESRGAN general: for damaged photos, compact"),
)


def _own() -> Entry | None:
    """The entry for the weights that SR_WEIGHTS names, a place on the Hub or a folder."""
    place = settings.own_weights()
    if not place:
        return None
    return Entry(OWN, place, f"Own weights ({place})", EMBEDDED)


def _own_model(place: str) -> Model:
    """What the config.json beside own weights says; without one the network is `srgan`'s.

    Raises `WeightsUnavailable`.
    """
    source = hub.parse(place, "model.safetensors")
    try:
        path = hub.fetch(hub.beside(source, "config.json"))
    except WeightsUnavailable:
        path = None
    try:
        return configured(path, source)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None


def configured(config: Path | None, source: Source) -> Model:
    """The model of own weights.

    config: a file such as {"network": "SRResNet", "options": {"bias": true}}, or None.
    source: the weights, in our key layout or in that of published weights they began with.
    Raises `BadWeights`.
    """
    from sr.models.model import OURS, Model

    published = [entry.model() for entry in LIST]
    networks = {model.network.__name__: model.network for model in published if not model.luma}
    kind, options = _read_config(config) if config else ("SRResNet", {})
    if kind not in networks:
        raise BadWeights(
            f"{config.name} doesn't name a network of this app: {', '.join(networks)}, with their "
            "options"
        )
    network = networks[kind]
    _check_options(config, network, options)
    alike = [model for model in published if model.network is network]
    layouts = (OURS, *dict.fromkeys(rules for model in alike for rules in model.layouts))
    return Model(OWN, network, options, (source,), "its owner's", layouts, overlap=alike[0].overlap)


def _read_config(config: Path) -> tuple[str, dict]:
    """(network, options), of a file that says just these or of a run's, which says more.

    ("", {}) for a file that doesn't say them.  Raises `BadWeights`.
    """
    facts = hub.read_json(config)
    facts = facts["network"] if isinstance(facts.get("network"), dict) else facts
    kind, options = facts.get("network"), facts.get("options", {})
    return (kind, options) if isinstance(kind, str) and isinstance(options, dict) else ("", {})


def _check_options(config: Path, network: type[nn.Sequential], options: Mapping[str, Any]) -> None:
    """That each option is one of the network's and of its default's type. Raises `BadWeights`."""
    known = inspect.signature(network).parameters
    for name, value in options.items():
        if name not in known:
            raise BadWeights(
                f"{config.name} gives the option {hub.brief(name)}, and {network.__name__} has "
                f"only {', '.join(known)}"
            )
        if wanted := _wanted(known[name].default, value):
            raise BadWeights(
                f"{config.name} says that {name} is {hub.brief(json.dumps(value))}, not {wanted}"
            )


def _wanted(default: float, value: object) -> str:
    """What a value must be where a keyword has `default`, or "" if it is that."""
    kind = type(default)
    if kind is bool:
        return "" if type(value) is bool else "true or false"
    if kind is int:
        right = type(value) is int and 1 <= value <= MOST
        return "" if right else f"a whole number from 1 to {MOST}"
    right = type(value) in (int, float) and 0 < value <= 1
    return "" if right else "a number above 0 and up to 1"


def build(model: Model) -> Loaded:
    """The network of the paper with its weights, made anew. Raises `WeightsUnavailable`."""
    from sr.models.model import Loaded

    network, source = hub.fetch_first(model.sources, partial(_sound, model))
    return Loaded(model, network, str(source))


def _sound(model: Model, path: Path) -> nn.Sequential:
    """The network with a file's weights, once it has made a small picture. Raises `BadWeights`."""
    import torch

    network, side = model.load(path), TRIED
    pixels = torch.linspace(0, 1, (1 if model.luma else 3) * side**2)
    try:
        with torch.inference_mode():
            made = network(pixels.view(1, -1, side, side))
    except RuntimeError:  # such as slopes of a PReLU that are not as many as the channels
        raise BadWeights(f"{path.name} has layers that don't fit one another") from None
    _, _, height, width = made.shape
    if height != side * model.scale or width != side * model.scale:
        raise BadWeights(
            f"{path.name} makes {width} x {height} pixels of {side} x {side}, where this app needs "
            f"{side * model.scale} x {side * model.scale}"
        )
    if not math.isfinite(made.sum()):
        raise BadWeights(f"{path.name} makes no picture, but NaN or infinity")
    return network


def _load(entry: Entry) -> Loaded:
    return build(entry.model())


CATALOG = Catalog("model", LIST, _load, own=_own, unknown=UnknownModel)
names = CATALOG.names  # the models' names, the default first
load = CATALOG.load  # a model with its weights, shared, so only to be looked at


def titles() -> dict[str, str]:
    """What the page calls each model, by name."""
    return {name: entry.title for name, entry in CATALOG.entries().items()}


def find(name: str | None = None) -> Model:
    """The model called `name`, or the default. Raises `UnknownModel` and `WeightsUnavailable`."""
    return CATALOG.find(name).model()


def at_hand() -> list[str]:
    """The names of the models whose weights are on this machine, or on a Hub that answers."""
    return [name for name, entry in CATALOG.entries().items() if _at_hand(entry)]


def _at_hand(entry: Entry) -> bool:
    try:
        return any(hub.at_hand(source) for source in entry.model().sources)
    except WeightsUnavailable:
        return False
