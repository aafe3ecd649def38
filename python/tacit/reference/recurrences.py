"""Rule 3 of intervals: zeros that carry a witness tensor along an axis. Docs: program.md, section 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .syntax import Link, OfTensor, Program, Shape, Term, Witness, Zero, identity_links


@dataclass(frozen=True)
class Recurrence:
    """e x[t] - e x[t - 1] + rest[t] = 0 along an axis, with e = 1 or -1 and x[-1] = 0."""

    now: int  # which term is e x[t]
    steps: int  # x's extent on the axis
    counts: tuple[int | None, ...]  # at how many of the steps each term stands; None for the two of x

    def rest(self, constant: int, found: Sequence[tuple[int, int] | None]) -> tuple[int, int] | None:
        """What rest[0] + .. + rest[t] lies in, whatever t; None where a term is unknown."""
        lo, hi = self.steps * min(constant, 0), self.steps * max(constant, 0)
        for count, own in zip(self.counts, found, strict=True):
            if count is None:
                continue
            if own is None:
                return None
            lo, hi = lo + count * min(own[0], 0), hi + count * max(own[1], 0)
        return lo, hi


def recurrence_of(program: Program, zero: Zero) -> Recurrence | None:
    """What the zero carries: the first tensor, in the order of the terms e x[t], if there are several."""
    terms = zero.expr.terms
    uses: dict[int, list[int]] = {}
    for number, term in enumerate(terms):
        if isinstance(term.source, OfTensor) and isinstance(program.tensors[term.source.index].place, Witness):
            uses.setdefault(term.source.index, []).append(number)
    pairs = {both[0]: both[1] for both in uses.values() if len(both) == 2}
    pairs |= {second: first for first, second in pairs.items()}
    for now in sorted(pairs):
        before = pairs[now]
        axis = _carried_along(terms[now], terms[before], zero.shape, program.shape_of(terms[now].source.index))
        if axis is not None:
            steps = program.shape_of(terms[now].source.index)[axis]
            counts = (None if i in (now, before) else _count(term, axis, steps) for i, term in enumerate(terms))
            return Recurrence(now, steps, tuple(counts))
    return None


def _carried_along(now: Term, before: Term, shape: Shape, source: Shape) -> int | None:
    """The axis k on which `before` says t - 1 = s; on all others both say t = s, with the zero's extents."""
    if now.coef not in (1, -1) or before.coef != -now.coef or len(source) != len(shape):
        return None
    straight = identity_links(len(shape))
    if now.links != straight or len(before.links) != len(shape):
        return None
    moved = [axis for axis in range(len(shape)) if before.links[axis] != straight[axis]]
    if len(moved) != 1 or before.links[moved[0]] != Link(((moved[0], 1),), ((moved[0], 1),), -1):
        return None
    (axis,) = moved
    same = all(source[other] == extent for other, extent in enumerate(shape) if other != axis)
    return axis if same and source[axis] <= shape[axis] else None


def _count(term: Term, axis: int, steps: int) -> int:
    """Once, or not at all, where a link says t = c on the axis; else at every step."""
    for link in term.links:
        if not link.source and link.target == ((axis, 1),):
            return int(0 <= -link.offset < steps)
    return steps
