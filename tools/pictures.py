"""python -m tools.pictures: store each model's small picture anew, after a meant change.

And docs/images/thumbnail.jpg, which links to a Space show: an example before and after; and
docs/images/degradations.png, the examples shrunk and harmed in every way. Needs matplotlib.
"""

from pathlib import Path

import numpy as np
from PIL import Image

import sr
from hub import PackageFile
from sr.compare.degradations import EVALUATED
from sr.evaluate import figure
from sr.evaluate.datasets import open_pair
from sr.image import Photo, bicubic, read, write
from sr.models import catalog

ROOT = Path(__file__).parent.parent
EMBEDDED = [
    entry.name for entry in catalog.LIST if isinstance(entry.model().sources[0], PackageFile)
]
THUMBNAIL = ROOT / "docs" / "images" / "thumbnail.jpg"
DEGRADED = ROOT / "docs" / "images" / "degradations.png"
HALF = (slice(24, 654), slice(24, 624))  # (630, 600) pixels with the macaw's head


def main() -> None:
    macaw = read(ROOT / "examples" / "scarlet_macaw.png")
    cut = macaw.pixels[30:50, 40:64]
    for name in EMBEDDED:
        result = sr.upscale(Photo(cut), sr.load(name), device="cpu", precision="float32")
        write(result.pixels, ROOT / "tests" / "data" / f"{name}.png")
    after = sr.upscale(macaw, sr.load("srgan-div2k"), keep_colours=True).pixels
    halves = np.hstack([bicubic(macaw.pixels)[HALF], after[HALF]])
    halves[:, 598:602] = 255
    Image.fromarray(halves).save(THUMBNAIL, quality=90)
    strips = [degraded(path) for path in sorted((ROOT / "examples").glob("*.png"))]
    figure.draw(strips, list(EVALUATED), DEGRADED)


def degraded(path: Path) -> figure.Strip:
    """A photo's small ones; the first, which the others are compared with, is the clean one."""
    strip = figure.Strip(path.stem)
    for name, degradation in EVALUATED.items():
        strip.keep(name, open_pair(path, None, degradation).low.pixels)
    return strip


if __name__ == "__main__":
    main()
