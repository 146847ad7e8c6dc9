"""The page in a real browser, from upload to download."""

from __future__ import annotations

import base64
import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from tests.conftest import running_app
from tests.hub.double import Fault, HubDouble, serve
from tests.ui.conftest import watched

SECOND = 1000


@pytest.fixture
def page(desktop, app_url) -> Iterator:
    """The loaded page."""
    with watched(desktop, app_url) as page:
        page.wait_for_selector("#photo input[type=file]", state="attached")
        yield page


def enlarge(page, photo: Path) -> None:
    """Choose a photo, which starts the work, and wait until the bird is named."""
    page.set_input_files("#photo input[type=file]", photo)
    wait_for_result(page)


def wait_for_result(page) -> None:
    page.wait_for_selector("#download a[download]", timeout=60 * SECOND)
    page.wait_for_selector("#progress .bar", state="detached", timeout=60 * SECOND)


def fetch(url: str) -> np.ndarray:
    with urllib.request.urlopen(url) as answer:
        return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"))


def test_from_upload_to_download(page, app_url, macaw, tmp_path):
    enlarge(page, macaw)
    assert "192 × 187 → 768 × 748 pixels" in page.inner_text("#facts")
    assert "macaw" in page.inner_text("#species h3")
    assert "Offline list: 59 kinds" in page.inner_text("#species summary")
    assert page.locator("#species ol li").count() == 4
    links = page.eval_on_selector_all("#species a", "links => links.map(link => link.href)")
    assert "https://ebird.org/species/succoc" in links

    before, after = (fetch(src) for src in shown(page))
    assert before.shape == after.shape == (748, 768, 3)

    with page.expect_download() as download:
        page.click("#download a[download]")
    assert download.value.suggested_filename == "scarlet_macaw_x4.png"
    saved = np.asarray(Image.open(download.value.path()).convert("RGB"))

    client = Client(app_url, verbose=False, download_files=tmp_path)
    by_api = client.predict(handle_file(macaw), api_name="/upscale")
    expected = np.asarray(Image.open(by_api[2]).convert("RGB"))
    np.testing.assert_array_equal(saved, expected)
    np.testing.assert_array_equal(after, expected)


@pytest.mark.parametrize("keep", [False, True])
def test_metadata_is_copied_only_when_asked(page, tmp_path, keep):
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    Image.new("RGB", (12, 8), "red").save(tmp_path / "a.jpg", exif=exif)
    page.set_checked("#metadata input", keep)
    enlarge(page, tmp_path / "a.jpg")
    with page.expect_download() as download:
        page.click("#download a[download]")
    result = Image.open(download.value.path())
    assert dict(result.getexif()) == ({0x010F: "Camera", 0x0112: 1} if keep else {})
    assert result.size == (32, 48)


def shown(page) -> list[str]:
    """Addresses of the slider's pictures: before, after."""
    found = page.eval_on_selector_all("#slider img", "images => images.map(i => i.src)")
    return sorted(set(found), key=lambda src: src.endswith("_x4.png"))


def test_the_slider_can_be_dragged(page, little):
    enlarge(page, little)
    handle = page.wait_for_selector("#slider .outer, #slider .slider-wrap .inner")
    handle.scroll_into_view_if_needed()
    start = handle.bounding_box()
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 120, y, steps=8)
    page.mouse.up()
    assert handle.bounding_box()["x"] == pytest.approx(start["x"] - 120, abs=20)


def test_a_dropped_photo_starts_at_once(page, little):
    content = base64.b64encode(little.read_bytes()).decode()
    transfer = page.evaluate_handle(TRANSFER, content)
    page.dispatch_event("#photo button:has(input[type=file])", "drop", {"dataTransfer": transfer})
    wait_for_result(page)
    assert "96 × 94 → 384 × 376 pixels" in page.inner_text("#facts")


