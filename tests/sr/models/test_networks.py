import torch

from sr.models import catalog
from sr.models.srresnet import SRResNet


def test_the_generator_has_the_size_of_the_papers():
    network = SRResNet()  # the layout of the published ImageNet weights
    assert sum(p.numel() for p in network.parameters()) == 1_547_350
    assert len(network.state_dict()) == 225


def test_it_gives_four_times_the_size_in_unit_range():
    network = catalog.build(catalog.find("srgan-div2k")).network
    with torch.inference_mode():
        result = network(torch.rand(1, 3, 7, 5))
    assert result.shape == (1, 3, 28, 20)
    assert result.min() >= 0 and result.max() <= 1
