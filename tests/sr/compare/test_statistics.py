"""The bootstrap against what is known of it."""

import math

import numpy as np
import pytest

from sr.compare.statistics import interval


def test_an_interval_is_the_normal_one_for_many_photos():
    values = np.random.default_rng(1).exponential(size=600)
    low, high = interval(values)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert interval(values) == (low, high)  # seeded
    assert interval(np.full(5, 0.25)) == (0.25, 0.25)


def test_an_interval_of_two_photos_goes_from_one_to_the_other():
    assert interval([0.0, 1.0]) == (0.0, 1.0)  # each alone is drawn one time in four
