"""Known intervals and the checks that nothing wraps modulo p (docs/protocol/program.md, section 5).

Never finer than the rules there: Rust and the second verifier decide, this module only says no early and with a name.
The order of the looks and the count of their steps are theirs; intervals are coarser (a term's always hold 0).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from tacit.errors import ProgramError
from tacit.program.encoding import Program
from tacit.program.layout import table_in, table_out
from tacit.program.recurrences import Recurrence, recurrence
from tacit.program.syntax import (
    HALF,
    Constant,
    Einsum,
    Expr,
    FromEinsum,
    FromTensor,
    Link,
    Lookup,
    Public,
    TableKind,
    Term,
    Witness,
    Zero,
    identity_links,
)

Interval = tuple[int, int]
Known = dict[int, Interval]
STEPS, STEPS_EACH = 2**20, 64  # for any program; for each relation, einsum and term


class UnknownInterval(ValueError):
    """A bound needs a tensor of which nothing is proven."""


class OutOfField(ValueError):
    """A value could wrap modulo p."""


def multiplicity(term: Term, source: Sequence[int]) -> int:
    """A bound of the number of source entries that one target index can meet."""
    count, linked = 1, set[int]()
    for link in term.links:
        linked |= {axis for axis, _ in link.source}
        if not _distinct(link, source):
            count *= prod(source[axis] for axis, _ in link.source)
    return count * prod(n for axis, n in enumerate(source) if axis not in linked)


def _distinct(link: Link, source: Sequence[int]) -> bool:
    """Whether every source index of the link has a sum of its own, as digits of a number have: then one target meets one."""
    span = 0
    for stride, axis in sorted((abs(stride), axis) for axis, stride in link.source):
        if stride <= span:
            return False
        span += stride * (source[axis] - 1)
    return True


class Intervals:
    """Known intervals of tensors; those of expressions and einsums follow."""

    def __init__(self) -> None:
        self.known: Known = {}
        self.tensor_shapes: list[tuple[int, ...]] = []
        self.einsums: list[Einsum] = []
        #: Nothing is refused: for a builder whose promises are not known yet.
        self.lenient = False
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
            self._einsum_cache[index] = self._corners(index)
        return self._einsum_cache[index]

    def _corners(self, index: int) -> Interval:
        einsum = self.einsums[index]
        a, b = self.expr(einsum.a), self.expr(einsum.b)
        corners = [x * y for x in (min(a[0], 0), max(a[1], 0)) for y in (min(b[0], 0), max(b[1], 0))]
        n = einsum.contraction
        return n * min(corners), n * max(corners)

    def learn(self, tensor: int, interval: Interval) -> bool:
        """Intersect; whether anything changed."""
        old = self.known.get(tensor)
        new = interval if old is None else (max(old[0], interval[0]), min(old[1], interval[1]))
        self.known[tensor] = new
        if new != old:
            self._einsum_cache.clear()
        return new != old

    def learn_lookup(self, lookup: Lookup, ins: Interval, outs: Interval, witness: set[int]) -> None:
        """Rule 1 of its input, rule 2 of its output."""
        self.learn_input(lookup, ins, witness)
        self.learn_sum(lookup.output, lookup.shape, outs, witness)

    def learn_zero(self, zero: Zero, witness: set[int]) -> None:
        """Rules 2 and 3."""
        carried = recurrence(zero.expr, zero.shape, self.tensor_shapes, witness)
        self.learn_sum(zero.expr, zero.shape, (0, 0), witness, carried)

    def learn_input(self, lookup: Lookup, ins: Interval, witness: set[int]) -> None:
        """Rule 1."""
        alone = self._alone(lookup.input, lookup.shape)
        if lookup.shift == 0 and alone is not None and alone in witness:
            self.learn(alone, ins)

    def learn_sum(
        self,
        expr: Expr,
        shape: tuple[int, ...],
        ends: Interval,
        witness: set[int],
        carried: Recurrence | None = None,
    ) -> list[int]:
        """What one term must be for the expression to lie in [ends]; the tensors that were narrowed.

        Of what the expression carries along an axis the rest is that of all steps. All rests are of the intervals before
        the look.
        """
        found = [self._known_term(term) for term in expr.terms]
        unknown = found.count(None)
        if unknown > 1 and carried is None:
            return []
        low = expr.constant - ends[1] + sum(each[0] for each in found if each is not None)
        high = expr.constant - ends[0] + sum(each[1] for each in found if each is not None)
        uses, changed = Counter(term.source for term in expr.terms), list[int]()
        for position, (term, own) in enumerate(zip(expr.terms, found, strict=True)):
            rest: Interval | None
            if carried is not None and position == carried.now:
                rest = carried.rest(expr.constant, found)
            # The total has no term that is unknown: another one has no rest.
            elif uses[term.source] != 1 or unknown > (own is None) or not self._narrows(term, shape, witness):
                continue
            else:
                rest = (low, high) if own is None else (low - own[0], high - own[1])
            if rest is None or rest[0] < -HALF or rest[1] > HALF:
                continue
            if self.learn(term.source.index, (-rest[1], -rest[0]) if term.coef == 1 else rest):
                changed.append(term.source.index)
        return changed

    def _known_term(self, term: Term) -> Interval | None:
        try:
            return self.term(term)
        except UnknownInterval:
            return None

    def _narrows(self, term: Term, shape: tuple[int, ...], witness: set[int]) -> bool:
        """Whether rule 2 may narrow the term's source: a witness tensor over its own shape, as it is or with a minus."""
        if not isinstance(term.source, FromTensor) or term.source.index not in witness:
            return False
        return abs(term.coef) == 1 and self._identity(term, shape)

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
        if not self.lenient and not (interval[0] > -HALF and interval[1] < HALF):
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


