"""The comparison: its numbers are those of `sr.evaluate`, its crops equal and inside the photo."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from sr import image
from sr.compare import comparison, methods, tables
from sr.compare.crops import Square, cut, square
from sr.evaluate import __main__ as evaluate
from sr.models import catalog

NAMES = ["bicubic", "srresnet-div2k", "srgan-div2k"]


def finished(pair: comparison.Pair, names: list[str]):
    """(rows, pictures by name, steps)."""
    pictures, steps = {}, []
    work = comparison.steps(pair, [methods.method(name) for name in names], pictures.__setitem__)
    while True:
        try:
            steps.append(next(work))
        except StopIteration as stop:
            return stop.value, pictures, steps


@pytest.fixture(scope="module")
def pair(macaw) -> comparison.Pair:
    return comparison.pair(image.read(macaw))


@pytest.fixture(scope="module")
def result(pair):
    return finished(pair, [*NAMES, "esrgan"])


def test_the_photo_is_cut_to_multiples_of_four_and_shrunk(macaw, pair):
    source = image.read(macaw)
    assert source.size == (192, 187)
    assert (pair.high.size, pair.low.size) == ((192, 184), (48, 46))
    np.testing.assert_array_equal(pair.high.pixels, source.pixels[:184])


def test_shrinking_keeps_flat_colours_and_means():
    ramp = np.repeat(np.arange(0, 240, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2)
    small = image.shrink(ramp)
    assert small.shape == (10, 60, 3)
    inner = small[0, 2:-2, 0].astype(float)
    np.testing.assert_allclose(inner, np.arange(60)[2:-2] * 4 + 1.5, atol=1)


@pytest.mark.parametrize("size", [(19, 100), (100, 19), (3, 3)])
def test_too_small_a_photo_is_a_sentence(size):
    pixels = np.zeros((*size, 3), np.uint8)
    with pytest.raises(image.PhotoError, match=r"it needs 20 along each side: choose a larger"):
        comparison.pair(image.Photo(pixels))


def test_the_smallest_photo_is_scored_and_alpha_left_out():
    pixels = np.random.default_rng(0).integers(0, 256, (23, 20, 3)).astype(np.uint8)
    alpha = np.full((23, 20), 7, np.uint8)
    small = comparison.pair(image.Photo(pixels, alpha))
    assert small.high.alpha is None and small.low.alpha is None
    rows, pictures, _ = finished(small, ["bicubic"])
    assert pictures["bicubic"].shape == (20, 20, 3)
    assert np.isfinite(rows[0].psnr_y)


def test_numbers_equal_those_of_evaluate(pair, result, tmp_path, capsys):
    image.write(pair.high.pixels, tmp_path / "macaw_HR.png")
    image.write(pair.low.pixels, tmp_path / "macaw_LR.png")
    scores = tmp_path / "scores.json"
    assert evaluate.main([str(tmp_path), "--models", ",".join(NAMES), "--json", str(scores)]) == 0
    original, *others = json.loads(scores.read_text())
    expected = {
        s["model"]: (s["psnr_y"], s["ssim_y"], s["sharpness"] / original["sharpness"])
        for s in others
    }
    assert {r.method: (r.psnr_y, r.ssim_y, r.contrast) for r in result[0][:3]} == expected


def test_pictures_are_those_of_the_engine(pair, result):
    assert list(result[1]) == NAMES
    assert all(picture.shape == (184, 192, 3) for picture in result[1].values())
    restored = methods.restore(pair.low.pixels, methods.method("srgan-div2k"))
    np.testing.assert_array_equal(result[1]["srgan-div2k"], restored)


def test_what_can_not_be_had_is_a_row_with_the_reason(result):
    row = result[0][3]
    assert row.method == "esrgan" and row.psnr_y is None
    assert "kadirnar/RRDB_ESRGAN_x4" in row.unavailable
    assert "can't be reached" in row.unavailable


def test_an_unknown_method_is_refused():
    with pytest.raises(catalog.UnknownModel, match="There is no model called “nope”"):
        methods.method("nope")


def test_steps_grow_to_the_total(result):
    steps = result[2]
    done = [step.done for step in steps]
    assert done == sorted(done) and len(done) > len(NAMES)
    assert done[-1] == pytest.approx(steps[-1].total)


def test_closing_stops_between_steps(pair):
    pictures = {}
    work = comparison.steps(pair, [methods.method(name) for name in NAMES], pictures.__setitem__)
    next(work)
    work.close()
    assert set(pictures) == {"bicubic"}


def test_the_sharpest_is_not_the_highest_scoring(result):
    sharpest, highest = comparison.extremes(result[0])
    assert (sharpest.method, highest.method) == ("srgan-div2k", "srresnet-div2k")
    assert comparison.extremes(result[0][2:]) is None


def test_a_lossless_result_is_infinite_in_csv_and_none_in_json():
    flat = comparison.pair(image.Photo(np.full((40, 40, 3), 90, np.uint8)))
    rows, _, _ = finished(flat, ["bicubic"])
    assert rows[0].psnr_y == float("inf")
    assert rows[0].contrast == 1
    assert tables.plain(rows)[0]["psnr_y"] is None
    assert ",inf," not in json.dumps(tables.plain(rows))
    assert tables.csv_text(rows).splitlines()[1].startswith("bicubic,inf,1.0")


def test_csv_holds_the_rows_in_full(result):
    read = list(csv.DictReader(io.StringIO(tables.csv_text(result[0]))))
    assert [line["method"] for line in read] == [*NAMES, "esrgan"]
    assert float(read[2]["psnr_y"]) == result[0][2].psnr_y
    assert read[3]["ssim_y"] == "" and "can't be reached" in read[3]["unavailable"]


def test_all_of_the_catalog_can_be_chosen_and_the_quick_ones_are():
    assert methods.names() == ["bicubic", *catalog.names()]
    assert {*NAMES} <= {*methods.preferred()} <= {*NAMES, "srcnn", "fsrcnn", "span", "srgan-swift"}


@pytest.mark.parametrize("side", [20, 40, 80])
@pytest.mark.parametrize("point", [(0, 0), (191, 183), (96, 92), (50, 183), (-9, 999)])
def test_squares_are_equal_clamped_and_around_the_point(side, point):
    found = square(192, 184, *point, side)
    assert found.side == side
    assert found.left % 4 == found.top % 4 == 0
    assert 0 <= found.left <= 192 - side and 0 <= found.top <= 184 - side
    middle = found.left + side / 2, found.top + side / 2
    if point == (96, 92):
        assert np.abs(np.subtract(middle, point)).max() <= 2


def test_a_square_shrinks_with_the_photo():
    assert square(40, 24, 39, 0, 80) == Square(16, 0, 24)


def test_crops_of_both_sizes_show_the_same(pair):
    where = square(*pair.high.size, 70, 130, 40)
    high, low = cut(pair.high.pixels, where), cut(pair.low.pixels, where, 4)
    assert (high.shape, low.shape) == ((40, 40, 3), (10, 10, 3))
    means = high.reshape(10, 4, 10, 4, 3).mean(axis=(1, 3))
    assert np.abs(means - low).mean() < 6
    elsewhere = cut(pair.low.pixels, replace(where, left=where.left - 8), 4)
    assert np.abs(means - elsewhere).mean() > 2 * np.abs(means - low).mean()
