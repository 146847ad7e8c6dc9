"""One photo from bytes to bytes: what the page, the command line and clusters go through."""

import io

import numpy as np
import pytest
from PIL import Image

from sr import image
from sr.image import PhotoError
from sr.inference import auto, engine, restore
from sr.inference.restore import Options


@pytest.fixture(scope="module")
def data(macaw) -> bytes:
    """A PNG with alpha, 24 x 20."""
    part = Image.open(macaw).convert("RGB").crop((40, 30, 64, 50))
    part.putalpha(Image.linear_gradient("L").resize(part.size))
    part.save(file := io.BytesIO(), "PNG")
    return file.getvalue()


def test_bytes_become_a_png_of_what_the_engine_makes(data):
    options = Options("fsrcnn", engine={"device": "cpu"})
    made, facts = restore.restore(data, "Star, süß.png", options)
    photo = image.read(data, name="Star, süß.png")
    expected = engine.upscale(photo, auto.load(photo, "fsrcnn"), device="cpu", keep_colours=True)
    result = image.read(made)
    assert np.array_equal(result.pixels[result.alpha > 0], expected.pixels[result.alpha > 0])
    assert np.array_equal(result.alpha, expected.alpha)
    assert (facts.size, facts.result_size, facts.model) == ((24, 20), (96, 80), "fsrcnn")
    assert facts.where == "cpu, float32" and facts.seconds > 0
    assert facts.sentences[0].startswith("24 × 20 → 96 × 80 pixels · 0.")
    assert facts.sentences[0].endswith(
        "on cpu, float32 · fsrcnn, weights sr/weights/fsrcnn.safetensors."
    )


def test_the_photo_decides_and_the_notes_say_so(data):
    _, facts = restore.restore(data, "x.png")
    assert facts.model == "srgan-swift" and facts.notes[0].startswith("Auto took srgan-swift: ")


def test_bytes_that_are_no_photo_are_told_by_their_name():
    with pytest.raises(PhotoError, match=r"“x\.png” is not a photo this app can read"):
        restore.restore(b"hello", "x.png")
    with pytest.raises(PhotoError, match=r"“x\.png” is empty"):
        restore.restore(b"", "x.png")


def test_what_progress_raises_ends_the_work(data):
    def stop(step):
        raise KeyError(step.done)

    with pytest.raises(KeyError):
        restore.restore(data, "x.png", Options("fsrcnn"), progress=stop)


def test_keywords_are_in_the_file_and_escaped(data):
    made, _ = restore.restore(
        data, "x.png", Options("fsrcnn"), keywords=lambda photo: ["Tit & <Finch>", str(photo.size)]
    )
    with Image.open(io.BytesIO(made)) as opened:
        packet = opened.info["xmp"]
    assert b"<rdf:li>Tit &amp; &lt;Finch&gt;</rdf:li><rdf:li>(24, 20)</rdf:li>" in packet
    assert (
        "xmp" not in Image.open(io.BytesIO(restore.restore(data, "x", Options("fsrcnn"))[0])).info
    )
