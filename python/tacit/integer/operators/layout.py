"""Views: affine maps that cost nothing, because a claim on the result is a linear form on the source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import TypeVar

import numpy as np

from tacit.integer.graph import Operator
from tacit.integer.reach import Interval, Reach, around_zero, hull, scaled
from tacit.integer.scale import agreed
from tacit.program import Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy

T = TypeVar("T")


@dataclass(frozen=True)
class Permute(Operator):
    """Axis j of the result is axis perm[j]."""

    perm: tuple[int, ...]

    @property
    def moves(self) -> bool:
        return True

    def shape(self, *shapes: Shape) -> Shape:
        return tuple(shapes[0][i] for i in self.perm)

    def meaning(self, *args: Array) -> Array:
        return np.transpose(args[0], self.perm)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.transpose(name, args[0], self.perm)


@dataclass(frozen=True)
class Reshape(Operator):
    """Row-major reshape."""

    to: Shape

    @property
    def moves(self) -> bool:
        return True

    def shape(self, *shapes: Shape) -> Shape:
        return self.to

    def meaning(self, *args: Array) -> Array:
        return args[0].reshape(self.to)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.reshape(name, args[0], self.to)


@dataclass(frozen=True)
class Expand(Operator):
    """numpy's broadcast to a shape."""

    to: Shape

    @property
    def moves(self) -> bool:
        return True

    def shape(self, *shapes: Shape) -> Shape:
        return self.to

    def meaning(self, *args: Array) -> Array:
        return np.broadcast_to(args[0], self.to)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.broadcast(args[0], self.to)


@dataclass(frozen=True)
class Cut(Operator):
    """Entry t of an axis is entry start + step * t; entries out of the source are zero. So it slices, pads and flips."""

    starts: tuple[int, ...]
    steps: tuple[int, ...]
    to: Shape

    @property
    def moves(self) -> bool:
        return True

    def reach(self, *args: Reach) -> Interval:
        return hull(args, 0)

    def shape(self, *shapes: Shape) -> Shape:
        return self.to

    def meaning(self, *args: Array) -> Array:
        out = args[0]
        for axis, (start, step, extent) in enumerate(zip(self.starts, self.steps, self.to, strict=True)):
            index = start + step * np.arange(extent)
            inside = (index >= 0) & (index < out.shape[axis])
            taken = np.take(out, np.where(inside, index, 0), axis)
            out = taken * inside.reshape([-1 if i == axis else 1 for i in range(out.ndim)])
        return out

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        rows: list[affine.Row] = [
            (((axis, step),), start) for axis, (start, step) in enumerate(zip(self.starts, self.steps, strict=True))
        ]
        x = _without_constant(builder, x)
        return builder.view(name, x, self.to, lambda e, s: affine.substitute(e, x.shape, self.to, rows, s))


def _without_constant(builder: Builder, x: Lazy) -> Lazy:
    """The constant as a term on a tensor of ones, so that padding does not repeat it."""
    if not x.expr.constant:
        return x
    builder.reserve("ones", x.shape)
    ones = builder.constant("ones", np.ones(x.shape, dtype=np.int64))
    return Lazy(affine.add((1, Expr(0, x.expr.terms)), (x.expr.constant, ones.expr)), x.shape)


@dataclass(frozen=True)
class Join(Operator):
    """Concatenation along an axis."""

    axis: int

    def shape(self, *shapes: Shape) -> Shape:
        first = shapes[0]
        return (*first[: self.axis], sum(s[self.axis] for s in shapes), *first[self.axis + 1 :])

    def meaning(self, *args: Array) -> Array:
        return np.concatenate(args, self.axis)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        shape, start, parts = self.shape(*(x.shape for x in args)), 0, []
        for x in args:
            starts = tuple(-start if i == self.axis else 0 for i in range(len(shape)))
            parts.append((1, Cut(starts, (1,) * len(shape), shape).lower(builder, name, x)))
            start += x.shape[self.axis]
        return builder.sum(*parts)


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

    def shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0][:2], *self.out, *self.kernel)

    def _index(self, axis: int) -> Array:
        o, k = np.arange(self.out[axis])[:, None], np.arange(self.kernel[axis])[None, :]
        return np.asarray(self.strides[axis] * o + self.dilations[axis] * k - self.pads[axis])

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
        x = _without_constant(builder, x)
        seen = builder.view(name, x, shape, lambda e, s: affine.substitute(e, x.shape, shape, rows, s))
        if not self.fill:
            return seen
        builder.reserve(name, shape[2:])
        mask = self._outside(spatial)
        if not mask.any():
            return seen
        outside = builder.constant(f"{name}.padding", np.broadcast_to(mask, shape[2:]))
        return builder.sum((1, seen), (self.fill, builder.broadcast(outside, shape)))


