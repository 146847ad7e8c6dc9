"""The magnifier in a real browser: which pixels it shows, and what moves it."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from tests.ui.components.parts_page import SIZES, opened, picture, serving

PIXELS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return [width, height, btoa(data.reduce((text, byte) => text + String.fromCharCode(byte), ""))];
}"""


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("magnifier")) as url:
        yield url


@pytest.fixture
def page(browser, url):
    with opened(browser, url, locale="en-US") as page:
        yield page


def show(page, name: str = "wide") -> None:
    page.click(f"#{name}")
    page.wait_for_function(
        "name => document.querySelector('#slider img')?.src.includes(name)", arg=name
    )
    size = "{} × {}".format(*SIZES[name])
    page.wait_for_function(
        "size => document.querySelector('.sizes').textContent.includes(size)", arg=size
    )
    page.wait_for_timeout(500)  # Gradio fades the slider while it is worked on
    settle(page)


def settle(page) -> None:
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def lens(page, which: int) -> np.ndarray:
    """A canvas' pixels, (H, W, 4) uint8."""
    settle(page)
    width, height, data = page.locator("#magnifier canvas").nth(which).evaluate(PIXELS)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)


def center(page, which: int = 0) -> tuple[int, int]:
    """The column and row of the picture that a lens has in its middle."""
    pixels = lens(page, which)
    height, width = pixels.shape[:2]
    column, row, _, alpha = pixels[height // 2, width // 2]
    assert alpha == 255
    return int(column), int(row)


def expected(name: str, blue: int, shape, point, zoom: int) -> np.ndarray:
    """What a lens of that shape shows at `point`, in pixels of the picture."""
    source = picture(name, blue)
    shown = np.zeros((*shape[:2], 4), np.uint8)
    starts = []
    for room, size, middle in zip(shape[:2], source.shape[:2], point[::-1], strict=True):
        half = room / zoom / 2
        middle = size / 2 if size <= 2 * half else min(max(middle, half), size - half)
        starts.append(int(np.floor(room / 2 - middle * zoom + 0.5)))
    rows, columns = (
        np.floor_divide(np.arange(room) - start, zoom)
        for room, start in zip(shape[:2], starts, strict=True)
    )
    in_rows, in_columns = (
        (rows >= 0) & (rows < len(source)),
        (columns >= 0) & (columns < source.shape[1]),
    )
    shown[np.ix_(in_rows, in_columns)] = np.dstack(
        [
            source[np.ix_(rows[in_rows], columns[in_columns])],
            np.full((in_rows.sum(), in_columns.sum()), 255, np.uint8),
        ]
    )
    return shown


def set_zoom(page, zoom: int) -> None:
    page.locator("#magnifier input").fill(str(zoom))


def point_at(page, across: float, down: float) -> tuple[float, float]:
    """Moves the pointer over the slider's picture; where that is on the page."""
    x, y = page.locator("#slider img").first.evaluate(
        """(image, [across, down]) => {
          const { x, y, width, height } = image.getBoundingClientRect();
          const ratio = image.naturalWidth / image.naturalHeight; // the rest is left empty
          const [w, h] = [Math.min(width, height * ratio), Math.min(height, width / ratio)];
          return [x + (width - w) / 2 + across * w, y + (height - h) / 2 + down * h];
        }""",
        [across, down],
    )
    page.mouse.move(x, y)
    settle(page)
    return x, y


def colour(page, x: float, y: float) -> tuple[int, ...]:
    """What the page itself shows at a point."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    return tuple(int(channel) for channel in shot[int(y), int(x)])


def test_hidden_until_there_is_a_picture(page):
    assert not page.is_visible("#magnifier")
    show(page)
    assert page.is_visible("#magnifier")
    page.click("#none")
    page.wait_for_selector("#magnifier", state="hidden")


@pytest.mark.parametrize("zoom", [1, 2, 3, 7, 16])
def test_both_lenses_show_the_pictures_own_pixels(page, zoom):
    show(page)
    set_zoom(page, zoom)
    before, after = lens(page, 0), lens(page, 1)
    np.testing.assert_array_equal(before, expected("wide", 0, before.shape, (80, 50), zoom))
    np.testing.assert_array_equal(after, expected("wide", 255, after.shape, (80, 50), zoom))


@pytest.mark.parametrize("ratio", [2, 1.25])
def test_pixels_are_exact_on_screens_of_any_density(browser, url, ratio):
    with opened(browser, url, device_scale_factor=ratio) as page:
        show(page)
        before, zoom = lens(page, 0), 4 * round(ratio)
        box = page.locator("#magnifier canvas").first.bounding_box()
        assert before.shape[1] == pytest.approx(box["width"] * ratio, abs=1)
        np.testing.assert_array_equal(before, expected("wide", 0, before.shape, (80, 50), zoom))


@pytest.mark.parametrize("name", ["wide", "tall"])
@pytest.mark.parametrize("notches", [0, 4])
def test_the_lenses_follow_the_pointer_over_the_picture(page, name, notches):
    """However it is letterboxed, and zoomed and moved by Gradio's own wheel."""
    show(page, name)
    set_zoom(page, 16)
    point_at(page, 0.2, 0.4)
    for _ in range(notches):
        page.mouse.wheel(0, -100)
        page.wait_for_timeout(150)  # the slider takes its time
    box = page.locator("#slider").bounding_box()
    image = page.locator("#slider img").first.bounding_box()
    assert (image["width"] > box["width"]) == (notches > 0)
    for across, down in [(0.25, 0.35), (0.3, 0.7)]:
        x, y = point_at(page, across, down)
        column, row, _ = colour(page, x, y)
        for which in (0, 1):
            assert center(page, which) == pytest.approx((column, row), abs=1)
    last = center(page)
    page.mouse.move(5, 5)
    assert center(page) == last


def test_the_view_stays_when_a_preview_is_replaced(page):
    show(page, "preview")
    set_zoom(page, 8)
    point_at(page, 0.4, 0.4)
    column, row = center(page)
    assert column == pytest.approx(32, abs=1)
    page.mouse.move(5, 5)
    show(page, "wide")
    assert center(page) == pytest.approx((2 * column, 2 * row), abs=2)
    assert page.locator("#magnifier input").input_value() == "8"


def test_dragging_pans(page):
    show(page)
    set_zoom(page, 8)
    column, row = center(page)
    box = page.locator("#magnifier canvas").nth(1).bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 100 - 40, box["y"] + 100 + 24, steps=4)
    page.mouse.up()
    page.mouse.move(box["x"] + 200, box["y"] + 10)
    assert center(page) == center(page, 1) == (column + 5, row - 3)


