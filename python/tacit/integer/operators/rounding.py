"""Rounding shifts and rounding divisions; what is committed as it is.

y = floor((x + 2^(s-1)) / 2^s) is the only y with x + 2^(s-1) = 2^s y + r and 0 <= r < 2^s. The remainder's digits and y's
limbs each lie in their table's range, and a zero constraint ties them to x, so a prover has no choice: digits of a number
are unique, and y's limbs bound it to `bits` signed bits. An x whose y needs more bits has no witness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tacit import program as pg
from tacit.integer.graph import Operator, in_range, rounds, shifted
from tacit.integer.lookups import bounded, half, signed
from tacit.integer.operators.saturation import Saturate
from tacit.integer.reach import Interval, Overflow, Reach, rounded, signed_bits, within
from tacit.program import Expr
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths


@dataclass(frozen=True)
class Round(Operator):
    """y = round(x / 2^shift), signed in `bits` bits."""

    shift: int
    bits: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, self.bits)

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift

    def reach(self, *args: Reach) -> Interval:
        return within(rounded(args[0].ends, self.shift), signed(self.bits))

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        need = signed_bits(*rounded(args[0].ends, self.shift))
        if overflow.takes(self.bits, need):
            return (replace(self, bits=max(self.bits, need)),)
        return (Saturate(self.shift, *signed(self.bits), need),)

    def meaning(self, *args: Array) -> Array:
        return in_range(shifted(args[0], self.shift), *signed(self.bits))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        """x + half + 2^(s+bits-1) = r + 2^s y', y' = y + 2^(bits-1) in [0, 2^bits): digits of a non-negative number."""
        low = digit_widths(self.shift, builder.settings.limb)
        limbs = builder.limbs(self.bits)
        offset = half(self.shift) + (1 << (self.shift + self.bits - 1))
        value = builder.sum((1, args[0]), constant=offset)
        digits = builder.digits(name, value, [*low, *limbs[:-1]], pg.Range(0, 1 << limbs[-1]))
        return builder.joined(digits[len(low) :], limbs, constant=-(1 << (self.bits - 1)))


@dataclass(frozen=True)
class RoundDivide(Operator):
    """round(x / divisor), halves up, signed in `bits` bits; the divisor is a public constant.

    The real value is divided by divisor * 2^power. x + floor(d/2) = d q + r with 0 <= r < d (its own range table) has one
    solution; q is bounded by its limbs.
    """

    divisor: int
    bits: int
    power: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, 0, self.bits) and self.divisor >= 1

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] + self.power

    def reach(self, *args: Reach) -> Interval:
        return within(self._divided(args[0]), signed(self.bits))

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        return (replace(self, bits=max(self.bits, signed_bits(*self._divided(args[0])))),)

    def _divided(self, x: Reach) -> Interval:
        return (x.lo + self.divisor // 2) // self.divisor, (x.hi + self.divisor // 2) // self.divisor

    def meaning(self, *args: Array) -> Array:
        return in_range((args[0] + self.divisor // 2) // self.divisor, *signed(self.bits))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        value = builder.sum((1, x), constant=self.divisor // 2)
        q, r = (builder.whole(builder.witness(f"{name}.{part}", x.shape)) for part in ("quotient", "rest"))
        ids = len(builder.tensors) - 2, len(builder.tensors) - 1
        builder.hints.append(pg.DivideHint(x.shape, value.expr, Expr(self.divisor), *ids))
        builder.lookup(f"{name}.rest", pg.Range(0, self.divisor), r)
        bounded(builder, f"{name}.quotient", q, *signed(self.bits))
        builder.zero(name, x.shape, (1, value.expr), (-self.divisor, q.expr), (-1, r.expr))
        return q


@dataclass(frozen=True)
class Commit(Operator):
    """The value itself, committed: for small exact integers, such as products of bits."""

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def meaning(self, *args: Array) -> Array:
        return args[0]

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return builder.commit(name, args[0]) if args[0].raw else args[0]
