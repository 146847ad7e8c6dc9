"""Tables of figures from measures made by hand."""

import numpy as np
import pytest

from classify import figures, report, summary
from classify.summary import MEAN
from classify.trial import FULL, Measure


def measured(file, size, way, rank, probability, bird=0.9, same=True) -> Measure:
    curve = None
    if probability is not None:
        curve = figures.curve(np.array([probability, 1 - probability]), 0)
    return Measure(file, size, way, size != FULL, "hen", bird, same, rank, probability, curve)


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
def rows() -> dict[tuple[str, str], summary.Row]:
    return {(row.size, row.way): row for row in summary.naming(BIRDS)}


def test_figures_of_a_size_are_means_over_its_photos(rows):
    small = rows["32", "app"]
    assert (small.photos, small.top1, small.top5) == (3, 1, 1)
    assert small.probability == pytest.approx(0.6)
    assert small.bird == pytest.approx(0.9) and small.recognised == 1
    assert small.gain == pytest.approx((0.4 + 0.1 + 0.6) / 3)
    assert small.p_gain == 2 / 8
    assert small.p_top1 == pytest.approx(2 * 1 / 4)  # two photos only the app has right
    assert small.probability_95 == figures.interval([0.5, 0.7, 0.6])
    plain = rows["32", "bicubic"]
    assert (plain.top1, plain.top5) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    assert (plain.gain, plain.gain_95, plain.p_gain, plain.p_top1) == (None,) * 4


def test_the_mean_is_over_the_sizes_a_photo_was_shrunk_to(rows):
    mean = rows[MEAN, "app"]
    assert (mean.photos, mean.p_top1) == (3, None)
    assert mean.probability == pytest.approx(np.mean([0.5, 0.7, 0.7, 0.4, 0.6, 0.2]))
    gains = [0.6 - 0.25, 0.55 - 0.7, 0.4 - 0.05]
    assert mean.gain == pytest.approx(np.mean(gains))
    assert mean.gain_95 == pytest.approx(figures.interval(gains))
    assert mean.top1 == pytest.approx(4 / 6)
    assert (MEAN, "app") not in {
        (r.size, r.way) for r in summary.naming([m for m in BIRDS if m.size != "48"])
    }


def test_sizes_at_which_a_way_is_worse_are_found(rows):
    assert summary.losses(rows.values(), "app") == ["48", "full"][:1]
    assert summary.losses(rows.values(), "bicubic") == []
    worse = [m for m in BIRDS if m.way == "bicubic"]
    worse += [measured("c", FULL, "x", 1, 0.2)]
    same = summary.naming([m for m in worse if m.size == FULL and m.file == "c"])
    assert summary.losses(same, "x") == []


def test_each_photos_way_is_chosen_on_the_others():
    choice = summary.choice(BIRDS)
    # means over all sizes: bicubic a .467 b .767 c .1, app a .667 b .667 c .467
    assert choice.times == {"app": 3}
    assert choice.probability == pytest.approx((2 / 3 + 2 / 3 + 1.4 / 3) / 3)
    assert choice.reference_probability == pytest.approx((1.4 / 3 + 2.3 / 3 + 0.3 / 3) / 3)
    assert choice.top1 == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert choice.p_gain == figures.sign_flip([0.2, -0.1, 1.1 / 3])
    assert summary.choice([m for m in BIRDS if m.file != "a"]) is None


def test_temperature_has_a_row_for_each_way():
    found = {c.way: c for c in summary.calibrations(BIRDS)}
    assert list(found) == ["bicubic", "app"]
    nll = -np.mean(np.log([0.5, 0.7, 0.8, 0.7, 0.4, 0.9, 0.6, 0.2, 0.6]))
    assert found["app"].nll == pytest.approx(nll)
    assert found["app"].nll_unseen >= found["app"].nll - 0.2


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
    plain, app = summary.sights(OTHERS, birds)
    assert (plain.way, plain.photos, plain.same, plain.taken) == ("bicubic", 4, 0.5, 0.25)
    assert (plain.birds, plain.missed, plain.gain) == (3, 0, None)
    assert (app.same, app.taken, app.birds, app.missed) == (0.75, 0.5, 4, 0.25)
    assert app.gain == pytest.approx(0.25) and app.p == figures.mcnemar([1, 1, 0], [0, 0, 1])
    assert app.bird == pytest.approx(0.92 / 4)


def test_a_threshold_is_judged_on_the_half_it_was_not_fitted_to():
    masses = {"birds": [0.9, 0.5, 0.8, 0.4, 0.1], "others": [0.0, 0.3, 0.02, 0.45]}
    birds, others = (
        [measured(f"{kind}{i}", "32", "app", None, None, mass) for i, mass in enumerate(given)]
        for kind, given in masses.items()
    )
    (cut,) = summary.cuts(others, birds)
    assert (cut.missed, cut.taken) == (1 / 5, 2 / 4)
    # even: birds .9 .8 .1, others 0 .02 -> .06, which odd birds pass and odd others too;
    # odd: birds .5 .4, others .3 .45 -> .35, which one of three even birds misses.
    assert (cut.missed_unseen, cut.taken_unseen) == (pytest.approx(1 / 6), 0.5)
    assert summary.cuts(others[:3], birds) == []


def test_tables_have_a_line_for_each_row_and_columns_that_stand(rows):
    text = report.tables(summary.summary(BIRDS, OTHERS))
    blocks = text.split("\n\n")
    assert [block.splitlines()[0].split()[0] for block in blocks] == [
        "Naming;", "Temperature", "Photos",
    ]  # fmt: skip
    assert len(blocks[0].splitlines()) == 2 + len(rows)
    line = next(x for x in blocks[0].splitlines() if x.startswith("32 ") and " app " in x)
    assert line.split()[:6] == ["32", "app", "3", "100%", "100%", "0.600"]
    assert len({x.index("bicubic") for x in blocks[0].splitlines()[2:] if " bicubic " in x}) == 1
