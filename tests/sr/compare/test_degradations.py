"""What is done to photos: seeded, mild, and harm all the same."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sr import image
from sr.compare.degradations import DEGRADATIONS, EVALUATED, QUALITY, evaluated, seeded


@pytest.fixture(scope="module")
def large(landscape) -> np.ndarray:
    return np.ascontiguousarray(landscape[:208, :300])


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(DEGRADATIONS)), st.integers(0, 10**6))
def test_harm_is_seeded_mild_and_of_the_right_size(large, name, seed):
    one, two = (DEGRADATIONS[name](large, np.random.default_rng(seed)) for _ in range(2))
    assert one.shape == (52, 75, 3) and one.dtype == np.uint8
    np.testing.assert_array_equal(one, two)
    difference = np.abs(one.astype(float) - image.shrink(large)).mean()
    assert difference < 20


def test_realistic_harm_does_harm(large):
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


def test_those_of_the_evaluation_are_harm_to_a_photo_shrunk_by_bicubic(large):
    small = image.shrink(large)
    for name, degradation in EVALUATED.items():
        harmed = degradation.harm(small, seeded("a.png"))
        np.testing.assert_array_equal(degradation(large, seeded("a.png")), harmed)
        assert np.array_equal(harmed, small) is (name == "clean")
    for quality in (90, 70, 50):
        jpeg = EVALUATED[f"jpeg{quality}"](large, seeded("a.png"))
        np.testing.assert_array_equal(jpeg, image.as_jpeg(small, quality))


def test_photos_are_compared_on_those_of_the_evaluation_alone():
    assert evaluated("old") is EVALUATED["old"]
    with pytest.raises(image.PhotoError, match="no degradation “any”: choose among clean, jpeg90"):
        evaluated("any")


def test_a_phone_s_noise_grows_with_brightness():
    def noise(level: int) -> float:
        flat = np.full((256, 256, 3), level, np.uint8)
        return (DEGRADATIONS["phone"].harm(flat, seeded("a")) - flat.astype(float)).std()

    # JPEG takes some of it away, and no level is below 0 or above 255.
    assert 1 < noise(30) < noise(120) < noise(220) < 8


def test_the_seed_is_the_file_s_name():
    for name in ("owl.png", "Küken.jpg", "\udcff.png"):  # the last as Linux hands over odd bytes
        expected = np.random.default_rng(zlib.crc32(name.encode(errors="surrogateescape")))
        assert seeded(name).integers(1 << 60) == expected.integers(1 << 60)


@pytest.mark.parametrize("size", [(5, 5), (1, 3), (17, 6)])
@pytest.mark.parametrize("name", DEGRADATIONS)
def test_tiny_photos_keep_their_size(name, size):
    small = np.full((*size, 3), 100, np.uint8)
    assert DEGRADATIONS[name].harm(small, seeded("a")).shape == small.shape
