"""Views as expressions: what an affine map does to the links of docs/protocol/program.md, section 2.

An expression over a target shape is carried through reshape, transpose, slice, pad, patches, concat and sums by rewriting
its links only. Where the link language cannot say the result, `Inexpressible` is raised and the caller commits the
tensor first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod

from tacit.program.room import Room, size
from tacit.program.syntax import Expr, FromEinsum, FromTensor, Link, Source, Term, identity_links

Shape = tuple[int, ...]
#: The old index as an affine form of the new ones: ((new axis, stride), ..), offset.
Row = tuple[tuple[tuple[int, int], ...], int]


class Inexpressible(Exception):
    """No links say this view of this expression."""


class Shapes:
    """The extents of every source that terms may refer to; and what room there is for rewriting terms."""

    def __init__(self, room: Room | None = None) -> None:
        self.room = room
        self.tensors: list[Shape] = []
        self.einsums: list[Shape] = []

    def of(self, source: Source) -> Shape:
        return (self.tensors if isinstance(source, FromTensor) else self.einsums)[source.index]


def add(*parts: tuple[int, Expr]) -> Expr:
    """sum coef * expr, equal terms collected."""
    constant, terms = 0, dict[tuple[Source, tuple[Link, ...]], int]()
    for coef, expr in parts:
        constant += coef * expr.constant
        for term in expr.terms:
            key = (term.source, term.links)
            terms[key] = terms.get(key, 0) + coef * term.coef
    return Expr(constant, tuple(Term(coef, source, links) for (source, links), coef in terms.items() if coef))


def plain(source: Source, rank: int) -> Expr:
    """The source itself, over its own shape."""
    return Expr(0, (Term(1, source, identity_links(rank)),))


def along(source: Source, shape: Shape, axis: int, offset: int) -> Expr:
    """source[.., t + offset, ..] on one axis, 0 where it has no such entry; the links are not brought into normal form.

    With offsets 0 and -1 these are the two terms by which a zero carries a tensor along the axis (intervals, rule 3).
    """
    links = [Link(((i, 1),), ((i, 1),), offset if i == axis else 0) for i in range(len(shape))]
    return Expr(0, (Term(1, source, tuple(links)),))


def at_step(expr: Expr, axis: int, step: int) -> Expr:
    """The expression at t = step of a new axis, 0 at its other entries. Raises Inexpressible for a constant."""
    if expr.constant:
        raise Inexpressible("a constant at one step")
    here = Link(((axis, 1),), (), -step)

    def moved(link: Link) -> Link:
        return replace(link, target=tuple((i + (i >= axis), d) for i, d in link.target))

    return Expr(0, tuple(Term(t.coef, t.source, (here, *map(moved, t.links))) for t in expr.terms))


def entry(expr: Expr, shape: Shape, axis: int, index: int, shapes: Shapes) -> Expr:
    """The entries at one index of an axis, which vanishes."""
    rows: list[Row] = [(((i - (i > axis), 1),), 0) if i != axis else ((), index) for i in range(len(shape))]
    return substitute(expr, shape, (*shape[:axis], *shape[axis + 1 :]), rows, shapes)


def gathered(source: Source, shape: Shape, axis: int, index: int, index_shape: Shape) -> Expr:
    """source[.., index[..], ..]: the axes of the index in place of one axis; 0 where an entry is none of the axis'."""
    n = len(index_shape)
    picks = Link(tuple((axis + i, 1) for i in range(n)), ((axis, 1),), 0, index)
    others = [Link(((i + (n - 1 if i > axis else 0), 1),), ((i, 1),)) for i in range(len(shape)) if i != axis]
    return Expr(0, (Term(1, source, (picks, *others)),))


def has_einsum(expr: Expr) -> bool:
    """Whether the output of an einsum occurs."""
    return any(isinstance(term.source, FromEinsum) for term in expr.terms)


def span(pairs: Sequence[tuple[int, int]], shape: Shape) -> tuple[int, int]:
    """Least and greatest value of sum stride * index over valid indices."""
    ends = [(min(0, d * (shape[i] - 1)), max(0, d * (shape[i] - 1))) for i, d in pairs]
    return sum(lo for lo, _ in ends), sum(hi for _, hi in ends)


