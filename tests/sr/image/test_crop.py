"""A part of a photo, by fractions of its sides, and the crop tool's value."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr.image.photo import MIN_CROP, Photo, PhotoError, crop
from ui.components.viewer import parse_box


def numbered(width: int, height: int, **fields) -> Photo:
    """A photo whose pixels say where they were."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([columns % 256, rows % 256, columns // 256], axis=-1).astype(np.uint8)
    return Photo(pixels, **fields)


def test_the_box_is_cut_out():
    photo = numbered(100, 50)
    part = crop(photo, (0.1, 0.2, 0.6, 0.9))
    assert part.size == (50, 35)
    np.testing.assert_array_equal(part.pixels, photo.pixels[10:45, 10:60])


def test_everything_else_is_kept_and_alpha_cut_as_well():
    alpha = np.arange(100 * 50, dtype=np.uint16).reshape(50, 100).astype(np.uint8)
    photo = numbered(100, 50, alpha=alpha, name="owl", notes=("A note.",), exif=b"Exif")
    part = crop(photo, (0.5, 0, 1, 0.5))
    np.testing.assert_array_equal(part.alpha, alpha[:25, 50:])
    assert (part.name, part.notes, part.exif) == ("owl", ("A note.",), b"Exif")


def test_an_opaque_part_has_no_alpha():
    alpha = np.full((50, 100), 255, np.uint8)
    alpha[0, 0] = 0
    assert crop(numbered(100, 50, alpha=alpha), (0.5, 0.5, 1, 1)).alpha is None


def test_the_rest_of_the_photo_is_let_go_of():
    part = crop(numbered(100, 50), (0, 0, 0.5, 0.5))
    assert part.pixels.base is None
    assert part.pixels.flags.c_contiguous


def test_what_is_outside_the_photo_is_left_out():
    photo = numbered(100, 50)
    np.testing.assert_array_equal(crop(photo, (-1, -0.5, 2, 9)).pixels, photo.pixels)


@pytest.mark.parametrize(
    ("box", "left_top"),
    [
        ((0.5, 0.5, 0.5001, 0.5001), (46, 21)),  # grows to both sides
        ((0, 0, 1e-9, 1e-9), (0, 0)),
        ((0.9999999, 0.9999999, 1, 1), (92, 42)),
    ],
)
def test_a_tiny_box_grows(box, left_top):
    part = crop(numbered(100, 50), box)
    assert part.size == (MIN_CROP, MIN_CROP)
    assert tuple(part.pixels[0, 0, :2]) == left_top


def test_a_tiny_photo_is_not_enough_to_grow():
    assert crop(numbered(5, 3), (0.4, 0.4, 0.5, 0.5)).size == (5, 3)


@pytest.mark.parametrize(
    "box",
    [
        (0.5, 0, 0.5, 1),
        (0, 0.7, 1, 0.2),
        (1.5, 0, 2, 1),
        (0, -2, 1, -1),
        (float("nan"), 0, 1, 1),
        (0, 0, float("inf"), 1),
    ],
)
def test_nonsense_is_refused_in_a_sentence(box):
    with pytest.raises(PhotoError, match=r"^The crop box .+\.$"):
        crop(numbered(100, 50), box)


EDGE = st.floats(-0.5, 1.5)


@given(st.tuples(EDGE, EDGE, EDGE, EDGE), st.integers(1, 300), st.integers(1, 40))
def test_every_box_gives_a_part_of_the_photo_or_a_sentence(box, width, height):
    photo = numbered(width, height)
    try:
        part = crop(photo, box)
    except PhotoError:
        left, top, right, bottom = np.clip(box, 0, 1)
        assert left >= right or top >= bottom
        return
    x, y = int(part.pixels[0, 0, 0]) + 256 * int(part.pixels[0, 0, 2]), int(part.pixels[0, 0, 1])
    columns, rows = part.size
    assert columns >= min(MIN_CROP, width)
    assert rows >= min(MIN_CROP, height)
    np.testing.assert_array_equal(part.pixels, photo.pixels[y : y + rows, x : x + columns])
    for start, end, first, count, size in (
        (box[0], box[2], x, columns, width),
        (box[1], box[3], y, rows, height),
    ):
        wanted = (np.clip(end, 0, 1) - np.clip(start, 0, 1)) * size
        assert count <= max(wanted + 1, MIN_CROP)
        assert first <= np.clip(start, 0, 1) * size + 0.5


@pytest.mark.parametrize("text", ["", None])
def test_no_box_is_the_whole_photo(text):
    assert parse_box(text) is None


@pytest.mark.parametrize(
    "text",
    ["1", "0,0,1", "0,0,1,1,1", "a,b,c,d", ",,,", "0.1 0.2 0.6 0.9", 5, {"a": 1}, [0, 0, 1, 1]],
)
def test_an_unreadable_box_is_refused_in_a_sentence(text):
    with pytest.raises(PhotoError, match=r"^The crop box can't be read.+\.$"):
        parse_box(text)


@given(st.tuples(*[st.integers(0, 100_000)] * 4))
def test_a_box_is_read_as_it_was_written(edges):
    box = tuple(edge / 100_000 for edge in edges)
    assert parse_box(",".join(map(str, box))) == box


@given(st.text(max_size=40))
def test_any_text_is_a_box_or_a_sentence(text):
    try:
        box = parse_box(text)
        if box is not None:
            crop(numbered(20, 10), box)
    except PhotoError:
        pass
