"""The statistics against values by hand, brute force and other formulas."""

import itertools
import math

import numpy as np
import pytest
import torch

from classify import figures


def test_an_interval_is_the_normal_one_for_many_photos():
    values = np.random.default_rng(1).exponential(size=600)
    low, high = figures.interval(values)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
    assert figures.interval(values) == (low, high)  # seeded
    assert figures.interval(np.full(5, 0.25)) == (0.25, 0.25)


def test_an_interval_of_two_photos_goes_from_one_to_the_other():
    assert figures.interval([0.0, 1.0]) == (0.0, 1.0)  # each alone is drawn one time in four


def flips_by_hand(differences) -> float:
    sums = [
        abs(sum(s * d for s, d in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    return sum(s >= abs(sum(differences)) - 1e-12 for s in sums) / len(sums)


@pytest.mark.parametrize(("differences", "p"), [([1, 1, 1], 2 / 8), ([0, 0], 1), ([2, -1], 1)])
def test_sign_flips_by_hand(differences, p):
    assert figures.sign_flip(differences) == p


@pytest.mark.parametrize("count", [1, 4, 9, 12])
def test_sign_flips_by_brute_force(count):
    differences = np.random.default_rng(count).normal(0.5, 1, count).tolist()
    assert figures.sign_flip(differences) == pytest.approx(flips_by_hand(differences))


def test_drawn_sign_flips_are_near_all_of_them_and_never_zero():
    differences = np.random.default_rng(3).normal(0.4, 1, 14)
    assert figures.sign_flip(differences) == pytest.approx(flips_by_hand(differences), abs=0.015)
    assert figures.sign_flip(np.ones(100)) == pytest.approx(1 / (figures.DRAWS + 1))


@pytest.mark.parametrize(
    ("first", "second", "both", "p"),
    [(5, 0, 3, 2 / 32), (3, 1, 0, 2 * 5 / 16), (0, 0, 4, 1), (2, 2, 1, 1), (1, 9, 0, 22 / 1024)],
)
def test_mcnemar_by_hand(first, second, both, p):
    a = [True] * first + [False] * second + [True] * both
    b = [False] * first + [True] * second + [True] * both
    assert figures.mcnemar(a, b) == pytest.approx(p)
    assert figures.mcnemar(b, a) == pytest.approx(p)


def test_a_curve_is_the_cross_entropy_of_divided_logits():
    logits = torch.randn(7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    curve = figures.curve(logits.softmax(0).numpy(), 4)
    target = torch.tensor([4])
    expected = [
        torch.nn.functional.cross_entropy(logits[None] / t, target).item()
        for t in figures.TEMPERATURES
    ]
    np.testing.assert_allclose(curve, expected, rtol=1e-9)
    assert np.isfinite(figures.curve(np.array([1.0, 0.0]), 1)).all()


def test_the_temperature_of_too_sure_answers_is_found():
    draw = np.random.default_rng(0)
    curves = []
    for _ in range(800):
        logits = draw.normal(0, 1.5, 6)
        true = np.exp(logits) / np.exp(logits).sum()
        sure = np.exp(2 * logits) / np.exp(2 * logits).sum()
        curves.append(figures.curve(sure, draw.choice(6, p=true)))
    best, plain, unseen = figures.temperature(np.array(curves))
    assert best == pytest.approx(2, rel=0.15)
    assert unseen < plain - 0.05


def test_a_temperature_for_two_photos_comes_from_the_other_one():
    """The one wants it hot, the other cold: each gets what suits it least."""
    curves = np.array([figures.curve(np.array([0.6, 0.4]), kind) for kind in (0, 1)])
    _, plain, unseen = figures.temperature(curves)
    assert unseen == pytest.approx((curves[0, curves[1].argmin()] + curves[1, 0]) / 2)
    assert unseen > plain


def test_what_is_chosen_unseen_is_the_best_of_the_other_photos():
    scores = np.random.default_rng(5).random((4, 9))
    chosen = figures.unseen(scores)
    for photo in range(9):
        rest = np.delete(scores, photo, axis=1).mean(1)
        assert rest[chosen[photo]] == rest.max()
    assert figures.unseen(np.ones((3, 4))).tolist() == [0, 0, 0, 0]


def test_a_threshold_separates_what_can_be_separated():
    birds, others = np.array([0.5, 0.9, 0.7]), np.array([0.1, 0.2, 0.05])
    assert figures.threshold(birds, others) == pytest.approx(0.35)
    assert figures.errors(birds, others, 0.35) == (0, 0)
    assert figures.errors(birds, others, 0.6) == pytest.approx((1 / 3, 0))
    assert figures.errors(birds, others, 0.2) == pytest.approx((0, 1 / 3))


def test_no_threshold_has_fewer_errors():
    draw = np.random.default_rng(2)
    birds, others = draw.beta(4, 2, 13), draw.beta(1, 4, 40)
    best = sum(figures.errors(birds, others, figures.threshold(birds, others)))
    assert all(sum(figures.errors(birds, others, t)) >= best for t in np.linspace(0, 1, 500))
