"""The loop of a run: crops in, steps, now and then a validation, and what is kept."""

import copy
import math
import platform
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from sr.evaluate.recognition import Classifiers
from sr.models import catalog
from sr.train import validation
from sr.train.crops import Crops, batches, numbers, taught
from sr.train.distributed import Processes
from sr.train.library import Library
from sr.train.run import CARD, FIRST, LOSSES_LOG, VALIDATION_LOG, Run, RunError, Settings
from sr.train.stages import Losses, NotFinite, Stage
from sr.train.validation import Held

WARM_UP = 100  # steps
DECAY = 0.999  # of the moving average of the weights
LOG_EVERY = 20  # steps
# Of the difference between two networks in what both classifiers keep, of 31 photos in two states.
STANDARD_ERROR = 0.04
ON_CARD = ("model", "stage", "start", "degrade", "batch", "crop", "rate", "seed")
ON_CARD += ("without", "lessons", "licence", "attribution")


@dataclass
class Trainer:
    """A run under way.

    held: photos to validate on.
    classifiers: that say how well these are recognised, or none.
    step: how many are done.
    seconds, waited: spent in steps and in waiting for crops, in all sittings.
    scores: the validations so far.
    """

    settings: Settings
    run: Run
    stage: Stage
    library: Library
    held: list[Held]
    classifiers: Classifiers
    processes: Processes
    step: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    scores: list[dict] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model = catalog.find(self.settings.model)
        self.average = self.stage.average

    def train(self) -> bool:
        """Go on to the last step; False if Ctrl-C ended it before. Raises `RunError`.

        Each validation and Ctrl-C leave a checkpoint.
        """
        last = self.settings.steps
        if self.processes.writes:
            self.run.begin(self.settings, self.model.spec, self.step)
        if self.step == 0 and not self.run.checkpoint.exists():
            self.validate()
        hidden = None if self.processes.writes else True  # None: shown on a terminal only
        crops = tqdm(self.crops(last), self.model.name, last, initial=self.step, disable=hidden)
        with _ctrl_c() as asked_to_stop:
            for small, large in crops:
                losses = self.take_step(small, large)
                if self.step % LOG_EVERY == 0 and self.processes.writes:
                    crops.set_postfix(self.log(losses))
                if self.step == last or self.step % self.settings.every == 0:
                    self.validate()
                if self.processes.any(bool(asked_to_stop)) and self.step < last:
                    self.save(weights=not self.classifiers)
                    return False
        return True

    def crops(self, stop: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of the steps before `stop`, on the device, in 0..1; times the waiting for them.

        Small (N, C, h, w) and large (N, C, H, W).
        """
        asked, model, processes = self.settings, self.model, self.processes
        crops = Crops(self.library, asked.crop, asked.degrade, asked.seed, model.luma, model.scale)
        if asked.lessons:
            crops = taught(crops, asked.lessons)
        mine = numbers(self.step, stop, asked.batch, processes.rank, processes.size)
        source = iter(batches(crops, mine, asked.workers))
        while True:
            start = time.perf_counter()
            pair = next(source, None)
            self.waited += time.perf_counter() - start
            if pair is None:
                return
            yield tuple(
                pixels.to(processes.device, non_blocking=True)
                .float()
                .div(255)
                .contiguous(memory_format=torch.channels_last)
                for pixels in pair
            )

    def take_step(self, small: Tensor, large: Tensor) -> Losses:
        """One step; gives the losses by name. Raises `RunError`."""
        start = time.perf_counter()
        torch.manual_seed(self.settings.seed + self.step)  # so that a run that goes on draws alike
        try:
            losses = self.stage.step(small, large, learning_rate(self.settings, self.step))
        except NotFinite:
            raise self._not_finite() from None
        self.step += 1
        update_average(self.average, self.stage.networks["generator"], self.step)
        self.seconds += time.perf_counter() - start
        return losses

    def validate(self) -> None:
        """Score and show the averaged weights, and keep where the run is. Raises `RunError`."""
        if not all(p.isfinite().all() for p in self.average.parameters()):
            raise self._not_finite()
        if self.processes.writes:
            if self.step == 0:
                self.run.save_weights(self.average.state_dict(), FIRST)
            if self.held:
                restored = validation.restore(self.model, self.average, self.held)
                quality = validation.score(self.held, restored, self.classifiers)
                self.scores.append({"dataset": "validation", "step": self.step, **quality})
                self._log(VALIDATION_LOG, "validation", quality)
                sample = validation.sample(self.held, self._first_restored, restored)
                self.run.write_sample(self.step, sample)
        self.save(weights=self._is_best())

    def _is_best(self) -> bool:
        """Whether the last validation is none worse than the best: the yardstick is recognition.

        Quality is no yardstick: by PSNR what is blurred is best, by sharpness what is not. Within
        an error of the best, the newest is taken (Breiman et al. 1984, the one-standard-error
        rule).
        """
        kept = [sum(score[f"{name}_kept"] for name in self.classifiers) for score in self.scores]
        return not kept or kept[-1] >= max(kept) - STANDARD_ERROR

    def save(self, *, weights: bool) -> None:
        """A checkpoint, the card and, if asked, the weights; the other processes wait for it."""
        if self.processes.writes:
            self.run.save_checkpoint(self.state_dict())
            if weights:
                self.run.save_weights(self.average.state_dict())
            self.run.write_json(CARD, self.card())
        self.processes.wait()

    def log(self, losses: Losses) -> dict[str, str]:
        """Write the losses down; gives them in short."""
        values = {name: float(loss) for name, loss in losses.items()}
        rate = learning_rate(self.settings, self.step)
        times = {"seconds": self.seconds, "waited": self.waited}
        self._log(LOSSES_LOG, "loss", {**values, "rate": rate, **times})
        return {name: f"{value:.4g}" for name, value in values.items()}

    def state_dict(self) -> dict:
        return {
            "step": self.step,
            "seconds": self.seconds,
            "waited": self.waited,
            "scores": self.scores,
            "features": self.stage.features,
            "pictures": self.library.sizes,
            "average": self.average.state_dict(),
            "networks": {k: v.state_dict() for k, v in self.stage.networks.items()},
            "optimizers": {k: v.state_dict() for k, v in self.stage.optimizers.items()},
        }

    def load_state_dict(self, state: dict) -> None:
        """Be as the run was when `state` was taken. Raises `RunError`."""
        if state["features"] != self.stage.features:
            raise RunError(f"The run compares {state['features']}, which can't be had now.")
        if state["pictures"] != self.library.sizes:
            raise RunError(
                "The photos are not those the run began with: put them back, or begin another run "
                "with --start and this one's folder."
            )
        for name in ("step", "seconds", "waited", "scores"):
            setattr(self, name, state[name])
        self.average.load_state_dict(state["average"])
        optimizers = state.get("optimizers") or state["descents"]  # as they were once called
        for name, network in self.stage.networks.items():
            network.load_state_dict(state["networks"][name])
            self.stage.optimizers[name].load_state_dict(optimizers[name])

    def card(self) -> dict:
        """How the weights came about, for people."""
        pixels = sum(height * width for height, width in self.library.sizes)
        device = self.processes.device.type
        return {
            **{name: getattr(self.settings, name) for name in ON_CARD},
            "losses": {term.name: term.weight for term in self.stage.terms},
            "features": self.stage.features,
            "photos": self.library.photos,
            "skipped": self.library.skipped,
            "megapixels": round(pixels / 1e6, 1),
            "held_out": len({id(one.large) for one in self.held}),  # each in several states
            "steps": self.step,
            "steps_asked": self.settings.steps,
            "seconds": round(self.seconds + self.waited, 1),
            "seconds_waiting_for_crops": round(self.waited, 1),
            "processes": self.processes.size,
            "threads": torch.get_num_threads(),
            "machine": f"{platform.machine()}, {device}, torch {torch.__version__}",
            "scores": self.scores,
        }

    @cached_property
    def _first_restored(self) -> list[np.ndarray]:
        """What the network made of the photos when the run began."""
        first = copy.deepcopy(self.average)
        first.load_state_dict(self.run.load_weights(FIRST))
        return validation.restore(self.model, first, self.held)

    @cached_property
    def _board(self):
        """A TensorBoard log, where the package is installed."""
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return None
        return SummaryWriter(self.run.folder / "tensorboard")

    def _log(self, file: str, group: str, values: dict[str, float]) -> None:
        self.run.log(file, {"step": self.step, **values})
        if self._board:
            for name, value in values.items():
                self._board.add_scalar(f"{group}/{name}", value, self.step)

    def _not_finite(self) -> RunError:
        return RunError(
            f"The loss or the weights of step {self.step} are not finite, so the run was stopped. "
            f"The last good checkpoint is kept in {self.run.checkpoint}. Begin again in another "
            "folder, with a lower --learning-rate; --start with this folder begins with its last "
            "good weights."
        )


def learning_rate(settings: Settings, step: int) -> float:
    """Of a step: up in a straight line, then down along half a cosine (Loshchilov 2017)."""
    share = step / settings.steps
    return settings.rate * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * share))


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, step: int) -> None:
    """The exponential moving average of weights, faster at the start; statistics are copied."""
    share = 1 - min(DECAY, step / (step + 10))
    for ours, theirs in zip(average.parameters(), network.parameters(), strict=True):
        ours.lerp_(theirs, share)
    for ours, theirs in zip(average.buffers(), network.buffers(), strict=True):
        ours.copy_(theirs)


@contextmanager
def _ctrl_c() -> Iterator[list[int]]:
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
