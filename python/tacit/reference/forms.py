"""Affine values: a constant, pads, and linear forms on tensors kept as products of axis groups.

Docs: program.md, section 2 (the adjoint of an expression), protocol.md, section 6.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from .field import (
    ONE,
    ZERO,
    K,
    add,
    bits,
    dot,
    dot_integers,
    eq_table,
    lift,
    mul,
    neg,
    scale,
    total,
)
from .links import entries_by_value, linked_axes, row_major
from .program import Expr, OfEinsum, Shape, Term

Coordinates: TypeAlias = Sequence[Sequence[K]]  # per axis of a shape, highest bit first
Group: TypeAlias = tuple[list[int], list[K]]  # offsets in a tensor's block, their weights


@dataclass(frozen=True)
class Form:
    """A linear form on a tensor's valid entries.

    The entry at the sum of one offset from every group weighs the product of their weights.
    """

    tensor: int
    groups: tuple[Group, ...]

    def apply(self, cells: Sequence[K], start: int) -> K:
        """The form's value when entry o is cells[start + o]."""
        if not self.groups:
            return cells[start]
        *outer, (offsets, weights) = self.groups
        parts: list[K] = []
        for scalar, at in _combinations(outer, start):
            inner = dot(weights, [cells[at + o] for o in offsets])
            parts.append(inner if scalar is None else mul(scalar, inner))
        return total(parts)

    def apply_integers(self, values: Sequence[int]) -> K:
        """The same for integer entries that start at 0."""
        if not self.groups:
            return lift(values[0])
        *outer, (offsets, weights) = self.groups
        parts: list[K] = []
        for scalar, at in _combinations(outer, 0):
            inner = dot_integers(weights, [values[at + o] for o in offsets])
            parts.append(inner if scalar is None else mul(scalar, inner))
        return total(parts)


def _combinations(groups: Sequence[Group], start: int) -> list[tuple[K | None, int]]:
    """(product of weights, sum of offsets) over one entry of every group; None for no group."""
    out: list[tuple[K | None, int]] = [(None, start)]
    for offsets, weights in groups:
        out = [
            (w if scalar is None else mul(scalar, w), at + o)
            for scalar, at in out
            for o, w in zip(offsets, weights, strict=True)
        ]
    return out


@dataclass(frozen=True)
class Affine:
    """constant + sum of pads[i] * (pad i) + sum of scalar * form."""

    constant: K = ZERO
    pads: Mapping[int, K] = field(default_factory=dict)
    forms: tuple[tuple[K, Form], ...] = ()

    def __add__(self, other: Affine) -> Affine:
        pads = dict(self.pads)
        for i, w in other.pads.items():
            pads[i] = add(pads[i], w) if i in pads else w
        return Affine(add(self.constant, other.constant), pads, self.forms + other.forms)

    def __sub__(self, other: Affine) -> Affine:
        return self + other.times(neg(ONE))

    def plus(self, constant: K) -> Affine:
        return Affine(add(self.constant, constant), self.pads, self.forms)

    def times(self, scalar: K) -> Affine:
        return Affine(
            mul(self.constant, scalar),
            {i: mul(w, scalar) for i, w in self.pads.items()},
            tuple((mul(w, scalar), form) for w, form in self.forms),
        )


def known(constant: K) -> Affine:
    return Affine(constant)


def pad(index: int) -> Affine:
    return Affine(ZERO, {index: ONE})


# ---------------------------------------------------------------- extensions of expressions
def split(shape: Shape, point: Sequence[K]) -> list[Sequence[K]]:
    """The coordinates of every axis in a point of all of them."""
    out: list[Sequence[K]] = []
    at = 0
    for extent in shape:
        out.append(point[at : at + bits(extent)])
        at += bits(extent)
    return out


