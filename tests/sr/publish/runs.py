"""Runs as `python -m sr.train` leaves them, small."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import yaml
from PIL import Image
from safetensors.torch import save_file

from sr.models.srresnet import SRResNet

OPTIONS = {"channels": 8, "blocks": 2, "bias": True, "slopes": 8, "eps": 0.001, "tanh": True}
CARD = {
    "model": "srgan-div2k",
    "stage": "finetune",
    "start": "srgan-div2k",
    "features": "tf_efficientnet_lite2 (embedded)",
    "degrade": "clean",
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
              "degrade": "clean", "steps": 5000, "seed": 0, "network": spec}  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    if card is not None:
        (folder / "card.json").write_text(json.dumps(card))
    save_file(network.state_dict(), folder / "model.safetensors")
    for step, colour in ((0, "red"), (3600, "green")):
        Image.new("RGB", (64, 16), colour).save(folder / "samples" / f"step_{step:07}.png")
    return folder


def front_matter(folder: Path) -> tuple[dict, str]:
    _, head, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    return yaml.safe_load(head), text
