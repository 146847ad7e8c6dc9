"""From a finished run to weights that the app uses, by a Hub on loopback.

The client reads its settings at import, so what speaks to the Hub is a process of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from PIL import Image

from sr.models.srresnet import SRResNet
from sr.publish.__main__ import main
from tests.conftest import running_app
from tests.hub.double import HubDouble, serve
from tests.hub.process import answering
from tests.sr.publish.runs import generator, make_run

# Runs commands, each with variables of its own, in one process that sees the Hub's double.
PROGRAM = """
import contextlib, io, json, os, sys
from sr import __main__ as upscale
from sr.models import catalog
from sr.publish import __main__ as publish
mains = {"sr": upscale.main, "sr.publish": publish.main}
for line in sys.stdin:
    module, arguments, variables = json.loads(line)
    os.environ.update(variables)
    catalog.CATALOG._load.cache_clear()
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = mains[module](arguments)
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


class Done(NamedTuple):
    """A finished command."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture(scope="module")
def double():
    with serve(HubDouble(writers={"hf_me": "me"})) as running:
        yield running


@pytest.fixture(autouse=True)
def empty(double):
    """Nothing is on the Hub yet."""
    for known in (double.files, double.faults, double.heads, double.versions, double.messages):
        known.clear()
    double.private.clear()


@pytest.fixture(scope="module")
def settings(double, tmp_path_factory) -> dict[str, str]:
    """The variables of a process that sees the double and may write to it."""
    return {**double.settings(tmp_path_factory.mktemp("hub") / "home"), "HF_TOKEN": "hf_me"}


@pytest.fixture(scope="module")
def process(settings):
    with answering(PROGRAM, settings) as ask:
        yield ask


@pytest.fixture
def command(process):
    """command(module, argument, ..., VARIABLE=...) -> the finished command."""

    def start(module: str, *arguments: str | Path, **variables: str) -> Done:
        variables = {"HF_TOKEN": "hf_me", "SR_WEIGHTS": ""} | variables
        return Done(*process([module, [*map(str, arguments)], variables]))

    return start


@pytest.fixture
def small(tmp_path, macaw) -> Path:
    path = tmp_path / "small.png"
    Image.open(macaw).convert("RGB").crop((40, 30, 72, 54)).save(path)
    return path


def pixels(path: Path | str) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@torch.inference_mode()
def made_by(network: SRResNet, photo: Path) -> np.ndarray:
    """What the network, in float32 and as its paper has it, makes of a photo."""
    x = torch.from_numpy(pixels(photo)).permute(2, 0, 1)[None].float() / 255
    picture = network(x).mul(255).round()[0].permute(1, 2, 0).int().numpy()
    assert picture.std() > 20, "too flat to tell networks apart"
    return picture


def differs(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a - b).max())


@pytest.fixture
def upscaled(command, small, tmp_path):
    """The picture that `python -m sr` makes with the weights of a place."""

    def upscale(place: str) -> np.ndarray:
        out, variables = tmp_path / "out", {"SR_WEIGHTS": place, "HF_TOKEN": ""}
        done = command("sr", small, "--out", out, "--no-keep-colours", **variables)
        assert done.returncode == 0, done.stderr
        assert f"{place.split('@')[0]}:model.safetensors" in done.stdout
        assert "fallback" not in done.stdout
        return pixels(out / "small_x4.png")

    return upscale


def published(done: Done) -> str:
    """The commit that a successful command names, twice."""
    assert done.returncode == 0, done.stderr
    (commit,) = re.findall(r"^Published: http\S+/me/tiny/commit/(\w{40})$", done.stdout, re.M)
    assert f"SR_WEIGHTS=me/tiny@{commit} python app.py" in done.stdout
    return commit


def test_a_dry_run_s_folder_is_what_the_app_reads(run, double, upscaled, small, capsys):
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert f"Nothing was uploaded. To try it: SR_WEIGHTS={run / 'publish'} python" in printed
    files = [path for path in (run / "publish").rglob("*") if path.is_file()]
    assert len(files) == 4
    for path in files:
        double.add("me/tiny", path.relative_to(run / "publish").as_posix(), path.read_bytes())
    assert differs(upscaled("me/tiny"), made_by(generator(1), small)) <= 2


def test_versions_and_a_failure_between_them(run, command, double, upscaled, small):
    first = published(command("sr.publish", run, "me/tiny"))

    make_run(run, generator(2))
    double.fault("me/tiny").commit_errors = -1
    failed = command("sr.publish", run, "me/tiny")
    assert failed.returncode == 1 and "Published" not in failed.stdout
    assert "me/tiny: the Hub answered with error 503. A commit is one step" in failed.stderr
    assert differs(upscaled("me/tiny"), made_by(generator(1), small)) <= 2

    double.fault("me/tiny").commit_errors = 0
    second = published(command("sr.publish", run, "me/tiny", "--message", "Better"))
    assert second != first
    assert double.messages["me/tiny"] == ["srgan-div2k, finetune, 3600 steps", "Better"]
    assert differs(made_by(generator(1), small), made_by(generator(2), small)) > 20
    assert differs(upscaled("me/tiny"), made_by(generator(2), small)) <= 2
    assert differs(upscaled(f"me/tiny@{first}"), made_by(generator(1), small)) <= 2


def test_a_private_repository_whose_sample_is_taken_away(run, command, double):
    double.add("me/tiny", "samples/sample.png", b"an earlier one")
    double.add("me/tiny", ".gitattributes", b"the Hub's own")
    double.private.add("me/tiny")
    done = command("sr.publish", run, "me/tiny", "--private", "--no-sample")
    published(done)
    assert "with HF_TOKEN set, for it is private" in done.stdout
    assert sorted(double.version("me/tiny", "main")) == [
        ".gitattributes", "README.md", "config.json", "model.safetensors"
    ]  # fmt: skip


def test_the_app_answers_with_the_published_weights(run, command, settings, small, tmp_path):
    commit = published(command("sr.publish", run, "me/tiny"))
    own = {"SR_WEIGHTS": f"me/tiny@{commit}", "HF_TOKEN": ""}
    with running_app(tmp_path, **{**settings, **own}) as app:
        client = Client(app.url, verbose=False, download_files=tmp_path)
        _, _, file, facts, *_ = client.predict(
            handle_file(small), identify=False, keep_colours=False, api_name="/upscale"
        )
    assert f"own, weights me/tiny:model.safetensors@{commit[:12]}" in facts
    assert "fallback" not in facts
    assert differs(pixels(file), made_by(generator(1), small)) <= 2
