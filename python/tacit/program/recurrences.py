"""Zeros that carry a tensor along an axis, from one step to the next (docs/protocol/program.md, section 5, rule 3).

e x[t] - e x[t-1] + rest[t] = 0 with e = 1 or -1 and x[-1] = 0: so x[t] = -e (rest[0] + .. + rest[t]).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tacit.program.syntax import Expr, FromTensor, Link, Term, identity_links

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Recurrence:
    """Where a zero's expression has the tensor that it carries.

    `now`: the position of the term e x[t]. `steps`: x's extent on the axis. `counts`: at how many steps each term stands;
    None for the two of x.
    """

    now: int
    steps: int
    counts: tuple[int | None, ...]

    def rest(self, constant: int, found: Sequence[tuple[int, int] | None]) -> tuple[int, int] | None:
        """The interval of rest[0] + .. + rest[t] for all t, from those of the terms; None where one is unknown."""
        ends = [(self.steps * min(constant, 0), self.steps * max(constant, 0))]
        for own, count in zip(found, self.counts, strict=True):
            if count is not None:
                if own is None:
                    return None
                ends.append((count * min(own[0], 0), count * max(own[1], 0)))
        return sum(lo for lo, _ in ends), sum(hi for _, hi in ends)


def straight(axis: int, offset: int = 0) -> Link:
    """t + offset = s on one axis."""
    return Link(((axis, 1),), ((axis, 1),), offset)


def recurrence(expr: Expr, shape: Shape, shapes: Sequence[Shape], witness: Collection[int]) -> Recurrence | None:
    """What a zero's expression carries, if it carries anything; the first tensor, in the order of the terms e x[t]."""
    uses: dict[int, list[int]] = {}
    for position, term in enumerate(expr.terms):
        if isinstance(term.source, FromTensor) and term.source.index in witness:
            uses.setdefault(term.source.index, []).append(position)
    pairs = sorted(order for both in uses.values() if len(both) == 2 for order in (both, both[::-1]))
    for now, before in pairs:
        one, other = expr.terms[now], expr.terms[before]
        source = shapes[one.source.index]
        axis = _axis(one, other, shape, source)
        if axis is not None:
            counts = [_count(term, axis, source[axis]) for term in expr.terms]
            return Recurrence(now, source[axis], tuple(None if i in (now, before) else n for i, n in enumerate(counts)))
    return None


def _axis(now: Term, before: Term, shape: Shape, source: Shape) -> int | None:
    """The axis along which `now` and `before` are e x[t] and -e x[t-1] at every index of x."""
    if abs(now.coef) != 1 or before.coef != -now.coef or len(source) != len(shape):
        return None
    if now.links != identity_links(len(shape)):
        return None
    for axis, (extent, own) in enumerate(zip(shape, source, strict=True)):
        links = tuple(straight(i, -1 if i == axis else 0) for i in range(len(shape)))
        if before.links == links:
            return axis if own <= extent and shape == (*source[:axis], extent, *source[axis + 1 :]) else None
    return None


def _count(term: Term, axis: int, steps: int) -> int:
    fixed = [-link.offset for link in term.links if not link.source and link.target == ((axis, 1),)]
    return steps if not fixed else int(0 <= fixed[0] < steps)
