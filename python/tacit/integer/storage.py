"""Where a parameter's entries lie in the model slab.

Every axis is padded to a power of two there, so a 5x5x6x16 kernel would take 3.4 times its entries. A parameter may be
stored with axes merged, or an axis in pieces of power-of-two extents; links (or one term a piece) give its own shape back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise, product
from math import prod

from tacit import program as pg
from tacit.integer.graph import Parameter
from tacit.program import Expr, FromTensor, Term, affine
from tacit.program.affine import Shape
from tacit.program.builder import Array, Builder, Lazy, int_array

#: A verifier touches every entry of a link's group of axes: merged groups stay below this.
LARGEST_GROUP = 8192
_MODEL = pg.Slab(0)
#: [from, to) an axis.
Box = tuple[tuple[int, int], ...]
#: Every piece is one more term: it must save this many cells, and there are not many.
PIECE, MOST_PIECES = 1024, 8


@dataclass(frozen=True)
class Piece:
    """A tensor of the slab: a box of the parameter in its merged shape."""

    parameter: Parameter
    merged: Shape
    box: Box

    def values(self) -> Array:
        """Its integers."""
        return int_array(self.parameter.values.reshape(self.merged)[tuple(slice(a, b) for a, b in self.box)])


def store(
    builder: Builder, name: str, parameter: Parameter, pieces: dict[str, Piece], place: pg.Place = _MODEL
) -> Lazy:
    """Declare the tensors in a slab, the model's, and return the parameter as an expression of its own shape."""
    shape = tuple(int(n) for n in parameter.real.shape)
    groups = best_groups(shape)
    merged = tuple(prod(shape[i] for i in group) for group in groups)
    parts: list[tuple[int, Expr]] = []
    for box in boxes(merged):
        label = name if not parts else f"{name}#{len(parts)}"
        index = builder.tensor(label, tuple(b - a for a, b in box), place, (parameter.lo, parameter.hi))
        pieces[builder.tensors[index].name] = Piece(parameter, merged, box)
        links = tuple(pg.Link(((i, 1),), ((i, 1),), -a) for i, (a, _) in enumerate(box))
        parts.append((1, Expr(0, (Term(1, FromTensor(index), links),))))
    expr = affine.add(*parts)
    for position, group in reversed(list(enumerate(groups))):
        if len(group) > 1:
            current = (*merged[: position + 1], *shape[group[-1] + 1 :])
            expr = affine.split(expr, current, position, [shape[i] for i in group], builder.shapes)
    return Lazy(expr, shape)


def best_groups(shape: Shape) -> list[tuple[int, ...]]:
    """Consecutive axes to merge: the fewest padded cells, then the fewest merges."""
    rank = len(shape)
    best: tuple[int, int, list[tuple[int, ...]]] | None = None
    for count in range(rank):
        for cuts in combinations(range(1, rank), rank - 1 - count):
            ends = (0, *cuts, rank)
            groups = [tuple(range(a, b)) for a, b in pairwise(ends)]
            extents = [prod(shape[i] for i in group) for group in groups]
            if any(len(g) > 1 and n > LARGEST_GROUP for g, n in zip(groups, extents, strict=True)):
                continue
            cells = prod(1 << pg.bits(n) for n in extents)
            if best is None or cells < best[0]:
                best = (cells, count, groups)
    return best[2] if best is not None else []


def boxes(shape: Shape, *, width: int = 1, most: int = MOST_PIECES, piece: int = PIECE) -> list[Box]:
    """The shape as boxes: every axis whole, or its largest powers of two and a rest; the fewest padded cells.

    `width` tensors of this shape are placed; every box counts as `piece` further cells, and there are at most `most`.
    """
    best: tuple[int, list[list[int]]] | None = None
    for parts in _choices([_splits(n) for n in shape], most):
        count = prod(len(part) for part in parts)
        cells = width * prod(sum(1 << pg.bits(n) for n in part) for part in parts)
        if best is None or cells + count * piece < best[0]:
            best = (cells + count * piece, parts)
    assert best is not None
    axes = [list(pairwise((0, *accumulate(part)))) for part in best[1]]
    return [tuple(box) for box in product(*axes)]


def _choices(splits: list[list[list[int]]], most: int) -> Iterator[list[list[int]]]:
    """One split of each axis, in order, with at most so many boxes in all."""
    if not splits:
        yield []
        return
    for part in splits[0]:
        if len(part) <= most:
            for rest in _choices(splits[1:], most // len(part)):
                yield [part, *rest]


def _splits(n: int) -> list[list[int]]:
    """[n], then with one, two, .. of its largest powers of two split off."""
    out, head = [[n]], list[int]()
    while n & (n - 1):
        power = 1 << (n.bit_length() - 1)
        head, n = [*head, power], n - power
        out.append([*head, n])
    return out
