"""Exact rewrites of a network for inference.

Each rewrite takes a traced stage (`torch.fx.GraphModule` in eval mode), looks
for one pattern, whatever network it stands in, and leaves the same function
of the input behind, up to rounding. `fuse` applies all of them.
"""

from __future__ import annotations

import math
import operator

from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# The polyphase form of a convolution does more multiplications on better
# shaped matrices. For the 9x9 output convolution it does 1.23 times as many
# and is 2 times faster; a 3x3 one would do 4 times as many.
POLYPHASE_MOST_EXTRA_WORK = 1.5


def fuse(stage: nn.Module) -> fx.GraphModule:
    """`stage` traced and rewritten for inference; the original is left as it was."""
    traced = fx.symbolic_trace(stage.eval())
    fold_batch_norm(traced)
    activate_before_shuffle(traced)
    convolve_before_shuffle(traced)
    shuffle_after_convolution(traced)
    activate_in_place(traced)
    add_in_place(traced)
    traced.delete_all_unused_submodules()
    return traced.requires_grad_(False)


def fold_batch_norm(traced: fx.GraphModule) -> None:
    """Conv, BN -> Conv. Inference statistics are constants: they scale and shift the kernel."""
    for conv, bn in _pairs(traced, nn.Conv2d, nn.BatchNorm2d):
        folded = fuse_conv_bn_eval(traced.get_submodule(conv.target), _module(traced, bn))
        _replace(traced, conv, folded)
        _drop(traced, bn)


def activate_before_shuffle(traced: fx.GraphModule) -> None:
    """PixelShuffle, PReLU -> PReLU, PixelShuffle, which works on whole cache lines.

    Shuffling moves channels c*r*r .. c*r*r+r*r-1 to channel c (Shi et al.
    2016, eq. 4), so a slope a channel is repeated r*r times.
    """
    for shuffle, prelu in _pairs(traced, nn.PixelShuffle, nn.PReLU):
        slopes = _module(traced, prelu).weight.detach()
        if slopes.numel() > 1:
            slopes = slopes.repeat_interleave(_module(traced, shuffle).upscale_factor ** 2)
        moved = nn.PReLU(slopes.numel(), dtype=slopes.dtype)
        moved.weight.data = slopes
        prelu.replace_all_uses_with(shuffle)
        prelu.args = shuffle.args
        shuffle.prepend(prelu)
        shuffle.args = (prelu,)
        _replace(traced, prelu, moved)
    traced.recompile()


def convolve_before_shuffle(traced: fx.GraphModule) -> None:
    """PixelShuffle(r), Conv -> Conv, PixelShuffle(r), where that is worth its extra work."""
    for shuffle, conv in _pairs(traced, nn.PixelShuffle, nn.Conv2d):
        layer, factor = _module(traced, conv), _module(traced, shuffle).upscale_factor
        if not is_same_size(layer) or layer.groups != 1:
            continue
        moved = polyphase(layer, factor)
        if moved.weight.numel() > POLYPHASE_MOST_EXTRA_WORK * factor**2 * layer.weight.numel():
            continue
        after = nn.PixelShuffle(factor)
        conv.args = shuffle.args
        with traced.graph.inserting_after(conv):
            name = f"{conv.target}_shuffle".replace(".", "_")
            traced.add_submodule(name, after)
            new = traced.graph.call_module(name)
        conv.replace_all_uses_with(new)
        new.args = (conv,)
        traced.graph.erase_node(shuffle)
        _replace(traced, conv, moved)
    traced.recompile()


