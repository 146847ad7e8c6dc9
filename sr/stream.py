"""A network run over strips of rows, without overlap and without a whole-photo feature map.

A strip contributes to k - 1 more rows of a convolution of height k than it has.
The stream keeps these unfinished rows, for every convolution, and adds to them
what the next strip contributes, so nothing is computed twice but for a few
rows at the strips' edges, and nothing is copied together. The result equals
that of the whole photo (up to the rounding of another order of sums), memory
is bounded by the photo's width, and a strip stays in the processor's cache.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from sr.fuse import is_same_size

# Layers that make each output row from one input row alone.
ROWWISE = (
    nn.PReLU,
    nn.ReLU,
    nn.LeakyReLU,
    nn.Tanh,
    nn.Identity,
    nn.PixelShuffle,
    nn.Upsample,
    nn.BatchNorm2d,
)


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
            _check(self, node)

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
        self.node = n
        return super().run_node(n)

    def call_module(self, target: str, args: tuple, kwargs: dict) -> Tensor | None:
        layer = self.fetch_attr(target)
        if isinstance(layer, nn.Conv2d):
            return self._convolve(layer, args[0])
        return None if args[0] is None else layer(args[0])

    def call_function(self, target, args: tuple, kwargs: dict) -> Tensor | None:
        if target is operator.iadd:
            return self._add_to(*args)
        return self._combine(target, args, kwargs)

    def call_method(self, target: str, args: tuple, kwargs: dict) -> Tensor | None:
        return self._combine(getattr(Tensor, target), args, kwargs)

    def _convolve(self, conv: nn.Conv2d, x: Tensor | None) -> Tensor | None:
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
        unfinished, above = self.kept.get(self.node) or (None, half)
        if unfinished is not None:
            y[:, :, : size - 1].add_(unfinished)
        self.kept[self.node] = (
            None if self.last else (_without_bias(y, conv, height), above - height)
        )
        stop = height + half if self.last else height
        start = min(max(above, 0), stop)
        return y[:, :, start:stop] if start < stop else None

    def _add_to(self, y: Tensor | None, x: Tensor | None) -> Tensor | None:
        """Add to `y`, where it is, the rows of `x` beside it; keep those that `y` hasn't reached.

        `fuse.add_in_place` has seen to it that `y` is never ahead of `x`.
        """
        pieces = [p for p in (*(self.kept.get(self.node) or ()), x) if p is not None]
        done, height = 0, 0 if y is None else y.shape[2]
        while done < height:
            piece = pieces.pop(0)
            rows = min(height - done, piece.shape[2])
            y[:, :, done : done + rows].add_(piece[:, :, :rows])
            if (left := _after(piece, rows)) is not None:
                pieces.insert(0, left)
            done += rows
        self.kept[self.node] = pieces
        return y

    def _combine(self, function, args: tuple, kwargs: dict) -> Tensor | None:
        """Call `function` on the rows that all its operands have; keep the others' surplus."""
        waiting = list(self.kept.get(self.node) or ())
        operands = [self._queue(waiting, x) for x in _rows(args, self.node.args)]
        ready = min(0 if x is None else x.shape[2] for x in operands)
        self.kept[self.node] = [_after(x, ready) for x in operands]
        if not ready:
            return None
        heads = iter(x if x.shape[2] == ready else x[:, :, :ready] for x in operands)
        filled = _fill(args, self.node.args, heads)
        return function(*filled, **kwargs)

    @staticmethod
    def _queue(waiting: list, x: Tensor | None) -> Tensor | None:
        """An operand's surplus from before with its new rows behind it."""
        surplus = waiting.pop(0) if waiting else None
        if surplus is None or x is None:
            return x if surplus is None else surplus
        return torch.cat([surplus, x], 2)


def _without_bias(y: Tensor, conv: nn.Conv2d, height: int) -> Tensor:
    """The rows of `y` below `height`, which will get their bias with the rest."""
    rows = y[:, :, height:]
    return rows.clone() if conv.bias is None else rows - conv.bias.view(1, -1, 1, 1)


def _after(x: Tensor | None, rows: int) -> Tensor | None:
    if x is None or x.shape[2] == rows:
        return None
    return x[:, :, rows:].clone(memory_format=torch.preserve_format) if rows else x


def _rows(values, nodes) -> list:
    """The values that stand for graph nodes, in order, out of nested arguments."""
    found = []
    for value, node in zip(values, nodes, strict=True):
        if isinstance(node, (list, tuple)):
            found += _rows(value, node)
        elif isinstance(node, fx.Node):
            found.append(value)
    return found


def _fill(values, nodes, heads) -> list:
    """`values` with those that stand for graph nodes taken from `heads`."""
    return [
        _fill(value, node, heads)
        if isinstance(node, (list, tuple))
        else next(heads)
        if isinstance(node, fx.Node)
        else value
        for value, node in zip(values, nodes, strict=True)
    ]


def _check(stream: Stream, node: fx.Node) -> None:
    """Refuse a layer that mixes rows in a way the stream doesn't know."""
    if node.op != "call_module":
        return
    layer = stream.fetch_attr(node.target)
    if isinstance(layer, nn.Conv2d) and is_same_size(layer):
        return
    if not isinstance(layer, ROWWISE) or getattr(layer, "mode", "nearest") != "nearest":
        raise UnsupportedLayer(f"{node.target} ({type(layer).__name__}) can't be run in strips")
