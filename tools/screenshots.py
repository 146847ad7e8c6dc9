"""python -m tools.screenshots [URL]: the pictures of the page in docs/images, with real results."""

import sys

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHROMIUM, EXAMPLES, ROOT

IMAGES = ROOT / "docs" / "images"
WAIT = {"timeout": 180_000}
VIEWS = {
    "page": {"viewport": {"width": 1200, "height": 1500}},
    "dark": {"viewport": {"width": 1200, "height": 1500}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 1500}},
}


def main(url: str = "http://127.0.0.1:7860") -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, view in VIEWS.items():
            shoot_upscale(browser, url, name, view)
        shoot_compare(browser, url)
        browser.close()


def shoot_upscale(browser: Browser, url: str, name: str, view: dict) -> None:
    page = browser.new_page(**view)
    page.goto(url)
    page.set_input_files("#photo input[type=file]", EXAMPLES / "scarlet_macaw.png")
    page.wait_for_selector("#download a[download]", **WAIT)
    page.wait_for_selector("#progress .bar", state="detached", **WAIT)
    page.locator("#slider").hover(position={"x": 95, "y": 95})  # the magnifier follows
    page.wait_for_timeout(1000)
    if name == "phone":
        page.locator("#slider").scroll_into_view_if_needed()
        page.evaluate("document.querySelector('#slider').scrollIntoView()")
    page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=85)
    page.close()


def shoot_compare(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.goto(url)
    page.get_by_role("tab", name="Compare methods").click()
    page.set_input_files("#compare-photo input[type=file]", EXAMPLES / "kingfisher.png")
    page.click("#compare-start")
    page.wait_for_selector("#compare-grid figure", **WAIT)
    page.wait_for_timeout(1000)
    page.locator("#compare-grid").scroll_into_view_if_needed()
    page.screenshot(path=IMAGES / "compare.jpg", type="jpeg", quality=85, full_page=True)
    page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