@dataclass(frozen=True)
class Total(Operator):
    """The sum over axes, which vanish."""

    axes: tuple[int, ...]

    def reach(self, *args: Reach) -> Interval:
        return around_zero(args[0].ends, prod(args[0].shape[axis] for axis in self.axes))

    def shape(self, *shapes: Shape) -> Shape:
        return tuple(n for i, n in enumerate(shapes[0]) if i not in self.axes)

    def meaning(self, *args: Array) -> Array:
        return np.asarray(args[0].sum(self.axes))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        for axis in sorted(self.axes, reverse=True):
            x = self._one(builder, name, x, axis)
        return x

    def _one(self, builder: Builder, name: str, x: Lazy, axis: int) -> Lazy:
        x = builder.settled(name, x)
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        try:
            return Lazy(affine.total(x.expr, x.shape, axis, builder.shapes), shape)
        except affine.Inexpressible:
            pass
        if x.shape[axis] * len(x.expr.terms) <= 32:
            parts = []
            for i in range(x.shape[axis]):
                rows: list[affine.Row] = [
                    ((), i) if a == axis else (((a - (a > axis), 1),), 0) for a in range(len(x.shape))
                ]
                parts.append((1, affine.substitute(x.expr, x.shape, shape, rows, builder.shapes)))
            return Lazy(affine.add(*parts), shape)
        x = builder.commit(name, x)
        return Lazy(affine.total(x.expr, x.shape, axis, builder.shapes), shape)


@dataclass(frozen=True)
class Added(Operator):
    """sum sign_i * x_i of real values: every operand's integers are brought to one scale by 2^shift_i."""

    signs: tuple[int, ...]
    shifts: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return agreed(*(frac + shift for frac, shift in zip(fracs, self.shifts, strict=True)))

    def _parts(self, args: Iterable[T]) -> list[tuple[int, T]]:
        return [(sign << shift, x) for sign, shift, x in zip(self.signs, self.shifts, args, strict=True)]

    def reach(self, *args: Reach) -> Interval:
        parts = [scaled(x.ends, coef) for coef, x in self._parts(args)]
        return sum(lo for lo, _ in parts), sum(hi for _, hi in parts)

    def meaning(self, *args: Array) -> Array:
        out = np.zeros(args[0].shape, dtype=np.int64)
        for coef, x in self._parts(args):
            out = out + coef * x
        return out

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.sum(*self._parts(args))


@dataclass(frozen=True)
class Offset(Operator):
    """sign * x + constant; the constant is an integer in x's units, `at` its scale."""

    sign: int
    constant: int
    at: float

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return agreed(*fracs, self.at)

    def reach(self, *args: Reach) -> Interval:
        lo, hi = scaled(args[0].ends, self.sign)
        return lo + self.constant, hi + self.constant

    def meaning(self, *args: Array) -> Array:
        return self.sign * args[0] + self.constant

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.sum((self.sign, args[0]), constant=self.constant)


@dataclass(frozen=True)
class Times(Operator):
    """The real value times factor * 2^-power: the integers take the factor, the scale takes the power.

    With a factor of 1 only the meaning of the integers changes, and no relation is made.
    """

    factor: int
    power: int

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] + self.power

    def reach(self, *args: Reach) -> Interval:
        return scaled(args[0].ends, self.factor)

    def meaning(self, *args: Array) -> Array:
        return self.factor * args[0]

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.sum((self.factor, args[0]))
