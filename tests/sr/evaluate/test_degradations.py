"""What is done to photos: seeded, mild, and harm all the same."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sr import image
from sr.evaluate.degradations import DEGRADATIONS, QUALITY


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_realistic_harm_is_seeded_mild_and_of_the_right_size(landscape, seed):
    large = np.ascontiguousarray(landscape[:208, :300])
    one, two = (DEGRADATIONS["realistic"](large, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == (52, 75, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    difference = np.abs(one.astype(float) - image.shrink(large)).mean()
    assert difference < 20


def test_realistic_harm_does_harm(landscape):
    large = np.ascontiguousarray(landscape[:208, :300])
    clean = image.shrink(large).astype(float)
    rng = np.random.default_rng(0)
    harm = [np.abs(DEGRADATIONS["realistic"](large, rng) - clean).mean() for _ in range(20)]
    assert np.median(harm) > 2 and len(set(harm)) == 20


def test_a_lower_quality_loses_more(landscape):
    loss = [
        np.abs(image.as_jpeg(landscape, quality).astype(float) - landscape).mean()
        for quality in (QUALITY[0], QUALITY[1] - 1)
    ]
    assert loss[0] > 2 * loss[1] > 0
