"""Rounding shifts, alone and fused with what follows them.

y = floor((x + 2^(s-1)) / 2^s) is the only y with x + 2^(s-1) = 2^s y + r and 0 <= r < 2^s. The remainder's digits and y's
limbs each lie in their table's range, and a zero constraint ties them to x, so a prover has no choice: digits of a number
are unique, and y's limbs bound it to `bits` signed bits. An x whose y needs more bits has no witness.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tacit import program as pg
from tacit.lowering.affine import Shape
from tacit.lowering.builder import Array, Builder, Lazy, digit_widths
from tacit.lowering.core import Operator, in_range, shifted
from tacit.lowering.scale import agreed
from tacit.program import Expr


def half(shift: int) -> int:
    """2^(shift-1), or 0 when nothing is cut off."""
    return 1 << shift >> 1


def signed(bits: int) -> tuple[int, int]:
    """The interval of `bits` signed bits."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def remainder(builder: Builder, name: str, shift: int, shape: Shape) -> tuple[list[int], list[int]]:
    """Witness tensors for the digits of r in [0, 2^shift), range-checked, and their widths."""
    widths = digit_widths(shift, builder.settings.limb)
    ids = [builder.witness(f"{name}.r{i}", shape) for i in range(len(widths))]
    for index, width in zip(ids, widths, strict=True):
        builder.lookup(builder.tensors[index].name, pg.Range(0, 1 << width), builder.whole(index))
    return ids, widths


@dataclass(frozen=True)
class Round(Operator):
    """y = round(x / 2^shift), signed in `bits` bits."""

    shift: int
    bits: int

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift

    def reference(self, *args: Array) -> Array:
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
class RoundRelu(Operator):
    """max(round(x / 2^shift), 0); the rounded value is signed in `bits` bits."""

    shift: int
    bits: int

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift

    def reference(self, *args: Array) -> Array:
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
class RoundTable(Operator):
    """outs[round(x / 2^shift) - lo]: a function by its table; defined where the rounded value is a row.

    `at`: the scale of the rows; `gives`: that of the outs.
    """

    shift: int
    lo: int
    outs: tuple[int, ...]
    at: float
    gives: float

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        agreed(fracs[0] - self.shift, self.at)
        return self.gives

    def reference(self, *args: Array) -> Array:
        row = in_range(shifted(args[0], self.shift), self.lo, self.lo + len(self.outs) - 1)
        return np.asarray(np.array(self.outs, dtype=np.int64)[row - self.lo])

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return fused_lookup(builder, name, args[0], self.shift, pg.Values(self.lo, self.outs))


@dataclass(frozen=True)
class RoundLine(Operator):
    """2^part times a function that is linear between the rows of a table, at z = round(x / 2^shift).

    With z = 2^part t + l, 0 <= l < 2^part, the result is 2^part outs[t - lo] + (outs[t - lo + 1] - outs[t - lo]) l: two lookups
    of the same t, one product. z's remainder and l are in digits, so t and l are forced; defined where t is a row.
    `at`: the scale of t; `gives`: that of the outs.
    """

    shift: int
    part: int
    lo: int
    outs: tuple[int, ...]
    at: float
    gives: float

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        agreed(fracs[0] - self.shift - self.part, self.at)
        return self.gives + self.part

    def reference(self, *args: Array) -> Array:
        z = shifted(args[0], self.shift)
        t = in_range(z >> self.part, self.lo, self.lo + len(self.outs) - 2) - self.lo
        outs = np.array(self.outs, dtype=np.int64)
        return np.asarray((outs[t] << self.part) + (outs[t + 1] - outs[t]) * (z & ((1 << self.part) - 1)))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        value = builder.sum((1, x), constant=half(self.shift))
        cut, cut_widths = remainder(builder, name, self.shift, x.shape)
        low, low_widths = remainder(builder, f"{name}.line", self.part, x.shape)
        ids, widths = [*cut, *low], [*cut_widths, *low_widths]
        builder.hints.append(pg.DigitsHint(x.shape, value.expr, tuple(zip(ids, widths, strict=True)), None))
        whole = builder.sum((1, value), (-1, builder.joined([builder.whole(i) for i in ids], widths)))
        steps = tuple(b - a for a, b in pairwise(self.outs))
        shift = self.shift + self.part
        start = looked_up(builder, f"{name}.start", whole, shift, pg.Values(self.lo, self.outs[:-1]))
        step = looked_up(builder, f"{name}.step", whole, shift, pg.Values(self.lo, steps))
        line = builder.hadamard(f"{name}.line", step, builder.joined([builder.whole(i) for i in low], low_widths))
        return builder.sum((1 << self.part, start), (1, line))


def fused_lookup(builder: Builder, name: str, x: Lazy, shift: int, kind: pg.TableKind) -> Lazy:
    """The table at round(x / 2^shift)."""
    return looked_up(builder, name, exact_multiple(builder, name, x, shift), shift, kind)


def exact_multiple(builder: Builder, name: str, x: Lazy, shift: int) -> Lazy:
    """x + half - r = 2^shift round(x / 2^shift), once a lookup shifts it: r in [0, 2^shift) leaves no other multiple."""
    ids, widths = remainder(builder, name, shift, x.shape)
    value = builder.sum((1, x), constant=half(shift))
    if not ids:
        return value
    builder.hints.append(pg.DigitsHint(x.shape, value.expr, tuple(zip(ids, widths, strict=True)), None))
    return builder.sum((1, value), (-1, builder.joined([builder.whole(i) for i in ids], widths)))


def looked_up(builder: Builder, name: str, value: Lazy, shift: int, kind: pg.TableKind) -> Lazy:
    """out with (value / 2^shift, out) a row of the table."""
    out = builder.witness(f"{name}.out", value.shape)
    builder.hints.append(pg.LookupHint(out, builder.table(kind), value.expr, shift))
    builder.lookup(name, kind, value, shift, builder.whole(out).expr)
    return builder.whole(out)


@dataclass(frozen=True)
class RoundDivide(Operator):
    """round(x / divisor), halves up, signed in `bits` bits; the divisor is a public constant.

    The real value is divided by divisor * 2^power. x + floor(d/2) = d q + r with 0 <= r < d (its own range table) has one
    solution; q is bounded by its limbs.
    """

    divisor: int
    bits: int
    power: int

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] + self.power

    def reference(self, *args: Array) -> Array:
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


def bounded(builder: Builder, name: str, value: Lazy, lo: int, hi: int) -> None:
    """The committed tensor lies in [lo, hi], an interval of a power-of-two width: one lookup or digits."""
    span = hi - lo + 1
    bits = span.bit_length() - 1
    if bits <= max(builder.settings.limb, builder.settings.wide):
        builder.lookup(name, pg.Range(lo, span), value)
        return
    widths = digit_widths(bits, builder.settings.limb)
    moved = builder.sum((1, value), constant=-lo)
    builder.digits(name, moved, widths[:-1], pg.Range(0, 1 << widths[-1]))