def normal(link: Link, target: Shape, source: Shape) -> Link | None:
    """The link without axes of extent one; None when it always holds. Raises LookupError when it never does.

    An index has its own axes: its link stays as it is.
    """
    if link.index is not None:
        return link
    t = tuple((i, d) for i, d in link.target if target[i] > 1)
    s = tuple((j, d) for j, d in link.source if source[j] > 1)
    if not t and not s:
        if link.offset:
            raise LookupError
        return None
    return Link(t, s, link.offset)


def normalised(expr: Expr, target: Shape, shapes: Shapes) -> Expr:
    """Every link in normal form; terms that are zero everywhere left out."""
    if shapes.room is not None:
        shapes.room.take(terms=size(expr))
    terms = []
    for term in expr.terms:
        try:
            links = [normal(link, target, shapes.of(term.source)) for link in term.links]
        except LookupError:
            continue
        terms.append(Term(term.coef, term.source, tuple(link for link in links if link is not None)))
    return add((1, Expr(expr.constant, tuple(terms))))


def substitute(expr: Expr, old: Shape, new: Shape, rows: Sequence[Row], shapes: Shapes) -> Expr:
    """The expression at old index i = sum stride * new index + offset, zero where an old index is out of range.

    `rows` has one entry an old axis; no new axis occurs in two of them, and a new axis in none is a broadcast.
    """
    reach = [tuple(end + offset for end in span(pairs, new)) for pairs, offset in rows]
    outside = [lo < 0 or hi >= old[i] for i, (lo, hi) in enumerate(reach)]
    if expr.constant and any(outside):
        raise Inexpressible("a constant beside padding")
    terms = []
    for term in expr.terms:
        linked = {i for link in term.links for i, _ in link.target}
        if any(out and i not in linked for i, out in enumerate(outside)):
            raise Inexpressible("a broadcast axis beside padding")
        links = []
        for link in term.links:
            if link.index is not None:
                links.append(_picked(link, old, new, rows))
                continue
            s_lo, s_hi = span(link.source, shapes.of(term.source))
            for i, d in link.target:
                if outside[i] and _meets(link, i, d, reach, old[i], s_lo, s_hi):
                    raise Inexpressible("padding would show entries that were cut off")
            target = tuple((j, d * e) for i, d in link.target for j, e in rows[i][0])
            links.append(Link(target, link.source, link.offset + sum(d * rows[i][1] for i, d in link.target)))
        terms.append(Term(term.coef, term.source, tuple(links)))
    return normalised(Expr(expr.constant, tuple(terms)), new, shapes)


def _picked(link: Link, old: Shape, new: Shape, rows: Sequence[Row]) -> Link:
    """An index link on the new axes: each of its axes is one of them, as it is. Raises Inexpressible."""
    for i, _ in link.target:
        pairs, offset = rows[i]
        if len(pairs) != 1 or offset or pairs[0][1] != 1 or new[pairs[0][0]] != old[i]:
            raise Inexpressible("another view of an index")
    return replace(link, target=tuple((rows[i][0][0][0], 1) for i, _ in link.target))


