"""Intervals that the constraints force, and the bounds that keep everything from wrapping modulo p.

Docs: program.md, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TypeAlias

from .errors import Refused
from .field import P
from .links import link_multiplicity, linked_axes
from .program import (
    Constant,
    Einsum,
    Expr,
    Link,
    Lookup,
    OfEinsum,
    OfTensor,
    Program,
    Shape,
    Term,
    Witness,
    Zero,
    is_identity,
)

Interval: TypeAlias = tuple[int, int]
MAX_LINK_ENTRIES = 2**22  # links with larger source blocks are counted coarsely


def multiplicity(links: Sequence[Link], target: Shape, source: Shape) -> tuple[int, bool]:
    """(n, exactly): one target index meets at most n source entries; exactly one each."""
    summed = set(range(len(source))) - linked_axes(links, "source")
    most = prod(source[axis] for axis in summed)
    exactly = most == 1
    for link in links:
        block = prod(source[axis] for axis, _ in link.source)
        asked = prod(target[axis] for axis, _ in link.target)
        if max(block, asked) > MAX_LINK_ENTRIES:
            most, exactly = most * block, False
            continue
        count, whole = link_multiplicity(link, target, source)
        most, exactly = most * count, exactly and whole
    return most, exactly


class Intervals:
    """The known interval of every tensor; None for a witness tensor that nothing bounds yet."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.known: list[Interval | None] = []
        for tensor in program.tensors:
            if isinstance(tensor.place, Constant):
                values = tensor.place.values
                self.known.append((min(values), max(values)))
            elif isinstance(tensor.place, Witness):
                self.known.append(None)
            else:
                self.known.append((tensor.lo, tensor.hi))
        self._met: dict[tuple[tuple[Link, ...], Shape, Shape], tuple[int, bool]] = {}
        self._derive()

    def term(self, term: Term, shape: Shape) -> Interval | None:
        """Interval of one term: coef * [n min(lo, 0), n max(hi, 0)], or coef * [lo, hi]."""
        if isinstance(term.source, OfEinsum):
            inner = self.einsum(self.program.einsums[term.source.index])
            n, exactly = 1, True
        else:
            inner = self.known[term.source.index]
            source = self.program.shape_of(term.source.index)
            key = (term.links, shape, source)
            if key not in self._met:
                self._met[key] = multiplicity(*key)
            n, exactly = self._met[key]
        if inner is None:
            return None
        lo, hi = inner if n == 1 and exactly else (n * min(inner[0], 0), n * max(inner[1], 0))
        return (term.coef * lo, term.coef * hi) if term.coef > 0 else (term.coef * hi, term.coef * lo)

    def expr(self, expr: Expr, shape: Shape, without: int = -1) -> Interval | None:
        """Interval of an expression at valid indices, one of its terms left out if asked."""
        lo = hi = expr.constant
        for number, term in enumerate(expr.terms):
            if number == without:
                continue
            part = self.term(term, shape)
            if part is None:
                return None
            lo, hi = lo + part[0], hi + part[1]
        return lo, hi

    def einsum(self, einsum: Einsum) -> Interval | None:
        """Corners of the operands' intervals times the number of products summed."""
        a = self.expr(einsum.a, einsum.shape_of(einsum.a_axes))
        b = self.expr(einsum.b, einsum.shape_of(einsum.b_axes))
        if a is None or b is None:
            return None
        count = prod(einsum.shape_of(einsum.contraction))
        corners = [count * x * y for x in a for y in b]
        return min(corners), max(corners)

    # ------------------------------------------------------------ derivation
    def _derive(self) -> None:
        """The fixed point of the two rules. A pass limit keeps it finite: stopping early is coarser."""
        for lookup in self.program.lookups:  # rule 1 depends on nothing: once is enough
            self._from_input(lookup)
        tables = self.program.tables
        sums = [(x.output, x.shape, tables[x.table].out_ends) for x in self.program.lookups]
        sums += [(zero.expr, zero.shape, (0, 0)) for zero in self.program.zeros]
        for _ in range(len(self.program.tensors) + 64):
            changed = [self._from_sum(*each) for each in sums]
            if not any(changed):
                break

    def _alone(self, expr: Expr, shape: Shape) -> int | None:
        if len(expr.terms) != 1 or expr.constant != 0 or expr.terms[0].coef != 1:
            return None
        return self._witness(expr.terms[0], shape)

    def _witness(self, term: Term, shape: Shape) -> int | None:
        """The index of the witness tensor that the term takes as it is over its own shape."""
        if not isinstance(term.source, OfTensor):
            return None
        tensor = self.program.tensors[term.source.index]
        fits = isinstance(tensor.place, Witness) and is_identity(term, shape, tensor.shape)
        return term.source.index if fits else None

    def _from_input(self, lookup: Lookup) -> None:
        table = self.program.tables[lookup.table]
        if lookup.shift == 0 and (index := self._alone(lookup.input, lookup.shape)) is not None:
            self._meet(index, (table.ins[0], table.ins[-1]))

    def _from_sum(self, expr: Expr, shape: Shape, ends: Interval) -> bool:
        """x + rest = 0 or -x + rest = 0 with a rest that cannot wrap; minus the sum, which lies in [ends], is in the rest.

        Returns whether x's changed.
        """
        changed = False
        uses = [t.source.index for t in expr.terms if isinstance(t.source, OfTensor)]
        for number, term in enumerate(expr.terms):
            index = self._witness(term, shape)
            if index is None or abs(term.coef) != 1 or uses.count(index) != 1:
                continue
            rest = self.expr(expr, shape, without=number)
            if rest is None:
                continue
            rest = (rest[0] - ends[1], rest[1] - ends[0])
            if not fits(rest):
                continue
            lo, hi = rest if term.coef == -1 else (-rest[1], -rest[0])
            changed |= self._meet(index, (lo, hi))
        return changed

    def _meet(self, index: int, found: Interval) -> bool:
        old = self.known[index]
        new = found if old is None else (max(old[0], found[0]), min(old[1], found[1]))
        if new[0] > new[1]:
            name = self.program.tensors[index].name
            raise Refused("program", f"tensor {name}", "its constraints leave no value")
        self.known[index] = new
        return new != old


