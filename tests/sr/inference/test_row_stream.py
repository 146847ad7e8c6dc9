"""A stream's rows, put together, are those of the whole photo, however they were fed."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from sr.inference.rewrite import fuse
from sr.inference.row_stream import Stream, UnsupportedLayer
from sr.models.span import SPAN
from sr.models.srresnet import SRResNet
from tests.sr.inference.test_rewrite import Products

torch.manual_seed(1)


class Dense(nn.Module):
    """Layers that lag by different numbers of rows, joined by cat, add and mul."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 5, padding=2), nn.Conv2d(7, 3, 3, padding=1)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x):
        y = torch.cat([x, self.a(x)], 1)
        return self.up(x + self.b(y) * 0.2)


class Sums(nn.Module):
    """Sums of layers that lag by different numbers of rows, in place and not."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 7, padding=3), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        early = self.b(x) + self.a(x)
        late = nn.functional.relu(early) + self.b(self.a(self.b(early)))
        return x + late + self.a(late)


NETWORKS = {
    "products": Products(),
    "sums": Sums(),
    "generator": SRResNet(4, 2, bias=True, slopes=4, tanh=True),
    "dense": Dense(),
    "attention": SPAN(4, 2),
    "attention in training": SPAN(4, 2, merged=False),
    "one pixel": nn.Sequential(nn.Conv2d(3, 2, 1), nn.PReLU()),
}


def run(network: nn.Module, photo: torch.Tensor, heights: list[int]) -> torch.Tensor:
    stream, start, strips = Stream(fuse(network)), 0, []
    while start < photo.shape[2]:
        stop = min(photo.shape[2], start + heights[len(strips) % len(heights)])
        strips.append(stream.push(photo[:, :, start:stop], stop == photo.shape[2]))
        start = stop
    return torch.cat([strip for strip in strips if strip is not None], 2)


@pytest.mark.parametrize("name", NETWORKS)
@settings(max_examples=25, deadline=None)
@given(st.integers(1, 30), st.integers(1, 9), st.lists(st.integers(1, 12), min_size=1, max_size=5))
def test_strips_of_any_height_give_the_whole_photo(name, height, width, heights):
    network = NETWORKS[name].double().eval()
    photo = torch.rand(1, 3, height, width, dtype=torch.float64)
    with torch.inference_mode():
        whole = network(photo)
    torch.testing.assert_close(run(network, photo, heights), whole, rtol=0, atol=1e-12)


def test_a_stream_can_be_used_for_the_next_photo():
    network = NETWORKS["generator"].double().eval()
    stream = Stream(fuse(network))
    photo = torch.rand(1, 3, 6, 5, dtype=torch.float64)
    first, second = stream.push(photo, True), stream.push(photo, True)
    assert torch.equal(first, second)


def test_after_a_failure_the_same_rows_can_be_pushed_again(monkeypatch):
    network = NETWORKS["dense"].double().eval()
    stream = Stream(fuse(network))
    photo = torch.rand(1, 3, 20, 5, dtype=torch.float64)
    strips = [stream.push(photo[:, :, :10], False)]
    with monkeypatch.context() as patch:
        patch.setattr(nn.Upsample, "forward", lambda *_: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            stream.push(photo[:, :, 10:], True)
    strips += [stream.push(photo[:, :, 10:15], False), stream.push(photo[:, :, 15:], True)]
    strips = [strip for strip in strips if strip is not None]
    with torch.inference_mode():
        torch.testing.assert_close(torch.cat(strips, 2), network(photo), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(3, 3, 3),
        nn.Conv2d(3, 3, 3, padding=1, stride=2),
        nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.AdaptiveAvgPool2d(1),
    ],
)
def test_a_layer_that_mixes_rows_otherwise_is_refused(layer):
    with pytest.raises(UnsupportedLayer, match="can't be run in strips"):
        Stream(fuse(nn.Sequential(layer)))


class Scaled(nn.Module):
    """Times a constant of a given shape, and perhaps its own mean."""

    def __init__(self, *shape: int, mean: bool = False):
        super().__init__()
        self.conv, self.mean = nn.Conv2d(3, 3, 1), mean
        self.gain = nn.Parameter(torch.ones(shape))

    def forward(self, x):
        x = self.conv(x) * self.gain
        return x * x.mean((2, 3), keepdim=True) if self.mean else x


def test_a_constant_must_be_the_same_for_all_rows():
    photo = torch.rand(1, 3, 4, 5)
    for network in (Scaled(), Scaled(1), Scaled(1, 3, 1, 1), Scaled(1, 1, 1, 5)):
        assert torch.equal(run(network, photo, [2]), network.conv(photo) * network.gain)
    for network in (Scaled(1, 3, 4, 1), Scaled(5), Scaled(1, mean=True)):
        with pytest.raises(UnsupportedLayer, match="can't be run in strips"):
            Stream(fuse(network))
