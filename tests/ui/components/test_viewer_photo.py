"""How a photo comes: chosen, photographed, dropped anywhere, pasted, an example."""

from __future__ import annotations

import base64

import pytest
from PIL import Image

from tests.conftest import EXAMPLES
from tests.ui.components.conftest import came
from tests.ui.components.viewer_page import opened

DECODED = "Uint8Array.from(atob(content), c => c.charCodeAt(0))"
CARRIED = f"""(content) => {{
    const carried = new DataTransfer();
    carried.items.add(new File([{DECODED}], "dropped.png", {{ type: "image/png" }}));
    return carried;
}}"""
CHOOSERS = ".viewer input[type=file]"


@pytest.fixture
def content() -> str:
    return base64.b64encode((EXAMPLES / "owl.png").read_bytes()).decode()


def drop(page, selector: str, content: str) -> None:
    carried = page.evaluate_handle(CARRIED, content)
    for kind in ("dragover", "drop"):
        page.dispatch_event(selector, kind, {"dataTransfer": carried})


@pytest.mark.parametrize("which", [0, 1])
def test_chosen_or_photographed(page, which):
    photo = EXAMPLES / "owl.png"
    choose = page.locator(CHOOSERS).nth(which)
    assert came(page, lambda: choose.set_input_files(photo)).startswith("upload owl.png")
    page.wait_for_selector(".viewer[data-phase=named]")
    again = came(page, lambda: choose.set_input_files(photo))  # the same photo once more
    assert again.startswith("upload owl.png")


def test_the_buttons_open_the_choosers(browser, url):
    with opened(browser, url, has_touch=True, viewport={"width": 390, "height": 844}) as page:
        for what in ("choose", "photograph"):
            with page.expect_file_chooser() as chooser:
                page.locator(f".drop [data-do={what}]").press("Enter")
            captures = chooser.value.element.get_attribute("capture")
            assert (captures == "environment") == (what == "photograph")


def test_dropped_anywhere_on_the_page(page, content):
    assert came(page, lambda: drop(page, "#got", content)).startswith("upload dropped.png")


def test_pasted_anywhere_on_the_page(page, content):
    page.evaluate(f"content => {{ window.carried = ({CARRIED})(content); }}", content)
    paste = """() => document.body.dispatchEvent(
        new ClipboardEvent("paste", { clipboardData: window.carried, bubbles: true }))"""
    assert came(page, lambda: page.evaluate(paste)).startswith("upload dropped.png")


def test_an_example(page):
    answer = came(page, lambda: page.click(".examples button"))
    assert answer.startswith("upload owl.png")


def test_the_photo_is_seen_while_it_is_uploaded(page, content):
    page.evaluate(
        "window.seen = []; new MutationObserver(() => window.seen.push("
        "document.querySelector('img.left').src)).observe("
        "document.querySelector('img.left'), { attributes: true })"
    )
    came(page, lambda: drop(page, "body", content))
    assert page.evaluate("window.seen.some(src => src.startsWith('blob:'))")


def test_what_can_not_be_uploaded_is_a_sentence_that_stays(browser, url, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(2 << 20))
    context = browser.new_context(locale="en-US")
    page = context.new_page()  # the refusal is an error on the console, as it should be
    page.goto(url)
    page.wait_for_selector(".drop button")
    page.locator(CHOOSERS).first.set_input_files(tmp_path / "large.png")
    page.wait_for_selector(".viewer[data-phase=error]")
    page.wait_for_timeout(500)
    assert "“large.png” could not be uploaded" in page.inner_text(".message")
    with page.expect_file_chooser():
        page.get_by_role("button", name="Choose another").click()
    context.close()


def test_stop_turns_away_from_a_photo_that_is_uploaded(page, content):
    page.route("**/upload*", lambda route: page.wait_for_timeout(1500) or route.continue_())
    drop(page, "body", content)
    page.click("[data-do=stop]")
    page.wait_for_selector(".viewer[data-phase=empty]")
    before = page.input_value("#got textarea")
    page.wait_for_timeout(2500)
    page.unroute("**/upload*")
    assert page.get_attribute(".viewer", "data-phase") == "empty"
    assert "upload" not in page.input_value("#got textarea").replace(before, "")


def test_a_photo_that_the_browser_can_not_show_is_no_broken_picture(page, tmp_path):
    Image.new("RGB", (40, 30)).save(tmp_path / "blind.tiff")
    came(page, lambda: page.locator(CHOOSERS).first.set_input_files(tmp_path / "blind.tiff"))
    page.wait_for_timeout(200)
    assert not page.locator("img.left").is_visible()
