"""Intervals that the constraints force, and the bounds that keep everything from wrapping modulo p.

Docs: program.md, section 5.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
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
from .recurrences import Recurrence, recurrence_of

Interval: TypeAlias = tuple[int, int]
MAX_LINK_ENTRIES = 2**22  # links with larger source blocks are counted coarsely
WIDEST = 2**96  # wider terms and einsums count as unknown
STEPS, STEPS_EACH = 2**20, 64  # for any program; for each relation, einsum and term


def _meets(link: Link, target: Shape, source: Shape, index: Interval | None) -> tuple[int, bool]:
    """(n, exactly) of one link; index: what the entries of its index lie in, if it has one."""
    if len(link.source) == 1 and abs(link.source[0][1]) == 1:
        ((axis, stride),) = link.source
        moves = [s * (target[a] - 1) for a, s in link.target]
        ends = index or (sum(min(m, 0) for m in moves), sum(max(m, 0) for m in moves))
        low, high = (link.offset + end for end in ends)
        last = stride * (source[axis] - 1)
        return 1, min(last, 0) <= low and high <= max(last, 0)
    block = prod(source[axis] for axis, _ in link.source)
    if max(block, prod(target[axis] for axis, _ in link.target)) > MAX_LINK_ENTRIES:
        return block, False
    return link_multiplicity(link, target, source)


def multiplicity(
    links: Sequence[Link], target: Shape, source: Shape, known: Sequence[Interval | None] = ()
) -> tuple[int, bool]:
    """(n, exactly): one target index meets at most n source entries; exactly one each. known: by tensor, for indices."""
    summed = set(range(len(source))) - linked_axes(links, "source")
    most = prod(source[axis] for axis in summed)
    exactly = most == 1
    for link in links:
        count, whole = _meets(link, target, source, None if link.index is None else known[link.index])
        most, exactly = most * count, exactly and whole
    return most, exactly


@dataclass(frozen=True)
class _Part:
    """A term, its geometry counted."""

    coef: int
    source: OfTensor | OfEinsum
    most: int
    exactly: bool
    narrows: bool  # a witness tensor that rule 2 may narrow


@dataclass(frozen=True)
class _Node:
    """What rules 2 and 3 look at: a sum that lies in [ends], or an einsum's operands."""

    sums: tuple[tuple[int, tuple[_Part, ...]], ...]  # constant, parts
    ends: Interval = (0, 0)
    einsum: int | None = None
    recurrence: Recurrence | None = None

    @property
    def steps(self) -> int:
        return 1 + sum(len(parts) for _, parts in self.sums)

    @property
    def sources(self) -> list[OfTensor | OfEinsum]:
        return [part.source for _, parts in self.sums for part in parts]


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
        self.products: list[Interval | None] = [None] * len(program.einsums)
        self.steps = 0
        self._met: dict[tuple[tuple[Link, ...], Shape, Shape], tuple[int, bool]] = {}
        for lookup in program.lookups:  # rule 1 depends on nothing: once is enough
            self._from_input(lookup)
        nodes = self._nodes()
        self.limit = STEPS + STEPS_EACH * sum(node.steps for node in nodes)
        self._settle(nodes)

    # ------------------------------------------------------------ arithmetic
    def expr(self, expr: Expr, shape: Shape) -> Interval | None:
        """Interval of an expression at valid indices."""
        return self._sum(expr.constant, self._parts(expr, shape))

    def _sum(self, constant: int, parts: tuple[_Part, ...]) -> Interval | None:
        lo = hi = constant
        for part in parts:
            found = self._term(part)
            if found is None:
                return None
            lo, hi = lo + found[0], hi + found[1]
        return lo, hi

    def _term(self, part: _Part) -> Interval | None:
        """coef * [n min(lo, 0), n max(hi, 0)], or coef * [lo, hi]."""
        known = self.products if isinstance(part.source, OfEinsum) else self.known
        inner = known[part.source.index]
        if inner is None:
            return None
        lo, hi = inner if part.exactly else (part.most * min(inner[0], 0), part.most * max(inner[1], 0))
        return _narrow_enough((part.coef * lo, part.coef * hi) if part.coef > 0 else (part.coef * hi, part.coef * lo))

    def _product(self, node: _Node, einsum: Einsum) -> Interval | None:
        """Corners of the operands' intervals times the number of products summed."""
        a, b = (self._sum(*operand) for operand in node.sums)
        if a is None or b is None:
            return None
        count = prod(einsum.shape_of(einsum.contraction))
        corners = [count * x * y for x in a for y in b]
        return _narrow_enough((min(corners), max(corners)))

    def _parts(self, expr: Expr, shape: Shape) -> tuple[_Part, ...]:
        uses = Counter(term.source for term in expr.terms)
        return tuple(self._part(term, shape, uses[term.source] == 1) for term in expr.terms)

    def _part(self, term: Term, shape: Shape, sole: bool) -> _Part:
        if isinstance(term.source, OfEinsum):
            return _Part(term.coef, term.source, 1, True, False)
        source = self.program.shape_of(term.source.index)
        key = (term.links, shape, source)
        if key not in self._met:
            self._met[key] = multiplicity(*key, self.known)
        narrows = sole and abs(term.coef) == 1 and self._witness(term, shape) is not None
        return _Part(term.coef, term.source, *self._met[key], narrows)

    # ------------------------------------------------------------ derivation
    def _nodes(self) -> list[_Node]:
        """Outputs of lookups, einsums, zeros, each in the program's order."""
        program, of = self.program, self._parts
        ends = [table.out_ends for table in program.tables]
        outputs = [_Node(((x.output.constant, of(x.output, x.shape)),), ends[x.table]) for x in program.lookups]
        einsums = [
            _Node(
                (
                    (einsum.a.constant, of(einsum.a, einsum.shape_of(einsum.a_axes))),
                    (einsum.b.constant, of(einsum.b, einsum.shape_of(einsum.b_axes))),
                ),
                einsum=index,
            )
            for index, einsum in enumerate(program.einsums)
        ]
        zeros = [
            _Node(((zero.expr.constant, of(zero.expr, zero.shape)),), recurrence=recurrence_of(program, zero))
            for zero in program.zeros
        ]
        return outputs + einsums + zeros

    def _settle(self, nodes: list[_Node]) -> None:
        """Rules 2 and 3 until nothing changes; order and count of steps are the page's, for every verifier the same."""
        readers: dict[OfTensor | OfEinsum, list[int]] = {}
        for number, node in enumerate(nodes):
            for source in node.sources:
                readers.setdefault(source, []).append(number)
        queue, waits = deque(range(len(nodes))), [True] * len(nodes)
        while queue:
            number = queue.popleft()
            waits[number] = False
            node = nodes[number]
            self.steps += node.steps
            for source in self._look(node):
                self.steps += len(readers.get(source, ()))
                for reader in readers.get(source, ()):
                    if not waits[reader]:
                        waits[reader] = True
                        queue.append(reader)
            if self.steps > self.limit:
                raise Refused("program", "intervals", f"they do not settle within {self.limit} steps")

    def _look(self, node: _Node) -> list[OfTensor | OfEinsum]:
        """The sources whose interval changed."""
        if node.einsum is None:
            return self._from_sum(node)
        found = self._product(node, self.program.einsums[node.einsum])
        changed = found != self.products[node.einsum]
        self.products[node.einsum] = found
        return [OfEinsum(node.einsum)] if changed else []

    def _from_sum(self, node: _Node) -> list[OfTensor | OfEinsum]:
        """x + rest = 0 or -x + rest = 0 with a rest that cannot wrap; minus the sum, which lies in [ends], is in the rest.

        Of a recurrence's x the rest is that of all steps. All rests are of the intervals before the look.
        """
        ((constant, parts),) = node.sums
        found = [self._term(part) for part in parts]
        unknown = found.count(None)
        carried = node.recurrence
        if unknown > 1 and carried is None:
            return []
        low = constant - node.ends[1] + sum(each[0] for each in found if each is not None)
        high = constant - node.ends[0] + sum(each[1] for each in found if each is not None)
        changed: list[OfTensor | OfEinsum] = []
        for number, (part, own) in enumerate(zip(parts, found, strict=True)):
            if carried is not None and number == carried.now:
                rest = carried.rest(constant, found)
            # The total has no part that is unknown: another term than that one has no rest.
            elif not part.narrows or unknown > (own is None):
                continue
            else:
                rest = (low, high) if own is None else (low - own[0], high - own[1])
            if rest is None or not fits(rest):
                continue
            lo, hi = rest if part.coef == -1 else (-rest[1], -rest[0])
            if self._meet(part.source.index, (lo, hi)):
                changed.append(part.source)
        return changed

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

    def _meet(self, index: int, found: Interval) -> bool:
        """Whether the tensor's interval changed."""
        old = self.known[index]
        new = found if old is None else (max(old[0], found[0]), min(old[1], found[1]))
        if new[0] > new[1]:
            name = self.program.tensors[index].name
            raise Refused("program", f"tensor {name}", "its constraints leave no value")
        self.known[index] = new
        return new != old


def _narrow_enough(interval: Interval) -> Interval | None:
    return interval if interval[0] >= -WIDEST and interval[1] <= WIDEST else None


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
            raise Refused("program", place, "it uses a witness tensor that nothing bounds, or leaves [-2^96, 2^96]")
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
    outs = [max(map(abs, table.out_ends)) for table in program.tables]
    for lookup in program.lookups:
        table, place = program.tables[lookup.table], f"lookup {lookup.name}"
        room = max(abs(table.ins[0]), abs(table.ins[-1])) << lookup.shift
        bounded(known.expr(lookup.input, lookup.shape), place, room)
        bounded(known.expr(lookup.output, lookup.shape), place, outs[lookup.table])
    bare = only_bare(program)
    for index, einsum in enumerate(program.einsums):
        place = f"einsum {einsum.name}"
        bounded(known.expr(einsum.a, einsum.shape_of(einsum.a_axes)), place)
        bounded(known.expr(einsum.b, einsum.shape_of(einsum.b_axes)), place)
        if index not in bare:
            bounded(known.products[index], place)
