"""A run's folder: what it was asked, its log, checkpoints, samples, weights and card.

Every file appears whole under its name or not at all.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

WEIGHTS = "model.safetensors"
LOGS = ("log", "validation")


class RunError(RuntimeError):
    """A run can't begin or go on; the message says why and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a run was asked.

    data, validate: folders of photos.  stage: "mse", "gan" or "finetune".  model: the catalog's
    name of the network.  start: the model or run whose weights it begins with, or None.
    degrade: of `degrade.DEGRADATIONS`.  batch: crops a step, over all processes.  crop: pixels a
    side of the large photo.  rate: Adam's, at its highest.  workers: processes that make crops,
    for each process that trains.  every: steps between validations.
    """

    data: str
    stage: str
    model: str
    start: str | None
    degrade: str
    steps: int
    batch: int
    crop: int
    rate: float
    seed: int
    workers: int
    every: int
    validate: str | None = None
    cache: str | None = None
    licence: str = ""
    attribution: str = ""


@dataclass(frozen=True)
class Run:
    """The folder of a run. Only one process writes to it."""

    folder: Path

    @property
    def checkpoint(self) -> Path:
        return self.folder / "last.pt"

    def begin(self, settings: Settings, network: dict) -> None:
        """network: as in a published config.json."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_json("config.json", {**asdict(settings), "network": network})

    def settings(self) -> Settings:
        """As the run was begun. Raises `RunError`."""
        try:
            facts = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))
            facts.pop("network")
            return Settings(**facts)
        except (OSError, ValueError, TypeError, KeyError):
            raise RunError(
                f"There is no run in {self.folder} to go on with: leave out --resume to begin one."
            ) from None

    def save(self, state: dict) -> None:
        _whole(self.checkpoint, lambda part: torch.save(state, part))

    def load(self) -> dict:
        """The newest checkpoint. Raises `RunError`."""
        if not self.checkpoint.exists():
            raise RunError(f"The run in {self.folder} did not begin yet: leave out --resume.")
        try:
            return torch.load(self.checkpoint, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file raises nearly anything
            raise RunError(
                f"{self.checkpoint} can't be read ({type(error).__name__}): begin again in another "
                "folder."
            ) from None

    def save_weights(self, state: dict[str, Tensor], name: str = WEIGHTS) -> None:
        tensors = {key: value.detach().cpu().contiguous() for key, value in state.items()}
        _whole(self.folder / name, lambda part: save_file(tensors, part))

    def load_weights(self, name: str = WEIGHTS) -> dict[str, Tensor]:
        return load_file(self.folder / name)

    def write_json(self, name: str, facts: dict) -> None:
        _write_text(self.folder / name, json.dumps(facts, indent=2) + "\n")

    def write_sample(self, step: int, png: bytes) -> None:
        (self.folder / "samples").mkdir(exist_ok=True)
        _whole(self.folder / f"samples/step_{step:07}.png", lambda part: part.write_bytes(png))

    def log(self, name: str, row: dict) -> None:
        """Add a row to a CSV file."""
        path = self.folder / f"{name}.csv"
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row))
            if new:
                writer.writeheader()
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})

    def forget_after(self, step: int) -> None:
        """Drop logged rows of steps that will be done again."""
        for path in (self.folder / f"{name}.csv" for name in LOGS):
            if not path.exists():
                continue
            lines = path.read_text().splitlines(keepends=True)
            kept = [line for line in lines[1:] if int(line.split(",")[0]) <= step]
            _write_text(path, "".join([lines[0], *kept]))


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    part = path.with_name(f"{path.name}.part")
    write(part)
    part.replace(path)


def _write_text(path: Path, text: str) -> None:
    _whole(path, lambda part: part.write_text(text, encoding="utf-8"))
