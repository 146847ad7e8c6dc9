from __future__ import annotations

from pathlib import Path

import pytest

from tests.sr.publish.runs import generator, make_run


@pytest.fixture
def run(tmp_path) -> Path:
    return make_run(tmp_path / "run", generator(1))
