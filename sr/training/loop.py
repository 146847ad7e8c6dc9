"""The loop of a run: crops in, steps, now and then a look at how good it is, and what is kept."""

from __future__ import annotations

import copy
import math
import platform
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from sr import catalog
from sr.metrics import Quality
from sr.training import validation
from sr.training.crops import Crops, Numbers, batches
from sr.training.library import Library
from sr.training.processes import World, own_batch_norm
from sr.training.run import Run, RunError, Settings
from sr.training.stages import NotFinite, Pixel
from sr.training.validation import Held

WARM_UP = 100  # steps
AVERAGED = 0.999  # of the averaged weights stays at each step
LOGGED = 20  # steps a row
FIRST = "first.safetensors"  # the weights that a run began with
CARD = ("model", "stage", "start", "degrade", "batch", "crop", "rate", "seed")
CARD += ("licence", "attribution")


@dataclass
class Training:
    """A run under way. `seconds` and `waited` (for crops) count all sittings."""

    settings: Settings
    run: Run
    stage: Pixel
    library: Library
    held: list[Held]
    world: World
    step: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    scores: list[dict] = field(default_factory=list)
    before: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = catalog.find(self.settings.model)
        self.average = own_batch_norm(copy.deepcopy(self.stage.networks["generator"])).eval()
        self.board = _board(self.run.folder) if self.world.writes else None

    def state(self) -> dict:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "waited": self.waited,
            "scores": self.scores,
            "features": self.features,
            "pictures": [list(size) for size in self.library.sizes],
            "average": self.average.state_dict(),
            "networks": {k: v.state_dict() for k, v in self.stage.networks.items()},
            "descents": {k: v.state_dict() for k, v in self.stage.descents.items()},
        }

    @property
    def features(self) -> str | None:
        """What the content loss compares; None without one."""
        content = getattr(self.stage, "content", None)
        return content.name if content else None

    def go_on(self, state: dict) -> None:
        """Be as the run was when `state` was taken. Raises `RunError`."""
        if state["features"] != self.features:
            raise RunError(f"The run compares {state['features']}, which can't be had now.")
        if state["pictures"] != [list(size) for size in self.library.sizes]:
            raise RunError(
                "The photos are not those the run began with: put them back, or begin another run "
                "with --start and this one's folder."
            )
        for name in ("step", "seconds", "waited", "scores"):
            setattr(self, name, state[name])
        self.average.load_state_dict(state["average"])
        for name, network in self.stage.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, descent in self.stage.descents.items():
            descent.load_state_dict(state["descents"][name])


def train(training: Training) -> bool:
    """Go on to the last step; False if Ctrl-C ended it before. Raises `RunError`.

    Each validation and Ctrl-C leave a checkpoint.
    """
    settings, world = training.settings, training.world
    if training.step == 0 and not training.run.checkpoint.exists():
        _look(training)
    off = None if world.writes else True  # None: shown on a terminal only
    bar = tqdm(total=settings.steps, initial=training.step, desc=settings.model, disable=off)
    with _asked_to_stop() as stop, bar:
        for small, large in crops(training):
            losses = take_step(training, small, large)
            bar.update()
            if training.step % LOGGED == 0:
                _log(training, losses, bar)
            last = training.step == settings.steps
            if last or training.step % settings.every == 0:
                _look(training)
            if world.any(bool(stop)) and not last:
                _keep(training)
                world.wait()
                return False
    return True


def rate(settings: Settings, step: int) -> float:
    """Adam's rate at a step: up in a straight line, then down along half a cosine."""
    share = step / settings.steps
    return settings.rate * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * share))


