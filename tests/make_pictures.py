"""python -m tests.make_pictures: store each model's small picture anew, after a meant change."""

from pathlib import Path

import hub
import sr
from sr import catalog, photo

ROOT = Path(__file__).parent.parent
EMBEDDED = [
    name for name, model in catalog.MODELS.items() if isinstance(model.sources[0], hub.PackageFile)
]


def main() -> None:
    cut = photo.open(ROOT / "examples" / "scarlet_macaw.png").pixels[30:50, 40:64]
    for name in EMBEDDED:
        result = sr.upscale(photo.Photo(cut), catalog.load(name), device="cpu")
        photo.save(result.pixels, ROOT / "tests" / "data" / f"{name}.png")


if __name__ == "__main__":
    main()
