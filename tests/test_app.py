"""The API through the real gradio_client and a real MCP client."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import sr
from sr import image


@pytest.fixture(scope="module")
def client(app_url, tmp_path_factory) -> Client:
    return Client(app_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def answer(client, macaw):
    return client.predict(handle_file(macaw), api_name="/upscale")


def pixels(path: str | Path | io.BytesIO) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB"))


def test_the_slider_shows_bicubic_and_the_engine_result(answer, macaw):
    (before, after), *_ = answer
    source = image.read(macaw)
    expected = sr.upscale(source, sr.load("srgan-swift"), keep_colours=True).pixels
    np.testing.assert_array_equal(pixels(after), expected)
    np.testing.assert_array_equal(pixels(before), image.bicubic(source.pixels))


def test_label_file_and_facts(answer):
    _, label, file, facts, birds = answer
    assert label["label"] == "macaw" and len(label["confidences"]) == 5
    assert Path(file).name == "scarlet_macaw_x4.png"
    assert facts.startswith("192 × 187 → 768 × 748 pixels · ")
    assert "srgan-swift, weights sr/weights/srgan-swift.safetensors. Auto took srgan-swift" in facts
    assert "This is the fallback: the weights of inat21 could not be had" in birds
    assert "Closest of 59 kinds: macaw" in birds and "https://ebird.org/species/" in birds


def test_model_and_identify_are_obeyed(client, macaw):
    _, label, file, facts, birds = client.predict(
        handle_file(macaw), model="srresnet-div2k", identify=False, api_name="/upscale"
    )
    assert "srresnet-div2k, weights" in facts and "fallback" not in facts
    assert not label and birds == ""
    expected = sr.upscale(image.read(macaw), sr.load("srresnet-div2k"), keep_colours=True).pixels
    np.testing.assert_array_equal(pixels(file), expected)


def test_upscale_image_gives_the_one_picture(client, macaw, answer):
    file = client.predict(handle_file(macaw), api_name="/upscale_image")
    np.testing.assert_array_equal(pixels(file), pixels(answer[2]))


def test_identify_alone(client, macaw):
    label, birds = client.predict(handle_file(macaw), api_name="/identify")
    assert label["label"] == "macaw"
    assert "judged on the enlarged photo" in birds


def test_no_bird(client, tmp_path):
    Image.new("RGB", (300, 300), (90, 140, 220)).save(tmp_path / "sky.png")
    label, birds = client.predict(handle_file(tmp_path / "sky.png"), api_name="/identify")
    assert label["label"] == "no bird recognised" and not label.get("confidences")
    assert birds.startswith("No bird recognised")


def test_progress_reaches_the_client(client, macaw):
    job = client.submit(handle_file(macaw), api_name="/upscale")
    seen = set()
    while not job.done():
        seen |= {unit.progress for unit in job.status().progress_data or ()}
    assert len(seen) >= 2 and max(seen) <= 1


def test_names_and_alpha_survive(client, tmp_path):
    name = "Grünfink, 2. Bild.png"
    image = Image.new("RGBA", (16, 12), (200, 100, 50, 255))
    image.putalpha(Image.linear_gradient("L").resize((16, 12)))
    image.save(tmp_path / name)
    _, _, file, _, _ = client.predict(handle_file(tmp_path / name), api_name="/upscale")
    assert Path(file).name == "Grünfink, 2. Bild_x4.png"
    assert Image.open(file).mode == "RGBA" and Image.open(file).size == (64, 48)


BAD = {
    "text.png": (b"hello", "“text.png” is not a photo this app can read: choose a JPEG"),
    "empty.png": (b"", "“empty.png” is empty (0 bytes): choose the photo again"),
    "text.svg": (b"<svg/>", "“text.svg” is not a photo this app can read"),
}


@pytest.mark.parametrize("endpoint", ["/upscale", "/identify", "/upscale_image"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_a_sentence(client, tmp_path, name, endpoint):
    content, sentence = BAD[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(tmp_path / name), api_name=endpoint)
    assert str(caught.value).startswith(sentence)


def test_too_large_is_a_sentence(client, tmp_path):
    Image.new("L", (2500, 2000)).save(tmp_path / "large.png")
    with pytest.raises(AppError, match=r"5.0 megapixels\); the limit here is 4 megapixels"):
        client.predict(handle_file(tmp_path / "large.png"), api_name="/upscale")


def test_a_model_that_can_not_be_had_is_a_sentence_and_no_fallback(client, macaw):
    with pytest.raises(AppError, match=r"kadirnar/RRDB_ESRGAN_x4.*can't be reached"):
        client.predict(handle_file(macaw), model="esrgan", api_name="/upscale")


def test_no_photo_is_a_sentence(client):
    with pytest.raises(AppError, match="There is no photo yet"):
        client.predict(None, api_name="/upscale")


def test_a_file_that_was_not_uploaded_is_refused(client):
    secret = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    with pytest.raises(AppError) as caught:
        client.predict(secret, api_name="/identify")
    assert "Traceback" not in str(caught.value) and "root:" not in str(caught.value)


def test_the_api_is_described(client):
    endpoints = client.view_api(print_info=False, return_format="dict")["named_endpoints"]
    assert set(endpoints) == {"/upscale", "/identify", "/upscale_image", "/compare"}
    parameters = {
        p["parameter_name"]: p.get("parameter_default") for p in endpoints["/upscale"]["parameters"]
    }
    defaults = {"image": None, "model": None, "identify": True, "keep_colours": True}
    assert parameters == defaults
