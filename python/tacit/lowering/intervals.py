"""Known intervals and the checks that nothing wraps modulo p (docs/program.md, section 5).

Never finer than the rules there: Rust and the second verifier decide, this module only says no early and with a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tacit.program import (
    HALF,
    Constant,
    Einsum,
    Expr,
    FromEinsum,
    FromTensor,
    Lookup,
    Program,
    TableKind,
    Term,
    Witness,
    Zero,
    identity_links,
    table_in,
    table_out,
)

Interval = tuple[int, int]
Known = dict[int, Interval]


class UnknownInterval(ValueError):
    """A bound needs a tensor of which nothing is proven."""


class OutOfField(ValueError):
    """A value could wrap modulo p."""


def multiplicity(term: Term, source: Sequence[int]) -> int:
    """A bound of the number of source entries that one target index can meet."""
    count, linked = 1, set[int]()
    for link in term.links:
        linked |= {axis for axis, _ in link.source}
        if len(link.source) != 1 or abs(link.source[0][1]) != 1:
            count *= prod(source[axis] for axis, _ in link.source)
    return count * prod(n for axis, n in enumerate(source) if axis not in linked)


class Intervals:
    """Known intervals of tensors; those of expressions and einsums follow."""

    def __init__(self) -> None:
        self.known: Known = {}
        self.tensor_shapes: list[tuple[int, ...]] = []
        self.einsums: list[Einsum] = []
        self._einsum_cache: dict[int, Interval] = {}

    def term(self, term: Term) -> Interval:
        if isinstance(term.source, FromTensor):
            if term.source.index not in self.known:
                raise UnknownInterval(f"tensor {term.source.index}")
            lo, hi = self.known[term.source.index]
            n = multiplicity(term, self.tensor_shapes[term.source.index])
        else:
            lo, hi = self.einsum(term.source.index)
            n = 1
        ends = (term.coef * n * min(lo, 0), term.coef * n * max(hi, 0))
        return min(ends), max(ends)

    def expr(self, expr: Expr) -> Interval:
        ends = [self.term(term) for term in expr.terms]
        return expr.constant + sum(lo for lo, _ in ends), expr.constant + sum(hi for _, hi in ends)

    def einsum(self, index: int) -> Interval:
        if index not in self._einsum_cache:
            einsum = self.einsums[index]
            a, b = self.expr(einsum.a), self.expr(einsum.b)
            corners = [x * y for x in (min(a[0], 0), max(a[1], 0)) for y in (min(b[0], 0), max(b[1], 0))]
            n = einsum.contraction
            self._einsum_cache[index] = (n * min(corners), n * max(corners))
        return self._einsum_cache[index]

    def learn(self, tensor: int, interval: Interval) -> bool:
        """Intersect; whether anything changed."""
        old = self.known.get(tensor)
        new = interval if old is None else (max(old[0], interval[0]), min(old[1], interval[1]))
        self.known[tensor] = new
        if new != old:
            self._einsum_cache.clear()
        return new != old

    def learn_lookup(self, lookup: Lookup, ins: Interval, outs: Interval, witness: set[int]) -> bool:
        """Rule 1 of its input, rule 2 of its output."""
        changed = False
        alone = self._alone(lookup.input, lookup.shape)
        if lookup.shift == 0 and alone is not None and alone in witness:
            changed = self.learn(alone, ins)
        return self._learn_sum(lookup.output, lookup.shape, outs, witness) or changed

    def learn_zero(self, zero: Zero, witness: set[int]) -> bool:
        """Rule 2."""
        return self._learn_sum(zero.expr, zero.shape, (0, 0), witness)

    def _learn_sum(self, expr: Expr, shape: tuple[int, ...], ends: Interval, witness: set[int]) -> bool:
        """What one term must be for the expression to lie in [ends]."""
        changed = False
        for at, term in enumerate(expr.terms):
            if not isinstance(term.source, FromTensor) or term.source.index not in witness or abs(term.coef) != 1:
                continue
            tensor = term.source.index
            if not self._identity(term, shape):
                continue
            if sum(other.source == term.source for other in expr.terms) != 1:
                continue
            rest = Expr(expr.constant, (*expr.terms[:at], *expr.terms[at + 1 :]))
            try:
                lo, hi = self.expr(rest)
            except UnknownInterval:
                continue
            lo, hi = lo - ends[1], hi - ends[0]
            if lo > -HALF and hi < HALF:
                changed |= self.learn(tensor, (-hi, -lo) if term.coef == 1 else (lo, hi))
        return changed

    def _identity(self, term: Term, shape: tuple[int, ...]) -> bool:
        assert isinstance(term.source, FromTensor)
        return self.tensor_shapes[term.source.index] == shape and term.links == identity_links(len(shape))

    def _alone(self, expr: Expr, shape: tuple[int, ...]) -> int | None:
        if expr.constant or len(expr.terms) != 1:
            return None
        (term,) = expr.terms
        if not isinstance(term.source, FromTensor) or term.coef != 1 or not self._identity(term, shape):
            return None
        return term.source.index

    def check(self, what: str, interval: Interval) -> None:
        if not (interval[0] > -HALF and interval[1] < HALF):
            raise OutOfField(f"{what} may reach [{interval[0]}, {interval[1]}], beyond the field")

    def check_lookup(self, lookup: Lookup, kind: TableKind) -> None:
        """Neither side is another row modulo p."""
        for what, expr, ends, shift in (
            ("input", lookup.input, table_in(kind), lookup.shift),
            ("output", lookup.output, table_out(kind), 0),
        ):
            lo, hi = self.expr(expr)
            most = max(abs(lo), abs(hi)) + (max(map(abs, ends)) << shift)
            self.check(f"{what} of lookup {lookup.name}", (-most, most))


def bare_product(zero: Zero, einsums: Sequence[Einsum]) -> int | None:
    """The einsum of a zero that is one product, not summed, and nothing else: only its factors need bounds."""
    if zero.expr.constant or len(zero.expr.terms) != 1:
        return None
    (term,) = zero.expr.terms
    if not isinstance(term.source, FromEinsum) or abs(term.coef) != 1:
        return None
    einsum = einsums[term.source.index]
    return term.source.index if set(einsum.a_axes) <= set(einsum.out_axes) else None


def only_bare(program: Program) -> set[int]:
    """The einsums that relations read, and only in bare products."""
    exprs = [expr for lookup in program.lookups for expr in (lookup.input, lookup.output)]
    found = [bare_product(zero, program.einsums) for zero in program.zeros]
    exprs += [zero.expr for zero, index in zip(program.zeros, found, strict=True) if index is None]
    read = {term.source.index for expr in exprs for term in expr.terms if isinstance(term.source, FromEinsum)}
    return {index for index in found if index is not None} - read


def check_program(program: Program) -> Intervals:
    """The intervals of a whole program. Raises OutOfField or UnknownInterval naming the relation that may wrap."""
    state = Intervals()
    state.tensor_shapes = [t.shape for t in program.tensors]
    state.einsums = list(program.einsums)
    witness = {i for i, t in enumerate(program.tensors) if isinstance(t.place, Witness)}
    for i, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, Constant):
            state.known[i] = (min(tensor.place.values), max(tensor.place.values))
        elif i not in witness:
            state.known[i] = (tensor.lo, tensor.hi)
    tables = [(table_in(t.kind), table_out(t.kind)) for t in program.tables]
    changed = True
    while changed:
        changed = False
        for lookup in program.lookups:
            changed |= state.learn_lookup(lookup, *tables[lookup.table], witness)
        for zero in program.zeros:
            changed |= state.learn_zero(zero, witness)
    for i in witness & state.known.keys():
        tensor, (lo, hi) = program.tensors[i], state.known[i]
        if lo < tensor.lo or hi > tensor.hi:
            raise OutOfField(f"tensor {tensor.name}: declared [{tensor.lo}, {tensor.hi}], derived [{lo}, {hi}]")
    _check_relations(program, state)
    return state


def _check_relations(program: Program, state: Intervals) -> None:
    bare = only_bare(program)
    for i, einsum in enumerate(program.einsums):
        state.check(f"operand a of {einsum.name}", state.expr(einsum.a))
        state.check(f"operand b of {einsum.name}", state.expr(einsum.b))
        if i not in bare:
            state.check(f"einsum {einsum.name}", state.einsum(i))
    for lookup in program.lookups:
        state.check_lookup(lookup, program.tables[lookup.table].kind)
    for zero in program.zeros:
        if bare_product(zero, program.einsums) is None:
            state.check(f"zero {zero.name}", state.expr(zero.expr))


def einsum_terms_are_plain(program: Program) -> None:
    """An einsum's output occurs in its own shape only, and never in an operand."""
    for einsum in program.einsums:
        if any(isinstance(t.source, FromEinsum) for t in (*einsum.a.terms, *einsum.b.terms)):
            raise ValueError(f"einsum {einsum.name} reads an einsum")
    for name, shape, exprs in [
        *((lookup.name, lookup.shape, (lookup.input, lookup.output)) for lookup in program.lookups),
        *((zero.name, zero.shape, (zero.expr,)) for zero in program.zeros),
    ]:
        for expr in exprs:
            for term in expr.terms:
                if isinstance(term.source, FromEinsum) and (
                    program.einsums[term.source.index].out_shape != shape or term.links != identity_links(len(shape))
                ):
                    raise ValueError(f"{name} reads an einsum in another shape")