def test_a_pasted_photo_starts_at_once(page, app_url, little):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=app_url)
    content = base64.b64encode(little.read_bytes()).decode()
    page.evaluate(COPY, content)
    page.click("#photo button[aria-label*=lipboard]")
    wait_for_result(page)
    assert "96 × 94 → 384 × 376 pixels" in page.inner_text("#facts")


DECODED = "Uint8Array.from(atob(content), c => c.charCodeAt(0))"
TRANSFER = f"""content => {{
    const transfer = new DataTransfer();
    transfer.items.add(new File([{DECODED}], "scarlet_macaw.png", {{ type: "image/png" }}));
    return transfer;
}}"""
COPY = f"""content => navigator.clipboard.write(
    [new ClipboardItem({{ "image/png": new Blob([{DECODED}], {{ type: "image/png" }}) }})]
)"""


def test_an_example_runs_by_a_click(page):
    page.click(".gallery-item >> nth=0")
    wait_for_result(page)
    assert "pixels" in page.inner_text("#facts")


def test_only_naming(page, tmp_path, little):
    enlarge(page, little)
    page.click("#photo button[aria-label='Remove Image']")
    page.wait_for_selector("#slider img", state="detached")
    assert page.inner_text("#facts") == ""
    page.set_input_files("#photo input[type=file]", little)
    wait_for_result(page)
    page.click("#only-name")
    page.wait_for_selector("#progress .bar")
    page.wait_for_selector("#progress .bar", state="detached", timeout=60 * SECOND)
    assert page.locator("#species .bird").count() == 1


def test_the_bird_is_named_before_the_photo_is_enlarged(page, tmp_path, macaw):
    Image.open(macaw).convert("RGB").resize((900, 877)).save(tmp_path / "large.png")
    page.set_input_files("#photo input[type=file]", tmp_path / "large.png")
    page.wait_for_selector("#species h3:has-text('macaw')", timeout=30 * SECOND)
    assert page.query_selector("#download a[download]") is None
    page.click("#stop")


def test_a_bird_is_named_in_a_photo_too_large_to_enlarge(page, tmp_path, macaw):
    Image.open(macaw).convert("RGB").resize((2400, 2340)).save(tmp_path / "large.jpg")
    page.set_input_files("#photo input[type=file]", tmp_path / "large.jpg")
    page.wait_for_selector("#species h3:has-text('macaw')", timeout=30 * SECOND)
    assert "the limit here is 4 megapixels" in page.inner_text(".toast-body")


def test_where_a_small_bird_was_found_is_shown_and_can_be_changed(page, tmp_path, macaw):
    wide = Image.new("RGB", (900, 600), (90, 130, 80))
    wide.paste(Image.open(macaw).convert("RGB").resize((123, 120)), (600, 400))
    wide.save(tmp_path / "wide.png")
    page.set_input_files("#photo input[type=file]", tmp_path / "wide.png")
    page.wait_for_selector("#species .place img", timeout=30 * SECOND)
    assert "this part of the photo" in page.inner_text("#species .seen")
    page.click("#species button[data-crop]")
    edges = [float(page.input_value(f"#crop input[data-edge='{i}']")) for i in range(4)]
    assert edges[0] < 73 < edges[2] and edges[1] < 76 < edges[3]
    assert page.locator("#crop .stage").is_visible()
    page.click("#only-name")
    page.wait_for_selector("#progress .bar", state="detached", timeout=60 * SECOND)
    assert "macaw" in page.inner_text("#species h3")


def test_a_list_of_species_is_obeyed(page, little):
    page.fill("#list textarea", "Gray Parrot\nSnallygaster")
    enlarge(page, little)
    said = page.inner_text("#species")
    assert "Gray Parrot" in page.inner_text("#species h3") and "outside your list" in said
    assert "No species is called “Snallygaster”." in said


def test_a_crop_is_enlarged_instead_of_the_photo(page, little):
    enlarge(page, little)
    page.click("#crop summary")
    for edge, percent in ((0, 25), (2, 75), (3, 50)):
        page.fill(f"#crop input[data-edge='{edge}']", str(percent))
        page.press(f"#crop input[data-edge='{edge}']", "Enter")
    page.click("#start")
    page.wait_for_function(
        "document.querySelector('#facts')?.innerText.includes('48 × 47 → 192 × 188 pixels')",
        timeout=60 * SECOND,
    )


