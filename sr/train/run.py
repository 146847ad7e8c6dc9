"""A run's folder: settings, logs, checkpoint, samples, weights and card.

Training writes it and publishing reads it, so nothing heavy is imported here
before it is needed. Every file appears whole under its name or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, CARD = "config.json", "card.json"
WEIGHTS = "model.safetensors"  # the newest, averaged
FIRST = "first.safetensors"  # those that the run began with
CHECKPOINT = "last.pt"
LOSSES_LOG, VALIDATION_LOG = "log.csv", "validation.csv"


class RunError(RuntimeError):
    """A run can't begin, go on or be published; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run was asked; config.json has the same names.

    data: the folder of photos to learn from.
    stage: "mse", "gan", "finetune" or "task".
    model: the catalog's name of the network.
    start: the model or run whose weights it begins with, or None.
    degrade: a name of `DEGRADATIONS`.
    steps: how many until the run is done.
    batch: crops a step, over all processes.
    crop: pixels a side of the large photo.
    rate: the learning rate at its highest.
    seed: of the first weights and of the crops.
    workers: processes that make crops, for each process that trains.
    every: steps between validations.
    validate: a folder of photos to validate on, or None for some of `data`.
    without: the name of a loss to do without, to see what it is good for (task).
    lessons: how many harmed crops have a teacher's picture for their original, see `crops`.
    cache: where decoded photos are kept, or None for the run's own folder.
    licence, attribution: of the weights and of the photos, for the card.
    """

    data: str
    stage: str
    model: str
    start: str | None
    degrade: str = "clean"
    steps: int = 100_000
    batch: int = 16
    crop: int = 96
    rate: float
    seed: int = 0
    workers: int = 1
    every: int = 1000
    validate: str | None = None
    without: str | None = None
    lessons: int = 0
    cache: str | None = None
    licence: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class Run:
    """The folder of a run. Only one process writes to it."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / CHECKPOINT

    @property
    def weights(self) -> Path:
        """The generator's, float32."""
        return self.folder / WEIGHTS

    @property
    def begun(self) -> bool:
        """Whether there is a run in the folder."""
        return (self.folder / CONFIG).is_file()

    def config(self) -> dict:
        """The settings and, as "network", what a published config.json has. Raises `RunError`."""
        return self._read_json(CONFIG)

    def card(self) -> dict:
        """How the weights came about; empty before there are any. Raises `RunError`."""
        return self._read_json(CARD) if (self.folder / CARD).is_file() else {}

    def settings(self) -> Settings:
        """As the run was begun. Raises `RunError`."""
        if not self.begun:
            raise RunError(
                f"There is no run in {self.folder} to go on with: leave out --resume to begin one."
            )
        facts = self.config()
        facts.pop("network", None)
        try:
            return Settings(**facts)
        except TypeError:  # a name is missing or unknown
            raise self.damaged(CONFIG) from None

    def newest_sample(self) -> Path | None:
        """The newest picture of crops, PNG."""
        return max((self.folder / "samples").glob("*.png"), default=None)

    def load_checkpoint(self) -> dict:
        """What `save_checkpoint` was given. Raises `RunError`."""
        import torch

        if not self.checkpoint.exists():
            raise RunError(f"The run in {self.folder} did not begin yet: leave out --resume.")
        try:
            return torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file raises nearly anything
            raise RunError(
                f"{self.checkpoint} can't be read ({type(error).__name__}): begin again in another "
                "folder."
            ) from None

    def load_weights(self, name: str = WEIGHTS) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        return load_file(self.folder / name)

    def begin(self, settings: Settings, network: dict, step: int = 0) -> None:
        """Write the settings, and drop logged rows of steps after `step`, to be done again.

        network: as in a published config.json.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_json(CONFIG, {**asdict(settings), "network": network})
        for path in (self.folder / name for name in (LOSSES_LOG, VALIDATION_LOG)):
            if path.exists():
                head, *rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
                kept = [row for row in rows if int(row.split(",")[0]) <= step]
                _write_text(path, "".join([head, *kept]))

    def save_checkpoint(self, state: dict) -> None:
        import torch

        _replace(self.checkpoint, lambda part: torch.save(state, part))

    def save_weights(self, state: dict[str, Tensor], name: str = WEIGHTS) -> None:
        from safetensors.torch import save_file

        tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
        _replace(self.folder / name, lambda part: save_file(tensors, part))

    def write_json(self, name: str, facts: dict) -> None:
        _write_text(self.folder / name, json.dumps(facts, indent=2) + "\n")

    def write_sample(self, step: int, png: bytes) -> None:
        (self.folder / "samples").mkdir(exist_ok=True)
        _replace(self.folder / f"samples/step_{step:07}.png", lambda part: part.write_bytes(png))

    def log(self, name: str, row: dict) -> None:
        """Add a row to a CSV file."""
        path = self.folder / name
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row), lineterminator="\n")
            if new:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})

    def _read_json(self, name: str) -> dict:
        try:
            facts = json.loads((self.folder / name).read_text(encoding="utf-8"))
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            raise self.damaged(name)
        if facts.get("degrade") == "bicubic":  # what runs of before call it
            facts["degrade"] = "clean"
        return facts

    def damaged(self, name: str) -> RunError:
        """What to raise for a JSON file that doesn't say what it should."""
        path = self.folder / name
        return RunError(f"{path} is damaged: let python -m sr.train write it again.")


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the file, then put that in its place."""
    part = path.with_name(f"{path.name}.part")
    write(part)
    part.replace(path)


def _write_text(path: Path, text: str) -> None:
    _replace(path, lambda part: part.write_text(text, encoding="utf-8", newline="\n"))
