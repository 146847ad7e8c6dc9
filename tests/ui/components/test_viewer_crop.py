"""Cropping in the viewer: drawing, moving, keys, and what arrives in Python."""

from __future__ import annotations

import pytest

from sr.image import PhotoError
from tests.ui.components.conftest import at, came, drag, placed, show, touch
from tests.ui.components.viewer_page import opened
from ui.components.viewer import View, edges, file, parse_box, read


@pytest.fixture
def cropping(page):
    show(page, "wide")
    page.click("[data-do=crop]")
    return page


def pull(page, start, end) -> None:
    drag(page, at(page, *start), at(page, *end))


def box(page) -> tuple[float, ...]:
    """The box as it is seen, in fractions of the picture."""
    inner, outer = page.locator(".box").bounding_box(), placed(page)
    left, top = (inner[k] - outer[k] for k in ("x", "y"))
    sides = (left, top, left + inner["width"], top + inner["height"])
    return tuple(side / outer[k] for side, k in zip(sides, ("width", "height") * 2, strict=True))


def near(*box: float):
    return pytest.approx(box, abs=0.01)


def test_a_box_is_drawn_moved_and_resized(cropping):
    page = cropping
    assert not page.locator(".box").is_visible()
    pull(page, (0.6, 0.9), (0.1, 0.2))  # from any corner
    assert box(page) == near(0.1, 0.2, 0.6, 0.9)
    pull(page, (0.3, 0.5), (0.4, 0.45))
    assert box(page) == near(0.2, 0.15, 0.7, 0.85)
    pull(page, (0.7, 0.85), (0.9, 0.6))  # a corner
    assert box(page) == near(0.2, 0.15, 0.9, 0.6)
    pull(page, (0.2, 0.4), (0.5, 0.1))  # an edge
    assert box(page) == near(0.5, 0.15, 0.9, 0.6)
    pull(page, (0.7, 0.4), (1.5, 0.4))  # stopped by the photo's edge
    assert box(page) == near(0.6, 0.15, 1, 0.6)
    pull(page, (0.05, 0.7), (0.3, 0.95))  # a new one
    assert box(page) == near(0.05, 0.7, 0.3, 0.95)
    assert "15 × 10 pixels of 60 × 40" in page.inner_text(".cropping")


def test_what_is_taken_arrives_and_how_long_it_takes_is_on_the_button(cropping):
    page = cropping
    pull(page, (0.25, 0.5), (0.75, 1.0))
    assert page.inner_text("[data-do=apply]") == "Enlarge this part · about 6 s"
    kind, name, part, _ = came(page, lambda: page.click("[data-do=apply]")).split()
    assert (kind, name) == ("submit", "wide.png")
    assert parse_box(part.removeprefix("box=")) == near(0.25, 0.5, 0.75, 1.0)
    assert not page.locator(".cropping").is_visible()


def test_a_click_draws_nothing_and_no_box_is_too_small(cropping):
    page = cropping
    pull(page, (0.5, 0.5), (0.5, 0.5))
    assert not page.locator(".box").is_visible()
    pull(page, (0.5, 0.5), (0.5, 0.53))
    left, top, right, bottom = box(page)
    assert ((right - left) * 60, (bottom - top) * 40) == pytest.approx((8, 8), abs=0.3)


def test_by_keys_alone(cropping):
    page = cropping
    page.locator(".stage").focus()
    for key in ["Shift+ArrowLeft", "Shift+ArrowLeft", "Shift+ArrowUp", "ArrowRight", "ArrowDown"]:
        page.keyboard.press(key)
    assert box(page) == near(0.01, 0.01, 0.99, 1)
    answer = came(page, lambda: page.keyboard.press("Enter"))
    assert parse_box(answer.split()[2].removeprefix("box=")) == near(0.01, 0.01, 0.99, 1)


def test_whole_photo_again_and_cancel(cropping):
    page = cropping
    assert page.locator("[data-do=whole]").is_disabled()
    pull(page, (0.1, 0.2), (0.6, 0.9))
    page.click("[data-do=whole]")
    assert not page.locator(".box").is_visible()
    pull(page, (0.1, 0.2), (0.6, 0.9))
    page.locator(".stage").press("Escape")
    assert (
        page.locator(".viewer .divider").is_visible() and not page.locator(".cropping").is_visible()
    )
    page.click("[data-do=crop]")
    page.click("[data-do=cancel]")
    assert page.locator(".viewer .divider").is_visible()


def test_a_photo_too_large_is_cropped_where_the_bird_was_found(page):
    show(page, "large")
    assert box(page) == near(0.5, 0.5, 0.75, 0.75)
    assert "1000 × 750 pixels of 4000 × 3000" in page.inner_text(".cropping")
    assert page.inner_text("[data-do=apply]") == "Enlarge this part · about 125 min"
    page.click("[data-do=whole]")
    assert page.locator("[data-do=apply]").is_disabled()
    assert "at most 4 megapixels" in page.inner_text(".cropping")


def test_by_a_finger(browser, url):
    size = {"width": 390, "height": 844}
    with opened(browser, url, viewport=size, has_touch=True) as page:
        show(page, "wide")
        page.click("[data-do=crop]")
        touch(page, [at(page, *point) for point in ((0.2, 0.2), (0.5, 0.5), (0.8, 0.7))])
        assert box(page) == near(0.2, 0.2, 0.8, 0.7)
        touch(page, [at(page, *point) for point in ((0.2, 0.2), (0.3, 0.3), (0.4, 0.4))])
        assert box(page) == near(0.4, 0.4, 0.8, 0.7)
        assert page.evaluate("window.scrollY") == 0


def test_boxes_are_read_and_written():
    assert parse_box("") is None and edges(None) == ""
    assert parse_box(edges((0.1, 0.25, 1, 1))) == (0.1, 0.25, 1.0, 1.0)
    for wrong in ("everywhere", "1,2,3", "a,b,c,d"):
        with pytest.raises(PhotoError, match="can't be read"):
            parse_box(wrong)


def test_a_value_goes_through_json_and_what_is_none_of_ours_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    view = View("named", file=file(tmp_path / "a.png"), name="a.png")
    assert read(view.value()) == view and read(None) == View()
    elsewhere = {"before": file(tmp_path.parent / "a.png")}
    for wrong in (
        {"results": [{"who": 1}]},
        {"file": {"path": 3}},
        {"file": {"a": 1}},
        "text",
        elsewhere,
    ):
        with pytest.raises(PhotoError, match="out of date"):
            read(wrong)