def crops(training: Training) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Batches on the device, in 0..1; counts what is waited for them."""
    settings, world, model = training.settings, training.world, training.model
    drawn = Crops(
        training.library, settings.crop, settings.degrade, settings.seed, model.luma, model.scale
    )
    numbers = Numbers(training.step, settings.steps, settings.batch, world.rank, world.size)
    source = iter(batches(drawn, numbers, settings.workers))
    while True:
        start = time.perf_counter()
        pair = next(source, None)
        training.waited += time.perf_counter() - start
        if pair is None:
            return
        yield tuple(
            t.to(world.device, non_blocking=True).float().div(255).contiguous(
                memory_format=torch.channels_last
            )
            for t in pair
        )


def take_step(training: Training, small: torch.Tensor, large: torch.Tensor) -> dict:
    """One step; gives the losses by name. Raises `RunError`."""
    start = time.perf_counter()
    try:
        losses = training.stage.step(small, large, rate(training.settings, training.step))
    except NotFinite:
        raise _not_finite(training) from None
    training.step += 1
    _average(training.average, training.stage.networks["generator"], training.step)
    training.seconds += time.perf_counter() - start
    return losses


def _not_finite(training: Training) -> RunError:
    return RunError(
        f"The loss or the weights of step {training.step} are not finite, so the run was stopped. "
        f"The last good checkpoint is kept in {training.run.checkpoint}. Begin again in another "
        "folder, with a lower --rate; --start with this folder begins with its last good weights."
    )


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, step: int) -> None:
    """Follow the weights slowly, faster at the start."""
    share = 1 - min(AVERAGED, step / (step + 10))
    for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
        ours.lerp_(theirs, share)
    for ours, theirs in zip(average.buffers(), network.buffers(), strict=True):
        ours.copy_(theirs)


def _look(training: Training) -> None:
    """Validate the averaged weights, and keep all there is. Raises `RunError`."""
    if not all(p.isfinite().all() for p in training.average.parameters()):
        raise _not_finite(training)
    if training.world.writes:
        if training.step == 0:
            training.run.save_weights(training.average.state_dict(), FIRST)
        made = validation.restore(training.model, training.average, training.held)
        quality = validation.score(training.held, made) if made else None
        _note(training, quality)
        if made:
            training.before = training.before or _before(training, made)
            sample = validation.sample(training.held, training.before, made)
            training.run.write_sample(training.step, sample)
        _keep(training)
    training.world.wait()


def _before(training: Training, made: list[np.ndarray]) -> list[np.ndarray]:
    """What the network made of the photos when the run began."""
    if training.step == 0:
        return made
    first = copy.deepcopy(training.average)
    first.load_state_dict(training.run.load_weights(FIRST))
    return validation.restore(training.model, first, training.held)


def _note(training: Training, quality: Quality | None) -> None:
    if quality is None:
        return
    row = {"step": training.step, **asdict(quality)}
    training.scores.append({"dataset": "validation", **row})
    training.run.log("validation", row)
    if training.board:
        for name, value in asdict(quality).items():
            training.board.add_scalar(f"validation/{name}", value, training.step)


def _log(training: Training, losses: dict, bar: tqdm) -> None:
    if not training.world.writes:
        return
    values = {name: float(value) for name, value in losses.items()}
    times = {"seconds": training.seconds, "waited": training.waited}
    row = {"step": training.step, **values, "rate": rate(training.settings, training.step), **times}
    training.run.log("log", row)
    bar.set_postfix({name: f"{value:.4g}" for name, value in values.items()})
    if training.board:
        for name, value in values.items():
            training.board.add_scalar(f"loss/{name}", value, training.step)


def _keep(training: Training) -> None:
    if not training.world.writes:
        return
    training.run.save(training.state())
    training.run.save_weights(training.average.state_dict())
    training.run.write_json("card.json", card(training))


def card(training: Training) -> dict:
    """How the weights came about, for people."""
    settings, library = training.settings, training.library
    asked = asdict(settings)
    return {
        **{name: asked[name] for name in CARD},
        "features": training.features,
        "photos": library.photos,
        "skipped": library.skipped,
        "megapixels": round(library.megapixels, 1),
        "held_out": len(training.held),
        "steps": training.step,
        "steps_asked": settings.steps,
        "seconds": round(training.seconds + training.waited, 1),
        "seconds_waiting_for_crops": round(training.waited, 1),
        "processes": training.world.size,
        "threads": torch.get_num_threads(),
        "machine": f"{platform.machine()}, {training.world.device.type}, torch {torch.__version__}",
        "scores": training.scores,
    }


def _board(folder: Path):
    """A TensorBoard log, where the package is installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(folder / "tensorboard")


@contextmanager
def _asked_to_stop() -> Iterator[list]:
    """A list that is no longer empty after Ctrl-C; the second Ctrl-C stops at once."""
    asked: list[int] = []

    def ask(signum: int, _) -> None:
        signal.signal(signum, signal.default_int_handler)
        asked.append(signum)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)
