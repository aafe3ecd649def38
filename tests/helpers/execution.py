"""A slow reference for executing a program: run its hints, check every relation (docs/protocol/program.md, sections 2, 3, 6).

Integers are int64: `check_program` has shown before that no bound can be passed. It is the judge in tests of the compiler
and independent of the operators' own references; provers execute in Rust.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit import program as pg
from tacit.errors import InputError, ProgramError, WitnessError
from tacit.integer.operators.linear import einsum as exact_einsum
from tacit.program import Expr, FromTensor, Link, Program, Public, Term, Witness, addresses

Array = npt.NDArray[Any]


@dataclass
class Execution:
    """All tensors of one run, by index; einsum outputs and multiplicities too."""

    program: Program
    tensors: dict[int, Array]
    einsums: dict[int, Array] = field(default_factory=dict)
    multiplicities: list[Array] = field(default_factory=list)

    def write(self, index: int, values: Array) -> None:
        """What a hint computes. A slab tensor that was given must be just that; raises WitnessError otherwise."""
        tensor = self.program.tensors[index]
        if (
            isinstance(tensor.place, pg.Slab)
            and index in self.tensors
            and not np.array_equal(self.tensors[index], values)
        ):
            raise WitnessError("the values given are not those computed", place=tensor.name)
        self.tensors[index] = values

    def named(self, name: str) -> Array:
        """The tensor of this name."""
        index = next(i for i, tensor in enumerate(self.program.tensors) if tensor.name == name)
        return self.tensors[index]

    def einsum(self, index: int) -> Array:
        if index not in self.einsums:
            einsum = self.program.einsums[index]
            a, b = self.expr(einsum.a, einsum.a_shape), self.expr(einsum.b, einsum.b_shape)
            letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
            parts = ["".join(letters[i] for i in axes) for axes in (einsum.a_axes, einsum.b_axes, einsum.out_axes)]
            self.einsums[index] = exact_einsum(f"{parts[0]},{parts[1]}->{parts[2]}", a, b)
        return self.einsums[index]

    def expr(self, expr: Expr, shape: tuple[int, ...]) -> Array:
        """The expression at every valid index."""
        out = np.full(shape, expr.constant, dtype=np.int64)
        for term in expr.terms:
            if isinstance(term.source, FromTensor):
                if term.source.index not in self.tensors:
                    raise ProgramError("read before it is written", place=self._name(term.source.index))
                source = self.tensors[term.source.index]
                unread = [i for i in (link.index for link in term.links) if i is not None and i not in self.tensors]
                if unread:
                    raise ProgramError("read before it is written", place=self._name(unread[0]))
            else:
                source = self.einsum(term.source.index)
            out += term.coef * evaluate_term(term, source, shape, self.tensors)
        return out

    def _name(self, index: int) -> str:
        return self.program.tensors[index].name


def matches(
    link: Link, target: tuple[int, ...], source: tuple[int, ...], tensors: Mapping[int, Array]
) -> tuple[Array, Array]:
    """Flat indices (over the link's target axes, over its source axes) of all pairs that satisfy it."""

    def sums(pairs: tuple[tuple[int, int], ...], shape: tuple[int, ...]) -> Array:
        total = np.zeros((), dtype=np.int64)
        for axis, stride in pairs:
            total = total[..., None] + stride * np.arange(shape[axis], dtype=np.int64)
        return total.reshape(-1)

    asked = sums(link.target, target) if link.index is None else tensors[link.index].reshape(-1)
    left, right = asked + link.offset, sums(link.source, source)
    order = np.argsort(right, kind="stable")
    first = np.searchsorted(right[order], left, "left")
    last = np.searchsorted(right[order], left, "right")
    t = np.repeat(np.arange(left.size), last - first)
    starts = np.repeat(first - np.concatenate([[0], np.cumsum(last - first)[:-1]]), last - first)
    return t, order[np.arange(t.size) + starts]


def evaluate_term(
    term: Term, source: Array, shape: tuple[int, ...], tensors: Mapping[int, Array] = MappingProxyType({})
) -> Array:
    """sum of the source's entries that satisfy every link, at every target index; coef left out. tensors: for index links."""
    linked = [axis for link in term.links for axis, _ in link.source]
    free = tuple(axis for axis in range(source.ndim) if axis not in linked)
    kept = [axis for axis in range(source.ndim) if axis in linked]
    # Axes in the order of the links, one block a link; block k is replaced by the link's target axes.
    values = np.transpose(source.sum(free), [kept.index(axis) for axis in linked])
    sizes = [prod(source.shape[axis] for axis, _ in link.source) for link in term.links]
    values = values.reshape(sizes)
    for k, link in enumerate(term.links):
        t, s = matches(link, shape, source.shape, tensors)
        moved = np.moveaxis(values, k, 0)
        out = np.zeros((prod(shape[axis] for axis, _ in link.target), *moved.shape[1:]), dtype=np.int64)
        if np.unique(t).size == t.size:
            out[t] = moved[s]
        else:
            np.add.at(out, t, moved[s])
        values = np.moveaxis(out, 0, k)
    axes = [axis for link in term.links for axis, _ in link.target]
    values = values.reshape([shape[axis] for axis in axes])
    values = np.transpose(values, np.argsort(axes))
    return np.broadcast_to(values.reshape([n if axis in axes else 1 for axis, n in enumerate(shape)]), shape)


def table_rows(kind: pg.TableKind) -> tuple[int, Array]:
    """The first input and all outputs of a table."""
    lo, hi = pg.table_in(kind)
    ins = np.arange(lo, hi + 1, dtype=np.int64)
    match kind:
        case pg.Range():
            return lo, np.zeros_like(ins)
        case pg.ReluTable():
            return lo, np.maximum(ins, 0)
        case pg.Sign():
            return lo, (ins >= 0).astype(np.int64)
        case pg.Values(_, outs):
            return lo, np.array(outs, dtype=np.int64)
        case pg.ClampTable(low=low, high=high):
            return lo, np.minimum(np.maximum(ins, low), high)


def execute(program: Program, given: Mapping[str, Array], *, check: bool = True) -> Execution:
    """Run the hints on slab tensors and inputs (by address), then check everything.

    A slab tensor that a hint writes may be given, and is compared then.
    Raises InputError for givens that do not fit and WitnessError naming the tensor or relation that does not hold.
    """
    run = Execution(program, {})
    ports = {port.tensor for port in program.inputs}
    computed = {index for hint in program.hints for index in _writes(hint)}
    names = addresses(program.slabs, program.tensors)
    for i, (tensor, name) in enumerate(zip(program.tensors, names, strict=True)):
        if isinstance(tensor.place, pg.Constant):
            run.tensors[i] = np.array(tensor.place.values, dtype=np.int64).reshape(tensor.shape)
        elif i in ports or (isinstance(tensor.place, pg.Slab) and (i not in computed or name in given)):
            run.tensors[i] = _given(tensor, name, given)
    for hint in program.hints:
        _apply(run, hint)
    if check:
        check_execution(run)
    return run


def _given(tensor: pg.Tensor, name: str, given: Mapping[str, Array]) -> Array:
    if name not in given:
        raise InputError("missing", place=name)
    values = np.asarray(given[name], dtype=np.int64)
    if values.shape != tensor.shape:
        raise InputError(f"shape {list(values.shape)}, expected {list(tensor.shape)}", place=name)
    return values


def _writes(hint: pg.Hint) -> list[int]:
    """The tensors that a hint computes."""
    match hint:
        case pg.DigitsHint(_, _, digits, quotient):
            return [index for index, _ in digits] + ([] if quotient is None else [quotient])
        case pg.DivideHint(_, _, _, quotient, remainder):
            return [quotient, remainder]
        case pg.MaxHint(digits=digits, quotient=quotient):
            return [*(index for index, _ in digits), quotient]
        case pg.ClampHint(inside=inside, outside=outside):
            return [index for index in (inside, outside) if index is not None]
        case pg.LinearHint(dst=dst) | pg.LookupHint(dst=dst) | pg.OneHotMaxHint(dst=dst):
            return [dst]


def _apply(run: Execution, hint: pg.Hint) -> None:
    program = run.program
    match hint:
        case pg.LinearHint(dst, expr):
            run.write(dst, run.expr(expr, program.tensors[dst].shape))
        case pg.DigitsHint(shape, expr, digits, quotient):
            _digits(run, run.expr(expr, shape), digits, quotient)
        case pg.LookupHint(dst, table, expr, shift):
            lo, outs = table_rows(program.tables[table].kind)
            row = (run.expr(expr, program.tensors[dst].shape) >> shift) - lo
            if row.min() < 0 or row.max() >= outs.size:
                worst = row.min() if row.min() < 0 else row.max()
                raise WitnessError(
                    f"the value {worst + lo} is out of [{lo}, {lo + outs.size - 1}]", place=program.tensors[dst].name
                )
            run.write(dst, outs[row])
        case pg.DivideHint(shape, num, den, quotient, remainder):
            n, d = run.expr(num, shape), run.expr(den, shape)
            if d.min() <= 0:
                raise WitnessError("a divisor that is not positive", place=program.tensors[quotient].name)
            run.write(quotient, n // d)
            run.write(remainder, n % d)
        case pg.MaxHint(shape, axes, expr, shift, digits, quotient):
            window = tuple(range(len(shape) - axes, len(shape)))
            _digits(run, run.expr(expr, shape).max(window) >> shift, digits, quotient)
        case pg.OneHotMaxHint(shape, expr, dst):
            best = run.expr(expr, shape).argmax(-1)
            run.write(dst, (np.arange(shape[-1]) == best[..., None]).astype(np.int64))
        case pg.ClampHint(shape, expr, shift, low, high, inside, outside):
            value = run.expr(expr, shape) >> shift
            clamped = np.minimum(np.maximum(value, low), high)
            for index, part in ((inside, clamped), (outside, value - clamped)):
                if index is not None:
                    run.write(index, part)


def _digits(run: Execution, value: Array, digits: Sequence[tuple[int, int]], quotient: int | None) -> None:
    for index, bits in digits:
        run.write(index, value & ((1 << bits) - 1))
        value = value >> bits
    if quotient is not None:
        run.write(quotient, value)
        _declared(run, quotient)


def _declared(run: Execution, index: int) -> None:
    tensor, values = run.program.tensors[index], run.tensors[index]
    low, high = int(values.min()), int(values.max())
    if low < tensor.lo or high > tensor.hi:
        worst = low if low < tensor.lo else high
        raise WitnessError(f"the value {worst} is out of [{tensor.lo}, {tensor.hi}]", place=tensor.name)


def check_execution(run: Execution) -> None:
    """Every tensor written and in its interval, every lookup and every zero. Raises WitnessError naming the first not."""
    program = run.program
    for i, tensor in enumerate(program.tensors):
        if i not in run.tensors:
            raise WitnessError("never written", place=tensor.name)
        if run.tensors[i].shape != tensor.shape:
            raise WitnessError(f"shape {run.tensors[i].shape}", place=tensor.name)
        if isinstance(tensor.place, Public | Witness | pg.Slab):
            _declared(run, i)
    tables = [table_rows(table.kind) for table in program.tables]
    run.multiplicities = [np.zeros(outs.size, dtype=np.int64) for _, outs in tables]
    for lookup in program.lookups:
        lo, outs = tables[lookup.table]
        ins, out = run.expr(lookup.input, lookup.shape), run.expr(lookup.output, lookup.shape)
        row = (ins >> lookup.shift) - lo
        good = (ins & ((1 << lookup.shift) - 1)) == 0
        good &= (row >= 0) & (row < outs.size)
        good &= outs[np.where(good, row, 0)] == out
        if not good.all():
            raise WitnessError(f"not a row of {program.tables[lookup.table].name}", place=lookup.name)
        np.add.at(run.multiplicities[lookup.table], row.reshape(-1), 1)
    for zero in program.zeros:
        if np.any(run.expr(zero.expr, zero.shape)):
            raise WitnessError("the constraint is not zero", place=zero.name)


def dense_term(
    term: Term, source: Array, shape: tuple[int, ...], tensors: Mapping[int, Array] = MappingProxyType({})
) -> Array:
    """`evaluate_term` by the definition, index by index (for tests; tiny shapes only)."""
    out = np.zeros(shape, dtype=np.int64)

    def asked(link: Link, t: tuple[int, ...]) -> int:
        if link.index is not None:
            return int(tensors[link.index][tuple(t[i] for i, _ in link.target)])
        return sum(d * t[i] for i, d in link.target)

    for t in product(*map(range, shape)):
        for s in product(*map(range, source.shape)):
            if all(asked(link, t) + link.offset == sum(d * s[j] for j, d in link.source) for link in term.links):
                out[t] += source[s]
    return out
