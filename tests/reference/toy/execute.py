"""Runs a program's hints on integers; the dense meaning of expressions, relation by relation."""

from __future__ import annotations

from itertools import product

from tacit.reference.field import P
from tacit.reference.links import row_major
from tacit.reference.program import (
    ClampHint,
    Constant,
    DigitsHint,
    DivideHint,
    Expr,
    LinearHint,
    LookupHint,
    MaxHint,
    OfEinsum,
    OneHotMaxHint,
    Program,
    Shape,
    Term,
    valid_entries,
)


class Failure(Exception):
    """The program is not defined on these inputs."""


def indices(shape: Shape):
    return product(*map(range, shape))


def entries(links, t, source: Shape, shape: Shape = (), values=None):
    """The valid indices s of the source that satisfy every link at target index t; by trying all.

    shape: of the target; values: of the tensors, by which index links pick.
    """

    def asked(link) -> int:
        if link.index is None:
            return sum(stride * t[axis] for axis, stride in link.target)
        at = 0
        for axis, _ in link.target:
            at = at * shape[axis] + t[axis]
        return values[link.index][at]

    for s in indices(source):
        if all(asked(link) + link.offset == sum(stride * s[axis] for axis, stride in link.source) for link in links):
            yield s


class Execution:
    """Values of all tensors, valid entries row-major; einsum outputs on demand."""

    def __init__(self, program: Program, given: dict[str, list[int]]):
        self.program = program
        self.values: dict[int, list[int]] = {}
        self.einsum_values: dict[int, list[int]] = {}
        self._meets: dict = {}
        for i, tensor in enumerate(program.tensors):
            if isinstance(tensor.place, Constant):
                self.values[i] = list(tensor.place.values)
            elif tensor.name in given:
                self.values[i] = list(given[tensor.name])
        for hint in program.hints:
            self._run(hint)
        self.count()

    # ------------------------------------------------------------ expressions
    def meets(self, term: Term, shape: Shape) -> list[list[int]]:
        """For every valid target index the flat positions of the source entries it meets."""
        if isinstance(term.source, OfEinsum):
            return [[i] for i in range(valid_entries(shape))]
        source = self.program.shape_of(term.source.index)
        key = (term.links, shape, source)
        if key not in self._meets:
            steps = row_major(source, lambda n: n)
            self._meets[key] = [
                [
                    sum(a * b for a, b in zip(s, steps, strict=True))
                    for s in entries(term.links, t, source, shape, self.values)
                ]
                for t in indices(shape)
            ]
        return self._meets[key]

    def expr(self, expr: Expr, shape: Shape) -> list[int]:
        out = [expr.constant] * valid_entries(shape)
        for term in expr.terms:
            index = term.source.index
            values = self.einsum(index) if isinstance(term.source, OfEinsum) else self.values[index]
            for t, positions in enumerate(self.meets(term, shape)):
                for position in positions:
                    out[t] += term.coef * values[position]
        return out

    def einsum(self, index: int) -> list[int]:
        if index not in self.einsum_values:
            e = self.program.einsums[index]
            a_shape, b_shape = e.shape_of(e.a_axes), e.shape_of(e.b_axes)
            a, b = self.expr(e.a, a_shape), self.expr(e.b, b_shape)
            steps = [row_major(s, lambda n: n) for s in (a_shape, b_shape, e.out_shape)]
            out = [0] * valid_entries(e.out_shape)
            for point in indices(e.extents):
                i, j, k = (
                    sum(step * point[axis] for step, axis in zip(st, axes, strict=True))
                    for st, axes in zip(steps, (e.a_axes, e.b_axes, e.out_axes), strict=True)
                )
                out[k] += a[i] * b[j]
            self.einsum_values[index] = out
        return self.einsum_values[index]

    # ------------------------------------------------------------ hints
    def _run(self, hint) -> None:
        program = self.program
        match hint:
            case LinearHint():
                self.values[hint.dst] = self.expr(hint.expr, program.tensors[hint.dst].shape)
            case DigitsHint():
                rest = self.expr(hint.expr, hint.shape)
                for tensor, width in hint.digits:
                    self.values[tensor] = [v % (1 << width) for v in rest]
                    rest = [v >> width for v in rest]
                if hint.quotient is not None:
                    self.values[hint.quotient] = rest
            case LookupHint():
                table = program.tables[hint.table]
                out = []
                for v in self.expr(hint.expr, program.tensors[hint.dst].shape):
                    row = (v >> hint.shift) - table.ins[0]
                    if not 0 <= row < table.rows:
                        raise Failure(f"{v} is not in {table.name}")
                    out.append(table.outs[row])
                self.values[hint.dst] = out
            case DivideHint():
                num, den = self.expr(hint.num, hint.shape), self.expr(hint.den, hint.shape)
                self.values[hint.quotient] = [n // d for n, d in zip(num, den, strict=True)]
                self.values[hint.remainder] = [n % d for n, d in zip(num, den, strict=True)]
            case MaxHint():
                values = self.expr(hint.expr, hint.shape)
                size = valid_entries(hint.shape[len(hint.shape) - hint.axes :])
                rest = [max(values[at : at + size]) >> hint.shift for at in range(0, len(values), size)]
                for tensor, width in hint.digits:
                    self.values[tensor] = [v % (1 << width) for v in rest]
                    rest = [v >> width for v in rest]
                self.values[hint.quotient] = rest
            case ClampHint():
                values = [v >> hint.shift for v in self.expr(hint.expr, hint.shape)]
                inside = [min(max(v, hint.low), hint.high) for v in values]
                if hint.inside is not None:
                    self.values[hint.inside] = inside
                if hint.outside is not None:
                    self.values[hint.outside] = [v - w for v, w in zip(values, inside, strict=True)]
            case OneHotMaxHint():
                width = hint.shape[-1]
                values = self.expr(hint.expr, hint.shape)
                out = []
                for at in range(0, len(values), width):
                    row = values[at : at + width]
                    out += [int(i == row.index(max(row))) for i in range(width)]
                self.values[hint.dst] = out

    def count(self) -> None:
        """Multiplicities of all tables (a cheater's values may lie outside: they count for no row)."""
        program = self.program
        for j, table in enumerate(program.tables):
            rows = {row: i for i, row in enumerate(zip(table.ins, table.outs, strict=True))}
            counts = [0] * table.rows
            for lookup in program.lookups:
                if lookup.table == j:
                    for pair in self.lookup_pairs(lookup):
                        if pair in rows:
                            counts[rows[pair]] += 1
            self.values[len(program.tensors) + j] = counts

    def lookup_pairs(self, lookup) -> list[tuple[int, int]]:
        """(input / 2^shift or a residue, output) at every valid index."""
        out = []
        halves = pow(2**lookup.shift, -1, P)
        for i, o in zip(self.expr(lookup.input, lookup.shape), self.expr(lookup.output, lookup.shape), strict=True):
            residue = i * halves % P
            out.append((residue - P if residue > P // 2 else residue, o))
        return out

    def check(self) -> list[str]:
        """Names of the lookups and zeros that do not hold."""
        bad = []
        for lookup in self.program.lookups:
            table = self.program.tables[lookup.table]
            rows = set(zip(table.ins, table.outs, strict=True))
            if not set(self.lookup_pairs(lookup)) <= rows:
                bad.append(f"lookup {lookup.name}")
        bad += [f"zero {z.name}" for z in self.program.zeros if any(self.expr(z.expr, z.shape))]
        return bad

    def publics(self) -> list[list[int]]:
        from tacit.reference.program import Public

        return [self.values[i] for i, t in enumerate(self.program.tensors) if isinstance(t.place, Public)]
