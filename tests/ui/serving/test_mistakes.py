"""What callers of the API get wrong is answered in words, by the running app."""

import base64
import io

import pytest
from PIL import Image

from tests.conftest import EXAMPLES
from tests.test_edges import call, upload
from ui.serving.mistakes import with_file

OWL = EXAMPLES / "owl.png"
FILE = {"meta": {"_type": "gradio.FileData"}}


def as_uri(photo: Image.Image, kind: str) -> dict:
    file = io.BytesIO()
    photo.save(file, kind)
    return {"url": "data:;base64," + base64.b64encode(file.getvalue()).decode(), **FILE}


@pytest.mark.parametrize(
    ("endpoint", "inputs", "words"),
    [
        ("upscale_image", (["fsrcnn"], True), "There is no model called"),
        ("upscale_image", ({"a": 1}, True), "is not in the list of choices"),
        ("upscale_image", (), "It takes: image, model, keep_colours."),
        ("compare", ("fsrcnn", "clean"), "is not in the list of choices"),
        ("compare", ([["fsrcnn"]], "clean"), "is not in the list of choices"),
        ("compare", ([], 7), "There is no degradation"),
        ("identify", (None, {"left": 0}), "The crop box can't be read"),
        ("identify", (5, None), "No species is called"),
    ],
)
def test_wrong_inputs_are_told(app_url, endpoint, inputs, words):
    answer = call(app_url, endpoint, upload(app_url, OWL), *inputs)
    assert answer.startswith("event: error") and words in answer


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (None, "There is no photo yet"),
        ("owl.png", "can't be used"),
        (5, "can't be used"),
        ({"path": 5, **FILE}, "can't be used"),
        ({"url": "data:image/png;base64,", **FILE}, "data: address can't be read"),
        ({"url": "http://127.0.0.1/owl.png", "path": None, **FILE}, "There is no photo yet"),
        ({"path": "http://127.0.0.1/owl.png", **FILE}, "No photo could be had"),
    ],
)
def test_what_is_no_photo_is_told(app_url, photo, words):
    answer = call(app_url, "identify", photo, None, None)
    assert answer.startswith("event: error") and words in answer


def test_no_methods_are_the_usual_ones_and_one_is_done_once(app_url):
    photo = upload(app_url, OWL)
    assert call(app_url, "compare", photo, None, "clean").count("psnr_y") > 1
    assert call(app_url, "compare", photo, ["fsrcnn"] * 9, "clean").count("psnr_y") == 1


def test_gradio_is_given_a_file_in_the_place_of_a_data_address(monkeypatch, tmp_path):
    """It keeps with each session what it is given: 43 MB for a caller."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    given = with_file(as_uri(Image.open(OWL), "PNG"))
    assert set(given) == {"path", "meta"} and Image.open(given["path"]).size == Image.open(OWL).size
    for other in (
        None,
        "data:",
        5,
        {"path": "a", "url": "data:,"},
        {"url": "http://a"},
        {"url": 5},
    ):
        assert with_file(other) == other


def test_a_data_address_is_read_as_an_upload_is(app_url):
    cmyk = Image.open(OWL).convert("CMYK")
    answer = call(app_url, "identify", as_uri(cmyk, "JPEG"), None, None)
    assert answer.startswith("event: complete") and "Great Gray Owl" in answer
    answer = call(app_url, "identify", as_uri(Image.new("L", (13_300, 13_300)), "PNG"), None, None)
    assert "176.9 megapixels" in answer


@pytest.mark.parametrize("event", ["page_photo", "page_style", "stop", "select"])
def test_a_page_names_only_what_is_uploads_and_results(app_url, tmp_path, event):
    """Gradio looks at marked files alone; this one would be handed over as a result."""
    secret = tmp_path / "secret.txt"
    secret.write_text("not yours")
    file = {"path": str(secret), "orig_name": "secret.txt"}
    facts = dict.fromkeys(("label", "model", "seconds", "size"), "x")
    result = facts | {"facts": ["x"], "file": file, "call": {"model": None}}
    view = {"phase": "done", "file": upload(app_url, OWL), "results": [result]}
    chosen = ["auto", "", "name", "", True, False] if event.startswith("page") else []
    answer = call(app_url, event, view, *chosen)
    assert "The page is out of date" in answer and "/secret.txt" not in answer.replace(
        str(secret), ""
    )
