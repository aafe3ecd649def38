"""Comparisons, and ArgMax: a one-hot vector at the first maximum."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tacit import program as pg
from tacit.integer.graph import Operator, in_range, rounds
from tacit.integer.lookups import sign_bit, signed
from tacit.integer.reach import (
    Interval,
    Overflow,
    Reach,
    signed_bits,
)
from tacit.program import Expr, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, digit_widths


@dataclass(frozen=True)
class AtLeast(Operator):
    """1 where x >= 0, else 0; x signed in `bits` bits. Exact: nothing is rounded before the comparison."""

    bits: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, 0, self.bits)

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return 0.0

    def reach(self, *args: Reach) -> Interval:
        return 0, 1

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        return (replace(self, bits=max(self.bits, signed_bits(*args[0].ends))),)

    def meaning(self, *args: Array) -> Array:
        return (in_range(args[0], *signed(self.bits)) >= 0).astype(np.int64)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        return sign_bit(builder, name, args[0], [], self.bits)[0]


@dataclass(frozen=True)
class ArgMaxLast(Operator):
    """The index of the first largest entry along the last axis, which vanishes; entries differ by less than 2^bits.

    e >= 0 with sum e = 1 is one-hot at some i; m = sum e x is then x_i. Every j has m - x_j - [j < i] >= 0, by its
    digits, and [j < i] = sum over k > j of e_k: x_i is at least every entry and larger than the earlier ones. So i is
    the first maximum, and the result is sum k e_k.
    """

    bits: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, 0, self.bits) and len(shapes[0]) >= 1

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0][:-1]

    def frac(self, *fracs: float) -> float:
        return 0.0

    def reach(self, *args: Reach) -> Interval:
        return 0, args[0].shape[-1] - 1

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        return (replace(self, bits=max(self.bits, (args[0].hi - args[0].lo).bit_length())),)

    def meaning(self, *args: Array) -> Array:
        in_range(args[0].max(-1) - args[0].min(-1), 0, (1 << self.bits) - 1)
        return np.asarray(args[0].argmax(-1), dtype=np.int64)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        x = builder.settled(name, args[0])
        shape, n = x.shape, x.shape[-1]
        labels = tuple(range(len(shape)))
        e = first_maximum(builder, name, x, self.bits)
        index = builder.constant(f"{name}.index", np.arange(n))
        return builder.einsum(f"{name}.index", shape, (labels, labels[-1:], labels[:-1]), e.expr, index.expr)


@dataclass(frozen=True)
class OneHotMaxLast(Operator):
    """1 at the first largest entry along the last axis, 0 elsewhere; entries differ by less than 2^bits. As `ArgMaxLast`."""

    bits: int

    def fits(self, *shapes: Shape) -> bool:
        return rounds(shapes, 0, self.bits) and len(shapes[0]) >= 1

    def shape(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def frac(self, *fracs: float) -> float:
        return 0.0

    def reach(self, *args: Reach) -> Interval:
        return 0, 1

    def total(self, overflow: Overflow, *args: Reach) -> tuple[Operator, ...]:
        return (replace(self, bits=max(self.bits, (args[0].hi - args[0].lo).bit_length())),)

    def meaning(self, *args: Array) -> Array:
        in_range(args[0].max(-1) - args[0].min(-1), 0, (1 << self.bits) - 1)
        first = args[0].argmax(-1)[..., None]
        return np.asarray(np.arange(args[0].shape[-1]) == first, dtype=np.int64)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        # Two rows: what multiplies e next needs it within [0, 1].
        return first_maximum(builder, name, builder.settled(name, args[0]), self.bits, choices=2)


def first_maximum(builder: Builder, name: str, x: Lazy, bits: int, choices: int | None = None) -> Lazy:
    """e, one-hot at the first maximum of the last axis, and nowhere else (`ArgMaxLast` says why). `choices`: as for `one_hot`."""
    shape, n = x.shape, x.shape[-1]
    e = one_hot(builder, name, x, choices)
    labels = tuple(range(len(shape)))
    picked = builder.einsum(f"{name}.pick", shape, (labels, labels, labels[:-1]), e.expr, x.expr)
    m = builder.commit(f"{name}.max", picked)
    rows: list[affine.Row] = [(((i, 1),), 0) for i in range(len(shape) - 1)]
    spread = builder.view(name, m, shape, lambda a, s: affine.substitute(a, m.shape, shape, rows, s))
    builder.reserve(n, n)
    later = builder.constant(f"{name}.later", np.triu(np.ones((n, n), dtype=np.int64), 1))
    # [j < i]: label n + .. is k, the index of e.
    k = len(shape)
    axes = ((*labels[:-1], k), (labels[-1], k), labels)
    before = builder.einsum(f"{name}.before", (*shape, n), axes, e.expr, later.expr)
    gap = builder.sum((1, spread), (-1, x), (-1, before))
    widths = digit_widths(bits, builder.settings.limb)
    builder.digits(f"{name}.gap", gap, widths[:-1], pg.Range(0, 1 << widths[-1]))
    return e


def one_hot(builder: Builder, name: str, x: Lazy, choices: int | None = None) -> Lazy:
    """e at the first maximum of the last axis: forced to be one-hot, not (here) to be at the maximum.

    `choices`: rows of the table that says e >= 0; by default one that the program has anyway.
    """
    e = builder.witness(f"{name}.select", x.shape)
    builder.hints.append(pg.OneHotMaxHint(x.shape, x.expr, e))
    whole = builder.whole(e)
    builder.lookup(f"{name}.select", pg.Range(0, choices or 1 << builder.settings.limb), whole)
    total = affine.total(whole.expr, x.shape, len(x.shape) - 1, builder.shapes)
    builder.zero(f"{name}.one", x.shape[:-1], (1, total), (1, Expr(-1)))
    return whole
