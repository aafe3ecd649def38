"""Limits of relations, reached and passed by one: both verifiers give the same answer. Docs: program.md, sections 2, 3 and 5."""

from __future__ import annotations

import pytest
from test_limits import (
    NOTHING,
    Make,
    build,
    cases,
    check,
    lookup,
    product,
    ranged,
    reference,
    rust,
    scalar,
    with_,
    with_tables,
    zero,
)
from toy.programs import Build, link, picked

from tacit.reference.field import HALF
from tacit.reference.program import (
    Constant,
    Einsum,
    Expr,
    LinearHint,
    Link,
    LookupHint,
    OfEinsum,
    OfTensor,
    Port,
    Program,
    Public,
    Range,
    Shape,
    Term,
    Values,
    Witness,
)


# ---------------------------------------------------------------- indices
def linked(*links: Link, coef: int = 1, shape: Shape = (3,)) -> Program:
    """A term of t0 over the shape that both have."""
    return with_("zeros", zero(Expr(0, (Term(coef, OfTensor(0), links),)), shape), build(2, shape))


def labels(count: int) -> Program:
    """Each in two of three lists, which have room for twelve; where there are more, one is in one list only."""
    a, b, out = (*range(8),), (*range(4), *range(8, 12)), (*range(4, 12),)
    more = tuple(range(12, count))
    return with_("einsums", Einsum("e", (1,) * count, a, b, out[: 8 - len(more)] + more, NOTHING, NOTHING))


def einsum_term(einsum: int) -> Program:
    p = build()
    p.einsums.append(product(NOTHING, NOTHING))
    return with_("zeros", zero(Expr(0, (Term(1, OfEinsum(einsum), ()),))), p)


def hinted(tensor: int) -> Program:
    return with_("hints", LinearHint(tensor, NOTHING))


def indexed(extent: int = 3, stride: int = 1, source: int = 1, index: int = 1) -> Program:
    """t0[q[t]] over (3), q = t1 of (extent)."""
    p = Build("indexed", [])
    p.tensor("t0", (3,), Public(), 0, 1)
    p.tensor("t1", (extent,), Public(), 0, 2)
    own = Link(((0, stride),), ((0, source),), 0, index)
    return with_("zeros", zero(Expr(0, (Term(1, OfTensor(0), (own,)),)), (3,)), p)


INDICES: dict[str, tuple[Make, int]] = {
    "tensor of a term": (lambda t: with_("zeros", zero(Expr(0, (scalar(t),)))), 0),
    "einsum of a term": (einsum_term, 0),
    "table of a lookup": (lambda t: with_("lookups", lookup(table=t), ranged()), 0),
    "table of a hint": (lambda t: with_("hints", LookupHint(0, t, NOTHING, 0), ranged()), 0),
    "tensor of a hint": (hinted, 0),
    "tensor of a port": (lambda t: with_("outputs", Port("p", t, 0)), 0),
    "target axis": (lambda axis: linked(link([(axis, 1)], [(0, 1)])), 0),
    "source axis": (lambda axis: linked(link([(0, 1)], [(axis, 1)])), 0),
    "label": (lambda label: with_("einsums", Einsum("e", (1,), (label,), (0,), (), NOTHING, NOTHING)), 0),
    "labels": (labels, 12),
    "index of a link": (lambda index: indexed(index=index), 1),
    "entries of an index": (lambda extent: indexed(extent=extent), 3),
    "target stride of an index": (lambda stride: indexed(stride=stride), 1),
    "source stride of an index": (lambda stride: indexed(source=stride), 1),
}
INDICES_BELOW: dict[str, tuple[Make, int]] = {
    "entries of an index": (lambda extent: indexed(extent=extent), 3),
    "source stride of an index": (lambda stride: indexed(source=stride), -1),
    "coefficient": (lambda coef: linked(link([(0, 1)], [(0, 1)]), coef=coef), 1),
    "target stride": (lambda stride: linked(link([(0, stride)], [(0, 1)])), 1),
    "source stride": (lambda stride: linked(link([(0, 1)], [(0, stride)])), 1),
    "axes of a link": (lambda n: linked(Link(((0, 1),) * n, (), 0)), 1),
    "axes of an index's source": (lambda n: linked(Link(((0, 1),), ((0, 1),) * n, 0, 1)), 1),
}


# ---------------------------------------------------------------- bounds
def fixed(value: int) -> Build:
    """A constant c, and a witness tensor x of which nothing is known."""
    p = Build("fixed", [])
    p.tensor("c", (), Constant((value,)), value, value)
    p.tensor("x", (), Witness(), -HALF, HALF)
    return p


