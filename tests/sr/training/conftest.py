"""A folder of photos to learn from, small and made here, and a network that learns fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos, one twice, one in a folder; one too small, one no photo."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    (folder / "more").mkdir()
    for name, size in (("a.png", (172, 160)), ("more/b.png", (130, 141)), ("c.png", (300, 260))):
        coarse = rng.integers(0, 256, (size[1] // 5, size[0] // 4, 3), np.uint8)
        picture = Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)
        picture.save(folder / name)
    Image.open(folder / "a.png").save(folder / "more" / "again.webp", lossless=True)
    Image.open(folder / "a.png").resize((100, 160)).save(folder / "small.png")
    (folder / "notes.txt").write_text("no photo")
    return folder
