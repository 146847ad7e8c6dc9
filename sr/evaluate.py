"""python -m sr.evaluate DATA --models bicubic,srgan-div2k: PSNR and SSIM on a test set.

DATA holds pairs of files that end in HR.png and LR.png and are named alike
otherwise. Protocol: luma, 4 pixels cropped from each border, mean over photos.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from sr import catalog, engine, metrics, photo


@dataclass(frozen=True)
class Score:
    """Means over a data set; seconds_per_mp are seconds for each output megapixel."""

    model: str
    dataset: str
    photos: int
    psnr_y: float
    ssim_y: float
    seconds_per_mp: float


def pairs(data: Path) -> list[tuple[Path, Path]]:
    """(HR, LR) files of a folder. Raises `PhotoError` if there are none or one lacks its twin."""
    highs = sorted(data.glob("*HR.png"))
    found = [(hr, hr.with_name(hr.name.removesuffix("HR.png") + "LR.png")) for hr in highs]
    missing = [lr.name for _, lr in found if not lr.exists()]
    if not found or missing:
        what = f"lacks {', '.join(missing)}" if missing else "has no files that end in HR.png"
        raise photo.PhotoError(f"The folder {data} {what}.")
    return found


def method(name: str, device: str | None = None) -> Callable[[photo.Photo], np.ndarray]:
    """A function from a photo to its pixels four times as large."""
    if name == catalog.BICUBIC:
        return lambda lr: photo.bicubic(lr.pixels, catalog.SCALE)
    upscaler = catalog.load(name)
    return lambda lr: engine.upscale(lr, upscaler, device=device).pixels


def compare(hr: np.ndarray, sr: np.ndarray, border: int = catalog.SCALE) -> tuple[float, float]:
    """(PSNR in dB, SSIM) of two (H, W, 3) uint8 photos on luma, without their borders."""
    inner = slice(border, -border)
    a, b = (metrics.luma(pixels)[inner, inner] for pixels in (hr, sr))
    return metrics.psnr(a, b), metrics.ssim(a, b)


def evaluate(data: Path, name: str, device: str | None = None) -> Score:
    """Score one method on the pairs of a folder."""
    restore = method(name, device)
    scores, seconds, megapixels = [], 0.0, 0.0
    for hr_path, lr_path in tqdm(pairs(data), desc=name, leave=False, disable=None):
        hr, lr = photo.open(hr_path), photo.open(lr_path)
        start = time.perf_counter()
        restored = restore(lr)
        seconds += time.perf_counter() - start
        megapixels += restored.shape[0] * restored.shape[1] / 1e6
        scores.append(compare(hr.pixels, restored))
    psnr_y, ssim_y = np.mean(scores, axis=0)
    dataset = data.resolve().name
    return Score(name, dataset, len(scores), float(psnr_y), float(ssim_y), seconds / megapixels)


def table(scores: list[Score]) -> str:
    """The scores as aligned text."""
    lines = [f"{'model':<20} {'data':<8} {'photos':>6} {'PSNR-Y dB':>10} {'SSIM-Y':>8} {'s/MP':>7}"]
    lines += [
        f"{s.model:<20} {s.dataset:<8} {s.photos:>6} {s.psnr_y:>10.2f} {s.ssim_y:>8.4f} "
        f"{s.seconds_per_mp:>7.2f}"
        for s in scores
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sr.evaluate", description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--models", default=f"{catalog.BICUBIC},{','.join(catalog.MODELS)}")
    parser.add_argument("--device")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores to FILE")
    args = parser.parse_args(argv)
    try:
        scores = [
            evaluate(data, name, args.device)
            for data in args.data
            for name in args.models.split(",")
        ]
    except (*catalog.ERRORS, photo.PhotoError, engine.EngineError) as error:
        print(error, file=sys.stderr)
        return 1
    print(table(scores))
    if args.json:
        args.json.write_text(json.dumps([asdict(s) for s in scores], indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
