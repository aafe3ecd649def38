"""Sums and multiples of values at scales that differ by powers of two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tacit.integer.graph import MOST_SHIFT, Operator
from tacit.integer.reach import (
    Interval,
    Reach,
    scaled,
)
from tacit.integer.scale import agreed
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy

T = TypeVar("T")


@dataclass(frozen=True)
class Added(Operator):
    """sum sign_i * x_i of real values: every operand's integers are brought to one scale by 2^shift_i."""

    signs: tuple[int, ...]
    shifts: tuple[int, ...]

    def fits(self, *shapes: Shape) -> bool:
        each = len(self.signs) == len(self.shifts) == len(shapes)
        shifted = all(0 <= shift <= MOST_SHIFT for shift in self.shifts)
        return each and shifted and len(set(shapes)) == 1 and set(self.signs) <= {1, -1}

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

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and self.sign in (1, -1)

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

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1

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
