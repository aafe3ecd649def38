"""Rounding shifts fused with a function that follows them: ReLU, LeakyReLU, Clip.

The digits of a number below a signed top limb are unique, and the number is negative exactly when its top limb is, so the
sign bit that the table gives for the top limb is forced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tacit import program as pg
from tacit.integer.graph import MOST_SHIFT, Operator, in_range, rounds, shifted
from tacit.integer.lookups import exact_multiple, fused_lookup, half, looked_up, sign_bit, signed
from tacit.integer.operators.saturation import Saturate
from tacit.integer.reach import (
    Interval,
    Overflow,
    Reach,
    rounded,
    scaled,
    signed_bits,
    within,
)
from tacit.integer.scale import agreed
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths


@dataclass(frozen=True)
class RoundRelu(Operator):
    """max(round(x / 2^shift), 0); the rounded value is signed in `bits` bits."""

    shift: int
    bits: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, self.bits)

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift

    def reach(self, *args: Reach) -> Interval:
        lo, hi = within(rounded(args[0].ends, self.shift), signed(self.bits))
        return max(lo, 0), max(hi, 0)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        need = signed_bits(*rounded(args[0].ends, self.shift))
        if overflow.takes(self.bits, need):
            return (replace(self, bits=max(self.bits, need)),)
        return (Saturate(self.shift, 0, signed(self.bits)[1], need),)

    def meaning(self, *args: Array) -> Array:
        return np.maximum(in_range(shifted(args[0], self.shift), *signed(self.bits)), 0)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        if self.bits <= builder.settings.wide:
            return fused_lookup(builder, name, x, self.shift, pg.ReluTable(signed(self.bits)[0], 1 << self.bits))
        return self._by_sign(builder, name, x)

    def _by_sign(self, builder: Builder, name: str, x: Lazy) -> Lazy:
        """x + half = r + 2^s y, y = low limbs + 2^(..) top with the top limb signed; its sign bit b is a lookup, a = b y."""
        limb = builder.settings.limb
        low = digit_widths(self.shift, limb)
        limbs = digit_widths(self.bits, limb)
        top = pg.Sign(signed(limbs[-1])[0], 1 << limbs[-1])
        bit = builder.witness(f"{name}.sign", x.shape)
        value = builder.sum((1, x), constant=half(self.shift))
        digits = builder.digits(name, value, [*low, *limbs[:-1]], top, bit)
        y = builder.joined(digits[len(low) :], limbs)
        return builder.commit(f"{name}.relu", builder.hadamard(name, builder.whole(bit), y))


@dataclass(frozen=True)
class RoundLeaky(Operator):
    """y = round(x / 2^shift) signed in `bits` bits; 2^power * y where y >= 0, else slope * y: a slope of slope * 2^-power.

    With the sign bit b and a = b y this is (2^power - slope) a + slope y, affine in what is committed; or one lookup.
    """

    shift: int
    bits: int
    slope: int
    power: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, self.bits) and 0 <= self.power <= MOST_SHIFT

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift + self.power

    def reach(self, *args: Reach) -> Interval:
        lo, hi = within(rounded(args[0].ends, self.shift), signed(self.bits))
        ends = [*scaled((min(lo, 0), min(hi, 0)), self.slope), max(lo, 0) << self.power, max(hi, 0) << self.power]
        return min(ends), max(ends)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        need = signed_bits(*rounded(args[0].ends, self.shift))
        if overflow.takes(self.bits, need):
            return (replace(self, bits=max(self.bits, need)),)
        return Saturate(self.shift, *signed(self.bits), need), replace(self, shift=0)

    def meaning(self, *args: Array) -> Array:
        y = in_range(shifted(args[0], self.shift), *signed(self.bits))
        return np.where(y >= 0, y << self.power, self.slope * y)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        if self.bits <= builder.settings.wide:
            lo, hi = signed(self.bits)
            builder.reserve(1 << self.bits)
            outs = [v << self.power if v >= 0 else self.slope * v for v in range(lo, hi + 1)]
            return fused_lookup(builder, name, args[0], self.shift, pg.Values(lo, tuple(outs)))
        value = builder.sum((1, args[0]), constant=half(self.shift))
        low = digit_widths(self.shift, builder.settings.limb)
        bit, digits, limbs = sign_bit(builder, name, value, low, self.bits)
        y = builder.joined(digits, limbs)
        positive = builder.commit(f"{name}.relu", builder.hadamard(name, bit, y))
        return builder.sum(((1 << self.power) - self.slope, positive), (self.slope, y))


@dataclass(frozen=True)
class RoundClip(Operator):
    """min(max(y, lo), hi) for y = round(x / 2^shift); a bound that is None is absent, one of them is there.

    The bounds are integers at the scale `at`, which y's must be. Defined where y - lo (without lo: y - hi) is signed in
    `bits` bits. `far`: bounds that lie beyond all that has room in them, and count where there is more.

    With u = y - lo and v = y - hi the result is lo + relu(u) - relu(v), or hi + v - relu(v) without a lower bound. Where
    activations are narrow, both are lookups of the same rounded value; elsewhere u and v are in signed limbs and
    relu(u) = [u >= 0] u with the sign bit.
    """

    shift: int
    bits: int
    lo: int | None
    hi: int | None
    at: float
    far: tuple[int | None, int | None] = (None, None)

    def fits(self, *shapes: Shape) -> bool:
        ordered = self.lo is None or self.hi is None or self.lo <= self.hi
        return rounds(shapes, self.shift, self.bits) and ordered and (self.lo, self.hi) != (None, None)

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return agreed(fracs[0] - self.shift, self.at)

    def reach(self, *args: Reach) -> Interval:
        lo, hi = rounded(args[0].ends, self.shift)
        if self.lo is not None:
            lo, hi = max(lo, self.lo), max(hi, self.lo)
        return (lo, hi) if self.hi is None else (min(lo, self.hi), min(hi, self.hi))

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        lo, hi = rounded(args[0].ends, self.shift)
        need = signed_bits(lo - self._base, hi - self._base)
        if need <= self.bits:
            return (self,)
        wide, room = overflow.takes(self.bits, need), [end + self._base for end in signed(self.bits)]
        bounds = [self.lo, self.hi]
        for i, (beyond, end) in enumerate(zip(self.far, room, strict=True)):
            if bounds[i] is None and beyond is not None and lo < beyond < hi and (wide or abs(beyond) <= abs(end)):
                bounds[i] = beyond
        if wide and None in bounds:
            return (replace(self, bits=need),)
        least, most = (end if bound is None else bound for bound, end in zip(bounds, room, strict=True))
        return (Saturate(self.shift, least, most, signed_bits(lo, hi), self.at),)

    def meaning(self, *args: Array) -> Array:
        y = shifted(args[0], self.shift)
        in_range(y - self._base, *signed(self.bits))
        return np.clip(y, self.lo, self.hi)

    @property
    def _base(self) -> int:
        base = self.lo if self.lo is not None else self.hi
        assert base is not None
        return base

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        if self.bits <= builder.settings.wide and self.lo is not None:
            return self._by_tables(builder, name, args[0], self.lo)
        low = digit_widths(self.shift, builder.settings.limb)
        moved = builder.sum((1, args[0]), constant=half(self.shift) - (self._base << self.shift))
        bit, digits, limbs = sign_bit(builder, f"{name}.low", moved, low, self.bits)
        u = builder.joined(digits, limbs)
        product = builder.hadamard(f"{name}.low", bit, u)
        if self.lo is None:
            return builder.sum((1, u), (-1, builder.commit(f"{name}.cut", product)), constant=self._base)
        if self.hi is None:
            return builder.sum((1, builder.commit(f"{name}.cut", product)), constant=self.lo)
        v = builder.sum((1, u), constant=self.lo - self.hi)
        second, _, _ = sign_bit(builder, f"{name}.high", v, [], self.bits + 1)
        cut = builder.sum((1, product), (-1, builder.hadamard(f"{name}.high", second, v)))
        return builder.sum((1, builder.commit(f"{name}.cut", cut)), constant=self.lo)

    def _by_tables(self, builder: Builder, name: str, x: Lazy, base: int) -> Lazy:
        lo, hi = signed(self.bits)
        moved = builder.sum((1, x), constant=-(base << self.shift))
        u = exact_multiple(builder, name, moved, self.shift)
        span = 0 if self.hi is None else self.hi - base
        kind = pg.ReluTable(lo - span, hi - lo + 1 + span)
        first = looked_up(builder, f"{name}.low", u, self.shift, kind)
        if self.hi is None:
            return builder.sum((1, first), constant=base)
        v = builder.sum((1, u), constant=-(span << self.shift))
        second = looked_up(builder, f"{name}.high", v, self.shift, kind)
        return builder.sum((1, first), (-1, second), constant=base)


@dataclass(frozen=True)
class Within(Operator):
    """x itself: nothing is cut off. The model bounds it by lo and hi, beyond which no sample came.

    The bounds are at the scale `at`, which x's must be; None: there is none. What is made total is cut where x can be beyond.
    """

    lo: int | None
    hi: int | None
    at: float

    def fits(self, *shapes: Shape) -> bool:
        return len(shapes) == 1 and (self.lo is None or self.hi is None or self.lo <= self.hi)

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return agreed(*fracs, self.at)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        lo, hi = args[0].ends
        least, most = (lo if self.lo is None else self.lo), (hi if self.hi is None else self.hi)
        if least <= lo and hi <= most:
            return (self,)
        return (Saturate(0, max(least, lo), min(most, hi), signed_bits(lo, hi), self.at),)

    def meaning(self, *args: Array) -> Array:
        return args[0]

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return args[0]
