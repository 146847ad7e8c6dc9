"""Tiers, the family or order that is surer than any kind, and lists."""

import numpy as np
import pytest

from classify import certainty
from classify.certainty import LIKELY, NOT_SURE, POSSIBLY, Group
from classify.taxonomy import Taxon

TAXA = [
    Taxon("Tawny Owl", "Strix aluco", "tawowl1", "Strigidae", "Strigiformes"),
    Taxon("Great Gray Owl", "Strix nebulosa", "grgowl", "Strigidae", "Strigiformes"),
    Taxon("Barn Owl", "Tyto alba", "brnowl", "Tytonidae", "Strigiformes"),
    Taxon("macaw"),
]


@pytest.mark.parametrize(
    ("probability", "tier"),
    [(1.0, LIKELY), (0.8, LIKELY), (0.79, POSSIBLY), (0.3, POSSIBLY), (0.29, NOT_SURE)],
)
def test_tiers(probability, tier):
    assert certainty.tier(probability) == tier


@pytest.mark.parametrize(
    ("kinds", "group"),
    [
        ((0.9, 0.05, 0, 0), None),  # the kind itself is likely
        ((0.45, 0.4, 0, 0), ("an owl", "Strigidae", LIKELY)),
        ((0.4, 0, 0.4, 0), ("an owl", "Strigiformes", LIKELY)),
        ((0.4, 0.1, 0, 0), None),  # the kind is possible, and no group likely
        ((0.2, 0.2, 0, 0.1), ("an owl", "Strigidae", POSSIBLY)),
        ((0.2, 0.05, 0.02, 0.1), None),
        ((0, 0, 0, 0.5), None),  # of no family
    ],
)
def test_a_group_is_named_where_it_is_surer_than_any_kind(kinds, group):
    found = certainty.group(np.array(kinds, float), TAXA)
    if group is None:
        assert found is None
    else:
        assert (found.name, found.scientific, found.tier) == group
        assert isinstance(found, Group) and found.probability <= 1


def test_a_list_takes_the_share_of_what_is_outside_but_a_tenth():
    kinds = np.array([0.4, 0.4, 0, 0.1])
    inside, outside = certainty.among(kinds, [0])
    assert outside == pytest.approx(5 / 9)
    assert inside[0] == pytest.approx(0.4 * 0.9 / (0.4 + 0.1 * 0.5))
    assert inside[1:].tolist() == [0, 0, 0]


def test_the_more_lies_outside_a_list_the_less_sure_it_is():
    sure = [certainty.among(np.array([p, 1 - p]), [0])[0][0] for p in (0.001, 0.01, 0.1, 0.5, 1)]
    assert sure == sorted(sure) and sure[0] < 0.05 and sure[-1] == 1


def test_a_list_of_everything_changes_nothing():
    kinds = np.array([0.4, 0.3, 0.1, 0.1])
    inside, outside = certainty.among(kinds, range(4))
    np.testing.assert_allclose(inside, kinds)
    assert outside == 0
