"""Each rewrite leaves the same function behind: float64, random weights, difference under 1e-9."""

import operator
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import fx, nn

from sr.inference import rewrite
from sr.models.fsrcnn import FSRCNN
from sr.models.srcnn import SRCNN
from sr.models.srresnet import SRResNet

EXACT = 1e-9


def shaken(network: nn.Module) -> nn.Module:
    """`network` in float64 and eval mode with every weight and statistic random."""
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.2)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.running_mean)
            nn.init.uniform_(layer.running_var, 0.5, 2)
    return network.double().eval()


def difference(a: nn.Module, b: nn.Module, channels: int) -> float:
    x = torch.randn(2, channels, 13, 9, dtype=torch.float64)
    with torch.inference_mode():
        return float((a(x) - b(x)).abs().max())


def layers(traced: fx.GraphModule) -> list[str]:
    """Layer types in the order they run."""
    return [
        type(traced.get_submodule(node.target)).__name__
        for node in traced.graph.nodes
        if node.op == "call_module"
    ]


@pytest.mark.parametrize("bias", [True, False])
def test_batch_norm_folds_into_the_convolution(bias):
    network = shaken(nn.Sequential(nn.Conv2d(3, 5, 3, padding=1, bias=bias), nn.BatchNorm2d(5)))
    traced = fx.symbolic_trace(network)
    rewrite.fold_batch_norm(traced)
    assert layers(traced) == ["Conv2d"]
    assert difference(network, traced, 3) < EXACT


@pytest.mark.parametrize("slopes", [1, 3])
def test_prelu_moves_before_the_shuffle(slopes):
    network = shaken(nn.Sequential(nn.PixelShuffle(2), nn.PReLU(slopes)))
    traced = fx.symbolic_trace(network)
    rewrite.activate_before_shuffle(traced)
    assert layers(traced) == ["PReLU", "PixelShuffle"]
    assert difference(network, traced, 12) < EXACT


@pytest.mark.parametrize("size", [1, 3, 5, 7, 9])
@pytest.mark.parametrize("factor", [2, 3])
def test_polyphase_equals_the_convolution_after_the_shuffle(size, factor):
    conv = shaken(nn.Conv2d(4, 3, size, padding=size // 2))
    network = nn.Sequential(nn.PixelShuffle(factor), conv)
    moved = nn.Sequential(rewrite.polyphase(conv, factor), nn.PixelShuffle(factor))
    assert difference(network, moved, 4 * factor**2) < EXACT


def test_a_large_convolution_moves_before_the_shuffle_and_a_small_one_stays():
    network = shaken(
        nn.Sequential(
            nn.PixelShuffle(2),
            nn.Conv2d(3, 8, 3, padding=1),
            nn.PixelShuffle(2),
            nn.Conv2d(2, 3, 9, padding=4),
        )
    )
    traced = fx.symbolic_trace(network)
    rewrite.convolve_before_shuffle(traced)
    assert layers(traced) == ["PixelShuffle", "Conv2d", "Conv2d", "PixelShuffle"]
    assert difference(network, traced, 12) < EXACT


def test_nothing_is_rewritten_where_another_layer_reads_the_same_rows():
    class Forked(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3)

        def forward(self, x):
            x = self.conv(x)
            return x + self.bn(x)

    network = shaken(Forked())
    fused = rewrite.fuse(network)
    assert layers(fused) == ["Conv2d", "BatchNorm2d"]
    assert difference(network, fused, 3) < EXACT


def test_a_layer_used_twice_is_rewritten_for_each_use():
    conv = nn.Conv2d(3, 3, 3, padding=1)
    network = shaken(nn.Sequential(conv, nn.BatchNorm2d(3), conv, nn.BatchNorm2d(3)))
    fused = rewrite.fuse(network)
    assert layers(fused) == ["Conv2d", "Conv2d"]
    assert difference(network, fused, 3) < EXACT


@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(9, 4, 4), (4, 2, 1), (5, 3, 1), (8, 4, 2)]
)
def test_a_deconvolution_becomes_a_convolution_and_a_shuffle(size, stride, padding):
    extra = stride - size + 2 * padding
    network = shaken(
        nn.Sequential(nn.ConvTranspose2d(3, 2, size, stride, padding, output_padding=extra))
    )
    traced = fx.symbolic_trace(network)
    rewrite.shuffle_after_convolution(traced)
    assert layers(traced) == ["Conv2d", "PixelShuffle"]
    assert difference(network, traced, 3) < EXACT


