"""Windows over spatial axes, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tacit.integer.graph import Operator
from tacit.integer.operators.layout import without_constant
from tacit.integer.reach import (
    Interval,
    Reach,
    around_zero,
    hull,
)
from tacit.program import Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy


@dataclass(frozen=True)
class Windows(Operator):
    """(n, c, spatial..) to (n, c, out.., kernel..): entry stride * o + dilation * k - pad, `fill` in the padding."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]
    out: tuple[int, ...]
    fill: int = 0

    def reach(self, *args: Reach) -> Interval:
        return hull(args, 0, self.fill)

    def fits(self, *shapes: Shape) -> bool:
        counts = (self.kernel, self.strides, self.dilations, self.out)
        if len(shapes) != 1 or any(n < 1 for part in counts for n in part):
            return False
        return {len(part) for part in (*counts, self.pads)} == {len(shapes[0]) - 2}

    def shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0][:2], *self.out, *self.kernel)

    def _index(self, axis: int) -> Array:
        o, k = np.arange(self.out[axis])[:, None], np.arange(self.kernel[axis])[None, :]
        return np.asarray(self.strides[axis] * o + self.dilations[axis] * k - self.pads[axis])

    def _leaves(self, axis: int, extent: int) -> bool:
        """Whether a window reads padding along an axis."""
        last = self.strides[axis] * (self.out[axis] - 1) + self.dilations[axis] * (self.kernel[axis] - 1)
        return self.pads[axis] > 0 or last - self.pads[axis] >= extent

    def _outside(self, spatial: Shape) -> Array:
        """(out.., kernel..): 1 where a window reads padding."""
        rank = len(self.kernel)
        inside = np.ones((1,) * (2 * rank), dtype=np.int64)
        for axis in range(rank):
            index = self._index(axis)
            shape = [1] * (2 * rank)
            shape[axis], shape[rank + axis] = index.shape
            inside = inside * ((index >= 0) & (index < spatial[axis])).reshape(shape)
        return 1 - inside

    def meaning(self, *args: Array) -> Array:
        x, rank = args[0], len(self.kernel)
        for axis in range(rank):
            # Axis 2 + axis becomes (.., out, kernel at the end).
            index = self._index(axis)
            inside = (index >= 0) & (index < args[0].shape[2 + axis])
            taken = np.take(x, np.where(inside, index, 0), 2 + axis)
            shape = [1] * taken.ndim
            shape[2 + axis : 4 + axis] = index.shape
            x = np.moveaxis(taken * inside.reshape(shape), 3 + axis, -1)
        return x + self.fill * self._outside(args[0].shape[2:]) if self.fill else x

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        rank = len(self.kernel)
        rows: list[affine.Row] = [(((0, 1),), 0), (((1, 1),), 0)]
        for axis in range(rank):
            pairs = ((2 + axis, self.strides[axis]), (2 + rank + axis, self.dilations[axis]))
            rows.append((pairs, -self.pads[axis]))
        shape, spatial = self.shape(x.shape), x.shape[2:]
        x = without_constant(builder, x)
        seen = builder.view(name, x, shape, lambda e, s: affine.substitute(e, x.shape, shape, rows, s))
        if not self.fill:
            return seen
        if not any(self._leaves(axis, n) for axis, n in enumerate(spatial)):
            return seen
        builder.reserve(*shape[2:])
        mask = self._outside(spatial)
        outside = builder.constant(f"{name}.padding", np.broadcast_to(mask, shape[2:]))
        return builder.sum((1, seen), (self.fill, builder.broadcast(outside, shape)))


@dataclass(frozen=True)
class WindowSum(Operator):
    """The sum over the last `axes` axes as a contraction with ones: for windows, whose sum no links say."""

    axes: int

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and 1 <= self.axes <= len(shapes[0])

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0][: len(shapes[0]) - self.axes]

    def reach(self, *args: Reach) -> Interval:
        return around_zero(args[0].ends, prod(args[0].shape[len(args[0].shape) - self.axes :]))

    def meaning(self, *args: Array) -> Array:
        return np.asarray(args[0].sum(tuple(range(args[0].ndim - self.axes, args[0].ndim))))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        x = builder.settled(name, args[0])
        labels = tuple(range(len(x.shape)))
        axes = (labels, labels[len(labels) - self.axes :], labels[: len(labels) - self.axes])
        return builder.einsum(name, x.shape, axes, x.expr, Expr(1))
