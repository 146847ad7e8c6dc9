"""Arrows point one way: app -> sr, classify -> hub. Programs (`__main__`) may join the halves."""

import ast

import pytest

from tests.conftest import ROOT

ALLOWED = {
    "sr": {"hub", "sr"},
    "classify": {"hub", "classify"},
    "hub.py": set(),
    "line.py": set(),
}
ONLY = {"gradio": {"app.py"}, "PIL": {"sr/photo.py"}, "huggingface_hub": {"hub.py"}}
ROOMS = {"app", "hub", "sr", "classify"}
PROGRAMS = {"__main__.py"}
FILES = sorted(
    path for pattern in ("*.py", "sr/*.py", "classify/*.py") for path in ROOT.glob(pattern)
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
        assert package not in packages or str(where) in homes
    room = where.parts[0]
    if room in ALLOWED and where.name not in PROGRAMS:
        assert packages & ROOMS <= ALLOWED[room]


def test_tiles_know_no_tensors():
    assert not imported(ROOT / "sr" / "tiles.py") & {"torch", "numpy"}