def test_the_code_repeats_what_was_done(page, app_url, little):
    page.uncheck("#identify input")
    enlarge(page, little)
    page.click("#code button >> nth=0")
    python = page.inner_text("#code-python .cm-content")
    for part in (f"Client('{app_url.rstrip('/')}')", "'scarlet_macaw.png'", "identify=False"):
        assert part in python


def test_progress_moves_and_the_finished_part_is_seen(page, tmp_path):
    large = tmp_path / "large.png"
    Image.radial_gradient("L").resize((700, 700)).save(large)
    page.set_input_files("#photo input[type=file]", large)
    page.wait_for_selector("#slider img[src*=bicubic]", timeout=30 * SECOND)
    page.wait_for_selector("#slider img[src*=preview_]", timeout=30 * SECOND)
    values = []
    while len(values) < 4:
        value = page.eval_on_selector("#progress progress", "bar => bar.value")
        if not values or value != values[-1]:
            values.append(value)
        page.wait_for_timeout(50)
    assert values == sorted(values) and values[-1] > values[0]
    assert "s left" in page.inner_text("#progress")
    page.click("#stop")


def test_korean_readers_get_a_korean_page(browser, app_url):
    page = browser.new_page(locale="ko-KR")
    page.goto(app_url)
    page.wait_for_selector("#start:has-text('4배 확대')")
    assert "더 선명한 새" in page.inner_text("h1")
    page.close()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("text.png", b"hello", "“text.png” is not a photo this app can read"),
        ("empty.png", b"", "“empty.png” is empty (0 bytes)"),
    ],
)
def test_a_bad_file_is_a_sentence(page, tmp_path, name, content, sentence):
    path = tmp_path / name
    path.write_bytes(content)
    page.set_input_files("#photo input[type=file]", path)
    toast = page.wait_for_selector(".toast-body", timeout=30 * SECOND)
    assert sentence in toast.inner_text()
    assert "Traceback" not in page.content()


def test_stop_ends_the_work(page, tmp_path):
    large = tmp_path / "large.png"
    Image.linear_gradient("L").resize((900, 900)).save(large)
    page.set_input_files("#photo input[type=file]", large)
    page.wait_for_selector("#progress .bar:has-text('left')", timeout=30 * SECOND)
    page.click("#stop")
    page.wait_for_selector("#progress .bar", state="detached", timeout=10 * SECOND)
    page.wait_for_timeout(SECOND)
    assert page.query_selector("#progress .bar") is None
    assert page.query_selector("#download a[download]") is None


def test_the_page_is_up_before_the_weights_and_tells_of_them(browser, tmp_path):
    with serve(HubDouble()) as double:
        slow = Fault(seconds_a_chunk=0.003)
        double.add("ChangyuLiu/SRGAN-PyTorch", "SRGAN_x4-ImageNet.pth.tar", bytes(25 << 20), slow)
        variables = {"HF_ENDPOINT": double.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(tmp_path)}
        with running_app(tmp_path, HF_HUB_DISABLE_XET="1", **variables) as app:
            page = browser.new_page()
            page.goto(app.url)
            wait_for_status(page, r"Fetching weights, [1-9]\d? ?%")
            # what came is no weights file, so the embedded one is used, and the page says so
            wait_for_status(page, "In use: srgan-swift .* srgan-div2k .* This is the fallback")
            page.close()


def wait_for_status(page, pattern: str) -> None:
    script = f"new RegExp({pattern!r}).test(document.querySelector('#status')?.innerText)"
    page.wait_for_function(script, timeout=60 * SECOND)


def test_the_status_names_the_weights(page):
    wait_for_status(page, r"In use: srgan-swift .* srgan-div2k .*gan_generator.h5.*imagenet-birds")