@dataclass(frozen=True)
class _Node:
    """What rules 2 and 3 look at: a sum that lies in [ends], or an einsum's operands."""

    exprs: tuple[Expr, ...]
    shape: tuple[int, ...] = ()
    ends: Interval = (0, 0)
    einsum: int | None = None
    carried: Recurrence | None = None

    @property
    def steps(self) -> int:
        return 1 + sum(len(expr.terms) for expr in self.exprs)


class _Settling(Intervals):
    """Rules 2 and 3 until nothing changes, in the order and with the count of steps that every verifier has."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self._products: dict[int, Interval] = {}

    def einsum(self, index: int) -> Interval:
        """As of the last look at it."""
        if index not in self._products:
            raise UnknownInterval(f"einsum {index}")
        return self._products[index]

    def settle(self, nodes: Sequence[_Node], witness: set[int]) -> None:
        limit = STEPS + STEPS_EACH * sum(node.steps for node in nodes)
        readers: dict[FromTensor | FromEinsum, list[int]] = {}
        for number, node in enumerate(nodes):
            for term in (term for expr in node.exprs for term in expr.terms):
                readers.setdefault(term.source, []).append(number)
        queue, waits = deque(range(len(nodes))), [True] * len(nodes)
        while queue:
            number = queue.popleft()
            waits[number] = False
            self.steps += nodes[number].steps
            for source in self._look(nodes[number], witness):
                self.steps += len(readers.get(source, ()))
                for reader in readers.get(source, ()):
                    if not waits[reader]:
                        waits[reader] = True
                        queue.append(reader)
            if self.steps > limit:
                raise OutOfField(f"intervals that do not settle within {limit} steps")

    def _look(self, node: _Node, witness: set[int]) -> Sequence[FromTensor | FromEinsum]:
        """The sources whose interval changed."""
        if node.einsum is None:
            narrowed = self.learn_sum(node.exprs[0], node.shape, node.ends, witness, node.carried)
            return [FromTensor(i) for i in narrowed]
        try:
            found = self._corners(node.einsum)
        except UnknownInterval:
            return []
        changed = self._products.get(node.einsum) != found
        self._products[node.einsum] = found
        return [FromEinsum(node.einsum)] if changed else []


def derive(program: Program) -> Intervals:
    """What follows from a program's relations, and from nothing that it declares of its witness. Raises OutOfField."""
    state = _Settling()
    state.tensor_shapes = [t.shape for t in program.tensors]
    state.einsums = list(program.einsums)
    witness = {i for i, t in enumerate(program.tensors) if isinstance(t.place, Witness)}
    for i, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, Constant):
            state.known[i] = (min(tensor.place.values), max(tensor.place.values))
        elif i not in witness:
            state.known[i] = (tensor.lo, tensor.hi)
    tables = [(table_in(t.kind), table_out(t.kind)) for t in program.tables]
    for lookup in program.lookups:
        state.learn_input(lookup, tables[lookup.table][0], witness)
    outputs = [_Node((x.output,), x.shape, tables[x.table][1]) for x in program.lookups]
    einsums = [_Node((einsum.a, einsum.b), einsum=index) for index, einsum in enumerate(program.einsums)]
    zeros = [
        _Node((zero.expr,), zero.shape, carried=recurrence(zero.expr, zero.shape, state.tensor_shapes, witness))
        for zero in program.zeros
    ]
    state.settle(outputs + einsums + zeros, witness)
    return state


def check_program(program: Program) -> Intervals:
    """The intervals of a whole program. Raises OutOfField or UnknownInterval naming the relation that may wrap."""
    state = derive(program)
    for i, tensor in enumerate(program.tensors):
        if not isinstance(tensor.place, Witness) or i not in state.known:
            continue
        lo, hi = state.known[i]
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


def indices_are_known(program: Program) -> None:
    """The index of a link is a constant or public tensor with an entry for every tuple of the link's target axes."""
    shapes = [
        *((e.name, shape, expr) for e in program.einsums for shape, expr in ((e.a_shape, e.a), (e.b_shape, e.b))),
        *((lookup.name, lookup.shape, expr) for lookup in program.lookups for expr in (lookup.input, lookup.output)),
        *((zero.name, zero.shape, zero.expr) for zero in program.zeros),
    ]
    for name, shape, expr in shapes:
        for link in (link for term in expr.terms for link in term.links if link.index is not None):
            assert link.index is not None
            index = program.tensors[link.index]
            extents = tuple(shape[axis] for axis, _ in link.target)
            if not isinstance(index.place, Constant | Public) or index.shape != extents:
                raise ValueError(
                    f"{name} reads by {index.name} of shape {list(index.shape)}, not one known of {list(extents)}"
                )


def validate(program: Program) -> None:
    """The compiler's own check of what `validate()` in Rust will ask. Raises ProgramError."""
    try:
        check_program(program)
        einsum_terms_are_plain(program)
        indices_are_known(program)
    except (OutOfField, UnknownInterval, ValueError) as error:
        raise ProgramError(str(error), place=program.name) from None
