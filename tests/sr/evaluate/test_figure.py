"""The figure of crops: chosen where there is detail, enlarged without a pixel made up."""

import numpy as np
import pytest
from PIL import Image

from sr import image
from sr.compare import metrics
from sr.compare.crops import Square, most_detailed
from sr.evaluate import figure
from sr.image.luma import luma

FLAT = np.full((120, 160, 3), 128, np.uint8)


def noisy(top: int, left: int, side: int = 64) -> np.ndarray:
    """A flat photo with a square of noise in it."""
    pixels = FLAT.copy()
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3))
    pixels[top : top + side, left : left + side] = noise
    return pixels


@pytest.mark.parametrize(("top", "left"), [(16, 16), (40, 80), (24, 56), (20, 40)])
def test_the_square_lies_where_the_detail_is(top, left):
    assert most_detailed(noisy(top, left)) == Square(left, top, 64)


@pytest.mark.parametrize(("top", "left"), [(0, 0), (56, 96), (0, 96)])
def test_the_square_keeps_away_from_the_border(top, left):
    found = most_detailed(noisy(top, left))
    assert (found.top, found.left) == (np.clip(top, 16, 40), np.clip(left, 16, 80))


def test_no_other_square_has_stronger_edges(landscape):
    def edges(where: Square) -> float:
        """To the left and above, from the pixels of the square."""
        start, stop = where.top - 1, where.top + 40
        around = luma(landscape)[start:stop, where.left - 1 : where.left + 40]
        return (np.diff(around, axis=1)[1:] ** 2 + np.diff(around, axis=0)[:, 1:] ** 2).sum()

    found = most_detailed(landscape, 40)
    others = [Square(x, y, 40) for y in range(16, 156, 4) for x in range(16, 245, 4)]
    assert found in others
    assert edges(found) == pytest.approx(max(map(edges, others)))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((30, 200), (28, {0}, set(range(16, 160, 4)))), ((70, 70), (64, {0, 4}, {0, 4}))],
)
def test_a_small_photo_has_smaller_squares_or_less_inset(shape, expected):
    pixels = np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    found = most_detailed(pixels)
    side, tops, lefts = expected
    assert found.side == side and found.top in tops and found.left in lefts


def strip_of(pixels: np.ndarray, names: list[str]) -> figure.Strip:
    """With crops that differ, each brighter than the one before."""
    strip = figure.Strip("$a_photo$")  # that matplotlib must not take for a formula
    for number, name in enumerate(names):
        strip.keep(name, pixels + np.uint8(number))
    return strip


@pytest.mark.parametrize(("methods", "columns", "lines"), [(1, 2, 1), (5, 6, 1), (7, 4, 2)])
def test_every_pixel_becomes_a_square_of_its_own_colour(tmp_path, methods, columns, lines):
    pytest.importorskip("matplotlib", reason="tools/requirements.txt is not installed")
    names = ["original", *(f"method{n}" for n in range(methods))]
    pixels = noisy(20, 40) // 2
    strips = [strip_of(pixels, names), strip_of(pixels[:40, :90], names)]
    file = tmp_path / "crops.png"
    figure.draw(strips, names, file)
    drawn = np.asarray(Image.open(file).convert("RGB"))
    assert drawn.shape[1] == 1200

    pitch = (1200 - 2 * figure.EDGE + figure.GAP) // columns
    top = figure.EDGE
    for strip in strips:
        side = strip.where.side
        zoom = (pitch - figure.GAP) // side
        assert zoom >= 3
        for place, name in enumerate(names):
            left = figure.EDGE + place % columns * pitch
            step = figure.TITLE + pitch
            start = top + figure.HEADING + place // columns * step + figure.TITLE
            crop = drawn[start : start + zoom * side, left : left + zoom * side]
            expected = strip.crops[name].repeat(zoom, axis=0).repeat(zoom, axis=1)
            np.testing.assert_array_equal(crop, expected)
            title = drawn[start - figure.TITLE : start, left : left + pitch - figure.GAP]
            assert (title < 128).any(), "there is a title above"
        top += figure.HEADING + lines * (figure.TITLE + pitch)
    assert drawn.shape[0] == top + figure.EDGE


def test_titles_say_the_crop_s_own_numbers(landscape):
    original, other = landscape[:64, :64], image.bicubic(image.shrink(landscape[:64, :64]))
    a, b = luma(original), luma(other)
    expected = f"{metrics.psnr(a, b):.2f} dB, sharpness {metrics.sharpness(b):.1f}"
    assert figure._numbers(original, other) == expected
    assert figure._numbers(original, original) == f"sharpness {metrics.sharpness(a):.1f}"
