"""Arrows point one way, between the rooms and inside them; what starts the app is little."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE = {"hub", "sr.settings", "sr.image", "sr.models", "sr.inference", "sr.commands", "sr"}
# room -> the rooms that it may import from, itself aside
ARROWS = {
    "hub": set(),
    "sr": {"sr.image", "sr.inference"},
    "sr.settings": set(),
    "sr.image": {"sr.settings"},
    "sr.models": {"hub", "sr.settings"},
    "sr.inference": {"sr.settings", "sr.image", "sr.models"},
    "sr.commands": {"sr.settings", "sr.image", "sr.models", "sr.inference"},
    "sr.compare": CORE,
    # Evaluation joins the two halves: whether a restored photo is still recognised is measured with
    # the classifiers that name birds.
    "sr.evaluate": CORE | {"sr.compare", "classify"},
    "sr.train": CORE | {"sr.compare", "sr.evaluate"},
    "sr.publish": CORE | {"sr.train", "sr.compare"},  # a card says what a degradation does
    "sr.bench": CORE | {"sr.compare"},
    "sr.batch": CORE | {"classify"},  # names the birds of an archive, too
    "sr.__main__": CORE | {"sr.batch"},
    "classify": {"hub"},
    "classify.evaluate": CORE | {"classify", "sr.compare"},
    "classify.__main__": CORE | {"classify", "sr.batch"},  # joins them too
    "ui.words": set(),
    "ui.queue": set(),
    "ui.errors": CORE | {"classify", "ui.queue"},
    "ui.zero": CORE | {"ui.errors"},
    "ui.results": CORE | {"sr.compare"},
    "ui.serving": CORE | {"classify", "ui.errors", "ui.results"},
    "ui.pipeline": CORE | {"classify", "sr.compare", "ui.queue", "ui.results", "ui.zero"},
    "ui.comparing": CORE | {"classify", "sr.compare", "ui.queue", "ui.pipeline", "ui.results"},
    "ui.shelf": {"sr.compare"},
    "ui.components": CORE | {"classify", "sr.compare", "ui.words", "ui.pipeline", "ui.shelf"}
    | {"ui.serving"},
    "ui": CORE | {"classify", "sr.compare", "ui.words", "ui.queue", "ui.errors", "ui.pipeline"}
    | {"ui.comparing", "ui.results", "ui.shelf", "ui.components", "ui.api"},
    "app": CORE | {"classify", "ui", "ui.words", "ui.errors", "ui.components", "ui.serving"},
}  # fmt: skip
# package -> the only rooms that know it
ONLY = {
    "gradio": {"app", "ui", "ui.words", "ui.errors", "ui.results", "ui.components"}
    | {"ui.serving"},
    "PIL": {"sr.image"},
    "huggingface_hub": {"hub"},
    "spaces": {"ui.zero"},
    "fsspec": {"sr.batch"},
    "ray": {"sr.batch"},
}
FILES = sorted(
    path
    for pattern in ("app.py", "hub/**/*.py", "sr/**/*.py", "classify/**/*.py", "ui/**/*.py")
    for path in ROOT.glob(pattern)
)


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path) for path in FILES}


def imported(path: Path) -> set[str]:
    """The modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            longer = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (longer & MODULES) or {node.module}
    return names


def room_of(module: str) -> str | None:
    """The room of a module of this project, None for others'."""
    if module not in MODULES:
        return None
    while module not in ARROWS:
        module = module.rpartition(".")[0]
    return module


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_follow_the_arrows(path):
    room, names = room_of(module_of(path)), imported(path)
    assert {room_of(name) for name in names} - {None, room} <= ARROWS[room]
    for package, rooms in ONLY.items():
        assert room in rooms or package not in {name.partition(".")[0] for name in names}


def test_the_queue_and_the_bands_know_no_libraries():
    standard = set(sys.stdlib_module_names)
    for file in ("ui/queue.py", "sr/inference/bands.py", "sr/settings.py"):
        assert {name.partition(".")[0] for name in imported(ROOT / file)} <= standard


def test_starting_the_app_imports_no_training_evaluation_or_publishing():
    heavy = ["sr.train", "sr.evaluate", "sr.publish", "sr.bench", "classify.evaluate"]
    heavy += ["torch", "timm", "torchvision", "matplotlib"]
    code = f"import sys, app; print([name for name in {heavy} if name in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_files_and_folders_stay_small():
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 350, path
    for folder in {path.parent for path in FILES} - {ROOT}:
        assert sum(p.is_file() for p in folder.iterdir()) <= 12, folder
