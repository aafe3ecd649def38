"""Contractions: matrix products, convolutions (over `Windows`), entrywise products."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from tacit.integer.graph import Operator
from tacit.integer.reach import Interval, Reach, product
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy

#: Sums of products below this are exact in float64, whose matrix product is many times faster.
_EXACT = 1 << 52


def einsum(spec: str, a: Array, b: Array) -> Array:
    """numpy's einsum on integers, exact; products alone that leave int64 end within it, and are 0 where a factor is."""
    labels = dict(zip(spec.split("->")[0].replace(",", ""), (*a.shape, *b.shape), strict=True))
    terms = int(np.prod([n for label, n in labels.items() if label not in spec.split("->")[1]], dtype=np.int64))
    most = int(np.abs(a).max(initial=0)), int(np.abs(b).max(initial=0))
    bound = most[0] * most[1] * terms
    if bound < _EXACT:
        return _in_floats(spec, a, b)
    if terms == 1 and bound > np.iinfo(np.int64).max:
        real = np.einsum(spec, a.astype(np.float64), b.astype(np.float64))
        return np.asarray(np.clip(real, -(2.0**62), 2.0**62)).astype(np.int64)
    # The wider factor in two halves, x = 2^cut (x >> cut) + (x mod 2^cut), where each half's sums are exact.
    wide = max(most).bit_length()
    cut = wide // 2
    if terms > 1 and min(most) * terms << max(cut, wide - cut) < _EXACT:
        x, other = (a, b) if most[0] >= most[1] else (b, a)
        sides = [(part, other) if x is a else (other, part) for part in (x >> cut, x & ((1 << cut) - 1))]
        high, low = (_in_floats(spec, *side) for side in sides)
        return np.asarray((high << cut) + low)
    return np.asarray(np.einsum(spec, a, b))


def _in_floats(spec: str, a: Array, b: Array) -> Array:
    """The einsum as one (batched) matrix product of float64, in which all of it is exact."""
    labels, out = spec.split("->")
    of_a, of_b = labels.split(",")
    batch = [x for x in of_a if x in of_b and x in out]
    inner = [x for x in of_a if x in of_b and x not in out]
    free = [x for x in of_a if x not in of_b], [x for x in of_b if x not in of_a]
    if len(batch + inner + free[0] + free[1]) != len({*of_a, *of_b}) or {*batch, *free[0], *free[1]} != {*out}:
        return np.asarray(np.einsum(spec, a.astype(np.float64), b.astype(np.float64), optimize=True)).astype(np.int64)
    extents = dict(zip(of_a + of_b, (*a.shape, *b.shape), strict=True))
    size = {key: prod(extents[x] for x in group) for key, group in enumerate((batch, inner, *free))}
    left = a.transpose([of_a.index(x) for x in (*batch, *free[0], *inner)]).reshape(size[0], size[2], size[1])
    right = b.transpose([of_b.index(x) for x in (*batch, *inner, *free[1])]).reshape(size[0], size[1], size[3])
    found = np.matmul(left.astype(np.float64), right.astype(np.float64)).astype(np.int64)
    order = [*batch, *free[0], *free[1]]
    return np.asarray(found.reshape([extents[x] for x in order]).transpose([order.index(x) for x in out]))


@dataclass(frozen=True)
class Contract(Operator):
    """out = einsum("a,b->out"): every label is in two of the three, or in all of them.

    The einsum relation forces the result; operands are settled (committed) first when they contain einsum outputs.
    """

    a: str
    b: str
    out: str

    def _extents(self, *shapes: Shape) -> dict[str, int]:
        extents: dict[str, int] = {}
        for labels, shape in zip((self.a, self.b), shapes, strict=True):
            for label, n in zip(labels, shape, strict=True):
                if extents.setdefault(label, n) != n:
                    raise ValueError(f"label {label} has extents {extents[label]} and {n}")
        return extents

    def fits(self, *shapes: Shape) -> bool:
        if [len(labels) for labels in (self.a, self.b)] != [len(shape) for shape in shapes]:
            return False
        every = (self.a, self.b, self.out)
        extents = {*zip(self.a, shapes[0], strict=True), *zip(self.b, shapes[1], strict=True)}
        names = {label for label, _ in extents}
        return (
            all(label.isascii() and label.isalpha() for label in names)
            and all(len(set(labels)) == len(labels) for labels in every)
            and set(self.out) <= names
            and len(extents) == len(names)
            and all(sum(label in labels for labels in every) >= 2 for label in names)
        )

    def shape(self, *shapes: Shape) -> Shape:
        extents = self._extents(*shapes)
        return tuple(extents[label] for label in self.out)

    def frac(self, *fracs: float) -> float:
        return sum(fracs)

    def reach(self, *args: Reach) -> Interval:
        a, b = args
        return product(a, b, (self.a, self.b), self.out)

    def meaning(self, *args: Array) -> Array:
        return einsum(f"{self.a},{self.b}->{self.out}", *args)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        a, b = (builder.settled(f"{name}.{side}", x) for side, x in zip("ab", args, strict=True))
        extents = self._extents(a.shape, b.shape)
        number = {label: i for i, label in enumerate(extents)}
        axes = tuple(tuple(number[label] for label in labels) for labels in (self.a, self.b, self.out))
        assert len(axes) == 3
        return builder.einsum(name, tuple(extents.values()), axes, a.expr, b.expr)


@dataclass(frozen=True)
class Take(Operator):
    """Entry j along the last axis of the result is entry columns[j]: a product with a public matrix of zeros and ones."""

    columns: tuple[int, ...]

    def fits(self, *shapes: Shape) -> bool:
        ranked = len(shapes) == 1 and len(shapes[0]) >= 1 and len(self.columns) >= 1
        return ranked and all(0 <= column < shapes[0][-1] for column in self.columns)

    def shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0][:-1], len(self.columns))

    def meaning(self, *args: Array) -> Array:
        return np.take(args[0], self.columns, -1)

    def lower(self, builder: Builder, name: str, *args: Lazy) -> Lazy:
        x = builder.settled(name, args[0])
        rank, n, k = len(x.shape), x.shape[-1], len(self.columns)
        builder.reserve(n, k)
        matrix = np.zeros((n, k), dtype=np.int64)
        matrix[list(self.columns), np.arange(k)] = 1
        lead = tuple(range(rank - 1))
        axes = ((*lead, rank - 1), (rank - 1, rank), (*lead, rank))
        return builder.einsum(name, (*x.shape, k), axes, x.expr, builder.constant(f"{name}.columns", matrix).expr)
