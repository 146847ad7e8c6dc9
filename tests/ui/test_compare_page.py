"""The Compare tab in a real browser, and `/compare` for programs."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from sr import image
from sr.compare import comparison, methods
from sr.evaluate import __main__ as evaluate
from tests.ui.conftest import watched

SECOND = 1000
NAMES = ["bicubic", "srresnet-div2k", "srgan-div2k"]


@pytest.fixture
def page(desktop, app_url) -> Iterator:
    """The loaded tab."""
    with watched(desktop, app_url) as page:
        open_tab(page)
        yield page


def open_tab(page) -> None:
    page.get_by_role("tab", name=re.compile("Compare methods|방법 비교")).click()
    page.wait_for_selector("#compare-photo input[type=file]", state="attached")


def run(page, file: Path, *more: str) -> None:
    page.set_input_files("#compare-photo input[type=file]", file)
    page.wait_for_selector("#compare-photo img")
    for name in more:
        page.get_by_label(name, exact=True).check()
    page.click("#compare-start")
    page.wait_for_selector("#compare-grid figure", timeout=120 * SECOND)


def crop(page, method: str) -> np.ndarray:
    """The pixels of a figure's picture."""
    address = page.get_attribute(f"#compare-grid figure[data-method={method}] img", "src")
    data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)))


def wait_for_crop(page, expected: np.ndarray) -> None:
    for _ in range(50):
        found = crop(page, "original")
        if found.shape == expected.shape and (found == expected).all():
            return
        page.wait_for_timeout(100)
    raise AssertionError("the crops do not show the place that was chosen")


@pytest.fixture(scope="module")
def expected(macaw, tmp_path_factory) -> dict[str, dict]:
    """What `python -m sr.evaluate` says, by method."""
    folder = tmp_path_factory.mktemp("pair")
    pair = comparison.pair(image.read(macaw))
    image.write(pair.high.pixels, folder / "HR.png")
    image.write(pair.low.pixels, folder / "LR.png")
    scores = folder / "scores.json"
    assert evaluate.main([str(folder), "--models", ",".join(NAMES), "--json", str(scores)]) == 0
    original, *others = json.loads(scores.read_text())
    assert original["model"] == "original"
    return {score["model"]: score for score in others}


def test_from_upload_to_csv(page, macaw, expected):
    run(page, macaw, "ESRGAN: slow")
    shown = [
        f.get_attribute("data-method") for f in page.query_selector_all("#compare-grid figure")
    ]
    assert {*shown} >= {"original", "shrunk", *NAMES}
    assert shown[:2] == ["original", "shrunk"] and "esrgan" not in shown
    for name, score in expected.items():
        numbers = f"{score['psnr_y']:.2f} dB · SSIM {score['ssim_y']:.4f}"
        caption = page.inner_text(f"figure[data-method={name}] figcaption").replace("\xa0", " ")
        assert numbers in caption
        row = page.inner_text(f"#compare-table tr[data-method={name}]")
        assert f"{score['psnr_y']:.2f}" in row and f"{score['ssim_y']:.4f}" in row
    missing = page.inner_text("#compare-table tr[data-method=esrgan]")
    assert "Unavailable: kadirnar/RRDB_ESRGAN_x4" in missing and "can't be reached" in missing
    assert "Why the sharpest looking is not the highest scoring" in page.inner_text("#compare-why")
    assert "SPAN the highest PSNR" in page.inner_text("#compare-table")

    with page.expect_download() as download:
        page.click("#compare-csv")
    assert download.value.suggested_filename == "scarlet_macaw_compared.csv"
    with Path(download.value.path()).open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert all(float(rows[name]["psnr_y"]) == s["psnr_y"] for name, s in expected.items())
    assert "can't be reached" in rows["esrgan"]["unavailable"]