def _meets(link: Link, axis: int, stride: int, reach: Sequence[tuple[int, ...]], extent: int, lo: int, hi: int) -> bool:
    """Whether an index of `axis` out of [0, extent) could satisfy the link with sources in [lo, hi]."""
    rest_lo = link.offset + sum(min(d * reach[i][0], d * reach[i][1]) for i, d in link.target if i != axis)
    rest_hi = link.offset + sum(max(d * reach[i][0], d * reach[i][1]) for i, d in link.target if i != axis)
    # stride * index lies in [lo - rest_hi, hi - rest_lo].
    least, most = (lo - rest_hi, hi - rest_lo) if stride > 0 else (rest_lo - hi, rest_hi - lo)
    first, last = -(-least // abs(stride)), most // abs(stride)
    start, end = reach[axis]
    beyond = (start, min(end, -1)), (max(start, extent), end)
    return any(max(first, a) <= min(last, b) for a, b in beyond)


def transpose(expr: Expr, shape: Shape, perm: Sequence[int], shapes: Shapes) -> Expr:
    """New axis j is old axis perm[j]."""
    rows: list[Row] = [(((list(perm).index(i), 1),), 0) for i in range(len(shape))]
    return substitute(expr, shape, tuple(shape[i] for i in perm), rows, shapes)


def merge(expr: Expr, shape: Shape, first: int, count: int, shapes: Shapes) -> Expr:
    """Axes first .. first + count - 1 become one, row-major."""
    group = [i for i in range(first, first + count) if shape[i] > 1]
    place = {i: prod(shape[i + 1 : first + count]) for i in group}

    def renamed(i: int) -> int:
        return i if i < first else first if i < first + count else i - count + 1

    merged = _Merge(shape, first, group, place, renamed)
    terms = []
    for term in expr.terms:
        touched = [link for link in term.links if any(i in place for i, _ in link.target)]
        if any(link.index is not None and first <= i < first + count for link in term.links for i, _ in link.target):
            raise Inexpressible("a merge of an index' axes")
        links = [
            replace(
                link, target=tuple((renamed(i), d) for i, d in link.target if shape[i] > 1 or link.index is not None)
            )
            for link in term.links
            if link not in touched
        ]
        if touched:
            links.append(merged.link(touched, shapes.of(term.source)))
        terms.append(Term(term.coef, term.source, tuple(links)))
    new = (*shape[:first], prod(shape[first : first + count]), *shape[first + count :])
    return normalised(Expr(expr.constant, tuple(terms)), new, shapes)


@dataclass(frozen=True)
class _Merge:
    """Axes of `shape` that become the one axis `first`: those of more than one entry (`group`) by their strides (`place`)."""

    shape: Shape
    first: int
    group: list[int]
    place: dict[int, int]
    renamed: Callable[[int], int]

    def link(self, links: list[Link], source: Shape) -> Link:
        """One link on the merged axis that says the same as `links` on its parts. Raises Inexpressible."""
        return self._whole(links[0]) if len(links) == 1 and len(self.group) > 1 else self._parts(links, source)

    def _whole(self, link: Link) -> Link:
        """d * place_i * t_i for every part: d times the merged index."""
        strides, last = dict(link.target), self.group[-1]
        if not all(i in strides for i in self.group):
            raise Inexpressible("a merge of a broadcast axis")
        d, remainder = divmod(strides[last], self.place[last])
        if remainder or any(strides[i] != d * self.place[i] for i in self.group):
            raise Inexpressible("a merge of axes in another order")
        rest = tuple((self.renamed(i), e) for i, e in link.target if i not in self.place and self.shape[i] > 1)
        return Link(((self.first, d), *rest), link.source, link.offset)

    def _parts(self, links: list[Link], source: Shape) -> Link:
        """A link for each part, d t_i + offset = S: then t_i = d (S - offset), and the merged index is their sum by place."""
        parts: list[tuple[int, int]] = []
        offset, done = 0, set()
        for link in links:
            target = [(i, d) for i, d in link.target if self.shape[i] > 1]
            if len(target) != 1 or abs(target[0][1]) != 1:
                raise Inexpressible("a merge of a strided axis")
            ((i, d),) = target
            lo, hi = sorted(d * (end - link.offset) for end in span(link.source, source))
            if i != self.group[0] and (lo < 0 or hi >= self.shape[i]):
                raise Inexpressible("a merge of a cut axis")
            parts += [(j, e * d * self.place[i]) for j, e in link.source]
            offset += d * self.place[i] * link.offset
            done.add(i)
        if done != set(self.group):
            raise Inexpressible("a merge of a broadcast axis")
        return Link(((self.first, 1),), tuple(parts), offset)


def split(expr: Expr, shape: Shape, axis: int, extents: Sequence[int], shapes: Shapes) -> Expr:
    """One axis becomes several, row-major."""
    k = len(extents)
    rows: list[Row] = []
    for i in range(len(shape)):
        if i == axis:
            rows.append((tuple((axis + j, prod(extents[j + 1 :])) for j in range(k)), 0))
        else:
            rows.append((((i if i < axis else i + k - 1, 1),), 0))
    return substitute(expr, shape, (*shape[:axis], *extents, *shape[axis + 1 :]), rows, shapes)


def reshape(expr: Expr, shape: Shape, new: Shape, shapes: Shapes) -> Expr:
    """Row-major reshape, by the smallest groups of axes that agree."""
    if prod(shape) != prod(new):
        raise ValueError(f"reshape {shape} to {new}")
    i = j = 0
    done: list[int] = []
    while i < len(shape) or j < len(new):
        i1, j1 = min(i + 1, len(shape)), min(j + 1, len(new))
        while prod(shape[i:i1]) != prod(new[j:j1]) or (i1 == i and j1 == j):
            if prod(shape[i:i1]) < prod(new[j:j1]) or j1 == len(new):
                i1 += 1
            else:
                j1 += 1
        at = len(done)
        current = (*done, *shape[i:])
        if i1 == i:
            # A new axis of extent one.
            rows: list[Row] = [(((a if a < at else a + 1, 1),), 0) for a in range(len(current))]
            expr = substitute(expr, current, (*done, 1, *shape[i:]), rows, shapes)
        else:
            if i1 - i > 1:
                expr = merge(expr, current, at, i1 - i, shapes)
                current = (*done, prod(shape[i:i1]), *shape[i1:])
            if new[j:j1] != current[at : at + 1]:
                expr = split(expr, current, at, new[j:j1], shapes)
        done += new[j:j1]
        i, j = i1, j1
    return expr


def spread(expr: Expr, shape: Shape, axis: int, step: int, shapes: Shapes) -> Expr:
    """New entry step * i of the axis is old entry i; the entries between are 0.

    A link d i + rest + offset = S with d = 1 or -1 holds at i iff d j + step (rest + offset) = step S does at j = step i, and
    at no j that is no multiple of step.
    """
    if step == 1 or shape[axis] == 1:
        return expr
    terms = []
    for term in expr.terms:
        links, found = [], False
        for link in term.links:
            strides = dict(link.target)
            if axis not in strides:
                links.append(link)
                continue
            if abs(strides[axis]) != 1 or link.index is not None:
                raise Inexpressible("a strided or picked axis spread out")
            found = True
            target = tuple((i, d if i == axis else d * step) for i, d in link.target)
            links.append(Link(target, tuple((j, d * step) for j, d in link.source), link.offset * step))
        if not found:
            raise Inexpressible("a broadcast axis spread out")
        terms.append(Term(term.coef, term.source, tuple(links)))
    if expr.constant:
        raise Inexpressible("a constant spread out")
    new = (*shape[:axis], step * (shape[axis] - 1) + 1, *shape[axis + 1 :])
    return normalised(Expr(0, tuple(terms)), new, shapes)


def total(expr: Expr, shape: Shape, axis: int, shapes: Shapes) -> Expr:
    """The sum over one axis, which vanishes."""
    extent = shape[axis]
    new = (*shape[:axis], *shape[axis + 1 :])
    terms = []
    for term in expr.terms:
        coef, links = term.coef, []
        if not any(axis == i and shape[i] > 1 for link in term.links for i, _ in link.target):
            coef *= extent
        for link in term.links:
            target = tuple((i, d) for i, d in link.target if shape[i] > 1 or link.index is not None)
            if axis in dict(target) and link.index is not None:
                raise Inexpressible("a sum over an index' axis")
            if axis in dict(target):
                lo, hi = sorted(
                    dict(target)[axis] * (e - link.offset) for e in span(link.source, shapes.of(term.source))
                )
                if len(target) > 1 or abs(target[0][1]) != 1 or lo < 0 or hi >= extent:
                    raise Inexpressible("a sum over a cut or shared axis")
                continue
            links.append(replace(link, target=tuple((i - (i > axis), d) for i, d in target)))
        terms.append(Term(coef, term.source, tuple(links)))
    return normalised(Expr(expr.constant * extent, tuple(terms)), new, shapes)