def test_the_wheel_zooms_with_ctrl_or_focus_and_scrolls_the_page_otherwise(page):
    page.set_viewport_size({"width": 900, "height": 500})
    show(page)
    page.locator("#magnifier").scroll_into_view_if_needed()
    zoom = page.locator("#magnifier input")
    box = page.locator("#magnifier canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    page.mouse.move(x, y)

    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 100)
    page.wait_for_function("before => scrollY > before", arg=before)
    assert zoom.input_value() == "4"

    page.locator("#magnifier").scroll_into_view_if_needed()
    page.mouse.move(x, page.locator("#magnifier canvas").first.bounding_box()["y"] + 100)
    page.keyboard.down("Control")
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function("document.querySelector('#magnifier input').value === '6'")

    page.locator(".lenses").focus()
    page.mouse.wheel(0, 100)
    page.wait_for_function("document.querySelector('#magnifier input').value === '4'")
    assert page.evaluate("scrollY") == before


def test_the_wheel_keeps_what_is_under_the_pointer(page):
    show(page)
    set_zoom(page, 8)
    box = page.locator("#magnifier canvas").first.bounding_box()
    x, y = int(box["width"] * 0.3), int(box["height"] * 0.6)
    there = lens(page, 0)[y, x]
    page.locator(".lenses").focus()
    page.mouse.move(box["x"] + x, box["y"] + y)
    page.mouse.wheel(0, -100)
    page.wait_for_function("document.querySelector('#magnifier input').value === '12'")
    np.testing.assert_allclose(lens(page, 0)[y, x].astype(int), there, atol=1)