class AxisTables:
    """The eq weights of the valid indices of every axis of a target shape, at one point."""

    def __init__(self, shape: Shape, coordinates: Coordinates) -> None:
        self.shape = shape
        self.weights = [eq_table(c)[:extent] for c, extent in zip(coordinates, shape, strict=True)]

    def valid(self, axes: Sequence[int]) -> K:
        """prod over the axes of V: the weight of their valid indices."""
        out = ONE
        for axis in axes:
            out = mul(out, total(self.weights[axis]))
        return out

    @property
    def all_valid(self) -> K:
        return self.valid(range(len(self.shape)))

    def by_value(self, axes: Sequence[tuple[int, int]], start: int, wanted: Container[int]) -> dict[int, K]:
        """value -> sum of prod eq over the valid index tuples with start + sum stride * t = value.

        Only the wanted values are kept; the last axis, where most would be made, skips the others.
        """
        found = {start: ONE} if axes or start in wanted else {}
        for number, (axis, stride) in enumerate(axes, start=1):
            last = number == len(axes)
            grown: dict[int, K] = {}
            for value, weight in found.items():
                for t, e in enumerate(self.weights[axis]):
                    at = value + stride * t
                    if last and at not in wanted:
                        continue
                    w = e if number == 1 else mul(weight, e)
                    grown[at] = add(grown[at], w) if at in grown else w
            found = grown
        return found

    def picked(
        self, axes: Sequence[tuple[int, int]], offset: int, index: Sequence[int], wanted: Container[int]
    ) -> dict[int, K]:
        """value -> sum of prod eq over the valid index tuples with index[t] + offset = value; only the wanted values."""
        weights = [ONE]
        for number, (axis, _) in enumerate(axes):
            own = self.weights[axis]
            weights = list(own) if number == 0 else [mul(w, e) for w in weights for e in own]
        found: dict[int, K] = {}
        for entry, weight in zip(index, weights, strict=True):
            at = entry + offset
            if at in wanted:
                found[at] = add(found[at], weight) if at in found else weight
        return found


def term_form(
    term: Term,
    tables: AxisTables,
    source: Shape,
    padded: bool,
    indices: Mapping[int, Sequence[int]] = MappingProxyType({}),
) -> tuple[K, tuple[Group, ...]]:
    """(scalar, groups): the adjoint of one term whose source is a tensor of this shape. indices: the entries of known tensors.

    weight of s = coef * prod V over broadcast axes * prod L_link(s) * prod [s < extent].
    Offsets are those of the padded block, or (padded=False) of the valid entries alone.
    """
    steps = row_major(source, (lambda n: 1 << bits(n)) if padded else (lambda n: n))
    free = set(range(len(tables.shape))) - linked_axes(term.links, "target")
    scalar = scale(tables.valid(sorted(free)), term.coef)
    groups: list[Group] = []
    for link in term.links:
        entries = entries_by_value(link.source, source, dict(enumerate(steps)))
        if link.index is None:
            weights = tables.by_value(link.target, link.offset, entries)
        else:
            weights = tables.picked(link.target, link.offset, indices[link.index], entries)
        offsets: list[int] = []
        values: list[K] = []
        for value, places in entries.items():
            if value in weights:
                offsets += places
                values += [weights[value]] * len(places)
        groups.append((offsets, values))
    for axis in sorted(set(range(len(source))) - linked_axes(term.links, "source")):
        groups.append(([steps[axis] * i for i in range(source[axis])], [ONE] * source[axis]))
    groups.sort(key=lambda group: len(group[0]))  # the innermost loop is the longest
    return scalar, tuple(groups)


@dataclass
class Extension:
    """An expression's extension at a point: an affine value, and weights of einsum outputs."""

    value: Affine = field(default_factory=Affine)
    einsums: dict[int, K] = field(default_factory=dict)

    def accumulate(self, other: Extension, scalar: K) -> None:
        self.value = self.value + other.value.times(scalar)
        for index, w in other.einsums.items():
            self.einsums[index] = add(self.einsums.get(index, ZERO), mul(w, scalar))


class Extender:
    """Extends a program's expressions; knows the values of constant and public tensors."""

    def __init__(self, shapes: Sequence[Shape], values: Mapping[int, Sequence[int]]) -> None:
        self.shapes = shapes
        self.values = values

    def extend(self, expr: Expr, shape: Shape, coordinates: Coordinates) -> Extension:
        tables = AxisTables(shape, coordinates)
        constant = scale(tables.all_valid, expr.constant)
        forms: list[tuple[K, Form]] = []
        einsums: dict[int, K] = {}
        for term in expr.terms:
            index = term.source.index
            if isinstance(term.source, OfEinsum):  # the identity: its own value at the point
                einsums[index] = add(einsums.get(index, ZERO), lift(term.coef))
                continue
            public = index in self.values
            scalar, groups = term_form(term, tables, self.shapes[index], not public, self.values)
            form = Form(index, groups)
            if public:
                constant = add(constant, mul(scalar, form.apply_integers(self.values[index])))
            elif all(offsets for offsets, _ in groups):
                forms.append((scalar, form))
        return Extension(Affine(constant, {}, tuple(forms)), einsums)
