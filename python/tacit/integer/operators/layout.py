"""Views: affine maps that cost nothing, because a claim on the result is a linear form on the source."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tacit.integer.graph import Operator
from tacit.integer.reach import Interval, Reach, hull
from tacit.program import Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy


@dataclass(frozen=True)
class Permute(Operator):
    """Axis j of the result is axis perm[j]."""

    perm: tuple[int, ...]

    @property
    def moves(self) -> bool:
        return True

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and sorted(self.perm) == list(range(len(shapes[0])))

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

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and prod(self.to) == prod(shapes[0]) and all(n >= 1 for n in self.to)

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

    def fits(self, *shapes: Shape) -> bool:
        if len(shapes) != 1 or len(self.to) < len(shapes[0]):
            return False
        return all(n in (1, m) for n, m in zip(reversed(shapes[0]), reversed(self.to), strict=False))

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

    def fits(self, *shapes: Shape) -> bool:
        each = len(shapes) == 1 and len(shapes[0]) == len(self.starts) == len(self.steps) == len(self.to)
        return each and 0 not in self.steps and all(n >= 1 for n in self.to)

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
        x = without_constant(builder, x)
        return builder.view(name, x, self.to, lambda e, s: affine.substitute(e, x.shape, self.to, rows, s))


def without_constant(builder: Builder, x: Lazy) -> Lazy:
    """The constant as a term on a tensor of ones, so that padding does not repeat it."""
    if not x.expr.constant:
        return x
    builder.reserve(*x.shape)
    ones = builder.constant("ones", np.ones(x.shape, dtype=np.int64))
    return Lazy(affine.add((1, Expr(0, x.expr.terms)), (x.expr.constant, ones.expr)), x.shape)


@dataclass(frozen=True)
class Join(Operator):
    """Concatenation along an axis."""

    axis: int

    def fits(self, *shapes: Shape) -> bool:
        if not shapes or not 0 <= self.axis < len(shapes[0]):
            return False
        return len({(*shape[: self.axis], 0, *shape[self.axis + 1 :]) for shape in shapes}) == 1

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
