"""Exact rewrites of a network for inference.

Each rewrite takes a traced stage (`torch.fx.GraphModule` in eval mode), looks
for one pattern, whatever network it stands in, and leaves the same function
of the input behind, up to rounding. `fuse` applies all of them.
"""

import math
import operator
import threading
from copy import copy

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# The polyphase form of a convolution does more multiplications on better
# shaped matrices. For the 9x9 output convolution it does 1.23 times as many
# and is 2 times faster; a 3x3 one would do 4 times as many.
POLYPHASE_MOST_EXTRA_WORK = 1.5
CONSTANT = "get_attr"  # what torch.fx calls a node that is a tensor of the network's own
_TRACING = threading.Lock()  # torch.fx traces one network at a time


class _Tracer(fx.Tracer):
    """Leaves other threads alone: while torch.fx traces, it patches every module there is."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()

    def call_module(self, m, forward, args, kwargs):
        if threading.get_ident() != self._thread:
            return forward(*args, **kwargs)
        return super().call_module(m, forward, args, kwargs)

    def is_leaf_module(self, m, module_qualified_name):
        return hasattr(m, "merged") or super().is_leaf_module(m, module_qualified_name)

    def getattr(self, attr, attr_val, parameter_proxy_cache):
        if threading.get_ident() != self._thread:
            return attr_val
        return super().getattr(attr, attr_val, parameter_proxy_cache)


def fuse(stage: nn.Module) -> fx.GraphModule:
    """`stage` traced and rewritten for inference; the original is left as it was."""
    with _TRACING:
        traced = fx.GraphModule(stage, _Tracer().trace(stage.eval()))
    merge_branches(traced)
    fold_batch_norm(traced)
    activate_before_shuffle(traced)
    convolve_before_shuffle(traced)
    shuffle_after_convolution(traced)
    activate_in_place(traced)
    multiply_in_place(traced)
    add_in_place(traced)
    traced.delete_all_unused_submodules()
    return traced.requires_grad_(False)


def merge_branches(traced: fx.GraphModule) -> None:
    """Layers that know a simpler one for inference, such as `span.Conv3XC`, -> that one."""
    for node in list(traced.graph.nodes):
        layer = layer_of(traced, node)
        if hasattr(layer, "merged"):
            _replace(traced, [node], layer.merged())
    traced.recompile()


def fold_batch_norm(traced: fx.GraphModule) -> None:
    """Conv, BN -> Conv. Inference statistics are constants: they scale and shift the kernel."""
    for nodes, conv, norm in _pairs(traced, nn.Conv2d, nn.BatchNorm2d):
        _replace(traced, nodes, fuse_conv_bn_eval(conv, norm))
    traced.recompile()


def activate_before_shuffle(traced: fx.GraphModule) -> None:
    """PixelShuffle, PReLU -> PReLU, PixelShuffle, which works on whole cache lines.

    Shuffling moves channels c*r*r .. c*r*r+r*r-1 to channel c (Shi et al.
    2016, eq. 4), so a slope a channel is repeated r*r times.
    """
    for nodes, shuffle, prelu in _pairs(traced, nn.PixelShuffle, nn.PReLU):
        slopes = prelu.weight.detach()
        if slopes.numel() > 1:
            slopes = slopes.repeat_interleave(shuffle.upscale_factor**2)
        moved = nn.PReLU(slopes.numel(), dtype=slopes.dtype)
        moved.weight.data = slopes
        _replace(traced, nodes, moved, shuffle)
    traced.recompile()


def convolve_before_shuffle(traced: fx.GraphModule) -> None:
    """PixelShuffle(r), Conv -> Conv, PixelShuffle(r), where that is worth its extra work."""
    for nodes, shuffle, conv in _pairs(traced, nn.PixelShuffle, nn.Conv2d):
        factor, size = shuffle.upscale_factor, conv.kernel_size[0]
        work = (factor * (2 * _coarse_radius(size, factor) + 1) / size) ** 2
        if is_same_size(conv) and conv.groups == 1 and work <= POLYPHASE_MOST_EXTRA_WORK:
            _replace(traced, nodes, polyphase(conv, factor), shuffle)
    traced.recompile()


def _coarse_radius(size: int, factor: int) -> int:
    """Pixels before PixelShuffle(`factor`) that half a kernel of `size` reaches after it."""
    return -(-(size // 2) // factor)


def polyphase(conv: nn.Conv2d, factor: int) -> nn.Conv2d:
    """The convolution that, before PixelShuffle(`factor`), equals `conv` after it."""
    impulses = _impulses(factor**2, _coarse_radius(conv.kernel_size[0], factor))
    weight = conv.weight.double().flatten(0, 1)[:, None]
    answers = F.conv2d(F.pixel_shuffle(impulses, factor), weight, padding=conv.padding)
    return _convolution(answers, conv, factor)


def shuffle_after_convolution(traced: fx.GraphModule) -> None:
    """Deconvolution of stride r -> Conv, PixelShuffle(r): what is known to run in strips."""
    for node in list(traced.graph.nodes):
        layer = layer_of(traced, node)
        if isinstance(layer, nn.ConvTranspose2d) and is_enlarging(layer):
            _replace(traced, [node], subpixel(layer), nn.PixelShuffle(layer.stride[0]))
    traced.recompile()


def subpixel(deconvolution: nn.ConvTranspose2d) -> nn.Conv2d:
    """The convolution that, before PixelShuffle(stride), equals `deconvolution`.

    Shi et al., "Is the deconvolution layer the same as a convolutional layer?", 2016.
    """
    size, factor = deconvolution.kernel_size[0], deconvolution.stride[0]
    padding, extra = deconvolution.padding[0], deconvolution.output_padding
    radius = max((size - 1 - padding) // factor, (padding + factor - 1) // factor)
    weight = deconvolution.weight.double().transpose(0, 1).flatten(0, 1)[None]
    answers = F.conv_transpose2d(_impulses(1, radius), weight, None, factor, padding, extra)
    return _convolution(answers, deconvolution, factor)


def _impulses(channels: int, radius: int) -> Tensor:
    """A picture for each channel, (N, N, 2r+1, 2r+1) float64: 1 in the channel's middle, else 0."""
    impulses = torch.zeros(channels, channels, 2 * radius + 1, 2 * radius + 1, dtype=torch.double)
    impulses[:, :, radius, radius] = torch.eye(channels)
    return impulses


