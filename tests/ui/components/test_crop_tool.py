"""The crop tool in a real browser: drawing, moving, typing, and what arrives in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.ui.components.parts_page import opened, serving
from ui.components.custom import parse_box


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("crop")) as url:
        yield url


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    picture = Image.linear_gradient("L").resize((400, 200)).convert("RGB")
    picture.save(folder / "first.png")
    picture.rotate(180).save(folder / "second.png")
    picture.save(folder / "blind.tiff")
    exif = Image.Exif()
    exif[0x0112] = 6  # shown turned by a quarter
    picture.save(folder / "turned.jpg", exif=exif)
    return folder


@pytest.fixture
def page(browser, url):
    with opened(browser, url, locale="en-US") as page:
        yield page


def choose(page, photo: Path, blind: bool = False) -> None:
    page.set_input_files("#photo input[type=file]", photo)
    page.wait_for_function(
        "name => document.querySelector('#photo img')?.src.endsWith(name)", arg=photo.name
    )
    page.wait_for_selector("#crop", state="visible")
    if not page.is_visible("#crop .edges"):
        page.click("#crop summary")
    page.wait_for_selector("#crop .stage", state="hidden" if blind else "visible")


def drag(page, start, end) -> None:
    """From one point of the photo to another, in fractions."""
    box = page.locator("#crop .stage").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def arrived(page) -> tuple[float, ...] | None:
    """The box as Python gets it."""
    before = page.input_value("#got textarea")
    page.click("#send")
    page.wait_for_function(
        "before => document.querySelector('#got textarea').value !== before", arg=before
    )
    _, value, _ = page.input_value("#got textarea").split(" ", 2)
    return parse_box(value.strip("'"))


def near(*edges: float):
    return pytest.approx(edges, abs=0.006)


def test_hidden_without_a_photo_and_folded_with_one(page, photos):
    assert not page.is_visible("#crop")
    page.set_input_files("#photo input[type=file]", photos / "first.png")
    page.wait_for_selector("#crop summary", state="visible")
    assert not page.is_visible("#crop .stage")
    page.click("#photo [aria-label='Remove Image']")
    page.wait_for_selector("#crop", state="hidden")


def test_a_box_is_drawn_moved_and_resized(page, photos):
    choose(page, photos / "first.png")
    assert arrived(page) is None
    drag(page, (0.6, 0.9), (0.1, 0.2))  # from any corner
    assert arrived(page) == near(0.1, 0.2, 0.6, 0.9)
    drag(page, (0.3, 0.5), (0.4, 0.45))
    assert arrived(page) == near(0.2, 0.15, 0.7, 0.85)
    drag(page, (0.7, 0.85), (0.9, 0.6))  # a corner
    assert arrived(page) == near(0.2, 0.15, 0.9, 0.6)
    drag(page, (0.2, 0.4), (0.5, 0.1))  # an edge
    assert arrived(page) == near(0.5, 0.15, 0.9, 0.6)
    drag(page, (0.7, 0.4), (1.5, 0.4))  # stopped by the photo's edge
    assert arrived(page) == near(0.6, 0.15, 1, 0.6)
    drag(page, (0.05, 0.7), (0.3, 0.95))  # a new one
    assert arrived(page) == near(0.05, 0.7, 0.3, 0.95)
    assert "100 × 50 pixels of 400 × 200" in page.inner_text("#crop .used")


def test_a_click_draws_nothing_and_no_box_is_too_small(page, photos):
    choose(page, photos / "first.png")
    drag(page, (0.5, 0.5), (0.5, 0.5))
    assert arrived(page) is None
    drag(page, (0.5, 0.5), (0.5, 0.53))
    left, top, right, bottom = arrived(page)
    assert ((right - left) * 400, (bottom - top) * 200) == pytest.approx((8, 8), abs=0.1)
    drag(page, (0.98, 0.98), (1.2, 1.2))
    left, top, right, bottom = arrived(page)
    assert (right, bottom) == (1, 1)


def test_the_numbers_set_the_box_and_show_it(page, photos):
    choose(page, photos / "first.png")
    for label, value in [("Left", 12.5), ("Top", 20), ("Right", 62.5), ("Bottom", 90)]:
        page.get_by_label(f"{label} edge (%)").fill(str(value))
    assert arrived(page) == (0.125, 0.2, 0.625, 0.9)
    page.get_by_label("Left edge (%)").fill("99")  # can't pass the right edge
    page.get_by_label("Left edge (%)").blur()
    left, _, right, _ = arrived(page)
    assert (left, right) == pytest.approx((0.605, 0.625))
    assert page.get_by_label("Left edge (%)").input_value() == "60.5"
    page.get_by_label("Left edge (%)").fill("")  # while typing
    assert arrived(page)[0] == left
    assert page.get_by_label("Left edge (%)").input_value() == "60.5"


def test_the_keyboard_resizes_and_moves_the_box(page, photos):
    choose(page, photos / "first.png")
    page.locator("#crop .stage").focus()
    for key in ["Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowUp", "ArrowRight", "ArrowDown"]:
        page.keyboard.press(key)
    assert arrived(page) == near(0.01, 0.01, 0.99, 1)


def test_whole_photo_again_by_the_button_or_another_photo(page, photos):
    choose(page, photos / "first.png")
    assert page.get_by_role("button", name="Whole photo").is_disabled()
    drag(page, (0.1, 0.2), (0.6, 0.9))
    page.get_by_role("button", name="Whole photo").click()
    assert arrived(page) is None
    drag(page, (0.1, 0.2), (0.6, 0.9))
    assert arrived(page)
    page.click("#photo [aria-label='Remove Image']")
    choose(page, photos / "second.png")
    assert arrived(page) is None
    assert page.inner_text("#crop .used") == "The whole photo is used."
    assert [box.input_value() for box in page.locator("#crop input").all()] == [
        "0",
        "0",
        "100",
        "100",
    ]


def test_a_turned_photo_is_shown_upright(page, photos):
    choose(page, photos / "turned.jpg")
    box = page.locator("#crop .stage").bounding_box()
    assert box["height"] == pytest.approx(2 * box["width"], rel=0.01)
    drag(page, (0, 0), (0.5, 0.5))
    assert "100 × 200 pixels of 200 × 400" in page.inner_text("#crop .used")


def test_a_photo_that_the_browser_cannot_show_has_its_numbers(page, photos):
    choose(page, photos / "blind.tiff", blind=True)
    assert "can't show" in page.inner_text("#crop .hint")
    page.get_by_label("Left edge (%)").fill("25")
    assert arrived(page) == (0.25, 0, 1, 1)
    page.click("#photo [aria-label='Remove Image']")
    choose(page, photos / "first.png")
    assert "Draw a box" in page.inner_text("#crop .hint")


def test_in_korean_on_a_phone_by_touch(browser, url, photos):
    size = {"width": 390, "height": 844}
    with opened(browser, url, viewport=size, has_touch=True, locale="ko-KR") as page:
        page.set_input_files("#photo input[type=file]", photos / "first.png")
        page.wait_for_selector("#crop summary", state="visible")
        assert page.inner_text("#crop summary").startswith("자르기")
        page.click("#crop summary")
        stage = page.locator("#crop .stage")
        stage.scroll_into_view_if_needed()
        box = stage.bounding_box()
        assert box["x"] + box["width"] <= 390
        touch(page, box, [(0.2, 0.2), (0.5, 0.5), (0.8, 0.7)])
        assert arrived(page) == near(0.2, 0.2, 0.8, 0.7)
        assert page.get_by_label("왼쪽 (%)").input_value() == "20"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def touch(page, box, points) -> None:
    """A finger's way over the photo, as the browser itself gets it."""
    session = page.context.new_cdp_session(page)
    for i, (x, y) in enumerate(points):
        place = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        session.send(
            "Input.dispatchTouchEvent",
            {"type": "touchMove" if i else "touchStart", "touchPoints": [place]},
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
