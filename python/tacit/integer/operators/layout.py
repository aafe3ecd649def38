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


@dataclass(frozen=True)
class View(Operator):
    """Entry t of the result is entry s of x, s_i = sum of stride * t_axis over pairs[i], plus offsets[i]; 0 where there is none.

    No axis of the result stands in two lists; along one that stands in none the result repeats itself.
    """

    pairs: tuple[tuple[tuple[int, int], ...], ...]
    offsets: tuple[int, ...]
    to: Shape

    @property
    def moves(self) -> bool:
        return True

    def reach(self, *args: Reach) -> Interval:
        return hull(args, 0)

    def fits(self, *shapes: Shape) -> bool:
        if len(shapes) != 1 or not len(shapes[0]) == len(self.pairs) == len(self.offsets):
            return False
        used = [axis for pairs in self.pairs for axis, _ in pairs]
        strides = [stride for pairs in self.pairs for _, stride in pairs]
        once = len(set(used)) == len(used) and all(0 <= axis < len(self.to) for axis in used)
        return once and 0 not in strides and all(n >= 1 for n in self.to)

    def shape(self, *shapes: Shape) -> Shape:
        return self.to

    def meaning(self, *args: Array) -> Array:
        x, axes = args[0], [axis for pairs in self.pairs for axis, _ in pairs]
        for i, (pairs, offset) in enumerate(zip(self.pairs, self.offsets, strict=True)):
            at = np.full((1,) * len(pairs), offset)
            for place, (axis, stride) in enumerate(pairs):
                at = at + stride * np.arange(self.to[axis]).reshape(
                    [-1 if j == place else 1 for j in range(len(pairs))]
                )
            at = at.reshape(-1)
            if at.size == x.shape[i] and (at == np.arange(at.size)).all():
                continue  # the axis as it is
            inside = (at >= 0) & (at < x.shape[i])
            x = np.take(x, np.where(inside, at, 0), i)
            if not inside.all():
                x = x * inside.reshape([-1 if j == i else 1 for j in range(x.ndim)])
        # Axes as the lists have them, then in the result's order, and repeated along the rest.
        order = sorted(range(len(axes)), key=axes.__getitem__)
        x = x.reshape([self.to[axis] for axis in axes]).transpose(order)
        x = x.reshape([n if axis in axes else 1 for axis, n in enumerate(self.to)])
        return np.asarray(np.broadcast_to(x, self.to))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        rows: list[affine.Row] = list(zip(self.pairs, self.offsets, strict=True))
        x = without_constant(builder, args[0])
        return builder.view(name, x, self.to, lambda e, s: affine.substitute(e, x.shape, self.to, rows, s))


@dataclass(frozen=True)
class Spread(Operator):
    """Entry step * i along an axis is entry i of x, the entries between are 0."""

    axis: int
    step: int

    @property
    def moves(self) -> bool:
        return True

    def reach(self, *args: Reach) -> Interval:
        return hull(args, 0)

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and 0 <= self.axis < len(shapes[0]) and self.step >= 1

    def shape(self, *shapes: Shape) -> Shape:
        extents = list(shapes[0])
        extents[self.axis] = self.step * (extents[self.axis] - 1) + 1
        return tuple(extents)

    def meaning(self, *args: Array) -> Array:
        out = np.zeros(self.shape(args[0].shape), dtype=np.int64)
        out[(slice(None),) * self.axis + (slice(None, None, self.step),)] = args[0]
        return out

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        x = without_constant(builder, args[0])
        shape = self.shape(x.shape)
        return builder.view(name, x, shape, lambda e, s: affine.spread(e, x.shape, self.axis, self.step, s))


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
