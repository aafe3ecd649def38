"""The relations of a program (docs/program.md, sections 2 and 3) on two witnesses at once.

Over the integers, which is what they say over the field: `validate` has shown that no expression of a relation wraps modulo p
where every tensor lies in the interval that follows from the relations. These intervals are the variables' domains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tacit import program as pg
from tacit.program.intervals import bare_product, multiplicity
from tacit.uniqueness.solver import OutOfReach
from tacit.uniqueness.sums import Sum, total
from tacit.uniqueness.twins import Twins
from tacit.uniqueness.unknowns import Unknowns

Shape: TypeAlias = tuple[int, ...]
Relation: TypeAlias = pg.Lookup | pg.Zero
#: A tensor's entries in both witnesses, as sums; the same object twice where they are shared.
Pair: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def tensors_read(program: pg.Program, relation: Relation) -> set[int]:
    """The tensors that a relation depends on, those of its einsums among them."""
    exprs = [relation.expr] if isinstance(relation, pg.Zero) else [relation.input, relation.output]
    found: set[int] = set()
    while exprs:
        for term in exprs.pop().terms:
            found |= {link.index for link in term.links if link.index is not None}
            if isinstance(term.source, pg.FromTensor):
                found.add(term.source.index)
            else:
                einsum = program.einsums[term.source.index]
                exprs += [einsum.a, einsum.b]
    return found


def entries(program: pg.Program) -> int:
    """What a translation walks through, at most: cells, products, and source entries of every target index."""
    shapes = [tensor.shape for tensor in program.tensors]

    def walked(expr: pg.Expr, shape: Shape) -> int:
        each = [
            multiplicity(term, shapes[term.source.index]) if isinstance(term.source, pg.FromTensor) else 1
            for term in expr.terms
        ]
        return prod(shape) * (1 + sum(each))

    found = sum(prod(shape) for shape in shapes)
    for einsum in program.einsums:
        found += prod(einsum.extents) + walked(einsum.a, einsum.a_shape) + walked(einsum.b, einsum.b_shape)
    for lookup in program.lookups:
        kind = program.tables[lookup.table].kind
        rows = pg.table_len(kind) if isinstance(kind, pg.Values) else 1
        found += walked(lookup.input, lookup.shape) + walked(lookup.output, lookup.shape) + prod(lookup.shape) * rows
    return found + sum(walked(zero.expr, zero.shape) for zero in program.zeros)


def places(shape: Shape) -> Iterator[Shape]:
    """All valid indices."""
    return product(*map(range, shape))


def met(
    term: pg.Term, target: Shape, source: Shape, picked: Callable[[int, Shape], int]
) -> Iterator[tuple[Shape, Shape]]:
    """Every (t, s) at which all links of a term hold. `picked`: an entry of a tensor by which a link picks."""

    def asked(link: pg.Link, t: Shape) -> int:
        if link.index is not None:
            return picked(link.index, tuple(t[axis] for axis, _ in link.target)) + link.offset
        return sum(step * t[axis] for axis, step in link.target) + link.offset

    tables = []
    for link in term.links:
        found: dict[int, list[Shape]] = {}
        for s in product(*(range(source[axis]) for axis, _ in link.source)):
            found.setdefault(sum(step * i for (_, step), i in zip(link.source, s, strict=True)), []).append(s)
        tables.append(found)
    axes = [axis for link in term.links for axis, _ in link.source]
    free = [axis for axis in range(len(source)) if axis not in axes]
    for t in places(target):
        choices = [found.get(asked(link, t), ()) for link, found in zip(term.links, tables, strict=True)]
        for chosen in product(*choices, *(((i,) for i in range(source[axis])) for axis in free)):
            at = dict(zip((*axes, *free), (i for part in chosen for i in part), strict=True))
            yield t, tuple(at[axis] for axis in range(len(source)))


class Witnesses:
    """Two witnesses, of which relations are demanded one by one."""

    def __init__(self, unknowns: Unknowns, program: pg.Program, cells: Mapping[int, Pair]) -> None:
        self.unknowns, self.program, self.cells = unknowns, program, cells
        self.twins = Twins(unknowns)
        self._einsums: dict[int, Pair] = {}
        for first, second in cells.values():
            if first is not second:
                for index in places(first.shape):
                    self.twins.tie(first[index], second[index])

    def demand(self, relation: Relation) -> None:
        """The relation holds in both. Raises OutOfReach."""
        self.unknowns.place = relation.name
        if isinstance(relation, pg.Lookup):
            self._lookup(relation)
            return
        index = bare_product(relation, self.program.einsums)
        if index is not None:
            self._vanish(self.program.einsums[index])
            return
        first, second = self.expr(relation.expr, relation.shape)
        for at in places(relation.shape):
            self.twins.zero(first[at], second[at])

    def _lookup(self, lookup: pg.Lookup) -> None:
        kind = self.program.tables[lookup.table].kind
        given, out = self.expr(lookup.input, lookup.shape), self.expr(lookup.output, lookup.shape)
        for at in places(lookup.shape):
            values = self.twins.quotient((given[0][at], given[1][at]), lookup.shift)
            rows = self.unknowns.row(kind, values[0]), self.unknowns.row(kind, values[1])
            self.twins.function(values, rows)
            parts = [total([(1, out[i][at]), (-1, rows[i])]) for i in range(2)]
            self.twins.zero(parts[0], parts[1])

    def _vanish(self, einsum: pg.Einsum) -> None:
        """A product without a sum that is 0: a factor is."""
        a, b = self.expr(einsum.a, einsum.a_shape), self.expr(einsum.b, einsum.b_shape)
        for label in places(einsum.extents):
            i, j = (tuple(label[axis] for axis in axes) for axes in (einsum.a_axes, einsum.b_axes))
            self.unknowns.factor(a[0][i], b[0][j])
            if a[0] is not a[1] or b[0] is not b[1]:
                self.unknowns.factor(a[1][i], b[1][j])

    def expr(self, expr: pg.Expr, shape: Shape) -> Pair:
        """The expression at every valid index, in both."""
        sources = [self._source(term) for term in expr.terms]
        first = self._expr(expr, shape, [source[0] for source in sources])
        if all(source[0] is source[1] for source in sources):
            return first, first
        return first, self._expr(expr, shape, [source[1] for source in sources])

    def _picked(self, tensor: int, at: Shape) -> int:
        """An entry of an index. Raises OutOfReach where it is no number: which entry a link picks is no sum of variables."""
        first, second = self.cells[tensor]
        if not first[at].fixed or first[at] != second[at]:
            name = self.program.tensors[tensor].name
            raise OutOfReach(f"{self.unknowns.place}: the index {name} is not given as numbers")
        return int(first[at].constant)

    def _source(self, term: pg.Term) -> Pair:
        if isinstance(term.source, pg.FromTensor):
            return self.cells[term.source.index]
        return self._einsum(term.source.index)

    def _expr(self, expr: pg.Expr, shape: Shape, sources: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
        parts: dict[Shape, list[tuple[int, Sum]]] = {t: [] for t in places(shape)}
        for term, source in zip(expr.terms, sources, strict=True):
            for t, s in met(term, shape, source.shape, self._picked):
                parts[t].append((term.coef, source[s]))
        found = np.empty(shape, dtype=object)
        for t, each in parts.items():
            found[t] = total(each, expr.constant)
        return found

    def _einsum(self, index: int) -> Pair:
        if index not in self._einsums:
            self._einsums[index] = self._contracted(self.program.einsums[index])
        return self._einsums[index]

    def _contracted(self, einsum: pg.Einsum) -> Pair:
        a, b = self.expr(einsum.a, einsum.a_shape), self.expr(einsum.b, einsum.b_shape)
        shared = a[0] is a[1] and b[0] is b[1]
        parts: dict[Shape, tuple[list[tuple[int, Sum]], list[tuple[int, Sum]]]] = {}
        for label in places(einsum.extents):
            i, j, out = (
                tuple(label[axis] for axis in axes) for axes in (einsum.a_axes, einsum.b_axes, einsum.out_axes)
            )
            products = self.twins.product((a[0][i], a[1][i]), (b[0][j], b[1][j]))
            for side, value in zip(parts.setdefault(out, ([], [])), products, strict=True):
                side.append((1, value))
        found = np.empty(einsum.out_shape, dtype=object), np.empty(einsum.out_shape, dtype=object)
        for out, sides in parts.items():
            for k in range(2):
                found[k][out] = total(sides[k])
        return (found[0], found[0]) if shared else found
