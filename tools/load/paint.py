"""python -m tools.load.paint: how long people wait for the page, and from drop to result.

Medians of five, each in a fresh page, with the app on this machine and its weights read.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from sr import bench
from tests.conftest import CHROMIUM, running_app

SIZE, ROUNDS = 256, 5
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
WAIT = {"timeout": 120_000}
CHOOSE = """style => [...document.querySelectorAll("#style label")]
  .find(label => label.textContent.trim() === style).querySelector("input").click()"""
STYLES = ("Auto", "Crisp", "Faithful", "Clean")


def visit(browser: Browser, url: str, photo: Path, style: str) -> dict[str, float]:
    """Seconds from navigation to paint, and from drop to bicubic, name and result."""
    page = browser.new_page(locale="en-US")
    page.goto(url)
    page.wait_for_function(PAINT)
    seconds = {"first contentful paint": page.evaluate(PAINT) / 1000}
    page.wait_for_selector(".viewer .drop button")
    # The choice is hidden before there is a photo; it can be made all the same.
    page.evaluate(CHOOSE, style)
    page.wait_for_timeout(500)
    start = time.perf_counter()
    page.set_input_files(".viewer input[type=file] >> nth=0", photo)
    for what, selector in (
        ("drop to name", "#species .bird"),
        ("drop to bicubic", ".viewer img.left[src*=bicubic]"),
        ("drop to result", ".viewer img.right[src*=_x4]"),
    ):
        page.wait_for_selector(selector, **WAIT)
        seconds[f"{what}, {style}"] = time.perf_counter() - start
    page.close()
    return seconds


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    Image.fromarray(bench.photo_of(SIZE)).save(folder / "photo.png")
    with running_app(folder) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for style in STYLES:
            rounds = range(1 + ROUNDS)
            visits = [visit(browser, app.url, folder / "photo.png", style) for _ in rounds][1:]
            for what in visits[0]:
                print(f"{what}: {statistics.median(v[what] for v in visits):.2f} s")
        browser.close()


if __name__ == "__main__":
    main()