def _convolution(answers: Tensor, layer: nn.Module, factor: int) -> nn.Conv2d:
    """The convolution that, before PixelShuffle(`factor`), equals a linear `layer`.

    answers: (phases, outputs * inputs, h, w), what each output makes of an impulse in each phase
        of each input; the kernel is these answers turned round.
    """
    channels = (layer.out_channels, layer.in_channels, factor**2)
    answers = F.pixel_unshuffle(answers, factor).unflatten(1, channels)
    kernel = answers.permute(1, 3, 2, 0, 4, 5).flatten(0, 1).flatten(1, 2).flip(2, 3)
    outputs, inputs, size, _ = kernel.shape
    bias = layer.bias is not None
    moved = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=bias, dtype=layer.weight.dtype)
    moved.weight.data.copy_(kernel)
    if bias:
        moved.bias.data.copy_(layer.bias.repeat_interleave(factor**2))
    return moved


def is_enlarging(layer: nn.ConvTranspose2d) -> bool:
    """Whether its output is exactly `stride` times its input's size, of one square kernel."""
    size, stride, padding = layer.kernel_size[0], layer.stride[0], layer.padding[0]
    return (
        layer.kernel_size == (size, size)
        and layer.stride == (stride, stride)
        and layer.padding == (padding, padding)
        and layer.output_padding == (stride - size + 2 * padding,) * 2
        and layer.dilation == (1, 1)
        and layer.groups == 1
    )


def activate_in_place(traced: fx.GraphModule) -> None:
    """Conv, ReLU -> Conv, ReLU in place: nothing else reads what the convolution gave."""
    for kind in (nn.ReLU, nn.LeakyReLU, nn.SiLU):
        for nodes, _, activation in _pairs(traced, nn.Conv2d, kind):
            in_place = copy(activation)
            in_place.inplace = True
            _replace(traced, nodes[1:], in_place)
    traced.recompile()


def multiply_in_place(traced: fx.GraphModule) -> None:
    """x * y, x - y -> x *= y, x -= y, where nothing else reads x: memory anew costs more.

    Only where x's rows come no earlier than y's, so that a stream keeps none of them.
    """
    lags = row_lags(traced)
    in_place = {operator.mul: operator.imul, operator.sub: operator.isub}
    for node in traced.graph.nodes:
        if node.target not in in_place or not _is_fresh(traced, node.args[0]):
            continue
        if all(lags[node.args[0]] >= lags[other] for other in node.all_input_nodes):
            node.target = in_place[node.target]
    traced.recompile()


