"""Softmax along the last axis, as one exact integer function.

With m = max x_j (selected and bounded as in `maxima`), d_j = m - x_j >= 0 in two limbs l_j + 2^w h_j, and two tables of
exponentials, e_j = low[l_j] * high[h_j] stands for exp(-d_j) at LOW + HIGH fractional bits: a product of two lookups
that also are the limbs' range checks. s = sum e_j is a contraction, committed once a row. The quotient

    2 q_j s + r_j = 2^(k+1) e_j + s,   0 <= r_j <= 2 s - 1,

is round(2^k e_j / s), and has one solution because s > 0: low[0] = 2^LOW, high[0] = 2^HIGH and some d_j is 0. The digit
vectors of r_j and of 2 s - 1 - r_j are the two sides of the inequality.

exp(-d) is as good as 0 long before d is as large as it can be for some input. There d_j is clamped to [-1, 2^most - 1] before
it is cut into limbs, not x_j: the shares are those of the float network, however large x is. -1 has no limbs, so that m is
still at least every x_j.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from tacit import program as pg
from tacit.integer.graph import MOST_SHIFT, Operator, in_range, rounds
from tacit.integer.lookups import bounded, signed
from tacit.integer.operators.pooling import attained
from tacit.integer.operators.saturation import Saturate
from tacit.integer.reach import Interval, Overflow, Reach, signed_bits
from tacit.integer.scale import agreed
from tacit.program import affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths

#: Fractional bits of the exponentials: those of the upper limbs are small, and many alike add up.
LOW, HIGH = 12, 17


#: exp(-2^GONE) is 0 in the tables; rows of the upper one, at most, as a power of two.
GONE, MOST_HIGH = 4, 13


#: Bits of a limb, for which there are tables; bits of the shares.
MOST_LIMB, MOST_OUT = 20, 32


@dataclass(frozen=True)
class SoftmaxLast(Operator):
    """round(2^out e_j / sum e), e_j for exp(x_j - max x), x at scale `at` and signed in `bits` bits.

    `most`: bits of max x - x_j, which is clamped to them; None: as many as x has. `cut`: bits of its lower limb; None: half.
    """

    at: float
    bits: int
    out: int
    most: int | None = None
    cut: int | None = None

    def fits(self, *shapes: Shape) -> bool:
        if not rounds(shapes, 0, self.bits) or not shapes[0] or not 0 <= self.out <= MOST_OUT:
            return False
        limb = self._limb()
        return 1 <= self.gap <= MOST_SHIFT and 0 <= limb <= MOST_LIMB and 0 <= self.gap - limb <= MOST_LIMB

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        agreed(*fracs, self.at)
        return self.out

    def reach(self, *args: Reach) -> Interval:
        return 0, 1 << self.out

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        """The same tables, the upper one with rows until it is 0."""
        need, cut = signed_bits(*args[0].ends), self._limb()
        if need <= self.bits:
            return (self,)
        most = max(self.gap, min(ceil(self.at) + GONE, cut + MOST_HIGH))
        return (replace(self, bits=need, most=most if most < need else None, cut=cut),)

    @property
    def gap(self) -> int:
        """Bits of max x - x_j, after a clamp."""
        return self.bits if self.most is None else self.most

    @property
    def exact(self) -> bool:
        """Whether nothing is lost by the clamp."""
        return self.most is None or self.tables()[1][-1] == 0

    def _limb(self) -> int:
        return (self.gap + 1) // 2 if self.cut is None else self.cut

    def tables(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """exp(-l 2^-frac) and exp(-h 2^(w-frac)) at LOW and HIGH bits, rounded."""
        w = self._limb()
        low = np.floor(2.0**LOW * np.exp(-np.arange(1 << w) * 2.0**-self.at) + 0.5)
        high = np.floor(2.0**HIGH * np.exp(-np.arange(1 << (self.gap - w)) * 2.0 ** (w - self.at)) + 0.5)
        return tuple(int(v) for v in low), tuple(int(v) for v in high)

    def meaning(self, *args: Array) -> Array:
        x, w = in_range(args[0], *signed(self.bits)), self._limb()
        d = in_range(x.max(-1, keepdims=True) - x, 0, (1 << self.bits) - 1)
        d = d if self.most is None else np.minimum(d, (1 << self.most) - 1)
        low, high = (np.array(t, dtype=np.int64) for t in self.tables())
        e = low[d & ((1 << w) - 1)] * high[d >> w]
        s = e.sum(-1, keepdims=True)
        return np.asarray(((e << (self.out + 1)) + s) // (2 * s))

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        x = builder.settled(name, args[0])
        low, high = self._exponentials(builder, name, x)
        shape, rank = x.shape, len(x.shape)
        labels = tuple(range(rank))
        share = builder.hadamard(f"{name}.exp", low, high)
        total = builder.einsum(f"{name}.sum", shape, (labels, labels, labels[:-1]), low.expr, high.expr)
        s = builder.commit(f"{name}.total", total)
        return self._divide(builder, name, share, s)

    def _exponentials(self, builder: Builder, name: str, x: Lazy) -> tuple[Lazy, Lazy]:
        """The row's maximum m, the limbs of m - x with their exponentials."""
        shape, w = x.shape, self._limb()
        m = builder.witness(f"{name}.max", shape[:-1])
        builder.hints.append(pg.MaxHint(shape, 1, x.expr, 0, (), m))
        top = builder.whole(m)
        bounded(builder, f"{name}.max", top, *signed(self.bits))
        gap = builder.sum((1, spread(builder, top, shape)), (-1, x))
        if self.most is not None:
            gap = Saturate(0, -1, (1 << self.most) - 1, self.bits + 1).lower(builder, f"{name}.near", gap)
        ids = [builder.witness(f"{name}.gap{i}", shape) for i in range(2)]
        builder.hints.append(pg.DigitsHint(shape, gap.expr, ((ids[0], w),), ids[1]))
        outs = []
        builder.reserve((1 << w) + (1 << (self.gap - w)))
        for index, table in zip(ids, self.tables(), strict=True):
            kind, limb = pg.Values(0, table), builder.whole(index)
            out = builder.witness(f"{builder.tensors[index].name}.exp", shape)
            builder.hints.append(pg.LookupHint(out, builder.table(kind), limb.expr, 0))
            builder.lookup(builder.tensors[index].name, kind, limb, output=builder.whole(out).expr)
            outs.append(builder.whole(out))
        joined = builder.joined([builder.whole(i) for i in ids], [w, self.gap - w])
        builder.zero(f"{name}.gap", shape, (1, gap.expr), (-1, joined.expr))
        attained(builder, name, joined, 1)
        return outs[0], outs[1]

    def _divide(self, builder: Builder, name: str, share: Lazy, s: Lazy) -> Lazy:
        shape = share.shape
        wide = spread(builder, s, shape)
        numerator = builder.sum((2 << self.out, share), (1, wide))
        double = builder.sum((2, wide))
        q, r = (builder.witness(f"{name}.{part}", shape) for part in ("share", "rest"))
        builder.hints.append(pg.DivideHint(shape, numerator.expr, double.expr, q, r))
        quotient, rest = builder.whole(q), builder.whole(r)
        # q <= 2^out, since e_j <= s.
        bounded(builder, f"{name}.share", quotient, 0, (2 << self.out) - 1)
        widths = digit_widths(LOW + HIGH + (shape[-1] - 1).bit_length() + 1, builder.settings.limb)
        for label, value in (("rest", rest), ("room", builder.sum((1, double), (-1, rest), constant=-1))):
            builder.digits(f"{name}.{label}", value, widths[:-1], pg.Range(0, 1 << widths[-1]))
        product = builder.hadamard(f"{name}.product", quotient, double)
        builder.zero(f"{name}.divide", shape, (1, product.expr), (1, rest.expr), (-1, numerator.expr))
        return quotient


def spread(builder: Builder, row: Lazy, shape: Shape) -> Lazy:
    """A value a row, repeated along the last axis."""
    rows: list[affine.Row] = [(((i, 1),), 0) for i in range(len(row.shape))]
    return builder.view("spread", row, shape, lambda e, s: affine.substitute(e, row.shape, shape, rows, s))
