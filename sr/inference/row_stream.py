"""A network run over strips of rows, without overlap and without a whole-photo feature map.

A strip contributes to k - 1 more rows of a convolution of height k than it has.
The stream keeps these unfinished rows, for every convolution, and adds to them what the next strip
contributes, so nothing is computed twice but for a few rows at the strips' edges, and nothing is
copied together. The result equals that of the whole photo (up to the rounding of another order of
sums), memory is bounded by the photo's width, and a strip stays in the processor's cache.
"""

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from sr.inference.rewrite import is_same_size, layer_of

# Layers that make each output row from one input row alone.
ROWWISE = (nn.PReLU, nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Identity, nn.BatchNorm2d)
ROWWISE += (nn.PixelShuffle, nn.Upsample)


class UnsupportedLayer(TypeError):
    """The network has a layer that can't be run strip by strip."""


class Stream(fx.Interpreter):
    """Runs one traced stage from the top row to the bottom row of a photo.

    A value of None inside stands for "no rows yet".
    """

    def __init__(self, stage: fx.GraphModule) -> None:
        super().__init__(stage)
        self.kept: dict[fx.Node, Any] = {}
        self.last = False
        for node in stage.graph.nodes:
            _check(node, layer_of(stage, node))

    @torch.inference_mode()
    def push(self, rows: Tensor | None, last: bool) -> Tensor | None:
        """Feed the next rows (N, C, h, W), get the rows that are ready: (N, C', h', W') or None.

        `last` says that these are the bottom rows; then everything comes out.
        After an exception the stream is as it was before, so the same rows
        can be pushed again in smaller strips.
        """
        before, self.last = dict(self.kept), last
        try:
            return self.run(rows)
        except BaseException:
            self.kept = before
            raise

    def run_node(self, n: fx.Node) -> Any:
        if n.op == "call_module":
            layer, x = layer_of(self.module, n), self.env[n.args[0]]
            if isinstance(layer, nn.Conv2d):
                return self._convolve(n, layer, x)
            return None if x is None else layer(x)
        if n.target is operator.iadd:
            return self._add_to(n, *(self.env[operand] for operand in n.args))
        if n.op == "call_function":
            return self._combine(n, n.target)
        if n.op == "call_method":
            return self._combine(n, getattr(Tensor, n.target))
        return super().run_node(n)

    def _convolve(self, node: fx.Node, conv: nn.Conv2d, x: Tensor | None) -> Tensor | None:
        """Overlap-add: every row that `x` has a part in, the unfinished ones kept as they are.

        A kernel of k rows lets h rows take part in h + k - 1. The first k - 1 of
        those get the part that earlier rows left; the last k - 1 wait for more.
        Rows above the photo's first and below its last are dropped.
        """
        if x is None:
            return None
        height, size = x.shape[2], conv.kernel_size[0]
        half = size // 2
        y = F.conv2d(x, conv.weight, conv.bias, padding=(size - 1, half))
        if size == 1:
            return y
        unfinished, above = self.kept.get(node) or (None, half)
        if unfinished is not None:
            y[:, :, : size - 1].add_(unfinished)
        self.kept[node] = None if self.last else (_without_bias(y, conv, height), above - height)
        stop = height + half if self.last else height
        start = min(max(above, 0), stop)
        return y[:, :, start:stop] if start < stop else None

    def _add_to(self, node: fx.Node, y: Tensor | None, x: Tensor | None) -> Tensor | None:
        """Add to `y`, where it is, the rows of `x` beside it; keep those that `y` hasn't reached.

        `rewrite.add_in_place` has seen to it that `y` is never ahead of `x`.
        """
        pieces = [piece for piece in (*self.kept.get(node, ()), x) if piece is not None]
        done, height = 0, 0 if y is None else y.shape[2]
        while done < height:
            piece = pieces.pop(0)
            rows = min(height - done, piece.shape[2])
            y[:, :, done : done + rows].add_(piece[:, :, :rows])
            if rows < piece.shape[2]:
                pieces.insert(0, _after(piece, rows))
            done += rows
        self.kept[node] = pieces
        return y

    def _combine(self, node: fx.Node, function: Callable[..., Tensor]) -> Tensor | None:
        """Call `function` on the rows that all its operands have; keep the others' surplus."""
        kept = self.kept.get(node, {})
        operands = {x: _joined(kept.get(x), self.env[x]) for x in node.all_input_nodes}
        ready = min(0 if rows is None else rows.shape[2] for rows in operands.values())
        self.kept[node] = {x: _after(rows, ready) for x, rows in operands.items()}
        if not ready:
            return None
        args, kwargs = fx.map_arg((node.args, node.kwargs), lambda x: operands[x][:, :, :ready])
        return function(*args, **kwargs)


def _without_bias(y: Tensor, conv: nn.Conv2d, height: int) -> Tensor:
    """The rows of `y` below `height`, which will get their bias with the rest."""
    rows = y[:, :, height:]
    return rows.clone() if conv.bias is None else rows - conv.bias.view(1, -1, 1, 1)


def _joined(surplus: Tensor | None, x: Tensor | None) -> Tensor | None:
    """The rows kept from before with the new ones below them."""
    if surplus is None or x is None:
        return x if surplus is None else surplus
    return torch.cat([surplus, x], 2)


def _after(x: Tensor | None, rows: int) -> Tensor | None:
    """The rows of `x` below the first few; None if there are none."""
    if x is None or x.shape[2] == rows:
        return None
    return x[:, :, rows:].clone(memory_format=torch.preserve_format) if rows else x


def _check(node: fx.Node, layer: nn.Module | None) -> None:
    """Refuse a layer that mixes rows in a way the stream doesn't know."""
    if layer is None or (isinstance(layer, nn.Conv2d) and is_same_size(layer)):
        return
    if not isinstance(layer, ROWWISE) or getattr(layer, "mode", "nearest") != "nearest":
        raise UnsupportedLayer(f"{node.target} ({type(layer).__name__}) can't be run in strips")
