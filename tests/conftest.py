"""What several rooms' tests share: example photos, the running app, a browser."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
START_SECONDS = 60

# Tests don't depend on the Hub or on what this machine has cached; those about
# the Hub start processes that see a double of it.
os.environ["HF_HUB_OFFLINE"] = "1"
# Machines differ in what "auto" is; tests/sr/inference/test_precision.py is about that.
os.environ["SR_PRECISION"] = "float32"
# Processes that test side by side would wait for each other's threads.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="hf-home-")


# The rooms whose tests take longest: begun first, they leave no process alone at the end.
LONGEST = ("tests/docs", "tests/sr/publish", "tests/sr/train", "tests/ui", "tests/test_")


def pytest_configure(config: pytest.Config) -> None:
    config.option.loadscopereorder = False  # pytest-xdist would put files of few tests last


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        path = item.path.relative_to(ROOT).as_posix()
        return next((i for i, start in enumerate(LONGEST) if path.startswith(start)), len(LONGEST))

    items.sort(key=place)


@pytest.fixture(scope="session")
def macaw() -> Path:
    return EXAMPLES / "scarlet_macaw.png"


@pytest.fixture(scope="session")
def landscape(macaw: Path) -> np.ndarray:
    """A real photo of 300 x 211 pixels, (211, 300, 3) uint8."""
    return np.asarray(Image.open(macaw).convert("RGB").resize((300, 211), Image.Resampling.BICUBIC))


@pytest.fixture(scope="session")
def app_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, started as a user starts it."""
    with running_app(tmp_path_factory.mktemp("app")) as app:
        yield app.url


class App(NamedTuple):
    url: str
    pid: int


APP = (sys.executable, str(ROOT / "app.py"))


@contextmanager
def running_app(
    folder: Path,
    command: tuple[str, ...] = (sys.executable, str(ROOT / "app.py")),
    **variables: str,
) -> Iterator[App]:
    """`python app.py` in a process of its own, once it answers; files in `folder`/gradio."""
    port = free_port()
    environment = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_TEMP_DIR": str(folder / "gradio"),
        "GRADIO_EXAMPLES_CACHE": str(folder / "examples"),
        **variables,
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process, folder / "log")
            yield App(url, process.pid)
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()}")


def do_without(what: str) -> NoReturn:
    """Skip a test that needs `what`; REQUIRE_BROWSER=1 makes that a failure."""
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"REQUIRE_BROWSER is set: {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def node_modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of tests/package.json, in a folder of their own."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        do_without("no node and npm on the PATH (Debian: apt-get install nodejs npm)")
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(ROOT / "tests" / "package.json", folder)
    npm = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"]
    installed = subprocess.run(npm, cwd=folder, capture_output=True, text=True, timeout=300)
    if installed.returncode:
        do_without(f"npm could not install tests/package.json: {installed.stderr[-500:]}")
    return folder / "node_modules"


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium."""
    if CHROMIUM is None:
        do_without("no chromium on the PATH (Debian: apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-quic", *quiet]
        )
        yield browser
        browser.close()