def test_crops_follow_the_click_the_keys_and_the_size(page, macaw):
    run(page, macaw)
    pixels = comparison.pair(image.read(macaw)).high.pixels
    wait_for_crop(page, pixels[52:132, 56:136])

    box = page.locator("#compare-picture img").bounding_box()
    at = {"x": 0.25 * box["width"], "y": 0.7 * box["height"]}
    page.locator("#compare-picture img").click(position=at)  # 48 across, 129 down
    wait_for_crop(page, pixels[88:168, 8:88])
    assert page.input_value("#compare-across input[type=number]") == "25"
    assert page.input_value("#compare-down input[type=number]") == "70"
    assert {crop(page, name).shape for name in NAMES} == {(80, 80, 3)}
    assert crop(page, "shrunk").shape == (20, 20, 3)

    page.focus("#compare-across input[type=range]")
    page.keyboard.press("End")
    wait_for_crop(page, pixels[88:168, 112:192])
    page.get_by_label("40", exact=True).check()
    wait_for_crop(page, pixels[108:148, 152:192])


def test_every_control_and_picture_has_a_name(page, macaw):
    run(page, macaw)
    for role in ("slider", "spinbutton", "checkbox", "radio", "button"):
        for control in page.get_by_role(role).all():
            # Gradio gives its gallery of examples no names; the app does so for all tabs.
            if control.is_visible() and "gallery-item" not in control.get_attribute("class"):
                assert control.evaluate(
                    "e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || e.title "
                    "|| e.querySelector('img')?.alt"
                ), control.evaluate("e => e.outerHTML")
    assert page.get_attribute("#compare-picture img", "alt")
    assert all(page.eval_on_selector_all("#compare-grid img", "all => all.map(image => image.alt)"))


@pytest.mark.parametrize("width", [360, 390, 1280])
def test_pixels_stay_square_and_nothing_overflows(page, macaw, width):
    page.set_viewport_size({"width": width, "height": 800})
    run(page, macaw)
    sizes = page.eval_on_selector_all(
        "#compare-grid img", "all => all.map(i => [i.clientWidth, i.clientHeight])"
    )
    assert {tuple(size) for size in sizes} == {(160, 160) if width == 390 else (240, 240)}
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_stop_ends_the_work(page, tmp_path):
    large = tmp_path / "large.png"
    Image.linear_gradient("L").resize((2000, 2000)).save(large)
    page.set_input_files("#compare-photo input[type=file]", large)
    page.wait_for_selector("#compare-photo img")
    page.click("#compare-start")
    page.wait_for_function(
        "/% *, about/.test(document.querySelector('#compare-progress').innerText)",
        timeout=60 * SECOND,
    )
    page.click("#compare-stop")
    page.wait_for_selector("#compare-progress progress", state="detached", timeout=20 * SECOND)
    page.wait_for_timeout(2 * SECOND)
    assert page.query_selector("#compare-grid figure") is None
    assert page.query_selector("#compare-progress progress") is None


def test_a_bad_file_is_a_sentence(page, tmp_path):
    path = tmp_path / "text.png"
    path.write_bytes(b"hello")
    page.set_input_files("#compare-photo input[type=file]", path)
    page.wait_for_selector("#compare-photo img", state="attached")
    page.click("#compare-start")
    toast = page.wait_for_selector(".toast-body", timeout=30 * SECOND)
    assert "“text.png” is not a photo this app can read" in toast.inner_text()


def test_it_speaks_korean(browser, app_url, macaw):
    context = browser.new_context(locale="ko-KR")
    page = context.new_page()
    page.goto(app_url)
    open_tab(page)
    run(page, macaw)
    assert "원본" in page.inner_text("figure[data-method=original] figcaption")
    assert "방법" in page.inner_text("#compare-table thead")
    assert page.inner_text("#compare-start") == "비교"
    context.close()


def test_programs_get_the_same_table(app_url, macaw, expected, tmp_path):
    client = Client(app_url, verbose=False, download_files=tmp_path)
    rows, file = client.predict(handle_file(macaw), [*NAMES, "esrgan"], api_name="/compare")
    assert [row["method"] for row in rows] == [*NAMES, "esrgan"]
    for row in rows[:3]:
        assert row["psnr_y"] == pytest.approx(expected[row["method"]]["psnr_y"], rel=1e-12)
        assert row["unavailable"] == ""
    assert "can't be reached" in rows[3]["unavailable"]
    assert Path(file).read_text().splitlines()[0] == "method,psnr_y,ssim_y,contrast,unavailable"


def test_programs_may_leave_the_methods_out(app_url, macaw):
    rows, _ = Client(app_url, verbose=False).predict(handle_file(macaw), api_name="/compare")
    assert [row["method"] for row in rows] == methods.preferred()
