"""The Compare tab in a real browser, and `/compare` for programs."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from sr import image
from sr.compare import comparison, methods
from sr.evaluate import __main__ as evaluate
from tests.ui.conftest import watched
from tests.ui.test_accessibility import AXE, CONTROLS, NOT_REACHED, THEIRS

SECOND = 1000
NAMES = ["bicubic", "srresnet-div2k", "srgan-div2k"]
PHOTO = "#compare-photo input[type=file]"
# What can be touched and is smaller than 44 CSS pixels in either direction.
SMALL = """
() => [...document.querySelectorAll(
  '#compare-body :is(button, label:has(> input), input[type=range], input[type=number]),'
  + '#compare-results button')]
  .filter(e => e.checkVisibility() && e.getClientRects().length)
  .filter(e => Math.min(e.offsetWidth, e.offsetHeight) < 44)
  .map(e => `${e.offsetWidth} x ${e.offsetHeight} ${e.outerHTML.slice(0, 120)}`)
"""
# [left, top, right, bottom] of each element that a selector finds, within the window.
BOXES = """
selector => [...document.querySelectorAll(selector)].map(e => {
  const box = e.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom];
})
"""


def opened(page):
    page.set_default_timeout(60 * SECOND)
    page.get_by_role("tab", name=re.compile("^(Compare|비교)")).click()
    page.wait_for_selector(PHOTO, state="attached")
    return page


def choose(page, file: Path) -> None:
    page.set_input_files(PHOTO, file)
    page.wait_for_selector("#compare-photo img", state="attached")


def run(page) -> None:
    page.click("#compare-start")
    page.wait_for_selector("#compare-grid figure")
    page.locator("#compare-results button").dispatch_event("click")  # which doesn't scroll
    page.wait_for_selector("#compare-table tbody")


@pytest.fixture(scope="module")
def page(browser, app_url, macaw) -> Iterator:
    """The tab on a laptop, with a photo compared, once for most tests."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
    with watched(context, app_url) as page:
        opened(page)
        choose(page, macaw)
        page.click("#compare-methods button")
        page.get_by_label("ESRGAN: slow", exact=True).check()
        page.click("#compare-methods button")
        run(page)
        yield page
    context.close()


