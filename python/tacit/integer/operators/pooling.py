"""Maxima over windows, fused with a rounding before and a ReLU after.

With y_j = round(x_j / 2^s) and m = max y_j, the number D_j = 2^s m + (2^s - 1) - half - x_j equals 2^s (m - y_j) + r_j
with r_j in [0, 2^s). Its digits, all range-checked, say at once that y_j is the rounding of x_j, what q_j = m - y_j is, and
that q_j >= 0: m is at least every y_j. That some y_j equals m is said by the product of all q_j, which is 0, where the
products of two cannot pass the field (windows of up to four entries); otherwise by selectors e_j >= 0 with sum 1, a one-hot
vector, and sum e_j q_j = 0. So m is the maximum and nothing else; which of equal entries is selected does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from tacit import program as pg
from tacit.integer.graph import Operator, in_range, rounds, shifted
from tacit.integer.lookups import half, looked_up, signed
from tacit.integer.operators.saturation import Clamp, again, by_signs, cheapest, common_forms, select, signs_form
from tacit.integer.reach import Interval, Overflow, Reach, rounded, signed_bits
from tacit.program import HALF, Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths


@dataclass(frozen=True)
class RoundMax(Operator):
    """The maximum of round(x / 2^shift) over the last `axes` axes, then max(., 0) if `relu`, then at most `most` in magnitude.

    Defined where the maximum is signed in `bits` bits and no rounded entry is 2^bits or more below it. `most`: bits of the
    result, which is clamped to them; None: as many as the maximum has.
    """

    shift: int
    bits: int
    axes: int
    relu: bool = False
    most: int | None = None

    def fits(self, *shapes: Shape) -> bool:
        most = self.most is None or 1 <= self.most <= self.bits
        return rounds(shapes, self.shift, self.bits) and 1 <= self.axes <= len(shapes[0]) and most

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0][: len(shapes[0]) - self.axes]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift

    @property
    def _bounds(self) -> Interval:
        lo, hi = signed(self.bits if self.most is None else self.most)
        return 0 if self.relu else lo, hi

    def reach(self, *args: Reach) -> Interval:
        lo, hi = rounded(args[0].ends, self.shift)
        least, most = self._bounds
        return min(max(lo, least), most), min(max(hi, least), most)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        need = signed_bits(*rounded(args[0].ends, self.shift))
        if overflow.takes(self.bits, need):
            return (replace(self, bits=max(self.bits, need)),)
        return (replace(self, bits=need, most=self.bits),)

    def meaning(self, *args: Array) -> Array:
        y = shifted(args[0], self.shift)
        window = tuple(range(y.ndim - self.axes, y.ndim))
        m = in_range(np.asarray(y.max(window)), *signed(self.bits))
        in_range(m - y.min(window), 0, (1 << self.bits) - 1)
        return np.clip(m, *self._bounds)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        (x,) = args
        m, result = self._maximum(builder, name, x) if self.most is None else self._clamped(builder, name, x)
        low, limbs = digit_widths(self.shift, builder.settings.limb), builder.limbs(self.bits)
        spread = _spread(builder, m, x.shape)
        offset = (1 << self.shift) - 1 - half(self.shift)
        gap = builder.sum((1 << self.shift, spread), (-1, x), constant=offset)
        digits = builder.digits(f"{name}.gap", gap, [*low, *limbs[:-1]], pg.Range(0, 1 << limbs[-1]))
        attained(builder, name, builder.joined(digits[len(low) :], limbs), self.axes)
        return result

    @property
    def clamp(self) -> Clamp | None:
        """Of the maximum, where there is one."""
        return None if self.most is None else Clamp(*self._bounds, self.bits)

    def _clamped(self, builder: Builder, name: str, x: Lazy) -> tuple[Lazy, Lazy]:
        """m in low digits and a top, and its clamp, by the cheapest form of those in `saturate`."""
        limb, out, clamp = builder.settings.limb, self.shape(x.shape), self.clamp
        assert clamp is not None
        # Beside the clamp one cell, the maximum's top.
        signs = signs_form(clamp, limb, len(builder.limbs(self.bits)))
        form = cheapest(builder, out, [*common_forms(clamp, limb, 0, 1), signs])
        if form.name == "signs":
            m, _ = replace(self, most=None, relu=False)._maximum(builder, name, x)
            return m, by_signs(builder, name, m, 0, form.clamp)
        clamps = form.clamp.ladder(limb) if form.clamp.cut else ()
        parts = [digit_widths(c.cut, limb) for c in clamps]
        widths = [width for part in parts for width in part]
        ids = [builder.witness(f"{name}.max{i}", out) for i in range(len(widths) + 1)]
        self._hint(builder, x, tuple(zip(ids[:-1], widths, strict=True)), ids[-1])
        for index, width in zip(ids[:-1], widths, strict=True):
            builder.lookup(builder.tensors[index].name, pg.Range(0, 1 << width), builder.whole(index))
        top = builder.whole(ids[-1])
        if not widths:
            return top, looked_up(builder, f"{name}.clamp", top, 0, form.clamp.whole())
        digits = [builder.whole(i) for i in ids]
        m = builder.joined(digits, [*widths, 0])
        lows = [builder.joined([digits.pop(0) for _ in part], part) for part in parts]
        if form.name == "again":
            return m, again(builder, name, lows, top, 0, clamps)
        return m, select(builder, name, lows[0], top, 0, form.clamp, (m, 0))

    def _maximum(self, builder: Builder, name: str, x: Lazy) -> tuple[Lazy, Lazy]:
        """m with its range check, and the result (m, or its ReLU)."""
        if self.bits > builder.settings.wide:
            return self._limbs(builder, name, x)
        lo, hi = signed(self.bits)
        m = builder.witness(f"{name}.max", self.shape(x.shape))
        self._hint(builder, x, (), m)
        whole = builder.whole(m)
        if not self.relu:
            builder.lookup(f"{name}.max", pg.Range(lo, hi - lo + 1), whole)
            return whole, whole
        kind = pg.ReluTable(lo, hi - lo + 1)
        result = builder.witness(f"{name}.relu", whole.shape)
        builder.hints.append(pg.LookupHint(result, builder.table(kind), whole.expr, 0))
        builder.lookup(f"{name}.relu", kind, whole, output=builder.whole(result).expr)
        return whole, builder.whole(result)

    def _hint(self, builder: Builder, x: Lazy, digits: tuple[tuple[int, int], ...], top: int) -> None:
        """Rounding keeps order: m is the rounded maximum of x."""
        value = builder.sum((1, x), constant=half(self.shift))
        builder.hints.append(pg.MaxHint(x.shape, self.axes, value.expr, self.shift, digits, top))

    def _limbs(self, builder: Builder, name: str, x: Lazy) -> tuple[Lazy, Lazy]:
        """m in limbs; the top one is signed, and its sign is a lookup where it is asked for."""
        widths, out = digit_widths(self.bits, builder.settings.limb), self.shape(x.shape)
        ids = [builder.witness(f"{name}.max{i}", out) for i in range(len(widths))]
        self._hint(builder, x, tuple(zip(ids[:-1], widths, strict=False)), ids[-1])
        for index, width in zip(ids[:-1], widths, strict=False):
            builder.lookup(builder.tensors[index].name, pg.Range(0, 1 << width), builder.whole(index))
        lo, hi = signed(widths[-1])
        top = builder.whole(ids[-1])
        m = builder.joined([builder.whole(i) for i in ids], widths)
        if not self.relu:
            builder.lookup(builder.tensors[ids[-1]].name, pg.Range(lo, hi - lo + 1), top)
            return m, m
        kind = pg.Sign(lo, hi - lo + 1)
        sign = builder.whole(builder.witness(f"{name}.sign", out))
        builder.hints.append(pg.LookupHint(len(builder.tensors) - 1, builder.table(kind), top.expr, 0))
        builder.lookup(f"{name}.sign", kind, top, output=sign.expr)
        return m, builder.commit(f"{name}.relu", builder.hadamard(f"{name}.relu", sign, m))


def _spread(builder: Builder, m: Lazy, shape: Shape) -> Lazy:
    """m repeated along the window axes, which come last."""
    rows: list[affine.Row] = [(((i, 1),), 0) for i in range(len(m.shape))]
    return builder.view("spread", m, shape, lambda e, s: affine.substitute(e, m.shape, shape, rows, s))


def attained(builder: Builder, name: str, gap: Lazy, axes: int) -> None:
    """Some entry of gap >= 0 over the last `axes` axes is 0."""
    rank = len(gap.shape) - axes
    count = prod(gap.shape[rank:])
    _, top = builder.interval(gap)
    # The last product is bare: what must stay in the field are its factors.
    if count in (1, 2, 4) and top ** max(1, count // 2) < HALF >> 1:
        gap = builder.reshape(name, gap, (*gap.shape[:rank], *[2] * (count.bit_length() - 1)))
        _product_is_zero(builder, name, gap, rank)
    else:
        _select(builder, name, gap, axes)


def _product_is_zero(builder: Builder, name: str, gap: Lazy, rank: int) -> None:
    """The product over the axes from `rank` on, all of extent 2, is 0: pairs are multiplied and committed, the last not."""
    while len(gap.shape) > rank + 1:
        gap = builder.commit(f"{name}.pairs", builder.hadamard(f"{name}.pairs", *_sides(builder, gap)))
    if len(gap.shape) > rank:
        builder.vanishing(f"{name}.attained", *_sides(builder, gap))
    else:
        builder.zero(f"{name}.attained", gap.shape, (1, gap.expr))


def _sides(builder: Builder, x: Lazy) -> tuple[Lazy, Lazy]:
    """x[.., 0] and x[.., 1]."""
    shape = x.shape[:-1]

    def side(i: int) -> Lazy:
        rows: list[affine.Row] = [*((((a, 1),), 0) for a in range(len(shape))), ((), i)]
        return Lazy(affine.substitute(x.expr, x.shape, shape, rows, builder.shapes), shape)

    return side(0), side(1)


def _select(builder: Builder, name: str, gap: Lazy, axes: int) -> None:
    """Selectors e over the last `axes` axes, merged into one: one-hot, and sum e * gap = 0."""
    rank = len(gap.shape) - axes
    out, window = gap.shape[:rank], gap.shape[rank:]
    flat = (*out, prod(window))
    e = builder.witness(f"{name}.select", flat)
    merged = builder.reshape(name, gap, flat)
    builder.hints.append(pg.OneHotMaxHint(flat, builder.sum((-1, merged)).expr, e))
    whole = builder.whole(e)
    builder.lookup(f"{name}.select", pg.Range(0, 1 << builder.settings.limb), whole)
    total = affine.total(whole.expr, flat, rank, builder.shapes)
    builder.zero(f"{name}.one", out, (1, total), (1, Expr(-1)))
    selector = builder.reshape(name, whole, gap.shape)
    labels = tuple(range(len(gap.shape)))
    picked = builder.einsum(f"{name}.pick", gap.shape, (labels, labels, labels[:rank]), selector.expr, gap.expr)
    builder.zero(f"{name}.attained", out, (1, picked.expr))
