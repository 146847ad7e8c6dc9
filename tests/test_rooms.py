"""Arrows point one way: app, ui -> sr, classify -> hub. Programs may join the halves."""

import ast

import pytest

from tests.conftest import ROOT

ALLOWED = {
    "sr": {"hub", "sr"},
    "classify": {"hub", "classify"},
    "hub": {"hub"},
    "ui": {"hub", "sr", "classify", "ui"},
    "ui/line.py": set(),
}
ONLY = {"gradio": {"app.py", "ui"}, "PIL": {"sr/photo.py"}, "huggingface_hub": {"hub"}}
ROOMS = {"app", "hub", "sr", "classify", "ui"}
PROGRAMS = ("classify/__main__.py", "classify/evaluate/*.py")
FILES = sorted(
    path
    for pattern in ("*.py", "hub/**/*.py", "sr/**/*.py", "classify/**/*.py", "ui/*.py")
    for path in ROOT.glob(pattern)
)


def imported(path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    where = path.relative_to(ROOT)
    packages = imported(path)
    for package, homes in ONLY.items():
        assert package not in packages or {str(where), where.parts[0]} & homes
    allowed = ALLOWED.get(str(where), ALLOWED.get(where.parts[0], ROOMS))
    if not any(where.match(pattern) for pattern in PROGRAMS):
        assert packages & ROOMS <= allowed


def test_tiles_know_no_tensors():
    assert not imported(ROOT / "sr" / "tiles.py") & {"torch", "numpy"}
