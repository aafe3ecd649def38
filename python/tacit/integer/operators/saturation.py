"""Saturating roundings: a = min(max(y, lo), hi) for y = round(x / 2^s), with a witness for every x in reach.

X = x + half - r is 2^s y, by the remainder's digits r. y is signed in B bits; c is a cut. Five relations that force a:

- *whole*: (X / 2^s, a) in the table of the clamp, 2^B rows.
- *select*: y = low + 2^c t, low in [0, 2^c) by its digits, so that t = floor(y / 2^c). Two tables of t: z = 1 where all of
  2^c t .. 2^c (t + 1) - 1 lies inside, else 0; G = 2^c t inside, lo below, hi above. a = z low + G, that is (t, a - z low)
  in the second. For bounds lo and hi + 1 that are multiples of 2^c.
- *again*: the same low and t; q is t, but at most one step beyond the bounds, by a table of t; (low + 2^c q, a) in the
  table of the clamp: inside it is y, beyond it stays beyond. low needs its own range check: a negative low would bring a q
  beyond back inside. Where t has too many bits for a table, q is its clamp in the same way, by a cut of its own.
- *gated*: an excess v, and u = y - 2^c v: (u, a) in the table of the clamp around [lo, hi], and (v, v a) in the table
  E(v) = hi v for v > 0, 0 for 0, lo v for v < 0. With v = 0, y = u is a row and a its clamp. With v > 0 v a = hi v, and F has
  no zero divisors: a = hi, so u >= hi and y > hi. With v < 0 alike. a is forced; v, near a border, need not be.
- *signs*: lo + relu(y - lo) - relu(y - hi), relu(u) = [u >= 0] u by the sign of u's top digit: no table of many rows, whatever
  the bounds. Digits of a - lo say that a has few bits.

Every a is one number for every x and every witness; the tests enumerate that at small sizes. Which one is taken follows
from the estimated cost: lookups, cells and the rows of tables that the program does not have yet.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np

from tacit import program as pg
from tacit.integer.graph import Operator, in_range, rounds, shifted
from tacit.integer.lookups import exact_multiple, fused_lookup, half, looked_up, remainder, sign_bit, signed
from tacit.integer.prices import NS_PER_CELL, NS_PER_LOOKUP
from tacit.integer.reach import Interval, Overflow, Reach, rounded, signed_bits
from tacit.integer.scale import agreed
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths

#: Rows of a table that a clamp may bring into a program, as a power of two: of the clamp itself, and of one whose rows are
#: written out.
MOST_ROWS, MOST_WRITTEN = 17, 11
#: No form with a table of more rows, as a power of two, is offered.
MOST_TABLE = 18


def clamp_table(lo: int, length: int, low: int, high: int) -> pg.TableKind:
    """Rows v -> min(max(v, low), high), v = lo + i."""
    if low == 0 and lo + length - 1 <= high:
        return pg.ReluTable(lo, length)
    return pg.ClampTable(lo, length, low, high)


@dataclass(frozen=True)
class Clamp:
    """The bounds of y, signed in `bits` bits, and a cut of its low bits."""

    lo: int
    hi: int
    bits: int
    cut: int = 0

    @property
    def steps(self) -> Interval:
        """The least t that lies inside or meets a bound, and the first that lies beyond all."""
        return self.lo >> self.cut, -(-(self.hi + 1) >> self.cut)

    @property
    def tops(self) -> Interval:
        """The t of all y."""
        return signed(max(1, self.bits - self.cut))

    @property
    def excesses(self) -> Interval:
        """The excesses of all y."""
        (first, beyond), (lo, hi) = self.steps, self.tops
        return min(0, lo - first + 1), max(0, hi - beyond)

    @property
    def aligned(self) -> bool:
        return self.lo % (1 << self.cut) == 0 and (self.hi + 1) % (1 << self.cut) == 0

    def whole(self) -> pg.TableKind:
        """All y to their clamp."""
        lo, hi = signed(self.bits)
        return clamp_table(lo, hi - lo + 1, self.lo, self.hi)

    def ladder(self, limb: int) -> tuple[Clamp, ...]:
        """This one, and clamps of t, of the t of that, .., until a table has room."""
        left = self.bits - self.cut
        if left <= MOST_ROWS:
            return (self,)
        (first, beyond), digits = self.steps, max(1, 12 // limb)
        return self, *Clamp(first - 1, beyond, left, min(digits * limb, left - 1)).ladder(limb)

    def part(self) -> pg.TableKind:
        """t to q."""
        (first, beyond), (lo, hi) = self.steps, self.tops
        return clamp_table(lo, hi - lo + 1, first - 1, beyond)

    def again(self) -> pg.TableKind:
        """low + 2^c q to the clamp."""
        first, beyond = self.steps
        return clamp_table((first - 1) << self.cut, (beyond - first + 2) << self.cut, self.lo, self.hi)

    def select(self) -> tuple[pg.TableKind, pg.TableKind]:
        """t to whether it lies inside, and to what is added."""
        return _select_tables(self)

    def gated(self) -> tuple[pg.TableKind, pg.TableKind]:
        """u to the clamp, the excess to its product with the bound."""
        return _gated_tables(self)


@lru_cache(maxsize=256)
def _select_tables(c: Clamp) -> tuple[pg.TableKind, pg.TableKind]:
    (first, beyond), (lo, hi) = c.steps, c.tops
    inside = [first <= t < beyond for t in range(lo, hi + 1)]
    base = [
        t << c.cut if in_ else c.lo if t < first else c.hi for t, in_ in zip(range(lo, hi + 1), inside, strict=True)
    ]
    return pg.Values(lo, tuple(map(int, inside))), pg.Values(lo, tuple(base))


@lru_cache(maxsize=256)
def _gated_tables(c: Clamp) -> tuple[pg.TableKind, pg.TableKind]:
    low, high = c.excesses
    return c.again(), pg.Values(low, tuple((c.hi if v > 0 else c.lo) * v for v in range(low, high + 1)))


@dataclass(frozen=True)
class Form:
    """One way to lower a clamp: what it costs an entry, and its tables."""

    name: str
    clamp: Clamp
    lookups: int
    cells: int
    tables: tuple[pg.TableKind, ...]

    @property
    def rows(self) -> int:
        """Of its largest table."""
        return max(map(pg.table_len, self.tables))

    def nanoseconds(self, builder: Builder, entries: int) -> float:
        """An estimate: of tables only the share that is theirs of all that are clamped alike, nothing where they are there."""
        rows = sum(pg.padded((pg.table_len(kind),)) for kind in set(self.tables) if not builder.has(kind))
        share = entries / max(entries, builder.alike.get(replace(self.clamp, cut=0), 0))
        each = NS_PER_LOOKUP * self.lookups + NS_PER_CELL * self.cells
        return entries * each + share * rows * (NS_PER_LOOKUP + NS_PER_CELL)


def cheapest(builder: Builder, shape: Shape, forms: list[Form]) -> Form:
    """The first of the cheapest, of those without a table of very many rows."""
    small = [form for form in forms if form.rows <= 1 << MOST_TABLE]
    return min(small, key=lambda form: form.nanoseconds(builder, prod(shape)))


def common_forms(clamp: Clamp, limb: int, lookups: int, cells: int) -> list[Form]:
    """`whole`, `again` and `select` with cuts at digits of `limb` bits, beside so many other lookups and cells an entry."""
    found = [Form("whole", clamp, lookups + 1, cells + 1, (clamp.whole(),))] if clamp.bits <= MOST_ROWS else []
    for cut in cuts(clamp.bits, limb, (clamp.hi - clamp.lo).bit_length() - 1):
        c = replace(clamp, cut=cut)
        found.append(again_form(c, limb, lookups, cells))
        if c.aligned and c.bits - cut <= MOST_WRITTEN:
            more = len(digit_widths(cut, limb)) + 2
            found.append(Form("select", c, lookups + more, cells + more, c.select()))
    return found


def cuts(bits: int, limb: int, most: int) -> list[int]:
    """Where the low bits may end: whole digits, or as many as `most`; where a table has room for the rest, if there is such."""
    ends = [*range(limb, most + 1, limb), *([most] if most > 0 and most % limb else [])]
    return [c for c in ends if bits - c <= MOST_ROWS] or ends[-1:]


@dataclass(frozen=True)
class Saturate(Operator):
    """min(max(round(x / 2^shift), lo), hi). Defined where the rounded value is signed in `bits` bits: for all that x can be.

    `at`: the scale that the bounds are in, where they mean something; None: they are the ends of what there are bits for.
    """

    shift: int
    lo: int
    hi: int
    bits: int
    at: float | None = None

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, self.bits) and self.lo <= self.hi

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return fracs[0] - self.shift if self.at is None else agreed(fracs[0] - self.shift, self.at)

    def reach(self, *args: Reach) -> Interval:
        lo, hi = rounded(args[0].ends, self.shift)
        return min(max(lo, self.lo), self.hi), max(min(hi, self.hi), self.lo)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        return (replace(self, bits=max(self.bits, signed_bits(*rounded(args[0].ends, self.shift)))),)

    def meaning(self, *args: Array) -> Array:
        return np.clip(in_range(shifted(args[0], self.shift), *signed(self.bits)), self.lo, self.hi)

    @property
    def clamp(self) -> Clamp:
        return Clamp(self.lo, self.hi, self.bits)

    def forms(self, limb: int) -> list[Form]:
        """Every way that this may be lowered with digits of `limb` bits."""
        digits, span = len(digit_widths(self.shift, limb)), (self.hi - self.lo).bit_length()
        gated = [replace(self.clamp, cut=cut) for cut in range(max(1, self.bits - MOST_WRITTEN), span)]
        gated = [c for c in gated if c.excesses[1] - c.excesses[0] <= 1 << MOST_WRITTEN]  # more: no y lies inside
        return [
            *common_forms(self.clamp, limb, digits, digits),
            *(Form("gated", c, digits + 2, digits + 2, c.gated()) for c in gated),
            signs_form(self.clamp, limb, digits),
        ]

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        form = cheapest(builder, args[0].shape, self.forms(builder.settings.limb))
        if form.name == "whole":
            return fused_lookup(builder, name, args[0], self.shift, form.clamp.whole())
        if form.name == "gated":
            return self._gated(builder, name, args[0], form.clamp)
        if form.name == "signs":
            return by_signs(builder, name, args[0], self.shift, form.clamp)
        return self._cut(builder, name, args[0], form)

    def _cut(self, builder: Builder, name: str, x: Lazy, form: Form) -> Lazy:
        limb, value = builder.settings.limb, builder.sum((1, x), constant=half(self.shift))
        clamps = form.clamp.ladder(limb)
        parts = [remainder(builder, f"{name}.{i}", c.cut, x.shape) for i, c in enumerate(clamps)]
        rest = remainder(builder, name, self.shift, x.shape)
        ids = [index for part in (rest, *parts) for index in part[0]]
        widths = [width for part in (rest, *parts) for width in part[1]]
        builder.hints.append(pg.DigitsHint(x.shape, value.expr, tuple(zip(ids, widths, strict=True)), None))
        top = builder.sum((1, value), (-1, builder.joined([builder.whole(i) for i in ids], widths)))
        lows = [builder.joined([builder.whole(i) for i in part[0]], part[1]) for part in parts]
        shift = self.shift + sum(c.cut for c in clamps)
        if form.name == "again":
            return again(builder, name, lows, top, shift, clamps)
        return select(builder, name, lows[0], top, shift, form.clamp, (value, self.shift))

    def _gated(self, builder: Builder, name: str, x: Lazy, c: Clamp) -> Lazy:
        clamp, gate = c.gated()
        value = builder.sum((1, x), constant=half(self.shift))
        multiple = exact_multiple(builder, name, x, self.shift)
        v = builder.witness(f"{name}.excess", x.shape)
        first, beyond_all = c.steps
        builder.hints.append(pg.ClampHint(x.shape, value.expr, self.shift + c.cut, first - 1, beyond_all, None, v))
        builder.intervals.known[v] = pg.table_in(gate)  # by the last relation here
        beyond = builder.whole(v)
        inside = builder.sum((1, multiple), (-(1 << (self.shift + c.cut)), beyond))
        result = looked_up(builder, f"{name}.clamp", inside, self.shift, clamp)
        product = builder.hadamard(f"{name}.gate", beyond, result)
        builder.lookup(f"{name}.excess", gate, beyond, output=product.expr)
        return result


def signs_form(clamp: Clamp, limb: int, digits: int) -> Form:
    """`by_signs` with a remainder of so many digits."""
    parts = [digit_widths(bits, limb) for bits in (*_beyond_bounds(clamp), (clamp.hi - clamp.lo).bit_length())]
    lookups = digits + sum(map(len, parts))
    tables = tuple(pg.Sign(signed(part[-1])[0], 1 << part[-1]) for part in parts[:2])
    return Form("signs", clamp, lookups, lookups + 3, tables)


def _beyond_bounds(c: Clamp) -> tuple[int, int]:
    """Signed bits of y - lo and of y - hi."""
    least, most = signed(c.bits)
    return signed_bits(least - c.lo, most - c.lo), signed_bits(least - c.hi, most - c.hi)


def by_signs(builder: Builder, name: str, x: Lazy, shift: int, c: Clamp) -> Lazy:
    """lo + relu(y - lo) - relu(y - hi), y = round(x / 2^shift)."""
    first, second = _beyond_bounds(c)
    low = digit_widths(shift, builder.settings.limb)
    moved = builder.sum((1, x), constant=half(shift) - (c.lo << shift))
    bit, digits, limbs = sign_bit(builder, f"{name}.low", moved, low, first)
    u = builder.joined(digits, limbs)
    v = builder.sum((1, u), constant=c.lo - c.hi)
    above, _, _ = sign_bit(builder, f"{name}.high", v, [], second)
    parts = builder.hadamard(f"{name}.low", bit, u), builder.hadamard(f"{name}.high", above, v)
    result = builder.commit(f"{name}.clamp", builder.sum((1, parts[0]), (-1, parts[1]), constant=c.lo))
    widths = digit_widths((c.hi - c.lo).bit_length(), builder.settings.limb)
    inside = builder.sum((1, result), constant=-c.lo)
    builder.digits(f"{name}.inside", inside, widths[:-1], pg.Range(0, 1 << widths[-1]))
    return result


def again_form(c: Clamp, limb: int, lookups: int, cells: int) -> Form:
    """`again` beside so many other lookups and cells an entry."""
    clamps = c.ladder(limb)
    more = sum(len(digit_widths(one.cut, limb)) + 1 for one in clamps) + 1
    tables = (clamps[-1].part(), *(one.again() for one in clamps))
    return Form("again", c, lookups + more, cells + more, tables)


def again(builder: Builder, name: str, lows: list[Lazy], top: Lazy, shift: int, clamps: tuple[Clamp, ...]) -> Lazy:
    """The clamp of low + 2^c t, t = top / 2^shift; with more cuts t is that of the next, and so on."""
    q = looked_up(builder, f"{name}.part", top, shift, clamps[-1].part())
    for low, c in reversed(list(zip(lows, clamps, strict=True))):
        q = looked_up(builder, f"{name}.clamp", builder.sum((1, low), (1 << c.cut, q)), 0, c.again())
    return q


def select(builder: Builder, name: str, low: Lazy, top: Lazy, shift: int, c: Clamp, whole: tuple[Lazy, int]) -> Lazy:
    """The clamp of y = low + 2^c t, t = top / 2^shift, as z low + G; `whole` = (X, s) with y = floor(X / 2^s)."""
    inside, base = c.select()
    z = looked_up(builder, f"{name}.inside", top, shift, inside)
    result = builder.witness(f"{name}.clamp", low.shape)
    builder.hints.append(pg.ClampHint(low.shape, whole[0].expr, whole[1], c.lo, c.hi, result, None))
    rest = builder.sum((1, builder.whole(result)), (-1, builder.hadamard(name, z, low)))
    builder.lookup(f"{name}.base", base, top, shift, rest.expr)
    return builder.whole(result)