def test_fsrcnn_and_srcnn_run_as_convolutions():
    for network, radius in ((FSRCNN(8, 4, 2), 5), (SRCNN(), 8)):
        stages = [rewrite.fuse(stage) for stage in shaken(network)]
        assert all("ConvTranspose2d" not in layers(stage) for stage in stages)
        assert rewrite.receptive_radius(*stages) == radius
        assert difference(network, nn.Sequential(*stages), 1) < EXACT


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.3)])
def test_an_activation_works_in_the_convolutions_own_memory(activation):
    network = shaken(nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), activation))
    traced = fx.symbolic_trace(network)
    rewrite.activate_in_place(traced)
    assert [m.inplace for m in traced.modules() if isinstance(m, type(activation))][-1]
    assert not activation.inplace
    assert difference(network, traced, 3) < EXACT


class Sums(nn.Module):
    """Three sums: two may be done in place, in the memory of b and of a; one may not."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 5, padding=2), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        residual = x + self.b(x)  # nothing else reads b(x)
        early = self.b(residual) + self.a(residual)  # b's rows come first, a's are then added to
        shared = self.a(early)
        return (early + shared) * shared  # read twice


def test_a_residual_sum_works_in_the_memory_of_the_latest_convolution():
    network = shaken(Sums())
    traced = fx.symbolic_trace(network)
    rewrite.add_in_place(traced)
    sums = [node for node in traced.graph.nodes if "add" in str(node.target)]
    assert [node.target for node in sums] == [operator.iadd, operator.iadd, operator.add]
    assert [node.args[0].target for node in sums[:2]] == ["b", "a"]
    assert difference(network, traced, 3) < EXACT


class Products(nn.Module):
    """Two may be done in place, in the memory of sigmoid and of the sum; two may not."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 3, 5, padding=2), nn.Conv2d(3, 3, 3, padding=1)

    def forward(self, x):
        y = self.b(x)
        gated = (y + x) * (torch.sigmoid(y) - 0.5)
        ahead = (gated + gated) * self.a(gated)  # the sum's rows come first: some must be kept
        return ahead * gated - x * 2


def test_products_work_in_memory_that_nothing_else_reads():
    network = shaken(Products())
    traced = fx.symbolic_trace(network)
    rewrite.multiply_in_place(traced)
    found = [node.target for node in traced.graph.nodes if node.op == "call_function"]
    products = [f for f in found if f.__name__ in ("mul", "imul", "sub", "isub")]
    mul, imul, isub = operator.mul, operator.imul, operator.isub
    assert products == [isub, imul, mul, imul, mul, isub]
    assert difference(network, traced, 3) < EXACT


@pytest.mark.parametrize("options", [{}, {"bias": True, "slopes": 8, "eps": 1e-3, "tanh": True}])
def test_the_whole_generator(options):
    network = shaken(SRResNet(8, 2, **options))
    trunk, tail = map(rewrite.fuse, network)
    assert "BatchNorm2d" not in layers(trunk)
    assert layers(tail)[:6] == ["Conv2d", "PReLU", "PixelShuffle", "Conv2d", "PReLU", "Conv2d"]
    assert difference(network, nn.Sequential(trunk, tail), 3) < EXACT


def test_the_receptive_radius_is_that_of_the_paper():
    trunk, tail = map(rewrite.fuse, SRResNet())
    assert rewrite.receptive_radius(trunk) == 37
    assert rewrite.receptive_radius(tail) == 3
    assert rewrite.receptive_radius(trunk, tail) == 40


def test_two_threads_may_make_networks_ready_at_once():
    networks = [SRResNet(blocks=4).eval() for _ in range(8)]
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda network: rewrite.fuse(network.trunk), networks))
    assert len(made) == len(networks)


def test_a_network_runs_while_another_is_made_ready():
    ready, other = rewrite.fuse(FSRCNN().trunk), SRResNet(blocks=8)
    made = threading.Event()

    def run() -> int:
        photo, runs = torch.rand(1, 1, 8, 8), 0
        while not made.is_set():
            ready(photo)
            runs += 1
        return runs

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        try:
            for _ in range(10):
                rewrite.fuse(other.trunk)
        finally:
            made.set()
    assert running.result() > 10
