"""What training needs, and what it must not need."""

import subprocess
import sys

import pytest

from sr.inference.device import MatrixProduct
from sr.train.__main__ import main
from tests.conftest import ROOT
from tests.sr.train.runs import SMALL

# Modules of Python that Windows doesn't have. Those of others may look for them first.
WITHOUT_POSIX = """
import sys, tempfile, timm, torch, torch.utils.data, torch.utils.flop_counter, tqdm
import torch.nn.parallel, torch.distributed, safetensors.torch, PIL.Image, PIL.ImageCms
for name in ("resource", "fcntl", "pwd", "grp", "termios", "syslog", "posix"):
    sys.modules[name] = None
made = []
torch.rand = lambda *size: made.append(size)
import sr.train.__main__, sr.publish.__main__
assert "sr.bench" not in sys.modules
import sr.bench
assert not made, "matrices are made before a product is asked for"
assert sr.train.__main__._peak_mb() is None or torch.cuda.is_available()
"""
LIGHT = """
import sys, sr.train.run
assert not {"torch", "numpy", "PIL", "safetensors"} & set(sys.modules)
"""


@pytest.mark.parametrize("program", [WITHOUT_POSIX, LIGHT], ids=["windows", "a run's folder"])
def test_imports(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_matrices_are_made_when_a_product_is_asked_for():
    assert MatrixProduct().seconds() > 0


@pytest.mark.parametrize("windows", [False, True])
def test_profile_says_how_fast_and_leaves_no_run(command, tmp_path, monkeypatch, capsys, windows):
    if windows:
        monkeypatch.setitem(sys.modules, "resource", None)
    assert command(tmp_path / "run", *SMALL, "--profile", "2") == 0
    printed = capsys.readouterr().out
    assert "steps a second" in printed and "of the matrix product's" in printed
    assert ("MB at most" in printed) is not windows
    assert not (tmp_path / "run").exists()


def test_profile_of_a_run_that_is_done(finished, command, capsys):
    before = {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}
    assert command(finished, "--resume", "--profile", "2") == 0
    assert "steps a second" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in finished.rglob("*") if path.is_file()}


def test_help_tells_what_may_change(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "--learning-rate RATE, --rate RATE" in printed and "100000 unless given *" in printed
