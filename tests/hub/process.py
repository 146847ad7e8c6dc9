"""A process that answers: the Hub's client reads its variables at import, so it needs its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.conftest import ROOT


@contextmanager
def answering(program: str, variables: dict[str, str]) -> Iterator[Callable[[Any], Any]]:
    """Run a Python program that answers each line of JSON with one; gives what asks it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    environment = {**os.environ, **variables}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as running:

        def ask(question: Any) -> Any:
            print(json.dumps(question), file=running.stdin, flush=True)
            return json.loads(running.stdout.readline())

        yield ask
        running.stdin.close()
