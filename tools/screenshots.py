"""python -m tools.screenshots [URL]: the pictures of the page in docs/images, with real results."""

import sys

from playwright.sync_api import Browser, sync_playwright

from tests.conftest import CHROMIUM, EXAMPLES, ROOT

IMAGES = ROOT / "docs" / "images"
WAIT = {"timeout": 180_000}
VIEWS = {
    "page": {"viewport": {"width": 1280, "height": 720}},
    "dark": {"viewport": {"width": 1280, "height": 720}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True},
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
    page.wait_for_selector(".viewer .drop button")
    photo = EXAMPLES / "scarlet_macaw.png"
    page.set_input_files(".viewer input[type=file] >> nth=0", photo)
    page.wait_for_selector(".viewer[data-phase=done]", **WAIT)
    if name == "dark":
        page.click("#all")
        page.wait_for_selector(".viewer .tiles > :nth-child(5)", **WAIT)
        page.wait_for_selector(".viewer[data-phase=done]", **WAIT)
        page.click(".viewer [data-do=lens]")
        page.locator(".viewer .stage").hover(position={"x": 300, "y": 110})
    page.wait_for_timeout(1000)
    page.screenshot(path=IMAGES / f"{name}.jpg", type="jpeg", quality=85)
    page.close()


def shoot_compare(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(url)
    page.get_by_role("tab", name="Compare").click()
    page.set_input_files("#compare-photo input[type=file]", EXAMPLES / "kingfisher.png")
    page.click("#compare-start")
    page.wait_for_selector("#compare-grid figure", **WAIT)
    page.wait_for_timeout(1000)
    page.screenshot(path=IMAGES / "compare.jpg", type="jpeg", quality=85)
    page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
