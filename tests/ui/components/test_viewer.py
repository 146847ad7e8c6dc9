"""Looking at a picture before and after: which pixels are shown, and what moves them."""

from __future__ import annotations

import base64

import numpy as np
import pytest

from tests.ui.components.conftest import (
    at,
    came,
    drag,
    placed,
    settle,
    shot,
    show,
    stage,
    touch,
)
from tests.ui.components.viewer_page import BLUES, SIZES, opened, picture

PIXELS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [width, height, btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), ""))];
}"""
TAB_SIZES = {"desktop": {"width": 1280, "height": 720}, "phone": {"width": 390, "height": 844}}


def drawn(page, selector: str) -> np.ndarray:
    """A canvas' pixels, (H, W, 4) uint8."""
    settle(page)
    width, height, data = page.locator(selector).evaluate(PIXELS)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def middle(page, selector: str) -> tuple[int, int]:
    """The column and row of the picture that a canvas has in its middle."""
    pixels = drawn(page, selector)
    column, row, _, alpha = pixels[pixels.shape[0] // 2, pixels.shape[1] // 2]
    assert alpha == 255
    return int(column), int(row)


def expected(name: str, blue: int, shape, point, zoom: int) -> np.ndarray:
    """What a canvas of that shape shows at `point`, in pixels of the picture."""
    source = picture(name, blue)
    shown = np.zeros((*shape[:2], 4), np.uint8)
    axes = []
    for room, size, center in zip(shape[:2], source.shape[:2], point[::-1], strict=True):
        half = room / zoom / 2
        center = size / 2 if size <= 2 * half else min(max(center, half), size - half)
        start = int(np.floor(room / 2 - center * zoom + 0.5))
        axes.append(np.floor_divide(np.arange(room) - start, zoom))
    rows, columns = axes
    inside = [
        (index >= 0) & (index < size) for index, size in zip(axes, source.shape, strict=False)
    ]
    pixels = source[np.ix_(rows[inside[0]], columns[inside[1]])]
    opaque = np.full(pixels.shape[:2], 255, np.uint8)
    shown[np.ix_(*inside)] = np.dstack([pixels, opaque])
    return shown


def blue(page, across: float, down: float = 0.5) -> int:
    """Which picture is seen at a point: the blue of its pixels."""
    x, y = at(page, across, down)
    return int(shot(page)[int(y), int(x), 2])


def divider(page) -> float:
    return float(page.locator(".viewer .divider").get_attribute("aria-valuenow"))


@pytest.mark.parametrize("name", SIZES)
def test_at_fit_all_of_the_picture_is_in_the_middle(page, name):
    show(page, name)
    box, room = placed(page), stage(page)
    assert box["width"] / box["height"] == pytest.approx(SIZES[name][0] / SIZES[name][1], rel=0.01)
    assert box["x"] - room["x"] == pytest.approx(
        room["x"] + room["width"] - box["x"] - box["width"], abs=1
    )
    full = box["width"] / room["width"], box["height"] / room["height"]
    assert max(full) == pytest.approx(1, abs=0.01)
    assert blue(page, 0.25) == BLUES["before"] and blue(page, 0.75) == BLUES["first"]


def test_the_divider_moves_by_mouse_wherever_it_is_pressed(page):
    show(page, "wide")
    drag(page, at(page, 0.5, 0.5), at(page, 0.2, 0.6))
    assert divider(page) == pytest.approx(20, abs=1)
    assert blue(page, 0.1) == BLUES["before"] and blue(page, 0.35) == BLUES["first"]
    drag(page, at(page, 0.7, 0.3), at(page, 0.8, 0.3))
    assert divider(page) == pytest.approx(80, abs=1)
    drag(page, at(page, 0.8, 0.3), at(page, 1.3, 0.3))
    assert divider(page) == 100


def test_the_divider_moves_by_keys(page):
    show(page, "wide")
    page.get_by_role("slider", name="Position of the divider").focus()
    for key, value in [("ArrowRight", 52), ("PageDown", 42), ("End", 100), ("Home", 0)]:
        page.keyboard.press(key)
        assert divider(page) == value


@pytest.mark.parametrize(("zoom", "dpr"), [(1, 1), (4, 1), (1, 2), (4, 2), (4, 1.25)])
def test_zoomed_pixels_are_the_files_own(browser, url, zoom, dpr):
    with opened(browser, url, device_scale_factor=dpr) as page:
        show(page, "wide")
        page.click(f"[data-zoom='{zoom}']")
        page.mouse.move(5, 5)
        page.get_by_role("slider", name="Position of the divider").press("Home")
        settle(page)
        box, pixels = placed(page), shot(page)
        each = zoom * max(1, round(dpr))
        assert box["width"] * dpr == pytest.approx(240 * each)
        x, y = (dpr * place for place in at(page, 0.52, 0.53))
        column, row, shade = pixels[int(y), int(x)]
        assert shade == BLUES["first"]
        assert (column, row) == pytest.approx(
            ((x - box["x"] * dpr) / each, (y - box["y"] * dpr) / each), abs=1
        )


def test_the_wheel_scrolls_the_page_and_with_ctrl_it_zooms(page):
    show(page, "wide")
    page.mouse.move(*at(page, 0.3, 0.4))
    page.mouse.wheel(0, 120)
    page.wait_for_function("window.scrollY > 60")
    page.evaluate("window.scrollTo(0, 0)")
    settle(page)
    x, y = at(page, 0.3, 0.4)
    before = placed(page)["width"]
    page.keyboard.down("Control")
    for _ in range(4):
        page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    settle(page)
    assert placed(page)["width"] > 2 * before
    assert page.evaluate("window.scrollY") == 0
    assert at(page, 0.3, 0.4) == pytest.approx((x, y), abs=2)  # what is under the pointer stays


def test_a_zoomed_picture_is_dragged_and_moved_by_keys(page):
    show(page, "wide")
    page.click("[data-zoom='4']")
    settle(page)
    box = placed(page)
    room = stage(page)
    start = room["x"] + room["width"] / 4, room["y"] + room["height"] / 2
    drag(page, start, (start[0] + 40, start[1] - 24))
    moved = placed(page)
    assert (moved["x"] - box["x"], moved["y"] - box["y"]) == pytest.approx((40, -24), abs=1)
    page.locator(".stage").focus()
    page.keyboard.press("ArrowLeft")
    assert placed(page)["x"] == pytest.approx(moved["x"] + room["width"] / 10, abs=1)
    for key, zoom in [("+", 6), ("-", 4), ("-", 3)]:
        page.keyboard.press(key)
        settle(page)
        assert placed(page)["width"] == pytest.approx(240 * zoom, abs=1)
    page.keyboard.press("0")
    assert max(placed(page)[k] / room[k] for k in ("width", "height")) == pytest.approx(1, abs=0.01)
    assert page.locator("[data-zoom='0']").get_attribute("aria-pressed") == "true"


def test_the_lens_shows_the_same_pixels_of_both(page):
    show(page, "wide")
    page.click("[data-do=lens]")
    x, y = at(page, 0.3, 0.7)
    page.mouse.move(x, y)
    for i, name in enumerate(("before", "first")):
        canvas = drawn(page, f".lens canvas >> nth={i}")
        np.testing.assert_array_equal(
            canvas, expected("wide", BLUES[name], canvas.shape, (0.3 * 240, 0.7 * 160), 4)
        )
    frame = page.locator(".frame").bounding_box()
    assert (frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2) == pytest.approx(
        (x, y), abs=2
    )
    lens = page.locator(".lens").bounding_box()
    assert lens["y"] + lens["height"] < y  # beside what it shows


def test_the_lens_moves_by_keys(page):
    show(page, "wide")
    page.click("[data-do=lens]")
    page.mouse.move(*at(page, 0.5, 0.5))
    page.mouse.move(5, 5)
    page.locator(".stage").focus()
    column, row = middle(page, ".lens canvas >> nth=0")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowUp")
    assert middle(page, ".lens canvas >> nth=1") == (column + 1, row - 10)


def test_results_are_equal_crops_to_pick_from(page):
    show(page, "two")
    page.click("[data-do=lens]")
    page.mouse.move(*at(page, 0.4, 0.6))
    for i, name in enumerate(("before", "first", "second")):
        canvas = drawn(page, f".tiles canvas >> nth={i}")
        np.testing.assert_array_equal(
            canvas, expected("wide", BLUES[name], canvas.shape, (0.4 * 240, 0.6 * 160), 2)
        )
    labels = page.locator(".tiles > *").all_inner_texts()
    assert labels == ["Before", "First · 1.0 s", "Second · 1.0 s"]
    assert blue(page, 0.75) == BLUES["second"] and "Second" in page.inner_text(".tag.after")
    pick = page.locator(".tiles button").first
    assert came(page, pick.click) == "select wide.png box= pick=0"
    assert pick.get_attribute("aria-pressed") == "true"
    assert blue(page, 0.75) == BLUES["first"]
    assert page.inner_text(".caption") == "wide.png · s → l · First (net-first)"
    assert page.inner_text(".tag.after") == "After · First"


def test_another_result_can_be_seen_at_the_left(page):
    show(page, "two")
    page.get_by_label("Shown at the left").select_option("First")
    settle(page)
    assert blue(page, 0.25) == BLUES["first"] and blue(page, 0.75) == BLUES["second"]
    page.get_by_label("Shown at the left").select_option("Before")
    settle(page)
    assert blue(page, 0.25) == BLUES["before"]


def test_a_finger_scrolls_the_page_and_moves_the_divider_across(browser, url):
    with opened(browser, url, viewport=TAB_SIZES["phone"], has_touch=True) as page:
        show(page, "wide")
        x, y = at(page, 0.3, 0.5)
        touch(page, [(x, y - 20 * i) for i in range(6)])
        page.wait_for_function("window.scrollY > 40")
        assert divider(page) == 50
        page.evaluate("window.scrollTo(0, 0)")
        settle(page)
        x, y = at(page, 0.5, 0.5)
        touch(page, [(x + 12 * i, y) for i in range(8)])
        assert divider(page) == pytest.approx(50 + 84 / placed(page)["width"] * 100, abs=3)


def test_two_fingers_zoom_and_one_taps_the_lens(browser, url):
    with opened(browser, url, viewport=TAB_SIZES["phone"], has_touch=True) as page:
        show(page, "wide")
        width, (x, y) = placed(page)["width"], at(page, 0.5, 0.5)
        touch(page, *([(x + side * (30 + 10 * i), y) for i in range(7)] for side in (-1, 1)))
        assert placed(page)["width"] == pytest.approx(3 * width, rel=0.1)
        page.click("[data-zoom='0']")
        page.click("[data-do=lens]")
        page.touchscreen.tap(*at(page, 0.25, 0.75))
        assert middle(page, ".lens canvas >> nth=0") == pytest.approx((60, 120), abs=1)


SEEN = {
    "empty": {".drop", ".examples"},
    "working": {".work", ".viewer .divider", ".tools"},
    "wide": {".viewer .divider", ".tools", ".tag.after"},
    "stopped": {".message", "[data-do=retry]", ".tools"},
    "error": {".message", ".message [data-do=choose]"},
    "kept": {".message", "[data-do=dismiss]", ".viewer .divider", ".tag.after", ".tools"},
    "named": {".tools"},
    "large": {".cropping", ".box", ".tools"},
}
PARTS = set().union(*SEEN.values()) | {".tiles", ".lens"}


@pytest.mark.parametrize("state", SEEN)
def test_each_state_has_its_parts_and_no_others(page, state):
    show(page, state)
    seen = {part for part in PARTS if page.locator(part).first.is_visible()}
    extra = {".tag.after"} if state == "working" else set()
    extra |= {".message [data-do=choose]"} if state == "kept" else set()
    assert seen - extra == SEEN[state]


def test_while_there_is_work_nothing_else_is_picked(page):
    show(page, "two")
    assert page.locator(".tiles button").first.is_enabled()
    show(page, "remaking")
    assert page.locator(".tiles button").first.is_disabled()


def test_lens_and_tiles_begin_where_the_bird_was_found(page):
    show(page, "found")
    canvas = drawn(page, ".tiles canvas >> nth=0")
    point = (0.75 * 240, 0.25 * 160)
    np.testing.assert_array_equal(canvas, expected("wide", 0, canvas.shape, point, 2))


def test_what_is_unfinished_is_called_so_and_stop_is_at_hand(page):
    show(page, "working")
    assert page.inner_text(".tag.after") == "Unfinished"
    assert "42 %" in page.inner_text(".work")
    assert came(page, lambda: page.click("[data-do=stop]")).startswith("stop wide.png")


def test_a_message_stays_until_it_is_closed(page):
    show(page, "kept")
    page.wait_for_timeout(300)
    assert page.get_by_role("alert").inner_text().startswith("It failed.")
    assert page.inner_text(".tag.after") == "After · First"
    page.click("[data-do=dismiss]")
    assert not page.locator(".message").is_visible()
    assert page.locator(".viewer .divider").is_visible()


def test_after_stop_it_can_be_started_again(page):
    show(page, "stopped")
    assert not page.locator("img.right").is_visible()
    assert came(page, lambda: page.click("[data-do=retry]")).startswith("retry wide.png")


@pytest.mark.parametrize("size", TAB_SIZES)
def test_it_fits_the_screen(browser, url, size):
    view = TAB_SIZES[size]
    with opened(browser, url, viewport=view, has_touch=size == "phone") as page:
        for state in ("empty", "two", "large"):
            show(page, state)
            assert page.evaluate("document.documentElement.scrollWidth") <= view["width"]
            assert stage(page)["height"] <= (0.45 if size == "phone" else 0.6) * view["height"]
            if size == "phone":
                for button in page.locator(".viewer button, .viewer select").all():
                    box = button.bounding_box() if button.is_visible() else None
                    assert box is None or min(box["width"], box["height"]) >= 44, (
                        button.inner_text()
                    )


def test_in_korean(browser, url):
    with opened(browser, url, locale="ko-KR") as page:
        assert page.inner_text(".drop [data-do=choose]") == "사진 선택"
        show(page, "wide")
        assert page.inner_text(".tag.after") == "확대 후 · First"
