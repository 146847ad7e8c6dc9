import h5py
import numpy as np
import pytest
import torch

import hub
from sr.models import catalog, srresnet


@pytest.fixture
def weights():
    return hub.fetch(catalog.find("srgan-div2k").sources[0])


def test_every_tensor_of_the_file_lands_in_the_network(weights):
    network = catalog.find("srgan-div2k").build()
    state = srresnet.read_div2k(weights, network)
    network.load_state_dict(state, strict=True)
    with h5py.File(weights) as file:
        first = file["conv2d"]["conv2d/kernel:0"][()]
        prelu = file["p_re_lu_18"]["p_re_lu_18/alpha:0"][()]
    np.testing.assert_array_equal(
        network.trunk.conv1.weight[5, 2, 1, 7].detach(), first[1, 7, 2, 5]
    )
    np.testing.assert_array_equal(network.tail[5].weight.detach(), prelu.ravel())


def test_upsampling_channels_are_in_the_order_of_pixel_shuffle(weights):
    """depth_to_space reads channel (block, c) where PixelShuffle reads (c, block)."""
    with h5py.File(weights) as file:
        bias = torch.from_numpy(file["conv2d_34"]["conv2d_34/bias:0"][()])
    mapped = srresnet.read_div2k(weights, catalog.find("srgan-div2k").build())["tail.0.bias"]
    theirs = bias.reshape(2, 2, 64).permute(2, 0, 1)  # depth_to_space of one pixel
    ours = torch.nn.functional.pixel_shuffle(mapped[None, :, None, None], 2)[0]
    assert torch.equal(ours, theirs)


def test_a_file_with_a_layer_missing_is_refused(weights, tmp_path):
    path = tmp_path / "short.h5"
    with h5py.File(weights) as source, h5py.File(path, "w") as copy:
        names = list(source.attrs["layer_names"])
        copy.attrs["layer_names"] = names[:-2]
        for name in names[:-2]:
            source.copy(source[name], copy, name if isinstance(name, str) else name.decode())
    with pytest.raises(hub.BadWeights, match=r"short.h5 has 88 layers with weights, not 89"):
        srresnet.read_div2k(path, catalog.find("srgan-div2k").build())
