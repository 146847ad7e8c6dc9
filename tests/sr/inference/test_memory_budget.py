"""Peak memory follows the budget, not the photo, whatever the network."""

import sys

import pytest

from sr import bench

SIDE, BUDGET = 350, 40  # pixels, MB
RESULT = (4 * SIDE) ** 2 * 3 / 2**20  # MB


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("model", ["fsrcnn", "srcnn"])
def test_networks_of_luma_stay_within_the_budget(model):
    assert bench.peak_mb("engine", SIDE, model, BUDGET) < RESULT + BUDGET