def looked_up(input: int, output: int, shift: int = 0) -> Program:
    """Against a table with ins of up to 7 and outs of up to 9."""
    p = with_tables(fixed(0), Values(-7, (0,) * 14 + (9,)))
    return with_("lookups", lookup(Expr(input, ()), Expr(output, ()), shift=shift), p)


def contraction(value: int, entries: int = 1) -> Program:
    """2^31 times a constant, so many times."""
    return with_("einsums", product(Expr(2**31, ()), Expr(value, ()), (entries,), (0,)))


def sum_of(constant: int) -> Program:
    """x + c + constant = 0 with c = HALF: x is known where c + constant lies in (-p/2, p/2)."""
    p = fixed(HALF)
    p.zeros.append(zero(Expr(constant, (scalar(1), scalar(0)))))
    return p.done()


def cancelling(value: int) -> Program:
    """2^48 c - 2^48 c: a term is known to 2^96."""
    p = fixed(value)
    return with_("zeros", zero(Expr(0, (scalar(0, 2**48), scalar(0, -(2**48))))), p)


def declared(hi: int) -> Program:
    """x is one of 0 to 3, and declared up to `hi`."""
    p = with_tables(build(), Range(0, 4))
    p.tensor("x", (), Witness(), 0, hi)
    p.range_check("x", 0)
    return p.done()


def lookup_entries(more: int) -> Program:
    """2^40 - 1 valid entries, and so many more."""
    of = [tuple(2 ** max(0, min(4, bits - 4 * axis)) for axis in range(8)) for bits in range(31)]
    shapes = [*[of[30]] * 1023, *of[:30], *[()] * more]
    return of_shapes(shapes)


def of_shapes(shapes: list[Shape]) -> Program:
    p = ranged()
    p.lookups = [lookup(shape=shape) for shape in shapes]
    return p.done()


BOUNDS: dict[str, tuple[Make, int]] = {
    "zero": (lambda x: with_("zeros", zero(Expr(x, ()))), HALF),
    "input": (lambda x: looked_up(x, 0), HALF - 7),
    "input, shifted": (lambda x: looked_up(x, 0, 60), HALF - (7 << 60)),
    "output": (lambda x: looked_up(0, x), HALF - 9),
    "operand": (lambda x: with_("einsums", product(Expr(x, ()), NOTHING)), HALF),
    "product": (contraction, 2**32 - 1),
    "contraction": (lambda n: contraction(2**29 - 1, n), 8),
    "rest": (lambda x: sum_of(x), 0),
    "term": (cancelling, 2**48),
    "lookup entries": (lookup_entries, 0),
}
BOUNDS_BELOW: dict[str, tuple[Make, int]] = {
    "zero": (lambda x: with_("zeros", zero(Expr(x, ()))), -HALF),
    "input": (lambda x: looked_up(x, 0), -(HALF - 7)),
    "output": (lambda x: looked_up(0, x), -(HALF - 9)),
    "operand": (lambda x: with_("einsums", product(NOTHING, Expr(x, ()))), -HALF),
    "product": (contraction, -(2**32 - 1)),
    "declared": (declared, 3),
    "term": (cancelling, -(2**48)),
}

ALL = cases({**INDICES, **BOUNDS}, {**INDICES_BELOW, **BOUNDS_BELOW})


@pytest.mark.parametrize("name", ALL)
def test_limits_of_relations(name: str) -> None:
    check(*ALL[name])


def test_entries_of_lookups_are_the_valid_ones() -> None:
    """2^40 and more with padding, 2^34 without."""
    program = of_shapes([(9,) * 6 + (5,) * 2] * 1025)
    assert (rust(program), reference(program)) == ("accepted", ("accepted", ""))


def test_ends_of_integers_that_are_no_limits() -> None:
    """Offsets, strides and coefficients as far as their bytes go; an index whose entries leave 63 bits with the offset."""
    end = 2**31
    programs = [
        linked(link([(0, -end)], [(0, end - 1)], end - 1)),
        linked(link([(0, end - 1)], [(0, -1)], -end)),
        linked(link([(0, 1)], [(0, 1)], -end), coef=HALF),
    ]
    for entry, offset in ((HALF, end - 1), (-HALF, -end)):
        p = build(1, (3,))
        p.tensor("q", (3,), Constant((entry,) * 3), entry, entry)
        term = Term(1, OfTensor(0), (picked([0], 0, 1, offset),))
        programs.append(with_("zeros", zero(Expr(0, (term,)), (3,)), p))
    for program in programs:
        assert (rust(program), reference(program)) == ("accepted", ("accepted", ""))
