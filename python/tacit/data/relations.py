"""The dataset program: what is true of every record of a commitment, as relations over its one slab "data".

docs/protocol/data.md, section 2, lists them with what each makes impossible. Everything follows from the schema, the number
of records and the choice for the histogram; no sample is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np

from tacit import program as pg
from tacit.data.limits import MOST_ID, check_records, is_whole
from tacit.data.rules import Rule, greatest
from tacit.data.schema import Schema
from tacit.errors import InputError, QuantizationError
from tacit.program import Expr, FromTensor, Link, Program, Term, affine
from tacit.program.builder import Builder, Lazy, Settings

NAME = "dataset"
#: Rows of a table of one column's own range, at most.
MOST_RANGE = 1 << 16
#: Entries that are summed term by term.
MOST_TERMS = 16
#: From so many records on, digits of 16 bits cost less than those of 12.
MANY = 1 << 16

#: None: nothing is said of the labels. "public": how many there are of each class is shown. Bounds: {class: (least, most)}.
Histogram = str | Mapping[str, tuple[int, int]] | None


def program(schema: Schema, records: int, *, histogram: Histogram = None, limb: int | None = None) -> Program:
    """The dataset program of a schema for so many records: private slab "data", public inputs `id_lo` and `id_hi`.

    `histogram`: None; "public": a public output `histogram` (classes,) with the number of records of each; or bounds
    {class: (least, most)} that the counts keep, which are then hidden. `limb`: bits of a digit (12, or 16 for many records).
    Raises InputError (slugs records, histogram).
    """
    count = check_records(records)
    bounds = _bounds(schema, count, histogram)
    limb = limb or (16 if count >= MANY else 12)
    builder = Builder(NAME, Settings(limb, limb))
    builder.slabs.append(pg.SlabDecl("data", True))
    try:
        x, y, ids = (builder.tensor(name, shape, pg.Slab(0), (lo, hi)) for name, shape, lo, hi in schema.tensors(count))
        emitter = _Emitter(builder, schema, count)
        emitter.columns(x)
        emitter.labels(y)
        for i, rule in enumerate(schema.rules):
            emitter.rule(f"rule {i}", rule, x)
        emitter.ids(ids)
        if bounds is not None:
            emitter.bounds(y, *bounds)
        elif histogram is not None:
            emitter.histogram(y)
        return builder.build()
    except QuantizationError as error:
        raise InputError(
            f"expected a schema and a number of records that a program has room for, got: {error.reason}",
            slug="records",
            place=error.place,
            remedy="cut the table into smaller shards, or give columns fewer bits",
        ) from None


def _bounds(schema: Schema, count: int, histogram: Any) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Least and greatest number of records of each class; None where none are asked for. Raises InputError (histogram)."""

    def refuse(reason: str) -> InputError:
        return InputError(
            reason,
            slug="histogram",
            place="histogram",
            remedy='None, "public", or bounds such as {"benign": (40, 80)}, for labels that are classes',
        )

    if histogram is None:
        return None
    if schema.classes is None:
        raise refuse("expected labels that are classes, got real targets")
    if isinstance(histogram, str):
        if histogram != "public":
            raise refuse(f"expected None, 'public' or bounds, got {histogram[:40]!r}")
        return None
    if not isinstance(histogram, Mapping) or not histogram:
        raise refuse(f"expected None, 'public' or bounds, got {type(histogram).__name__}")
    least, most = [0] * len(schema.classes), [count] * len(schema.classes)
    for name, pair in histogram.items():
        if name not in schema.classes:
            raise refuse(f"expected classes of the schema, got {str(name)[:40]!r}")
        whole = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(is_whole, pair))
        if not whole or not 0 <= pair[0] <= pair[1] <= count:
            raise refuse(f"expected bounds 0 <= least <= most <= {count} for {name!r}, got {str(pair)[:40]}")
        least[schema.classes.index(name)], most[schema.classes.index(name)] = map(int, pair)
    if sum(least) > count or sum(most) < count:
        raise refuse(
            f"expected bounds that {count} records can keep, got least {sum(least)} and most {sum(most)} in all"
        )
    return tuple(least), tuple(most)