def polyphase(conv: nn.Conv2d, factor: int) -> nn.Conv2d:
    """The convolution that, before PixelShuffle(`factor`), equals `conv` after it.

    A k x k kernel from C to O channels becomes one from C*r*r to O*r*r
    channels of half-width ceil((k//2) / r). Tap d of output phase p reads
    position p + d - k//2, that is phase (p + d - k//2) mod r of the coarse
    pixel floor((p + d - k//2) / r) away.
    """
    out_channels, in_channels, size, _ = conv.weight.shape
    radius = -(-(size // 2) // factor)
    weight = conv.weight.new_zeros(
        out_channels, factor, factor, in_channels, factor, factor, 2 * radius + 1, 2 * radius + 1
    )
    taps = [
        (phase, tap, *reversed(divmod(phase + tap - size // 2, factor)))
        for phase in range(factor)
        for tap in range(size)
    ]
    for py, dy, qy, vy in taps:
        for px, dx, qx, vx in taps:
            weight[:, py, px, :, qy, qx, vy + radius, vx + radius] = conv.weight[:, :, dy, dx]
    moved = nn.Conv2d(
        in_channels * factor**2,
        out_channels * factor**2,
        2 * radius + 1,
        padding=radius,
        bias=conv.bias is not None,
        dtype=conv.weight.dtype,
    )
    moved.weight.data = weight.reshape(moved.weight.shape).detach()
    if conv.bias is not None:
        moved.bias.data = conv.bias.detach().repeat_interleave(factor**2)
    return moved


def shuffle_after_convolution(traced: fx.GraphModule) -> None:
    """Deconvolution of stride r -> Conv, PixelShuffle(r): what is known to run in strips."""
    for node in list(traced.graph.nodes):
        layer = _module(traced, node)
        if isinstance(layer, nn.ConvTranspose2d) and is_enlarging(layer):
            _replace(traced, node, nn.Sequential(subpixel(layer), nn.PixelShuffle(layer.stride[0])))
            _unpack(traced, node)
    traced.recompile()


def subpixel(deconvolution: nn.ConvTranspose2d) -> nn.Conv2d:
    """The convolution that, before PixelShuffle(r), equals a deconvolution of stride r.

    Input pixel i adds weight t to output pixel r i + t - padding. So phase p of
    output pixel r m + p gets weight p + padding + r j from input pixel m - j
    (Shi et al., "Is the deconvolution layer the same as a convolutional
    layer?", 2016).
    """
    inputs, outputs, size, _ = deconvolution.weight.shape
    factor, padding = deconvolution.stride[0], deconvolution.padding[0]
    radius = max((size - 1 - padding) // factor, (padding + factor - 1) // factor)
    weight = deconvolution.weight.new_zeros(
        outputs, factor, factor, inputs, 2 * radius + 1, 2 * radius + 1
    )
    taps = [
        (phase, radius - j, phase + padding + factor * j)
        for phase in range(factor)
        for j in range(-radius, radius + 1)
        if 0 <= phase + padding + factor * j < size
    ]
    for py, y, ty in taps:
        for px, x, tx in taps:
            weight[:, py, px, :, y, x] = deconvolution.weight[:, :, ty, tx].T
    moved = nn.Conv2d(
        inputs,
        outputs * factor**2,
        2 * radius + 1,
        padding=radius,
        bias=deconvolution.bias is not None,
        dtype=weight.dtype,
    )
    moved.weight.data = weight.reshape(moved.weight.shape).detach()
    if deconvolution.bias is not None:
        moved.bias.data = deconvolution.bias.detach().repeat_interleave(factor**2)
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
    for kind in (nn.ReLU, nn.LeakyReLU):
        for _, node in _pairs(traced, nn.Conv2d, kind):
            layer = _module(traced, node)
            slope = {"negative_slope": layer.negative_slope} if kind is nn.LeakyReLU else {}
            _replace(traced, node, kind(inplace=True, **slope))


def add_in_place(traced: fx.GraphModule) -> None:
    """x + Conv -> Conv += x: the sum of a residual block needs no memory of its own.

    Only where the convolution's rows come no earlier than those they are added
    to, which is so in every residual block: a stream can then add all it has.
    """
    lags = row_lags(traced)
    for node in traced.graph.nodes:
        if node.target is not operator.add or len(set(node.all_input_nodes)) != 2:
            continue
        for own, other in (node.args, node.args[::-1]):
            alone = isinstance(_module(traced, own), nn.Conv2d) and len(own.users) == 1
            if alone and lags[own] >= lags[other]:
                node.target, node.args = operator.iadd, (own, other)
                break
    traced.recompile()


def row_lags(traced: fx.GraphModule) -> dict[fx.Node, int]:
    """How many of its own rows each node is behind the rows that have been fed in."""
    lags: dict[fx.Node, int] = {}
    for node in traced.graph.nodes:
        layer = _module(traced, node)
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


def _pairs(traced: fx.GraphModule, first: type, second: type) -> list[tuple[fx.Node, fx.Node]]:
    """Calls of a `second` layer whose only input is a `first` layer nothing else reads."""
    return [
        (node.args[0], node)
        for node in traced.graph.nodes
        if isinstance(_module(traced, node), second)
        and isinstance(_module(traced, node.args[0]), first)
        and len(node.args[0].users) == 1
    ]


def _module(traced: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return traced.get_submodule(node.target) if node.op == "call_module" else None


def _replace(traced: fx.GraphModule, node: fx.Node, layer: nn.Module) -> None:
    """Let `node` call `layer` instead, under a name of its own (layers may be shared)."""
    name = f"{node.name}_fused"
    traced.add_submodule(name, layer)
    node.target = name
    traced.recompile()


def _unpack(traced: fx.GraphModule, node: fx.Node) -> None:
    """Let `node`, which calls an `nn.Sequential`, call its layers one by one."""
    x = node.args[0]
    with traced.graph.inserting_before(node):
        for name, _ in _module(traced, node).named_children():
            x = traced.graph.call_module(f"{node.target}.{name}", (x,))
    node.replace_all_uses_with(x)
    traced.graph.erase_node(node)


def _drop(traced: fx.GraphModule, node: fx.Node) -> None:
    node.replace_all_uses_with(node.args[0])
    traced.graph.erase_node(node)
    traced.recompile()


def receptive_radius(*stages: fx.GraphModule) -> int:
    """Input pixels on each side that an output pixel may depend on.

    The sum over the convolutions, in the order they run, of half their
    kernel, each at its own resolution. For the SRGAN generator: 37 for the
    trunk, 3 for the tail.
    """
    radius, scale = 0.0, 1
    for layer in (_module(stage, node) for stage in stages for node in stage.graph.nodes):
        if isinstance(layer, nn.Conv2d):
            radius += (layer.kernel_size[0] // 2) / scale
        scale *= upscaling(layer)
    return math.ceil(radius)


def upscaling(layer: nn.Module | None) -> int:
    """Output rows per input row of `layer`."""
    if isinstance(layer, nn.PixelShuffle):
        return layer.upscale_factor
    return int(layer.scale_factor) if isinstance(layer, nn.Upsample) else 1
