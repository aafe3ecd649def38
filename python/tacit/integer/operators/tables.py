"""Functions of one number by their tables: rounded to a row, or linear between rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import TypeVar

import numpy as np

from tacit import program as pg
from tacit.graph.functions import FUNCTIONS
from tacit.integer.graph import MOST_SHIFT, Operator, in_range, rounds, shifted
from tacit.integer.lookups import fused_lookup, half, looked_up, remainder
from tacit.integer.operators.saturation import MOST_WRITTEN, Saturate
from tacit.integer.reach import (
    Interval,
    Overflow,
    Reach,
    rounded,
    signed_bits,
)
from tacit.integer.scale import agreed
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy

#: Rows of a table that is to have room for all inputs, at most.
MOST_WIDE = 1 << 14


Table = TypeVar("Table", "RoundTable", "RoundLine")


@dataclass(frozen=True)
class RoundTable(Operator):
    """outs[round(x / 2^shift) - lo]: a function by its table; defined where the rounded value is a row.

    `at`: the scale of the rows; `gives`: that of the outs. `function`: what it is on real numbers (`graph.functions`).
    """

    shift: int
    lo: int
    outs: tuple[int, ...]
    at: float
    gives: float
    function: str | None = None

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, 1) and len(self.outs) >= 1

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        agreed(fracs[0] - self.shift, self.at)
        return self.gives

    def reach(self, *args: Reach) -> Interval:
        return min(self.outs), max(self.outs)

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        """More rows where they pay, or where all there is room for is asked for; beyond its ends it is what it is there."""
        lo, hi = rounded(args[0].ends, self.shift)
        if self.lo <= lo and hi < self.lo + len(self.outs):
            return (self,)
        start, end = _coarse(min(lo, self.lo), max(hi, self.lo + len(self.outs) - 1))
        below, above = self.lo - start, end - self.lo - len(self.outs)
        if _rows_pay(below + above, args[0].shape):
            return (replace(self, lo=self.lo - below, outs=_extended(self, below, above)),)
        made = _widened(self, below, above) if overflow.widen else self
        ends = made.lo, made.lo + len(made.outs) - 1
        if made is not self and ends[0] <= lo and hi <= ends[1]:
            return (made,)
        return Saturate(self.shift, *ends, signed_bits(lo, hi), self.at), replace(made, shift=0)

    def meaning(self, *args: Array) -> Array:
        row = in_range(shifted(args[0], self.shift), self.lo, self.lo + len(self.outs) - 1)
        return np.asarray(np.array(self.outs, dtype=np.int64)[row - self.lo])

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return fused_lookup(builder, name, args[0], self.shift, pg.Values(self.lo, self.outs))


@dataclass(frozen=True)
class RoundLine(Operator):
    """2^part times a function that is linear between the rows of a table, at z = round(x / 2^shift).

    With z = 2^part t + l, 0 <= l < 2^part, the result is 2^part outs[t - lo] + (outs[t - lo + 1] - outs[t - lo]) l: two lookups
    of the same t, one product. z's remainder and l are in digits, so t and l are forced; defined where t is a row.
    `at`: the scale of t; `gives`: that of the outs. `function`: what it is on real numbers (`graph.functions`).
    """

    shift: int
    part: int
    lo: int
    outs: tuple[int, ...]
    at: float
    gives: float
    function: str | None = None

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, self.shift, 1) and 0 <= self.part <= MOST_SHIFT - self.shift and len(self.outs) >= 2

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        agreed(fracs[0] - self.shift - self.part, self.at)
        return self.gives + self.part

    def reach(self, *args: Reach) -> Interval:
        return min(self.outs) << self.part, max(self.outs) << self.part

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        """As for `RoundTable`."""
        lo, hi = rounded(args[0].ends, self.shift)
        first, last = lo >> self.part, hi >> self.part
        if self.lo <= first and last < self.lo + len(self.outs) - 1:
            return (self,)
        start, end = _coarse(min(first, self.lo), max(last, self.lo + len(self.outs) - 2))
        below, above = self.lo - start, end + 1 - self.lo - len(self.outs)
        if _rows_pay(2 * (below + above), args[0].shape):
            return (replace(self, lo=self.lo - below, outs=_extended(self, below, above)),)
        made = _widened(self, below, above) if overflow.widen else self
        ends = made.lo << self.part, ((made.lo + len(made.outs) - 1) << self.part) - 1
        if made is not self and ends[0] <= lo and hi <= ends[1]:
            return (made,)
        return Saturate(self.shift, *ends, signed_bits(lo, hi), self.at + self.part), replace(made, shift=0)

    def meaning(self, *args: Array) -> Array:
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


def _coarse(first: int, last: int) -> tuple[int, int]:
    """[start, end) around both, a power of two long, with a quarter, half or three quarters of it below 0: it tells little."""
    size = 4
    while True:
        for quarters in (2, 1, 3):
            start = -size // 4 * quarters
            if start <= first and last < start + size:
                return start, start + size
        size *= 2


def _rows_pay(rows: int, shape: Shape) -> bool:
    """Whether so many more rows of a table cost no more than a clamp of these entries: some four lookups and cells each."""
    return rows <= 4 * prod(shape) and rows < 1 << MOST_WRITTEN


def _extended(table: Table, below: int, above: int) -> tuple[int, ...]:
    """The outs with more before and after: those of the function, where that is known; else the first and the last."""
    outs: tuple[int, ...] = table.outs
    end = table.lo + len(outs)
    if table.function is None:
        return (outs[0],) * below + outs + (outs[-1],) * above
    places = np.concatenate([np.arange(table.lo - below, table.lo), np.arange(end, end + above)])
    more: list[int] = (
        np.floor(FUNCTIONS[table.function](places * 2.0**-table.at) * 2.0**table.gives + 0.5).astype(np.int64).tolist()
    )
    return (*more[:below], *outs, *more[below:])


def _widened(table: Table, below: int, above: int) -> Table:
    """The table with rows on both sides until the function stays what it is, or until there are MOST_WIDE."""
    most = (max(MOST_WIDE, len(table.outs)) - len(table.outs)) // (2 if below and above else 1)
    below, above = min(below, most), min(above, most)
    outs = np.array(_extended(table, below, above))
    moves = np.flatnonzero(np.diff(outs))
    if not moves.size:
        return table
    first, last = min(int(moves[0]), below), max(int(moves[-1]) + 1, below + len(table.outs) - 1)
    line = isinstance(table, RoundLine)
    start, end = _coarse(table.lo - below + first, table.lo - below + last - line)
    return replace(table, lo=start, outs=_extended(table, table.lo - start, end + line - table.lo - len(table.outs)))