@pytest.fixture(scope="module")
def phone(browser, app_url, macaw) -> Iterator:
    """The same of a Korean reader on a phone, who chose what phones do to photos."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="ko-KR", has_touch=True
    )
    with watched(context, app_url) as page:
        opened(page)
        choose(page, macaw)
        page.get_by_label("휴대폰", exact=False).check()
        assert page.evaluate(SMALL) == []
        run(page)
        yield page
    context.close()


@pytest.fixture
def fresh(desktop, app_url) -> Iterator:
    """The tab as it opens."""
    with watched(desktop, app_url) as page:
        yield opened(page)


@pytest.fixture(scope="module")
def expected(macaw, tmp_path_factory) -> dict[str, dict[str, dict]]:
    """What `python -m sr.evaluate` says, by degradation and method."""
    folder = tmp_path_factory.mktemp("photos")
    shutil.copy(macaw, folder)
    scores = folder / "scores.json"
    command = [str(folder), "--models", ",".join(NAMES), "--json", str(scores)]
    assert evaluate.main([*command, "--degrade", "clean,phone"]) == 0
    found = {"clean": {}, "phone": {}}
    for score in json.loads(scores.read_text()):
        if score["model"] in NAMES:
            found[score["degradation"]][score["model"]] = score
    return found


def caption(page, method: str) -> str:
    return page.inner_text(f"figure[data-method={method}] figcaption").replace("\xa0", " ")


def numbers(score: dict) -> str:
    return f"{score['psnr_y']:.2f} dB · SSIM {score['ssim_y']:.4f}"


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


def test_photo_crops_and_scores_are_in_sight_together(page):
    """Without scrolling, on the smallest laptop."""
    assert page.evaluate("scrollY") == 0
    ((_, top, right, bottom),) = page.evaluate(BOXES, "#compare-picture img")
    assert 0 <= top < bottom <= 720
    figures = page.evaluate(BOXES, "#compare-grid figure")
    assert len(figures) == 2 + len(methods.preferred())
    assert all(f[0] >= right and f[1] >= 0 and f[2] <= 1280 and f[3] <= 720 for f in figures)
    controls = page.evaluate(BOXES, "#compare-start, #compare-place")
    assert max(box[3] for box in controls) <= 720
    assert page.query_selector("#compare-photo") is None  # the photo is not there twice


def test_scores_are_those_of_evaluate_under_each_crop_and_in_the_table(page, expected):
    shown = page.eval_on_selector_all(
        "#compare-grid figure", "all => all.map(f => f.dataset.method)"
    )
    assert shown == ["original", "shrunk", *methods.preferred()]
    assert "Clean (bicubic)" in caption(page, "shrunk")
    for name, score in expected["clean"].items():
        assert numbers(score) in caption(page, name)
        row = page.inner_text(f"#compare-table tr[data-method={name}]")
        assert f"{score['psnr_y']:.2f}" in row and f"{score['ssim_y']:.4f}" in row
    missing = page.inner_text("#compare-table tr[data-method=esrgan]")
    assert "Unavailable: kadirnar/RRDB_ESRGAN_x4" in missing and "can't be reached" in missing
    assert "SPAN the highest PSNR" in page.inner_text("#compare-table")
    why = page.inner_text("#compare-why")
    assert "Why the sharpest looking is not the highest scoring" in why
    assert "One photo proves nothing about a method" in why
    with page.expect_download() as download:
        page.click("#compare-csv")
    assert download.value.suggested_filename == "scarlet_macaw_clean_compared.csv"
    with Path(download.value.path()).open() as file:
        rows = {row["method"]: row for row in csv.DictReader(file)}
    assert all(float(rows[n]["psnr_y"]) == s["psnr_y"] for n, s in expected["clean"].items())
    assert rows["srgan-div2k"]["named"] == rows["esrgan"]["original"] == "macaw"
    assert (rows["srgan-div2k"]["agrees"], rows["esrgan"]["agrees"]) == ("True", "")
    assert "can't be reached" in rows["esrgan"]["unavailable"]


def test_each_restored_photo_has_its_name_beside_the_original_s(page):
    assert "Named “macaw”" in caption(page, "original")
    assert "✓ still “macaw”" in caption(page, "srgan-div2k")
    cells = "#compare-table tr[data-method=srgan-div2k] td"
    assert page.locator(cells).last.text_content() == "✓ still “macaw”"
    heading = page.locator("#compare-table thead th").last.text_content()
    assert heading == "Named as the original (macaw)?"


def test_no_serious_fault_and_all_reached_by_the_tab_key(page, node_modules: Path):
    page.add_script_tag(path=node_modules / "axe-core" / "axe.min.js")
    faults = page.evaluate(AXE, [[theirs.rule, theirs.selector] for theirs in THEIRS])
    assert not [fault for excuse, fault in faults if excuse < 0]
    for _ in range(page.evaluate(CONTROLS) * 2 + 20):
        page.keyboard.press("Tab")
    assert not page.evaluate(NOT_REACHED)
    assert page.get_attribute("#compare-picture img", "alt")
    assert all(page.eval_on_selector_all("#compare-grid img", "all => all.map(image => image.alt)"))


def test_crops_follow_the_click_the_keys_and_the_size_and_outlast_a_rerun(page, macaw):
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

    page.get_by_label("JPEG (quality 70)").check()
    clean = crop(page, "shrunk")
    page.click("#compare-start")
    page.get_by_text("JPEG (quality 70)").and_(page.locator("#compare-grid span")).wait_for()
    wait_for_crop(page, pixels[108:148, 152:192])
    assert (crop(page, "shrunk") != clean).any()


def test_a_new_photo_makes_room(page):
    page.click("#compare-again")
    page.wait_for_selector(PHOTO, state="attached")
    page.wait_for_selector("#compare-grid figure", state="detached")
    assert page.is_visible("#compare-intro") and not page.is_visible("#compare-again")
    assert page.query_selector("#compare-picture") is page.query_selector("#compare-table") is None


def test_on_a_phone_the_crops_come_right_below_the_photo(phone, expected):
    ((_, top, _, bottom),) = phone.evaluate(BOXES, "#compare-picture img")
    assert top >= 0 and bottom - top <= 0.4 * 844 + 1
    crops = phone.evaluate(BOXES, "#compare-grid img")
    assert 0 < crops[0][1] - bottom < 40
    assert crops[0][1] == crops[1][1] and crops[3][3] <= 844  # two rows of two are in sight
    for name, score in expected["phone"].items():
        assert numbers(score) in caption(phone, name)


def test_on_a_phone_nothing_is_too_small_or_too_wide(phone):
    assert phone.evaluate(SMALL) == []
    for width in (390, 360):
        phone.set_viewport_size({"width": width, "height": 844})
        assert phone.evaluate("document.documentElement.scrollWidth") <= width
        sizes = phone.eval_on_selector_all(
            "#compare-grid img", "all => all.map(i => [i.clientWidth, i.clientHeight])"
        )
        assert {tuple(size) for size in sizes} == {(160, 160)}  # 8, 4 or 2 for each pixel
        lefts = {box[0] for box in phone.evaluate(BOXES, "#compare-grid figure")}
        assert len(lefts) == 2


def test_it_speaks_korean(phone):
    assert "원본" in caption(phone, "original") and "마코앵무" in caption(phone, "original")
    assert "휴대폰" in caption(phone, "shrunk")
    assert phone.inner_text("#compare-start") == "비교"
    assert "방법" in phone.inner_text("#compare-table thead")


def test_an_example_an_error_that_stays_and_stop(fresh, tmp_path):
    example = fresh.get_by_role("button", name="scarlet macaw", exact=True)
    example.and_(fresh.locator("#compare-input button")).press("Enter")
    fresh.wait_for_selector("#compare-photo img")
    assert not fresh.is_visible("#compare-stop")

    (tmp_path / "text.png").write_bytes(b"hello")
    fresh.click("#compare-photo button[aria-label='Remove Image']")
    choose(fresh, tmp_path / "text.png")
    fresh.click("#compare-start")
    error = fresh.get_by_role("alert").and_(fresh.locator("#compare-error *"))
    error.wait_for()
    assert "“text.png” is not a photo this app can read" in error.inner_text()
    assert fresh.is_enabled("#compare-start") and fresh.query_selector(".toast-body") is None

    Image.linear_gradient("L").resize((2000, 2000)).save(tmp_path / "large.png")
    fresh.click("#compare-photo button[aria-label='Remove Image']")
    assert error.is_visible()
    choose(fresh, tmp_path / "large.png")
    fresh.click("#compare-start")
    fresh.wait_for_function(
        "Number(document.querySelector('#compare-progress progress')?.value) > 0"
    )
    assert not error.is_visible() and not fresh.is_enabled("#compare-start")
    fresh.click("#compare-stop")
    fresh.wait_for_selector("#compare-progress progress", state="detached")
    fresh.wait_for_timeout(2 * SECOND)
    assert fresh.query_selector("#compare-grid figure") is None
    assert fresh.query_selector("#compare-progress progress") is None
    assert fresh.is_enabled("#compare-start") and not fresh.is_visible("#compare-stop")
    assert error.count() == 0  # nobody did anything wrong


@pytest.fixture(scope="module")
def client(app_url, tmp_path_factory) -> Client:
    return Client(app_url, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


def test_programs_get_the_same_table(client, macaw, expected):
    rows, file = client.predict(handle_file(macaw), [*NAMES, "esrgan"], api_name="/compare")
    assert [row["method"] for row in rows] == [*NAMES, "esrgan"]
    for row in rows[:3]:
        assert row["psnr_y"] == pytest.approx(expected["clean"][row["method"]]["psnr_y"], rel=1e-12)
        assert row["unavailable"] == ""
    assert (rows[2]["named"], rows[2]["original"], rows[2]["agrees"]) == ("macaw", "macaw", True)
    assert "can't be reached" in rows[3]["unavailable"] and rows[3]["agrees"] is None
    heading = "method,psnr_y,ssim_y,contrast,unavailable,named,original,agrees"
    assert Path(file).read_text().splitlines()[0] == heading


def test_programs_may_leave_the_methods_out_and_choose_a_degradation(client, macaw, expected):
    rows, file = client.predict(handle_file(macaw), degradation="phone", api_name="/compare")
    assert [row["method"] for row in rows] == methods.preferred()
    found = {row["method"]: row["psnr_y"] for row in rows}
    for name, score in expected["phone"].items():
        assert found[name] == pytest.approx(score["psnr_y"], rel=1e-12)
    assert Path(file).name == "scarlet_macaw_phone_compared.csv"


def test_an_unknown_degradation_is_a_sentence(client, macaw):
    with pytest.raises(AppError) as caught:
        client.predict(handle_file(macaw), degradation="rust", api_name="/compare")
    assert str(caught.value).startswith("There is no degradation “rust”: choose among clean, jpeg9")
