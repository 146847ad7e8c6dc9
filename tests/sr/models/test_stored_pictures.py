import numpy as np
import pytest
from PIL import Image

from sr.image import Photo
from sr.inference import engine, upscaler
from tests.conftest import ROOT
from tools.pictures import EMBEDDED

DATA = ROOT / "tests" / "data"


@pytest.mark.parametrize("name", EMBEDDED)
def test_every_embedded_model_still_gives_its_stored_picture(name, macaw):
    """Guards against a silent change of the weights or the maths.

    The pictures were made by tools/pictures.py from a 24 x 20 cut.
    """
    expected = np.asarray(Image.open(DATA / f"{name}.png").convert("RGB")).astype(int)
    cut = np.asarray(Image.open(macaw).convert("RGB"))[30:50, 40:64]
    result = engine.upscale(
        Photo(cut), upscaler.load(name), device="cpu", precision="float32"
    ).pixels
    assert result.shape == expected.shape == (80, 96, 3)
    assert np.abs(result - expected).max() <= 1
    assert (result != expected).mean() < 0.01
