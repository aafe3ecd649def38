"""Integers that are looked for: variables with intervals, and what must hold of them.

All is exact, in integers of any size; `solver` hands it to CP-SAT. Whatever is made twice from the same sums is made once, so
that what two witnesses share is the same variable.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tacit import program as pg
from tacit.uniqueness.sums import ZERO, Sum, total, variable

Interval: TypeAlias = tuple[int, int]
#: zero: s = 0. within: lo <= s <= hi. product: s0 = s1 s2. factor: s0 = 0 or s1 = 0. follows: s1 = 0 where s0 = 0.
#: least, most: s0 = max(s1, n), min(s1, n). sign: s0 = [s1 >= 0]. row: s0 = outs[s1]. never: a contradiction.
Kind: TypeAlias = Literal["zero", "within", "product", "factor", "follows", "least", "most", "sign", "row", "never"]


@dataclass(frozen=True)
class Constraint:
    """A relation of a few sums; `data`: its numbers; `place`: the relation of the program that it is of."""

    kind: Kind
    sums: tuple[Sum, ...]
    data: Hashable = None
    place: str = ""

    @property
    def variables(self) -> list[int]:
        """Those that occur, in order, some of them twice."""
        return [index for each in self.sums for index, _ in each.terms]


class Unknowns:
    """The variables and constraints of one question."""

    def __init__(self) -> None:
        self.place = ""
        self.constraints: list[Constraint] = []
        #: The interval of every variable, and whether both witnesses share it.
        self.intervals: list[Interval] = []
        self.shared: list[bool] = []
        self._named: dict[Sum, Sum] = {}
        self._products: dict[tuple[Sum, Sum], Sum] = {}
        self._quotients: dict[tuple[Sum, int], Sum] = {}
        self._rows: dict[tuple[pg.TableKind, Sum], Sum] = {}

    # variables

    def new(self, lo: int, hi: int, *, shared: bool = False) -> Sum:
        """A variable in [lo, hi]; an empty interval is a contradiction."""
        if lo > hi:
            self.demand("never")
            hi = lo
        if lo == hi:
            return Sum(lo)
        self.intervals.append((lo, hi))
        self.shared.append(shared)
        return variable(len(self.intervals) - 1)

    def _made(self, interval: Interval, *sums: Sum) -> Sum:
        """A variable that is a function of these sums: shared where they are."""
        return self.new(*interval, shared=all(self.shared[index] for each in sums for index, _ in each.terms))

    def ends(self, value: Sum) -> Interval:
        """What a sum can be by its variables' intervals."""
        lo = hi = value.constant
        for index, coef in value.terms:
            least, most = self.intervals[index]
            lo += coef * (least if coef > 0 else most)
            hi += coef * (most if coef > 0 else least)
        return lo, hi

    def named(self, value: Sum) -> Sum:
        """The sum as one variable, or a number."""
        if value.fixed or value.plain is not None:
            return value
        if value not in self._named:
            self._named[value] = self._made(self.ends(value), value)
            self.zero(total([(1, value), (-1, self._named[value])]))
        return self._named[value]

    # constraints

    def demand(self, kind: Kind, *sums: Sum, data: Hashable = None) -> None:
        """The constraint holds."""
        self.constraints.append(Constraint(kind, sums, data, self.place))

    def zero(self, value: Sum) -> None:
        """The sum is 0."""
        if value.terms:
            self.demand("zero", value)
            self._narrow(value)
        elif value.constant:
            self.demand("never")

    def _narrow(self, value: Sum) -> None:
        """What the others leave to each variable of a sum that is 0, the largest coefficient first.

        The solver's presolve removes differences before it looks at their bounds: digits are told apart here.
        """
        lo, hi = self.ends(value)
        for index, coef in sorted(value.terms, key=lambda term: -abs(term[1])):
            own = self._scaled(index, coef)
            below, above = lo - own[0], hi - own[1]  # of the rest: coef * variable lies in [-above, -below]
            ends = (-above, -below) if coef > 0 else (below, above)
            least, most = self.intervals[index]
            new = max(least, -(-ends[0] // abs(coef))), min(most, ends[1] // abs(coef))
            if new[0] > new[1]:
                self.demand("never")
                return
            self.intervals[index] = new
            moved = self._scaled(index, coef)
            lo, hi = below + moved[0], above + moved[1]

    def _scaled(self, index: int, coef: int) -> Interval:
        least, most = self.intervals[index]
        return (coef * least, coef * most) if coef > 0 else (coef * most, coef * least)

    def within(self, value: Sum, lo: int, hi: int) -> None:
        """The sum lies in [lo, hi]."""
        least, most = self.ends(value)
        if least > hi or most < lo:
            self.demand("never")
        elif least < lo or most > hi:
            self.demand("within", value, data=(lo, hi))

    def follows(self, condition: Sum, result: Sum) -> None:
        """Where `condition` is 0, `result` is 0."""
        if self.ends(condition) == (0, 0):
            self.zero(result)
        elif result != ZERO and not condition.fixed:
            self.demand("follows", condition, result)

    def factor(self, a: Sum, b: Sum) -> None:
        """One of both is 0."""
        if ZERO in (a, b):
            return
        if a.fixed or b.fixed:
            self.zero(b if a.fixed else a)
        else:
            self.demand("factor", a, b)

    def product(self, a: Sum, b: Sum) -> Sum:
        """a * b."""
        if a.fixed or b.fixed:
            return b.times(a.constant) if a.fixed else a.times(b.constant)
        key = first, second = tuple(sorted((self.named(a), self.named(b)), key=lambda value: value.terms))
        if key not in self._products:
            corners = [x * y for x in self.ends(first) for y in self.ends(second)]
            lo = max(0, min(corners)) if first == second else min(corners)
            self._products[first, second] = found = self._made((lo, max(corners)), first, second)
            self.demand("product", found, first, second)
        return self._products[first, second]

    def quotient(self, value: Sum, shift: int) -> Sum:
        """value / 2^shift, an integer."""
        step = 1 << shift
        if not value.constant % step and all(not coef % step for _, coef in value.terms):
            return Sum(value.constant >> shift, tuple((index, coef >> shift) for index, coef in value.terms))
        if (value, shift) not in self._quotients:
            lo, hi = self.ends(value)
            self._quotients[value, shift] = found = self._made((-(-lo >> shift), hi >> shift), value)
            self.zero(total([(1, value), (-step, found)]))
        return self._quotients[value, shift]

    # tables

    def row(self, kind: pg.TableKind, value: Sum) -> Sum:
        """What the table gives for the value, which is one of its inputs."""
        if (kind, value) not in self._rows:
            self.within(value, *pg.table_in(kind))
            self._rows[kind, value] = self._row(kind, value)
        return self._rows[kind, value]

    def _row(self, kind: pg.TableKind, value: Sum) -> Sum:
        first, last = pg.table_in(kind)
        least, most = self.ends(value)
        lo, hi = max(first, least), min(last, most)
        if lo > hi:
            return ZERO
        match kind:
            case pg.Range():
                return ZERO
            case pg.ReluTable():
                return self._at_least(value, 0, (lo, hi))
            case pg.ClampTable(low=low, high=high):
                return self._at_most(self._at_least(value, low, (lo, hi)), high)
            case pg.Sign():
                if lo >= 0 or hi < 0:
                    return Sum(int(lo >= 0))
                found = self._made((0, 1), value)
                self.demand("sign", found, value)
                return found
            case pg.Values(_, outs):
                chosen = outs[lo - first : hi - first + 1]
                found = self._made((min(chosen), max(chosen)), value)
                if not found.fixed:
                    self.demand("row", found, self.named(total([(1, value)], -lo)), data=chosen)
                return found

    def _at_least(self, value: Sum, low: int, ends: Interval) -> Sum:
        """max(value, low)."""
        if ends[0] >= low:
            return value
        found = self._made((max(ends[0], low), max(ends[1], low)), value)
        if not found.fixed:
            self.demand("least", found, value, data=low)
        return found

    def _at_most(self, value: Sum, high: int) -> Sum:
        """min(value, high)."""
        lo, hi = self.ends(value)
        if hi <= high:
            return value
        found = self._made((min(lo, high), high), value)
        if not found.fixed:
            self.demand("most", found, value, data=high)
        return found
