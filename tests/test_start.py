"""The app with wrong settings, as it is started: a sentence and exit code 2, and no server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("SR_MAX_MEGAPIXELS", "4,5", "SR_MAX_MEGAPIXELS is “4,5”: set it to a number above 0"),
        ("SR_WEIGHTS", "../x", "“../x” is not a place on the Hub, nor a folder here"),
        ("SR_DEVICE", "cuda:99", "There is no device “cuda:99” here."),
    ],
)
def test_wrong_settings_end_the_app_before_it_serves(tmp_path, variable, value, sentence):
    run = subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        env={**os.environ, "GRADIO_TEMP_DIR": str(tmp_path / "gradio"), variable: value},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2 and run.stdout == ""
    assert run.stderr.startswith(sentence) and run.stderr.count("\n") == 1