@dataclass(frozen=True)
class _Emitter:
    """Relations over the slab's tensors; N records."""

    builder: Builder
    schema: Schema
    count: int

    def at_least_zero(self, name: str, value: Lazy, most: int) -> None:
        """value >= 0, for a value that is at most `most` where it is: one lookup, or digits that sum to it.

        The value lies within the field, so no negative one is a sum of digits, each in [0, 2^limb), below 2^62.
        """
        limb = self.builder.settings.limb
        if most.bit_length() <= limb:
            self.builder.lookup(name, pg.Range(0, 1 << limb), value)
        else:
            self.builder.digits(name, value, [limb] * -(-most.bit_length() // limb))

    # --- x ------------------------------------------------------------------------------------------------------------

    def columns(self, x: int) -> None:
        """Every entry in its own range; flags, codes and categories one of theirs."""
        if self.schema.shape:
            entry = self.schema.entries[0]
            whole = self.builder.whole(x)
            if (entry.lo, entry.hi) != self.schema.interval:
                self._between("range x", whole, (entry.lo,), (entry.hi,))
            return
        at = 0
        for kind, run in groupby(self.schema.columns, key=lambda column: column.kind):
            columns = list(run)
            width = sum(column.width for column in columns)
            block = self._block(x, at, width)
            name = f"{kind} {at}" if width == 1 else f"{kind} {at}..{at + width - 1}"
            if kind == "number":
                entries = self.schema.entries[at : at + width]
                self._between(f"range {name}", block, tuple(e.lo for e in entries), tuple(e.hi for e in entries))
            elif kind in ("flag", "category"):
                self.builder.lookup(f"bits {name}", pg.Range(0, 2), block, self.schema.frac)
            for column in columns:
                if kind == "category":
                    ones = self._total(f"one {column.name}", x, at, column.width)
                    self._zero(f"one {column.name}", self.builder.sum((1, ones), constant=-(1 << self.schema.frac)))
                if kind == "code":
                    self._code(f"code {column.name}", self._entry(x, at), column.codes)
                at += column.width

    def _total(self, name: str, tensor: int, first: int, width: int) -> Lazy:
        """The sum of some entries of every record, (N,).

        No link sums a part of an axis: one term an entry, or, for many, a product with a constant vector of ones.
        """
        if width <= MOST_TERMS:
            return self.builder.sum(*((1, self._entry(tensor, i)) for i in range(first, first + width)))
        ones = self.builder.constant(f"{name} ones", np.ones(width, dtype=np.int64))
        block = self._block(tensor, first, width)
        return self.builder.einsum(name, (self.count, width), ((0, 1), (1,), (0,)), block.expr, ones.expr)

    def _block(self, tensor: int, first: int, width: int) -> Lazy:
        """Entries first .. first + width - 1 of every record, (N, width)."""
        links = (Link(((0, 1),), ((0, 1),)), Link(((1, 1),), ((1, 1),), first))
        return Lazy(Expr(0, (Term(1, FromTensor(tensor), links),)), (self.count, width))

    def _between(self, name: str, value: Lazy, least: tuple[int, ...], most: tuple[int, ...]) -> None:
        """least <= value <= most along the last axis: a table of the one range that all have, or two inequalities."""
        builder = self.builder
        span = most[0] - least[0] + 1
        if len(set(zip(least, most, strict=True))) == 1 and span <= MOST_RANGE:
            builder.lookup(name, pg.Range(0, span), builder.sum((1, value), constant=-least[0]))
            return
        tops = [hi - lo for lo, hi in zip(least, most, strict=True)]
        for side, ends, sign in (("least", least, 1), ("most", most, -1)):
            bound = self._along(f"{name} {side}", ends, value.shape)
            self.at_least_zero(f"{name} {side}", builder.sum((sign, value), (-sign, bound)), max(tops))

    def _along(self, name: str, values: tuple[int, ...], shape: tuple[int, ...]) -> Lazy:
        """Constants of the last axis, the same for every record; one number where they are one."""
        if len(set(values)) == 1:
            return Lazy(Expr(values[0]), shape)
        return self.builder.broadcast(self.builder.constant(name, np.array(values, dtype=np.int64)), shape)

    def _zero(self, name: str, value: Lazy) -> None:
        self.builder.zero(name, value.shape, (1, value.expr))

    def _code(self, name: str, value: Lazy, codes: tuple[int, ...]) -> None:
        """x / 2^frac is a row of the table of codes that says 1."""
        known = set(codes)
        outs = tuple(int(code in known) for code in range(codes[0], codes[-1] + 1))
        self.builder.lookup(name, pg.Values(codes[0], outs), value, self.schema.frac, Expr(1))

    def rule(self, name: str, rule: Rule, x: int) -> None:
        """sum a_i x_i + c >= 0 in every record."""
        factors, constant = rule.integers(self.schema.entries)
        parts = [(a, self._entry(x, i)) for a, i in factors]
        value = self.builder.sum(*parts, constant=constant)
        self.at_least_zero(name, value, greatest(factors, constant, self.schema.entries))

    def _entry(self, tensor: int, index: int) -> Lazy:
        """One entry of every record, (N,)."""
        links = (Link(((0, 1),), ((0, 1),)), Link((), ((1, 1),), index))
        return Lazy(Expr(0, (Term(1, FromTensor(tensor), links),)), (self.count,))

    # --- y ------------------------------------------------------------------------------------------------------------

    def labels(self, y: int) -> None:
        """One class a record (its bits are the slab's interval), or targets in their own ranges."""
        label, whole = self.schema.label, self.builder.whole(y)
        if label.kind == "classes":
            ones = affine.total(whole.expr, whole.shape, 1, self.builder.shapes)
            self.builder.zero("one label", (self.count,), (1, ones), (-1, Expr(1)))
        if label.kind == "numbers":
            least, most = zip(*label.ranges(), strict=True)
            if {(lo, hi) for lo, hi in label.ranges()} != {self.schema.label_interval}:
                self._between("range label", whole, least, most)

    def _counts(self, y: int) -> Lazy:
        """How many records each class has; of a flag those without and with it."""
        ones = affine.total(self.builder.whole(y).expr, self.builder.shapes.tensors[y], 0, self.builder.shapes)
        if self.schema.label.kind == "classes":
            return Lazy(ones, (self.schema.labels,))
        # count = [N, 0] + [-1, 1] * ones: t = s + 1 puts the sum at entry 1, t = s at entry 0.
        (term,) = ones.terms
        zeroth, first = (Term(sign, term.source, (Link(((0, 1),), ((1, 1),), -i),)) for i, sign in ((0, -1), (1, 1)))
        start = self.builder.constant("records", np.array([self.count, 0]))
        return Lazy(affine.add((1, start.expr), (1, Expr(0, (zeroth, first)))), (2,))

    def histogram(self, y: int) -> None:
        """A public output: the counts."""
        counts = self._counts(y)
        public = self.builder.tensor("histogram", counts.shape, pg.Public(), (0, self.count))
        self.builder.outputs.append(pg.Port("histogram", public, 0))
        self.builder.hints.append(pg.LinearHint(public, counts.expr))
        self._zero("histogram", self.builder.sum((1, self.builder.whole(public)), (-1, counts)))

    def bounds(self, y: int, least: tuple[int, ...], most: tuple[int, ...]) -> None:
        """least <= counts <= most, which are constants of the program."""
        counts = self._counts(y)
        for name, ends, sign in (("least", least, 1), ("most", most, -1)):
            bound = self.builder.tensor(f"histogram {name}", counts.shape, pg.Constant(ends), (min(ends), max(ends)))
            gap = self.builder.sum((sign, counts), (-sign, self.builder.whole(bound)))
            self.at_least_zero(f"histogram at {name}", gap, self.count)

    # --- ids ----------------------------------------------------------------------------------------------------------

    def ids(self, ids: int) -> None:
        """id_lo <= id[0], id[n + 1] > id[n], id[N - 1] <= id_hi: no record twice, and all of them in the public range."""
        source = FromTensor(ids)
        if self.count > 1:
            links = tuple((Link(((0, 1),), ((0, 1),), offset),) for offset in (1, 0))
            steps = Expr(-1, (Term(1, source, links[0]), Term(-1, source, links[1])))
            self.at_least_zero("id steps", Lazy(steps, (self.count - 1,)), MOST_ID)
        for name, sign, row in (("id_lo", 1, 0), ("id_hi", -1, self.count - 1)):
            end = self.builder.tensor(name, (1,), pg.Public(), (0, MOST_ID))
            self.builder.inputs.append(pg.Port(name, end, 0))
            one = Lazy(Expr(0, (Term(1, source, (Link((), ((0, 1),), row),)),)), (1,))
            self.at_least_zero(
                f"id at {name}", self.builder.sum((sign, one), (-sign, self.builder.whole(end))), MOST_ID
            )


def read(schema: Schema, found: Program) -> tuple[int, Histogram]:
    """The number of records and the histogram's choice of a dataset program of this schema.

    Nothing that it says is believed: the program is made anew from these two, and must be the same, byte by byte.
    Raises InputError (slug program).
    """
    tensors = {tensor.name: tensor for tensor in found.tensors}
    ids, classes = tensors.get("id"), schema.classes or ()
    ends = [tensors[name].place for name in ("histogram least", "histogram most") if name in tensors]
    values = [place.values for place in ends if isinstance(place, pg.Constant) and len(place.values) == len(classes)]
    histogram: Histogram = "public" if "histogram" in tensors else None
    if len(values) == 2:
        histogram = dict(zip(classes, zip(*values, strict=True), strict=True))
    try:
        count = ids.shape[0] if ids is not None and len(ids.shape) == 1 else 0
        if program(schema, count, histogram=histogram).encode() == found.encode():
            return count, histogram
    except InputError:
        pass
    raise InputError(
        "expected a dataset program of this schema, got another program",
        slug="program",
        place="dataset program",
        remedy="make it from the schema yourself: tacit.data.compile, or `tacit data program`",
    )
