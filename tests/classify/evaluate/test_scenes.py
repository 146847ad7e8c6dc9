"""Scenes: a bird set into a landscape, and what is counted of them."""

import numpy as np
import pytest

from classify.certainty import LIKELY, NOT_SURE
from classify.evaluate import certain, scenes
from classify.evaluate.measure import APP, FULL, Measure
from classify.evaluate.scenes import SceneMeasure, overlap, scene


@pytest.mark.parametrize("share", scenes.SHARES.values())
def test_a_bird_has_its_share_of_the_height_and_fades_into_the_landscape(share):
    bird = np.full((300, 200, 3), 255, np.uint8)
    landscape = np.zeros((600, 900, 3), np.uint8)
    made, box = scene(bird, landscape, share, np.random.default_rng(0))
    left, top, right, bottom = (round(e * s) for e, s in zip(box, (900, 600) * 2, strict=True))
    assert made.shape == landscape.shape and bottom - top == round(600 * share)
    assert (right - left) / (bottom - top) == pytest.approx(2 / 3, abs=0.05)
    middle = made[(top + bottom) // 2, left:right, 0].astype(int)
    assert middle.max() == 255 and middle[0] < 128
    assert not made[:top].any() and not made[bottom:].any()


def test_a_large_landscape_is_shrunk_and_a_wide_bird_fits():
    wide = np.full((10, 400, 3), 255, np.uint8)
    made, box = scene(wide, np.zeros((2160, 2000, 3), np.uint8), 1 / 3, np.random.default_rng(1))
    assert min(made.shape[:2]) == 1080 * 2000 // 2000 and box[2] - box[0] <= 0.81


@pytest.mark.parametrize(
    ("other", "share"),
    [((0, 0, 1, 1), 1), ((0.5, 0, 1.5, 1), 1 / 3), ((2, 2, 3, 3), 0), ((0, 0, 0.5, 0.5), 0.25)],
)
def test_overlap(other, share):
    assert overlap((0, 0, 1, 1), other) == pytest.approx(share)


def test_scenes_are_counted_by_share_and_way():
    found = SceneMeasure("a", "1/3", "found", True, 0.5, 1, LIKELY, True)
    lost = SceneMeasure("b", "1/3", "found", False, 0.0, 3, NOT_SURE, False)
    other = SceneMeasure("c", "1/3", "found", True, 0.3, None, LIKELY, False)
    (row,) = certain.scenes([found, lost, other])
    assert (row["scenes"], row["found"], row["overlap"]) == (3, 2 / 3, 0.4)
    assert (row["likely_right"], row["likely_wrong"]) == (1 / 3, 1 / 3)
    assert (row["n"], row["files"], row["right"]) == (2, 2, 0.5)  # of kinds that are known


def measured(file, label, rank, sure, same, tier, right, size="32") -> Measure:
    named = "hen", 0.9, rank, None, sure, tier, right
    return Measure(label, file, size, APP, True, same, *named)


def test_tiers_and_calibration():
    measures = [
        measured("a", "hen", 1, 0.8, True, LIKELY, True),
        measured("b", "hen", 2, 0.75, False, LIKELY, False),
        measured("c", "heron", None, 0.25, True, NOT_SURE, False),
        measured("d", "", None, 0.2, False, "no bird", True),
        measured("d", "", None, 0.9, True, "no bird", True, FULL),
    ]
    tiers = {(r["size"], r["photos"], r["tier"]): r for r in certain.tiers(measures)}
    assert tiers["32", "its kinds", LIKELY]["right"] == 0.5
    assert tiers["32", "its kinds", LIKELY]["n"] == 2
    assert tiers["32", "other birds", NOT_SURE]["right"] == 0
    assert tiers[FULL, "no bird", "no bird"]["right"] == 1
    low, high = certain.calibration(measures)  # photos at full size are not among them
    assert (low["from"], low["to"], low["n"], low["right"]) == (0.2, 0.3, 2, 0.5)
    assert (high["from"], high["to"], high["n"], high["right"]) == (0.7, 0.9, 2, 0.5)
