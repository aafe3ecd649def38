"""Building a program relation by relation, with the intervals known so far."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit import program as pg
from tacit.errors import ProgramError, QuantizationError
from tacit.program import affine
from tacit.program.affine import Shape, Shapes
from tacit.program.intervals import Interval, Intervals, Known, OutOfField, derive
from tacit.program.room import Room, size
from tacit.program.syntax import Expr

Array = npt.NDArray[Any]

#: What a table is called, by its kind.
TABLE_WORDS: dict[type[pg.TableKind], str] = {
    pg.Range: "range",
    pg.ReluTable: "relu",
    pg.Sign: "sign",
    pg.Values: "values",
    pg.ClampTable: "clamp",
}


@dataclass(frozen=True)
class Lazy:
    """An integer tensor that is not committed (yet): an expression over its shape.

    With the output of an einsum in it the expression exists in this one shape only: no view, no operand.
    """

    expr: Expr
    shape: Shape

    @property
    def raw(self) -> bool:
        return affine.has_einsum(self.expr)


@dataclass(frozen=True)
class Settings:
    """What the lowering may choose freely.

    `limb`: w, bits of a range table. `wide`: bits up to which an activation is one lookup.
    """

    limb: int = 8
    wide: int = 12


def digit_widths(total: int, limb: int) -> list[int]:
    """`total` bits in digits of at most `limb` bits, low first."""
    return [limb] * (total // limb) + ([total % limb] if total % limb else [])


class Builder:
    """Collects the relations of one program and keeps every value inside the field."""

    def __init__(self, name: str, settings: Settings, room: Room | None = None) -> None:
        self.name, self.settings = name, settings
        self.room = room
        self.slabs: list[pg.SlabDecl] = []
        self.tensors: list[pg.Tensor] = []
        self.tables: list[pg.Table] = []
        self.einsums: list[pg.Einsum] = []
        self.lookups: list[pg.Lookup] = []
        self.zeros: list[pg.Zero] = []
        self.hints: list[pg.Hint] = []
        self.inputs: list[pg.Port] = []
        self.outputs: list[pg.Port] = []
        self.shapes, self.intervals = Shapes(room), Intervals()
        self.intervals.einsums = self.einsums
        self.intervals.tensor_shapes = self.shapes.tensors
        self._witness: set[int] = set()
        #: Intervals of tensors whose recurrence is still to come.
        self._promised: dict[int, Interval] = {}
        #: By slab (None: the tensors in none) how often a name was asked for.
        self._names: dict[int | None, dict[str, int]] = {None: {}}
        self._table_ids: dict[pg.TableKind, int] = {}
        #: Entries that are clamped alike, by their clamp: their tables are shared.
        self.alike: dict[Hashable, int] = {}
        self._constants: dict[tuple[Shape, tuple[int, ...]], int] = {}

    # tensors

    def unique(self, name: str, place: pg.Place) -> str:
        """The name, with a number when it is taken in that place.

        Tensors in no slab leave out the names of slab tensors too, so that a bare name says which one is meant.
        """
        name, slab = name or "tensor", place.index if isinstance(place, pg.Slab) else None
        taken = self._names.setdefault(slab, {})
        count = taken.get(name, 0)
        taken[name] = count + 1
        if slab is not None:
            self._names[None].setdefault(name, 1)
        return name if not count else self.unique(f"{name}~{count}", place)

    def tensor(self, name: str, shape: Shape, place: pg.Place, interval: Interval) -> int:
        index = len(self.tensors)
        self._check_shape(name, shape)
        if self.room is not None:
            self.room.take(tensors=1)
        self.tensors.append(pg.Tensor(self.unique(name, place), shape, place, *interval))
        self.shapes.tensors.append(shape)
        if isinstance(place, pg.Witness):
            self._witness.add(index)
        else:
            self.intervals.known[index] = interval
        return index

    def _check_shape(self, name: str, shape: Shape) -> None:
        if len(shape) > 8 or pg.padded(shape) > 1 << 30:
            raise QuantizationError(f"a tensor of shape {list(shape)}: more than 8 axes or 2^30 cells", place=name)

    def witness(self, name: str, shape: Shape) -> int:
        """A tensor of the witness slab; its interval is what the relations force (filled in by `build`)."""
        return self.tensor(name, shape, pg.Witness(), (-(2**62), 2**62))

    def recurrent(self, name: str, shape: Shape, interval: Interval) -> int:
        """A tensor of the witness slab that a later zero carries along an axis; until `build` it counts as within `interval`.

        The zero has the terms e x[t] and -e x[t-1] (`along` with offsets 0 and -1), and a rest that is known without the
        tensor. `build` derives its interval by rule 3 and raises OutOfField where none follows, or one beyond `interval`.
        """
        index = self.witness(name, shape)
        self._promised[index] = self.intervals.known[index] = interval
        return index

    def reserve(self, *shape: int) -> None:
        """Raise QuantizationError where a constant, or a table, of this shape has no room: ask before its integers are made."""
        if self.room is not None:
            self.room.take(numbers=prod(shape))

    def constant(self, name: str, values: Array) -> Lazy:
        """A tensor whose integers stand in the program."""
        key = (tuple(int(n) for n in values.shape), tuple(int(v) for v in values.reshape(-1)))
        if key not in self._constants:
            interval = (min(key[1]), max(key[1]))
            self._constants[key] = self.tensor(name, key[0], pg.Constant(key[1]), interval)
        return self.whole(self._constants[key])

    def whole(self, tensor: int) -> Lazy:
        """The tensor itself as a value."""
        shape = self.shapes.tensors[tensor]
        return Lazy(affine.plain(pg.FromTensor(tensor), len(shape)), shape)

    def has(self, kind: pg.TableKind) -> bool:
        """Whether some relation reads this table already."""
        return kind in self._table_ids

    def table(self, kind: pg.TableKind) -> int:
        if kind not in self._table_ids:
            lo, _ = pg.table_in(kind)
            self._table_ids[kind] = len(self.tables)
            self.tables.append(pg.Table(f"{TABLE_WORDS[type(kind)]}{lo}+{pg.table_len(kind)}#{len(self.tables)}", kind))
        return self._table_ids[kind]

    def limbs(self, bits: int) -> list[int]:
        """Digit widths of an activation: one lookup where that is allowed."""
        return [bits] if bits <= self.settings.wide else digit_widths(bits, self.settings.limb)

    # relations

    def einsum(self, name: str, extents: Shape, axes: tuple[Shape, Shape, Shape], a: Expr, b: Expr) -> Lazy:
        """The contraction as a raw value over the shape of axes[2]."""
        raw = self._unbounded(name, extents, axes, a, b)
        self.intervals.check(f"einsum {name}", self.intervals.expr(raw.expr))
        return raw

    def _unbounded(self, name: str, extents: Shape, axes: tuple[Shape, Shape, Shape], a: Expr, b: Expr) -> Lazy:
        index = len(self.einsums)
        for labels in axes:
            self._check_shape(name, tuple(extents[label] for label in labels))
        einsum = pg.Einsum(name, extents, *axes, a, b)
        self.einsums.append(einsum)
        self.shapes.einsums.append(einsum.out_shape)
        return Lazy(affine.plain(pg.FromEinsum(index), len(einsum.out_shape)), einsum.out_shape)

    def vanishing(self, name: str, a: Lazy, b: Lazy) -> None:
        """a * b = 0 entry by entry: in every entry a or b is 0. Only the factors must lie within the field."""
        labels = tuple(range(len(a.shape)))
        for side, factor in (("a", a), ("b", b)):
            self.intervals.check(f"factor {side} of {name}", self.interval(factor))
        raw = self._unbounded(name, a.shape, (labels, labels, labels), a.expr, b.expr)
        self.zeros.append(pg.Zero(name, a.shape, raw.expr))

    def lookup(self, name: str, kind: pg.TableKind, input: Lazy, shift: int = 0, output: Expr | None = None) -> None:
        lookup = pg.Lookup(name, self.table(kind), input.shape, input.expr, shift, output or Expr())
        self.lookups.append(lookup)
        self.intervals.learn_lookup(lookup, pg.table_in(kind), pg.table_out(kind), self._witness)

    def zero(self, name: str, shape: Shape, *parts: tuple[int, Expr]) -> None:
        """sum coef * expr = 0 at every index."""
        zero = pg.Zero(name, shape, affine.add(*parts))
        self.zeros.append(zero)
        self.intervals.learn_zero(zero, self._witness)
        self.intervals.check(f"zero {name}", self.intervals.expr(zero.expr))

    def interval(self, value: Lazy | Expr) -> Interval:
        return self.intervals.expr(value.expr if isinstance(value, Lazy) else value)

    # combinations

    def sum(self, *parts: tuple[int, Lazy], constant: int = 0) -> Lazy:
        """sum coef * value + constant, all of one shape."""
        (shape,) = {value.shape for _, value in parts}
        if self.room is not None:
            self.room.take(terms=sum(size(value.expr) for _, value in parts))
        return Lazy(affine.add((1, Expr(constant)), *((coef, value.expr) for coef, value in parts)), shape)

    def commit(self, name: str, value: Lazy) -> Lazy:
        """A witness tensor forced to equal the value."""
        dst = self.witness(name, value.shape)
        self.hints.append(pg.LinearHint(dst, value.expr))
        whole = self.whole(dst)
        self.zero(name, value.shape, (1, whole.expr), (-1, value.expr))
        return whole

    def settled(self, name: str, value: Lazy) -> Lazy:
        """The value without einsum outputs: committed if need be."""
        return self.commit(name, value) if value.raw else value

    def view(self, name: str, value: Lazy, shape: Shape, rewrite: Callable[[Expr, Shapes], Expr]) -> Lazy:
        """A view by links; the value is committed first where no links say it."""
        value = self.settled(name, value)
        try:
            return Lazy(rewrite(value.expr, self.shapes), shape)
        except affine.Inexpressible:
            return Lazy(rewrite(self.commit(name, value).expr, self.shapes), shape)

    def reshape(self, name: str, value: Lazy, shape: Shape) -> Lazy:
        return self.view(name, value, shape, lambda e, s: affine.reshape(e, value.shape, shape, s))

    def transpose(self, name: str, value: Lazy, perm: Sequence[int]) -> Lazy:
        shape = tuple(value.shape[i] for i in perm)
        return self.view(name, value, shape, lambda e, s: affine.transpose(e, value.shape, perm, s))

    def broadcast(self, value: Lazy, shape: Shape) -> Lazy:
        """numpy's broadcasting; works for raw values only when nothing changes."""
        if value.shape == shape:
            return value
        lead = len(shape) - len(value.shape)
        rows: list[affine.Row] = [
            (((lead + i, 1),), 0) if n == shape[lead + i] else ((), 0) for i, n in enumerate(value.shape)
        ]
        return self.view("broadcast", value, shape, lambda e, s: affine.substitute(e, value.shape, shape, rows, s))

    def along(self, tensor: int, axis: int, extent: int, offset: int = 0) -> Lazy:
        """tensor[.., t + offset, ..] for the t < extent of one axis, 0 where it has no such entry."""
        shape = self.shapes.tensors[tensor]
        expr = affine.along(pg.FromTensor(tensor), shape, axis, offset)
        return Lazy(expr, (*shape[:axis], extent, *shape[axis + 1 :]))

    def at_step(self, value: Lazy, axis: int, extent: int, step: int) -> Lazy:
        """The value at entry `step` of a new axis, 0 at the others; a zero's interval counts it once (rule 3)."""
        shape = (*value.shape[:axis], extent, *value.shape[axis:])
        return Lazy(affine.at_step(self.settled("step", value).expr, axis, step), shape)

    def entry(self, value: Lazy, axis: int, index: int) -> Lazy:
        """The entries at one index of an axis, which vanishes."""
        shape = (*value.shape[:axis], *value.shape[axis + 1 :])
        return self.view("entry", value, shape, lambda e, s: affine.entry(e, value.shape, axis, index, s))

    def gathered(self, tensor: int, index: int, axis: int = 0) -> Lazy:
        """tensor[.., index[..], ..], as numpy.take: of a public or constant index, in place of one axis. 0 beyond its ends.

        With a tensor of shape (N, ..) and an index of shape (T, B) the rows that it picks, of shape (T, B, ..). Other views of
        the index' axes than a permutation commit the value first. Raises ProgramError for an index that is committed.
        """
        place, shape, picks = self.tensors[index].place, self.shapes.tensors[tensor], self.shapes.tensors[index]
        if not isinstance(place, pg.Constant | pg.Public):
            raise ProgramError("an index is a constant or a public tensor", place=self.tensors[index].name)
        expr = affine.gathered(pg.FromTensor(tensor), shape, axis, index, picks)
        return Lazy(expr, (*shape[:axis], *picks, *shape[axis + 1 :]))

    def digits(
        self, name: str, value: Lazy, widths: Sequence[int], top: pg.TableKind | None = None, top_out: int | None = None
    ) -> list[Lazy]:
        """value = sum of digits, low first, each forced into its range; with `top` a last one in that table's inputs.

        Exact and unique: digit i lies in [0, 2^widths[i]), so the value modulo 2^sum(widths) fixes all but the top.
        """
        names = [f"{name}.{i}" for i in range(len(widths) + (top is not None))]
        ids = [self.witness(n, value.shape) for n in names]
        low = tuple(zip(ids, widths, strict=False))
        self.hints.append(pg.DigitsHint(value.shape, value.expr, low, ids[-1] if top is not None else None))
        parts, place = list[tuple[int, Lazy]](), 0
        for index, label, width in zip(ids, names, [*widths, 0], strict=False):
            whole = self.whole(index)
            kind = top if top is not None and index == ids[-1] else pg.Range(0, 1 << width)
            output = None
            if kind is top and top_out is not None:
                output = self.whole(top_out).expr
                self.hints.append(pg.LookupHint(top_out, self.table(kind), whole.expr, 0))
            self.lookup(label, kind, whole, output=output)
            parts.append((1 << place, whole))
            place += width
        self.zero(name, value.shape, (1, value.expr), *((-coef, part.expr) for coef, part in parts))
        return [part for _, part in parts]

    def joined(self, digits: Sequence[Lazy], widths: Sequence[int], constant: int = 0) -> Lazy:
        """sum 2^(widths before) digit + constant."""
        places = [sum(widths[:i]) for i in range(len(digits))]
        return self.sum(*((1 << place, digit) for place, digit in zip(places, digits, strict=True)), constant=constant)

    def hadamard(self, name: str, a: Lazy, b: Lazy) -> Lazy:
        """a * b entry by entry, raw."""
        labels = tuple(range(len(a.shape)))
        return self.einsum(name, a.shape, (labels, labels, labels), a.expr, b.expr)

    def build(self) -> pg.Program:
        """The finished program; witness tensors declare the intervals that were derived. Raises OutOfField."""
        for lookup in self.lookups:
            self.intervals.check_lookup(lookup, self.tables[lookup.table].kind)
        program = self._declaring(self.intervals.known)
        if not self._promised:
            return program
        derived = derive(program).known
        for i, (lo, hi) in self._promised.items():
            if i not in derived:
                raise OutOfField(f"tensor {self.tensors[i].name}: promised [{lo}, {hi}], but no recurrence bounds it")
            if derived[i][0] < lo or derived[i][1] > hi:
                raise OutOfField(f"tensor {self.tensors[i].name}: promised [{lo}, {hi}], derived {list(derived[i])}")
        return self._declaring({**self.intervals.known, **{i: derived[i] for i in self._promised}})

    def promises(self) -> dict[int, Interval]:
        """By tensor, what follows for the tensors of `recurrent`, whatever was promised of them: what may be promised.

        Raises OutOfField where nothing does.
        """
        derived = derive(self._declaring(self.intervals.known)).known
        for i, promised in self._promised.items():
            if i not in derived:
                raise OutOfField(
                    f"tensor {self.tensors[i].name}: promised {list(promised)}, but no recurrence bounds it"
                )
        return {i: derived[i] for i in self._promised}

    def _declaring(self, known: Known) -> pg.Program:
        """The program, its witness tensors with these intervals."""
        tensors = list(self.tensors)
        for i in self._witness & known.keys():
            tensors[i] = replace(tensors[i], lo=known[i][0], hi=known[i][1])
        return pg.Program(
            name=self.name,
            slabs=tuple(self.slabs),
            tensors=tuple(tensors),
            tables=tuple(self.tables),
            einsums=tuple(self.einsums),
            lookups=tuple(self.lookups),
            zeros=tuple(self.zeros),
            hints=tuple(self.hints),
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
        )


def int_array(values: Any) -> Array:
    """int64, contiguous, of as many axes (`ascontiguousarray` would give a number an axis)."""
    return np.asarray(values, dtype=np.int64, order="C")