def bare_product(program: Program, zero: Zero) -> int | None:
    """The einsum that the zero says is 0: alone, without a constant, its products not summed.

    F has no zero divisors: a product is 0 in F iff a factor is, and a factor in (-p/2, p/2) is 0 in F iff it is 0.
    """
    if zero.expr.constant != 0 or len(zero.expr.terms) != 1:
        return None
    (term,) = zero.expr.terms
    if not isinstance(term.source, OfEinsum) or term.coef not in (1, -1):
        return None
    return None if program.einsums[term.source.index].contraction else term.source.index


def only_bare(program: Program) -> set[int]:
    """The einsums that relations read, and only in bare products."""
    exprs = [expr for lookup in program.lookups for expr in (lookup.input, lookup.output)]
    bare = set[int]()
    for zero in program.zeros:
        index = bare_product(program, zero)
        if index is None:
            exprs.append(zero.expr)
        else:
            bare.add(index)
    return bare - {t.source.index for expr in exprs for t in expr.terms if isinstance(t.source, OfEinsum)}


def fits(interval: Interval) -> bool:
    """Whether the interval lies in (-p/2, p/2)."""
    return 2 * max(abs(interval[0]), abs(interval[1])) < P


def check_intervals(program: Program) -> None:
    """Refuses ("program") where a zero, a lookup or an einsum could wrap modulo p."""
    known = Intervals(program)

    def bounded(interval: Interval | None, place: str, room: int = 0) -> None:
        if interval is None:
            raise Refused("program", place, "it uses a witness tensor that nothing bounds")
        lo, hi = interval
        if not fits((min(lo, -hi) - room, max(hi, -lo) + room)):
            raise Refused("program", place, f"[{lo}, {hi}] could wrap modulo p")

    for index, tensor in enumerate(program.tensors):
        derived = known.known[index]
        if not isinstance(tensor.place, Witness) or derived is None:
            continue
        if derived[0] < tensor.lo or derived[1] > tensor.hi:
            declared = f"declared [{tensor.lo}, {tensor.hi}], derived {list(derived)}"
            raise Refused("program", f"tensor {tensor.name}", declared)
    for zero in program.zeros:
        if bare_product(program, zero) is None:
            bounded(known.expr(zero.expr, zero.shape), f"zero {zero.name}")
    for lookup in program.lookups:
        table, place = program.tables[lookup.table], f"lookup {lookup.name}"
        room = max(abs(table.ins[0]), abs(table.ins[-1])) << lookup.shift
        bounded(known.expr(lookup.input, lookup.shape), place, room)
        room = max(map(abs, table.out_ends))
        bounded(known.expr(lookup.output, lookup.shape), place, room)
    bare = only_bare(program)
    for index, einsum in enumerate(program.einsums):
        place = f"einsum {einsum.name}"
        bounded(known.expr(einsum.a, einsum.shape_of(einsum.a_axes)), place)
        bounded(known.expr(einsum.b, einsum.shape_of(einsum.b_axes)), place)
        if index not in bare:
            bounded(known.einsum(einsum), place)
