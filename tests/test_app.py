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
    _, label, file, facts, birds, bird = answer
    assert label["label"] == "macaw" and len(label["confidences"]) == 5
    assert Path(file).name == "scarlet_macaw_x4.png"
    assert facts.startswith("192 × 187 → 768 × 748 pixels · ")
    assert "srgan-swift, weights sr/weights/srgan-swift.safetensors. Auto took srgan-swift" in facts
    assert "This is the fallback: the weights of inat21 could not be had" in birds
    assert " macaw (" in birds and "of 59 kinds" in birds and "https://ebird.org/species/" in birds
    assert bird["species"][0]["name"] == "macaw" and bird["family"] == "Psittacidae"
    assert bird["tier"] in ("likely", "possibly") and bird["outside"] is None


def test_model_and_identify_are_obeyed(client, macaw):
    _, label, file, facts, birds, bird = client.predict(
        handle_file(macaw), model="srresnet-div2k", identify=False, api_name="/upscale"
    )
    assert "srresnet-div2k, weights" in facts and "fallback" not in facts
    assert not label and birds == "" and bird is None
    expected = sr.upscale(image.read(macaw), sr.load("srresnet-div2k"), keep_colours=True).pixels
    np.testing.assert_array_equal(pixels(file), expected)


def test_upscale_image_gives_the_one_picture(client, macaw, answer):
    file = client.predict(handle_file(macaw), api_name="/upscale_image")
    np.testing.assert_array_equal(pixels(file), pixels(answer[2]))


def test_identify_alone(client, macaw):
    label, birds, bird = client.predict(handle_file(macaw), api_name="/identify")
    assert label["label"] == "macaw"
    assert "Judged on the whole photo." in birds and bird["box"] is None


def test_the_name_does_not_hang_on_the_model(client, macaw):
    answers = [
        client.predict(handle_file(macaw), model=model, api_name="/upscale")[5]
        for model in ("fsrcnn", "srgan-div2k")
    ]
    assert answers[0] == answers[1]


def test_no_bird(client, tmp_path):
    Image.new("RGB", (300, 300), (90, 140, 220)).save(tmp_path / "sky.png")
    label, birds, bird = client.predict(handle_file(tmp_path / "sky.png"), api_name="/identify")
    assert label["label"] == "no bird recognised" and not label.get("confidences")
    assert birds.startswith("No bird recognised") and bird["tier"] == "no bird"


def test_a_small_bird_is_found_and_its_place_told_in_fractions(client, macaw, tmp_path):
    wide = Image.new("RGB", (1200, 800), (90, 130, 80))
    wide.paste(Image.open(macaw).convert("RGB").resize((123, 120)), (900, 500))
    wide.save(tmp_path / "wide.png")
    photo = handle_file(tmp_path / "wide.png")
    label, birds, bird = client.predict(photo, api_name="/identify")
    left, top, right, bottom = bird["box"]
    assert left < 0.8 < right and top < 0.7 < bottom and right - left < 0.4
    assert label["label"] == "macaw" and "a part of the photo" in birds
    drawn = client.predict(photo, box="0.7,0.6,0.9,0.8", api_name="/identify")[2]
    assert drawn["box"] == [0.7, 0.6, 0.9, 0.8] and drawn["species"][0]["name"] == "macaw"
    with pytest.raises(AppError, match="The crop box can't be read"):
        client.predict(photo, box="everywhere", api_name="/identify")


@pytest.mark.parametrize("endpoint", ["/upscale", "/identify"])
def test_a_list_of_species_is_obeyed(client, macaw, endpoint):
    mine = "Gray Parrot\nStrix nebulosa\nSnallygaster"
    *_, birds, bird = client.predict(handle_file(macaw), species=mine, api_name=endpoint)
    assert {s["name"] for s in bird["species"]} == {"Gray Parrot", "Great Gray Owl"}
    assert bird["outside"] > 0.9 and "outside the list" in birds
    assert bird["list_note"] == "No species is called “Snallygaster”." in birds


def test_a_list_that_cannot_be_used_is_a_sentence(client, macaw):
    with pytest.raises(AppError, match="has none that the classifier knows"):
        client.predict(handle_file(macaw), species="Snallygaster", api_name="/identify")


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
    _, _, file, *_ = client.predict(handle_file(tmp_path / name), api_name="/upscale")
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
    defaults["species"] = None
    assert parameters == defaults
