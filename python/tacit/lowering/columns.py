"""Inputs whose columns differ by orders of magnitude: one fine scale outside, a scale a column inside.

With v_j = x_j + 2^(t_j - 1) + 2^(t_j + 23) in digits of 8 bits, all range-checked and therefore unique, and t_j a multiple of
8, the digits below t_j are the remainder of a rounding shift by t_j, the next three are y_j + 2^23, and those above must be
zero: their sum is, and none is negative. Which digits are which differs by column, so products with public 0-1 and
power-of-two vectors pick them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tacit.lowering.affine import Shape
from tacit.lowering.builder import Array, Builder, Lazy
from tacit.lowering.core import Operator, in_range
from tacit.program import Expr

#: Bits of a digit, digits of a rounded entry.
DIGIT, KEPT = 8, 3


@dataclass(frozen=True)
class RoundColumns(Operator):
    """y_j = round(x_j / 2^shifts_j) along the last axis, signed in 24 bits; every shift is a multiple of 8."""

    shifts: tuple[int, ...]

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _offsets(self) -> Array:
        half = [1 << t >> 1 for t in self.shifts]
        return np.array([h + (1 << (t + DIGIT * KEPT - 1)) for h, t in zip(half, self.shifts, strict=True)])

    def reference(self, *args: Array) -> Array:
        shifts = np.array(self.shifts)
        y = (args[0] + (1 << shifts >> 1)) >> shifts
        return in_range(y, -(1 << (DIGIT * KEPT - 1)), (1 << (DIGIT * KEPT - 1)) - 1)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        count = max(self.shifts) // DIGIT + KEPT
        offsets = builder.broadcast(builder.constant(f"{name}.offset", self._offsets()), x.shape)
        digits = builder.digits(f"{name}.digit", builder.sum((1, x), (1, offsets)), [DIGIT] * count)
        first = np.array(self.shifts) // DIGIT
        kept, above = list[Lazy](), list[Lazy]()
        for i, digit in enumerate(digits):
            inside = (first <= i) & (i < first + KEPT)
            powers = np.where(inside, 1 << np.where(inside, DIGIT * (i - first), 0), 0)
            self._pick(builder, f"{name}.keep{i}", digit, powers, kept)
            self._pick(builder, f"{name}.above{i}", digit, (i >= first + KEPT).astype(np.int64), above)
        if above:
            builder.zero(f"{name}.above", x.shape, *((1, part.expr) for part in above))
        y = builder.sum(*((1, part) for part in kept), constant=-(1 << (DIGIT * KEPT - 1)))
        return builder.commit(f"{name}.column", y)

    def _pick(self, builder: Builder, name: str, digit: Lazy, weights: Array, into: list[Lazy]) -> None:
        """digit times a public vector along the last axis, if there is anything to take."""
        if not weights.any():
            return
        labels = tuple(range(len(digit.shape)))
        vector: Expr = builder.constant(f"{name}.weights", weights).expr
        into.append(builder.einsum(name, digit.shape, (labels, labels[-1:], labels), digit.expr, vector))


def column_shifts(magnitudes: Array, least: int) -> tuple[int, tuple[int, ...], int]:
    """For columns of these magnitudes (headroom included): the input's frac, each column's shift, the input's bits.

    Every column keeps at least `least` signed bits and fits 24. A column of zeros may be anything up to the largest.
    """
    largest = float(magnitudes.max())
    columns = np.where(magnitudes > 0, np.maximum(magnitudes, largest * 2.0**-24), largest)
    frac = least - 1 - int(np.ceil(np.log2(columns.min())))
    bits = np.ceil(np.log2(columns)).astype(int) + frac + 1
    shifts = tuple(int(DIGIT * max(0, (b - least) // DIGIT)) for b in bits)
    return frac, shifts, int(bits.max())
