"""SPAN in its two forms: as it is trained and as it is run."""

import pytest
import torch

from sr.inference.rewrite import fuse
from sr.models import catalog
from sr.models.span import SPAN, Conv3XC


def test_it_has_the_size_of_the_published_one():
    assert sum(p.numel() for p in SPAN().parameters()) == 426_288
    network = catalog.build(catalog.find("span")).network
    assert network(torch.rand(1, 3, 5, 7)).shape == (1, 3, 20, 28)


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (9, 8)])
def test_the_merged_convolution_is_the_same_at_the_border_too(shape):
    torch.manual_seed(0)
    branches = Conv3XC(3, 5).double()
    x = torch.randn(2, 3, *shape, dtype=torch.double)
    with torch.inference_mode():
        assert (branches(x) - branches.merged()(x)).abs().max() < 1e-9


def test_the_engine_merges_what_was_trained():
    torch.manual_seed(0)
    network = SPAN(8, 2, merged=False).double().eval()
    fused = fuse(network.trunk)
    x = torch.rand(1, 3, 9, 11, dtype=torch.double)
    with torch.inference_mode():
        assert (fused(x) - network(x)).abs().max() < 1e-9
    assert not any(isinstance(layer, Conv3XC) for layer in fused.modules())
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in fused.modules()) == 2 * 3 + 4
