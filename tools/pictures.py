"""python -m tools.pictures: store each model's small picture anew, after a meant change.

And docs/images/thumbnail.jpg, which links to a Space show: an example before and after.
"""

from pathlib import Path

import numpy as np
from PIL import Image

import sr
from hub import PackageFile
from sr.image import Photo, bicubic, read, write
from sr.models import catalog

ROOT = Path(__file__).parent.parent
EMBEDDED = [
    entry.name for entry in catalog.LIST if isinstance(entry.model().sources[0], PackageFile)
]
THUMBNAIL = ROOT / "docs" / "images" / "thumbnail.jpg"
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


if __name__ == "__main__":
    main()