def _is_fresh(traced: fx.GraphModule, node: object) -> bool:
    """Whether a node's value was made for the one node that reads it."""
    if not isinstance(node, fx.Node) or len(node.users) != 1:
        return False
    made = node.op in ("call_function", "call_method")
    return made or isinstance(layer_of(traced, node), nn.Conv2d)


def add_in_place(traced: fx.GraphModule) -> None:
    """x + y -> y += x, where nothing else reads y: a residual block's sum needs no new memory.

    Only where y's rows come no earlier than those they are added to, which is so in every
    residual block: a stream can then add all it has.
    """
    lags = row_lags(traced)
    for node in traced.graph.nodes:
        if node.target is not operator.add or len(set(node.all_input_nodes)) != 2:
            continue
        for own, other in (node.args, node.args[::-1]):
            alone = _is_fresh(traced, own) and other.op != CONSTANT
            if alone and lags[own] >= lags[other]:
                node.target, node.args = operator.iadd, (own, other)
                break
    traced.recompile()


def row_lags(traced: fx.GraphModule) -> dict[fx.Node, int]:
    """How many of its own rows each node is behind the rows that have been fed in."""
    lags: dict[fx.Node, int] = {}
    for node in traced.graph.nodes:
        layer = layer_of(traced, node)
        lags[node] = max((lags[i] for i in node.all_input_nodes), default=0)
        if isinstance(layer, nn.Conv2d):
            lags[node] += layer.kernel_size[0] // 2
        lags[node] *= upscaling(layer)
    return lags


def is_same_size(conv: nn.Conv2d) -> bool:
    """Whether `conv` is square, odd, stride 1 and zero-padded to keep its input's size."""
    size = conv.kernel_size[0]
    return (
        conv.kernel_size == (size, size)
        and size % 2 == 1
        and conv.stride == conv.dilation == (1, 1)
        and conv.padding == (size // 2, size // 2)
        and conv.padding_mode == "zeros"
    )


def _pairs(
    traced: fx.GraphModule, first: type, second: type
) -> list[tuple[list[fx.Node], nn.Module, nn.Module]]:
    """(their nodes, first layer, second layer) where nothing but the second reads the first's."""
    found = []
    for node in traced.graph.nodes:
        layer = layer_of(traced, node)
        if isinstance(layer, second):
            before = node.args[0]
            if isinstance(layer_of(traced, before), first) and len(before.users) == 1:
                found.append(([before, node], layer_of(traced, before), layer))
    return found


def layer_of(traced: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    """The layer that a node calls, or None."""
    return traced.get_submodule(node.target) if node.op == "call_module" else None


def _replace(traced: fx.GraphModule, nodes: list[fx.Node], *layers: nn.Module) -> None:
    """Call `layers` one after the other in place of `nodes`, which do so too.

    They get names of their own, for a layer may be called from several places. The caller has
    `traced` compiled anew once all are replaced: for a thousand layers that takes a while.
    """
    first, last = nodes[0], nodes[-1]
    x = first.args[0]
    for i, layer in enumerate(layers):
        name = f"{last.name}_fused_{i}"
        traced.add_submodule(name, layer)
        with traced.graph.inserting_before(last):
            x = traced.graph.call_module(name, (x,))
    last.replace_all_uses_with(x)
    for node in reversed(nodes):
        traced.graph.erase_node(node)


def receptive_radius(*stages: fx.GraphModule) -> int:
    """Input pixels on each side that an output pixel may depend on.

    The sum over the convolutions, in the order they run, of half their kernel, each at its own
    resolution. For the SRGAN generator: 37 for the trunk, 3 for the tail.
    """
    radius, scale = 0.0, 1
    for layer in (layer_of(stage, node) for stage in stages for node in stage.graph.nodes):
        if isinstance(layer, nn.Conv2d):
            radius += (layer.kernel_size[0] // 2) / scale
        scale *= upscaling(layer)
    return math.ceil(radius)


def upscaling(layer: nn.Module | None) -> int:
    """Output rows per input row of `layer`."""
    if isinstance(layer, nn.PixelShuffle):
        return layer.upscale_factor
    return int(layer.scale_factor) if isinstance(layer, nn.Upsample) else 1
