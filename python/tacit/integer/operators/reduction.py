"""Sums along axes."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tacit.integer.graph import Operator
from tacit.integer.reach import (
    Interval,
    Reach,
    around_zero,
)
from tacit.program import Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy


@dataclass(frozen=True)
class Total(Operator):
    """The sum over axes, which vanish."""

    axes: tuple[int, ...]

    def reach(self, *args: Reach) -> Interval:
        return around_zero(args[0].ends, prod(args[0].shape[axis] for axis in self.axes))

    def fits(self, *shapes: Shape) -> bool:
        return (
            len(shapes) == 1 and set(self.axes) <= set(range(len(shapes[0]))) and len(set(self.axes)) == len(self.axes)
        )

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
        few = x.shape[axis] * len(x.expr.terms) <= 32
        for rewrite in (affine.total, _unrolled) if few else (affine.total,):
            try:
                return Lazy(rewrite(x.expr, x.shape, axis, builder.shapes), shape)
            except affine.Inexpressible:
                continue
        x = builder.commit(name, x)
        return Lazy(affine.total(x.expr, x.shape, axis, builder.shapes), shape)


def _unrolled(expr: Expr, shape: Shape, axis: int, shapes: affine.Shapes) -> Expr:
    """The sum entry by entry. Raises Inexpressible."""
    return affine.add(*((1, affine.entry(expr, shape, axis, i, shapes)) for i in range(shape[axis])))