def test_the_keyboard_moves_and_zooms(page):
    show(page)
    set_zoom(page, 16)
    column, row = center(page)
    page.locator(".lenses").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    assert center(page) == (column + 1, row - 1)
    page.keyboard.press("ArrowLeft")
    assert center(page)[0] < column
    page.keyboard.press("-")
    assert page.locator("#magnifier input").input_value() == "12"
    page.keyboard.press("+")
    assert page.locator("#magnifier input").input_value() == "16"
    x, y = center(page)
    assert page.inner_text(".where") == f"around pixel {x}, {y} · 16×"


def test_the_position_is_read_out_only_once_it_rests(page):
    show(page)
    point_at(page, 0.3, 0.3)
    page.wait_for_timeout(900)
    assert page.text_content(".said") == ""
    page.locator(".lenses").focus()
    page.keyboard.press("+")
    assert page.text_content(".said") == ""
    page.wait_for_function("document.querySelector('.said').textContent")
    assert page.text_content(".said") == page.inner_text(".where")


def test_what_screen_readers_are_told(page):
    show(page)
    group = page.get_by_role("application")
    assert "arrow keys" in group.get_attribute("aria-label")
    for name in ("Before, magnified", "After, magnified"):
        assert page.get_by_role("img", name=name).is_visible()
    assert page.get_by_label("Magnifier", exact=True).get_attribute("type") == "range"
    assert page.inner_text(".sizes") == "Before: 160 × 100 pixels; after: 160 × 100 pixels."
    assert [image.get_attribute("alt") for image in page.locator("#slider img").all()] == [
        "Before",
        "After",
    ]


def test_the_sliders_handle_has_a_keyboard(page):
    show(page)
    handle = page.get_by_role("slider", name="Position of the divider")
    assert handle.get_attribute("aria-valuenow") == "50"
    handle.focus()
    for key, left in [("ArrowRight", 52), ("PageDown", 42), ("End", 100), ("Home", 0)]:
        page.keyboard.press(key)
        page.wait_for_function(
            "left => document.querySelector('#slider [role=slider]').ariaValueNow === left",
            arg=str(left),
        )
        box = handle.bounding_box()
        middle = box["x"] + box["width"] / 2
        x, y = point_at(page, left / 100, 0.5)
        assert middle == pytest.approx(x, abs=1.5)
        for side, blue in ((-4, 0), (4, 255)):
            if 0 < left < 100:
                assert colour(page, x + side, y - 80)[2] == blue


def test_in_korean(browser, url):
    with opened(browser, url, locale="ko-KR") as page:
        show(page)
        assert "160 × 100 픽셀" in page.inner_text(".sizes")
        assert page.locator("#slider img").first.get_attribute("alt") == "변환 전"


def test_a_phone_has_both_lenses_on_its_screen(browser, url):
    size = {"width": 390, "height": 844}
    with opened(browser, url, viewport=size, has_touch=True, device_scale_factor=3) as page:
        show(page)
        for canvas in page.locator("#magnifier canvas").all():
            box = canvas.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        set_zoom(page, 5)
        page.touchscreen.tap(*point_at(page, 0.25, 0.25))
        assert center(page) == pytest.approx((40, 25), abs=1)


def test_the_slider_must_be_found():
    import gradio as gr

    from ui.components.custom import magnifier

    with gr.Blocks(), pytest.raises(ValueError, match="elem_id"):
        magnifier(gr.ImageSlider())
