"""python -m tests.screenshot: the README's picture of the page with a real result."""

import sys

from playwright.sync_api import sync_playwright

from tests.conftest import CHROMIUM, EXAMPLES, ROOT


def main(url: str = "http://127.0.0.1:7860") -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1200, "height": 1380})
        page.goto(url)
        page.set_input_files("#photo input[type=file]", EXAMPLES / "scarlet_macaw.png")
        page.wait_for_selector("#photo img")
        page.click("#start")
        page.wait_for_selector("#slider img", timeout=120_000)
        page.wait_for_timeout(1000)
        page.screenshot(path=ROOT / "docs" / "page.jpg", type="jpeg", quality=85)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
