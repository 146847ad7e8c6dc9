"""python -m tests.make_pictures: store each model's small picture anew, after a meant change.

And docs/thumbnail.jpg, which links to a Space show: an example before and after.
"""

from pathlib import Path

import numpy as np
from PIL import Image

import hub
import sr
from sr import catalog, photo

ROOT = Path(__file__).parent.parent
EMBEDDED = [
    name for name, model in catalog.MODELS.items() if isinstance(model.sources[0], hub.PackageFile)
]


THUMBNAIL = ROOT / "docs" / "thumbnail.jpg"
HALF = (slice(24, 654), slice(24, 624))  # (630, 600) pixels with the macaw's head


def main() -> None:
    macaw = photo.open(ROOT / "examples" / "scarlet_macaw.png")
    cut = macaw.pixels[30:50, 40:64]
    for name in EMBEDDED:
        result = sr.upscale(photo.Photo(cut), catalog.load(name), device="cpu")
        photo.save(result.pixels, ROOT / "tests" / "data" / f"{name}.png")
    after = sr.upscale(macaw, catalog.load("srgan-div2k"), device="cpu").pixels
    halves = np.hstack([photo.bicubic(macaw.pixels)[HALF], after[HALF]])
    halves[:, 598:602] = 255
    Image.fromarray(halves).save(THUMBNAIL, quality=90)


if __name__ == "__main__":
    main()
