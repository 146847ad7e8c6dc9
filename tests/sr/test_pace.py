import pytest

from sr.pace import Pace


@pytest.mark.parametrize("best", [1024, 4096, 65536])
def test_the_best_size_is_found_and_kept(best):
    pace, width = Pace(8192), 64
    for _ in range(60):
        rows = pace.rows(width, 10_000)
        size = rows * width
        pace.learn(rows, width, size * max(best / size, size / best))
    assert pace.rows(width, 10_000) == best // width


def test_a_disturbed_strip_does_not_mislead():
    pace = Pace(1024)
    for i in range(60):
        rows = pace.rows(1, 1 << 20)
        disturbance = 5 if i % 3 == 0 else 1
        pace.learn(rows, 1, rows * disturbance * max(2048 / rows, rows / 2048))
    assert pace.rows(1, 1 << 20) == 2048


def test_the_height_is_within_the_photo_and_the_plan():
    pace = Pace(8192)
    assert pace.rows(100_000, 50) == 1
    assert pace.rows(1, 50) == 50
