"""What the viewer's tests share: its page, and what people do on it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.ui.components.viewer_page import SIZES, opened, serving


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("viewer")) as url:
        yield url


@pytest.fixture(scope="module")
def tab(browser, url):
    """The page, opened once for all of a file's tests."""
    with opened(browser, url) as page:
        yield page


@pytest.fixture
def page(tab):
    """The page as it is at first."""
    tab.mouse.move(5, 5)
    tab.evaluate("window.scrollTo(0, 0)")
    if tab.locator("[data-do=lens]").get_attribute("aria-pressed") == "true":
        show(tab, "wide")
        tab.click("[data-do=lens]")
    if tab.get_attribute(".viewer", "data-phase") != "empty":
        show(tab, "empty")
    return tab


def show(page, name: str) -> None:
    """Show one of `viewer_page.states`."""
    phases = {"kept": "error", "remaking": "working"}
    phase = phases.get(name, "done" if name in ("wide", "tall", "two", "found") else name)
    page.evaluate("id => document.getElementById(id).click()", name)  # without scrolling to it
    page.wait_for_selector(f".viewer[data-phase={phase}]")
    if phase == "done":
        width = SIZES["tall" if name == "tall" else "wide"][0]
        page.wait_for_function(
            "width => ['left', 'right'].every(k => { const i = document.querySelector('img.' + k);"
            " return i.complete && i.naturalWidth === width; })",
            arg=width,
        )
    settle(page)


def settle(page) -> None:
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def stage(page) -> dict:
    return page.locator(".stage").bounding_box()


def placed(page) -> dict:
    """Where the picture is on the page."""
    return page.locator(".picture").bounding_box()


def at(page, across: float, down: float) -> tuple[float, float]:
    """A point of the picture, in fractions -> where that is on the page."""
    box = placed(page)
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def shot(page) -> np.ndarray:
    """The page as it is seen, (H, W, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))


def drag(page, start, end) -> None:
    """From one point of the page to another, by the mouse."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()
    settle(page)


def touch(page, *fingers) -> None:
    """The fingers' ways over the page, each a list of points, as the browser itself gets them."""
    session = page.context.new_cdp_session(page)
    for i, points in enumerate(zip(*fingers, strict=True)):
        places = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        kind = "touchMove" if i else "touchStart"
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)


def came(page, do) -> str:
    """What arrives in Python when something is done."""
    before = page.input_value("#got textarea")
    do()
    page.wait_for_function(
        "before => document.querySelector('#got textarea').value !== before", arg=before
    )
    return page.input_value("#got textarea").split(": ", 1)[1]
