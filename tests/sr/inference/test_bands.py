import pytest
from hypothesis import given
from hypothesis import strategies as st

from sr.inference.bands import bands, spans

lengths = st.integers(1, 5000)


@given(lengths, lengths)
def test_spans_cover_everything_once_and_are_bounded_and_even(length, size):
    pieces = list(spans(length, size))
    assert [i for start, stop in pieces for i in range(start, stop)] == list(range(length))
    sizes = [stop - start for start, stop in pieces]
    assert max(sizes) <= size
    assert max(sizes) - min(sizes) <= 1


@given(lengths, st.integers(0, 60), st.integers(1, 500))
def test_bands_cover_every_column_once_with_their_halos_inside(width, halo, core):
    size = core + 2 * halo
    cut = bands(width, size, halo)
    assert [i for band in cut for i in range(band.start, band.stop)] == list(range(width))
    for band in cut:
        assert band.outer_stop - band.outer_start <= size
        assert band.outer_start == (0 if len(cut) == 1 else max(0, band.start - halo))
        assert band.outer_stop == (width if len(cut) == 1 else min(width, band.stop + halo))


def test_a_photo_that_fits_is_one_band():
    (band,) = bands(100, 100, 37)
    assert (band.start, band.stop, band.outer_start, band.outer_stop) == (0, 100, 0, 100)


@pytest.mark.parametrize(("length", "size"), [(0, 1), (1, 0), (-1, 5)])
def test_impossible_spans_are_refused(length, size):
    with pytest.raises(ValueError, match="at least 1"):
        list(spans(length, size))


def test_a_band_needs_room_beside_its_halos():
    with pytest.raises(ValueError, match="no room"):
        bands(1000, 80, 40)
