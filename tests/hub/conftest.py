"""Processes that fetch with the real huggingface_hub from a Hub on loopback.

The client reads its settings at import, so each call of `run` is a process of its own.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hub.double import HubDouble, serve

SMALL, BIG = b"small weights", bytes(range(256)) * 2000
OTHER = b"x" * len(BIG)

# Fetches each source given, as (repo, file, revision, sha256, size), and prints what came of it.
PROGRAM = """
import json, sys, time
import hub
for source in json.loads(sys.argv[1]):
    start = time.perf_counter()
    try:
        path = hub.fetch(hub.HubFile(*source))
        result = {"path": str(path)}
    except hub.WeightsUnavailable as error:
        result = {"sentence": str(error)}
    print(json.dumps({**result, "seconds": time.perf_counter() - start}), flush=True)
"""


@dataclass
class Fetcher:
    """Fetches in new processes, which see the double and share a cache.

    home: the folder of the cache.
    errors: what the last process wrote to stderr.
    """

    double: HubDouble
    home: Path
    errors: str = ""

    def start(self, *sources, before: str = "", **environment: str) -> subprocess.Popen:
        """A process that fetches the sources; `before` is code that it runs first."""
        return subprocess.Popen(
            [sys.executable, "-c", before + PROGRAM, json.dumps(sources)],
            cwd=ROOT,
            env={**os.environ, **self.double.settings(self.home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *sources, **options: str) -> list[dict]:
        """What came of each source."""
        process = self.start(*sources, **options)
        printed, self.errors = process.communicate(timeout=120)
        assert process.returncode == 0, self.errors
        return [json.loads(line) for line in printed.splitlines()]


@pytest.fixture
def double():
    with serve(HubDouble()) as running:
        yield running


@pytest.fixture
def run(double, tmp_path) -> Fetcher:
    return Fetcher(double, tmp_path / "home")


@pytest.fixture
def silent():
    """A server that accepts and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def content(result: dict) -> bytes:
    assert "path" in result, result
    return Path(result["path"]).read_bytes()
