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


def visit(browser: Browser, url: str, photo: Path) -> dict[str, float]:
    """Seconds from navigation to paint, and from drop to bicubic, result and bird."""
    page = browser.new_page()
    page.goto(url)
    page.wait_for_function(PAINT)
    seconds = {"first contentful paint": page.evaluate(PAINT) / 1000}
    page.wait_for_selector("#photo input[type=file]", state="attached")
    start = time.perf_counter()
    page.set_input_files("#photo input[type=file]", photo)
    for what, selector in (
        ("drop to bicubic", "#slider img[src*=bicubic]"),
        ("drop to result", "#slider img[src*=_x4]"),
        ("drop to the bird's name", "#species .bird"),
    ):
        page.wait_for_selector(selector, **WAIT)
        seconds[what] = time.perf_counter() - start
    page.close()
    return seconds


def main() -> None:
    folder = Path(tempfile.mkdtemp())
    Image.fromarray(bench.photo_of(SIZE)).save(folder / "photo.png")
    with running_app(folder) as app, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        visits = [visit(browser, app.url, folder / "photo.png") for _ in range(1 + ROUNDS)][1:]
        browser.close()
    for what in visits[0]:
        print(f"{what}: {statistics.median(v[what] for v in visits):.2f} s")


if __name__ == "__main__":
    main()
