"""Tables of figures from measures made by hand."""

import numpy as np
import pytest

from classify.evaluate import summary
from classify.evaluate.measure import FULL, Measure
from classify.evaluate.summary import MEAN
from sr.compare.statistics import interval


def measured(file, size, way, rank, probability, bird=0.9, same=True) -> Measure:
    return Measure("hen", file, size, way, size != FULL, same, "hen", bird, rank, probability)


# photo -> for bicubic and app, rank and probability at 32, 48 and full size.
PHOTOS = {
    "a": {"bicubic": [(3, 0.1), (1, 0.4), (1, 0.9)], "app": [(1, 0.5), (1, 0.7), (1, 0.8)]},
    "b": {"bicubic": [(1, 0.6), (1, 0.8), (1, 0.9)], "app": [(1, 0.7), (2, 0.4), (1, 0.9)]},
    "c": {"bicubic": [(9, 0.0), (7, 0.1), (6, 0.2)], "app": [(1, 0.6), (6, 0.2), (1, 0.6)]},
}
BIRDS = [
    measured(file, size, way, *values)
    for file, by_way in PHOTOS.items()
    for way, answers in by_way.items()
    for size, values in zip(("32", "48", FULL), answers, strict=True)
]


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], dict]:
    return {(row["size"], row["way"]): row for row in summary.naming(BIRDS)}


def test_figures_of_a_size_are_means_over_its_photos(rows):
    small = rows["32", "app"]
    assert (small["photos"], small["top1"], small["top5"]) == (3, 1, 1)
    assert small["probability"] == pytest.approx(0.6)
    assert small["bird"] == pytest.approx(0.9) and small["recognised"] == 1
    assert small["gain"] == pytest.approx((0.4 + 0.1 + 0.6) / 3)
    assert small["probability_95"] == interval([0.5, 0.7, 0.6])
    plain = rows["32", "bicubic"]
    assert (plain["top1"], plain["top5"]) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert (plain["gain"], plain["gain_95"]) == (None, None)


def test_the_mean_is_over_the_sizes_a_photo_was_shrunk_to(rows):
    mean = rows[MEAN, "app"]
    assert mean["photos"] == 3
    assert mean["probability"] == pytest.approx(np.mean([0.5, 0.7, 0.7, 0.4, 0.6, 0.2]))
    gains = [0.6 - 0.25, 0.55 - 0.7, 0.4 - 0.05]
    assert mean["gain"] == pytest.approx(np.mean(gains))
    assert mean["gain_95"] == pytest.approx(interval(gains))
    assert mean["top1"] == pytest.approx(4 / 6)
    assert (MEAN, "app") not in {
        (r["size"], r["way"]) for r in summary.naming([m for m in BIRDS if m.size != "48"])
    }


OTHERS = [
    measured(f"o{i}", "32", way, None, None, bird, same)
    for way, birds, sames in (
        ("bicubic", [0.0, 0.01, 0.02, 0.5], [0, 0, 1, 1]),
        ("app", [0.1, 0.3, 0.02, 0.5], [1, 1, 1, 0]),
    )
    for i, (bird, same) in enumerate(zip(birds, sames, strict=True))
]


def test_photos_without_a_bird_are_seen_as_at_full_size_or_not():
    birds = [*BIRDS, measured("d", "32", "app", None, None, bird=0.1)]
    plain, app = summary.without_birds(OTHERS, birds)
    assert (plain["way"], plain["photos"], plain["same"], plain["taken"]) == (
        "bicubic",
        4,
        0.5,
        0.25,
    )
    assert (plain["birds"], plain["missed"], plain["gain"]) == (3, 0, None)
    assert (app["same"], app["taken"], app["birds"], app["missed"]) == (0.75, 0.5, 4, 0.25)
    assert app["gain"] == pytest.approx(0.25)
    assert app["gain_95"] == interval([1, 1, 0, -1])
    assert app["bird"] == pytest.approx(0.92 / 4)


def test_where_no_bird_is_large_enough_none_is_missed():
    plain, _ = summary.without_birds(OTHERS, [])
    assert (plain["birds"], plain["missed"]) == (0, None)


def test_tables_have_a_line_for_each_row_and_columns_that_stand(rows):
    empty = dict.fromkeys(summary.TITLES, ())
    given = empty | {
        "naming": summary.naming(BIRDS),
        "others": summary.without_birds(OTHERS, BIRDS),
    }
    naming, others = summary.tables(given)
    assert naming.startswith("Naming;") and others.startswith("Photos without a bird;")
    assert list(summary.tables(empty | {"naming": list(rows.values())})) == [naming]
    lines = naming.splitlines()
    assert len(lines) == 2 + len(rows)
    assert lines[1].split()[:6] == ["size", "way", "photos", "top1", "top5", "probability"]
    line = next(x for x in lines if x.startswith("32 ") and " app " in x)
    assert line.split()[:6] == ["32", "app", "3", "1.000", "1.000", "0.600"]
    assert len({x.index("bicubic") for x in lines[2:] if " bicubic " in x}) == 1
    assert len({len(x) for x in lines[1:]}) == 1
