"""A network run over strips of rows, computing no row twice, without a whole-photo feature map.

A convolution of height k needs k - 1 more rows than it gives. The stream keeps the last k - 1 that
each convolution was given and puts the next strip below them. The result equals that of the whole
photo, memory is bounded by the photo's width, and a strip stays in the processor's cache.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from sr.inference.rewrite import CONSTANT, is_same_size, layer_of

# Layers that make each output row from one input row alone.
ROWWISE = (nn.PReLU, nn.ReLU, nn.LeakyReLU, nn.SiLU, nn.Tanh, nn.Identity, nn.BatchNorm2d)
ROWWISE += (nn.PixelShuffle, nn.Upsample)
FUNCTIONS = {"add", "iadd", "sub", "isub", "mul", "imul", "cat"}  # the same, by their names
FUNCTIONS |= {"sigmoid", "tanh", "relu", "leaky_relu", "silu", "clamp"}


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
        self.room = torch.empty(0)
        for node in stage.graph.nodes:
            _check(stage, node)

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
            # Lets go of the failed strip's memory too, or there would be none for a smaller one.
            self.kept, self.env, self.room = before, {}, torch.empty(0)
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
        """The rows of the convolution that are ready, in the precision of its weights."""
        if x is None:
            return None
        size = conv.kernel_size[0]
        dtype = conv.weight.dtype
        x = self._with_rows_above(node, x, size, dtype) if size > 1 else x.to(dtype)
        if x.shape[2] < size:
            return None
        return F.conv2d(x, conv.weight, conv.bias, padding=(0, size // 2))

    def _with_rows_above(self, node: fx.Node, x: Tensor, size: int, dtype: torch.dtype) -> Tensor:
        """All rows that a kernel of `size` rows needs; the last size - 1 are kept for next time.

        Above the photo's first row and below its last stand rows of zeros.
        """
        above, half = self.kept.get(node), size // 2
        start = half if above is None else above.shape[2]
        stop = start + x.shape[2]
        rows = self._room(x, stop + half * self.last, dtype)
        rows[:, :, :start] = 0 if above is None else above
        rows[:, :, start:stop] = x
        rows[:, :, stop:] = 0
        self.kept[node] = None if self.last else rows[:, :, max(0, stop - size + 1) :].clone()
        return rows

    def _room(self, like: Tensor, rows: int, dtype: torch.dtype) -> Tensor:
        """A tensor of so many rows, good until the next is asked for.

        One piece of memory serves all convolutions: to ask for a new one each time costs more than
        to fill it.
        """
        batch, channels, _, width = like.shape
        shape = (batch, rows, width, channels)
        if self.room.numel() < math.prod(shape) or self.room.dtype != dtype:
            self.room = torch.empty(0)  # first, or there would be two
            self.room = like.new_empty(math.prod(shape), dtype=dtype)
        return self.room[: math.prod(shape)].view(shape).permute(0, 3, 1, 2)

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
        inputs = [x for x in node.all_input_nodes if x.op != CONSTANT]
        operands = {x: _joined(kept.get(x), self.env[x]) for x in inputs}
        ready = min(0 if rows is None else rows.shape[2] for rows in operands.values())
        self.kept[node] = {x: _after(rows, ready) for x, rows in operands.items()}
        if not ready:
            return None
        ready_rows = {x: rows[:, :, :ready] for x, rows in operands.items()}
        args, kwargs = fx.map_arg((node.args, node.kwargs), (self.env | ready_rows).get)
        return function(*args, **kwargs)


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


def _check(stage: fx.GraphModule, node: fx.Node) -> None:
    """Refuse what mixes rows in a way the stream doesn't know."""
    layer = layer_of(stage, node)
    if isinstance(layer, nn.Conv2d):
        fine = is_same_size(layer)
    elif layer is not None:
        fine = isinstance(layer, ROWWISE) and getattr(layer, "mode", "nearest") == "nearest"
    elif node.op == CONSTANT:  # must be the same for all rows
        value = operator.attrgetter(node.target)(stage)
        fine = value.numel() == 1 or (value.ndim == 4 and value.shape[2] == 1)
    else:
        name = getattr(node.target, "__name__", node.target)
        fine = node.op in ("placeholder", "output") or name in FUNCTIONS
    if not fine:
        kind = node.op if layer is None else type(layer).__name__
        raise UnsupportedLayer(f"{node.target} ({kind}) can't be run in strips")
