"""The structure of programs and their limits: one program for each rule that is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy import programs
from toy.programs import link

from tacit.reference import Refused, validate
from tacit.reference.commitment import Geometry, Level, place_slabs
from tacit.reference.field import HALF
from tacit.reference.program import (
    Clamp,
    ClampHint,
    Constant,
    Einsum,
    Expr,
    InSlab,
    LinearHint,
    Link,
    MaxHint,
    OfEinsum,
    OfTensor,
    OneHotMaxHint,
    Port,
    Program,
    Public,
    Range,
    SlabDecl,
    Table,
    TableKind,
    Tensor,
    Term,
    Values,
    Witness,
    Zero,
    identity_links,
    schema,
)
from tacit.reference.sizes import Sizes
from tacit.reference.work import check_geometry_work

ALL = {name: getattr(programs, name)() for name in ("mixed", "links", "linear", "public_model", "wide")}


def refused(program: Program) -> Refused:
    with pytest.raises(Refused) as caught:
        validate(program)
    assert caught.value.slug == "program"
    return caught.value


LINEAR = ALL["linear"]
X = LINEAR.tensors[2]


def with_term(**changes) -> Program:
    """linear with its zero's second term changed."""
    zero = LINEAR.zeros[0]
    first, second, *rest = zero.expr.terms
    terms = (first, replace(second, **changes), *rest)
    return replace(LINEAR, zeros=(replace(zero, expr=replace(zero.expr, terms=terms)),))


def with_einsum(**changes) -> Program:
    return replace(LINEAR, einsums=(replace(LINEAR.einsums[0], **changes),))


def maximum(**changes) -> Program:
    """public_model with its maximum, of (2, 4) over the last axis, changed."""
    program = ALL["public_model"]
    hints = [replace(hint, **changes) if isinstance(hint, MaxHint) else hint for hint in program.hints]
    return replace(program, hints=tuple(hints))


def with_table(kind: TableKind) -> Program:
    """mixed with one more table."""
    program = ALL["mixed"]
    return replace(program, tables=(*program.tables, Table("more", kind)))


TOP = next(hint.quotient for hint in ALL["public_model"].hints if isinstance(hint, MaxHint))
HOT = next(hint.dst for hint in ALL["public_model"].hints if isinstance(hint, OneHotMaxHint))
BAD_MAXIMA = {
    "no axis": {"axes": 0},
    "no axis, and the whole shape written": {"axes": 0, "quotient": HOT},
    "both axes": {"axes": 2},
    "more axes than there are": {"axes": 3},
    "the whole shape": {"quotient": HOT},
    "a shift of 63": {"shift": 63},
    "a digit of 63 bits": {"digits": ((TOP, 63),)},
    "a digit of the whole shape": {"digits": ((HOT, 1),)},
    "a digit that is no tensor": {"digits": ((99, 1),)},
}


def clamping(**changes) -> Program:
    """mixed with one more hint, into two tensors of (2, 3)."""
    program = ALL["mixed"]
    a, r = (next(i for i, t in enumerate(program.tensors) if t.name == name) for name in "ar")
    hint = ClampHint((2, 3), Expr(0, ()), 1, -2, 5, a, r)
    return replace(program, hints=(*program.hints, replace(hint, **changes)))


BAD_CLAMPS = {
    "a shift of 63": {"shift": 63},
    "no value": {"low": 6},
    "another shape inside": {"inside": 0},
    "another shape outside": {"outside": 0},
    "no tensor inside": {"inside": 99},
    "no tensor outside": {"outside": 99},
    "a constant": {"shape": (3, 2), "inside": 3, "outside": None},
    "an expression of no tensor": {"expr": Expr(0, (Term(1, OfTensor(99), ()),))},
}


def test_clamps_within_the_rules() -> None:
    for changes in ({}, {"inside": None}, {"outside": None}, {"shift": 62, "low": -(2**63), "high": 2**63 - 1}):
        validate(clamping(**changes))


def test_maxima_within_the_rules() -> None:
    validate(maximum(shift=62, digits=((TOP, 62),)))
    validate(maximum(shape=(2, 2, 2), axes=2, expr=Expr(0, ())))


def test_names_are_unique_within_a_place() -> None:
    """Two slabs of one schema, and public tensors of their names."""
    copies = [replace(t, place=InSlab(2)) for t in LINEAR.tensors if t.place == InSlab(0)]
    shown = [replace(t, place=Public()) for t in copies]
    slabs = (*LINEAR.slabs, SlabDecl("next", True))
    program = replace(LINEAR, slabs=slabs, tensors=(*LINEAR.tensors, *copies, *shown))
    validate(program)
    assert schema(program, 0) == schema(program, 2)


STRUCTURE = {
    "version": replace(LINEAR, version=1),
    "long name": replace(LINEAR, name="x" * 129),
    "slab twice": replace(LINEAR, slabs=(SlabDecl("model", True), SlabDecl("model", True))),
    "slab without a name": replace(LINEAR, slabs=(SlabDecl("", True), SlabDecl("data", True))),
    "too many slabs": replace(LINEAR, slabs=tuple(SlabDecl(str(i), True) for i in range(17))),
    "tensor twice": replace(LINEAR, tensors=(*LINEAR.tensors, X)),
    "tensor twice in a slab": replace(LINEAR, tensors=(*LINEAR.tensors, LINEAR.tensors[0])),
    "public as constant": replace(LINEAR, tensors=(*LINEAR.tensors, Tensor("y", (1,), Constant((1,)), 0, 1))),
    "tensor without a name": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name=""))),
    "tensor in no slab": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", place=InSlab(2)))),
    "empty interval": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", lo=1, hi=0))),
    "nine axes": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", shape=(1,) * 9))),
    "extent 0": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", shape=(0,)))),
    "2^31 entries": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", shape=(2**16, 2**14 + 1)))),
    "constant too short": replace(LINEAR, tensors=(*LINEAR.tensors, Tensor("c", (2,), Constant((1,)), 0, 1))),
    "constant outside": replace(LINEAR, tensors=(*LINEAR.tensors, Tensor("c", (2,), Constant((1, 2)), 0, 1))),
    "table without lookups": replace(LINEAR, tables=(Table("t", Range(0, 4)),)),
    "coefficient 0": with_term(coef=0),
    "no such tensor": with_term(source=OfTensor(99)),
    "no such einsum": with_term(source=OfEinsum(1)),
    "einsum not as the identity": with_term(source=OfEinsum(0), links=()),
    "target axis out of range": with_term(links=(link([(1, 1)], [(0, 1)]),)),
    "source axis out of range": with_term(links=(link([(0, 1)], [(1, 1)]),)),
    "target axis twice": with_term(links=(link([(0, 1)], [(0, 1)]), link([(0, 1)], []))),
    "source axis twice in one link": with_term(links=(link([(0, 1)], [(0, 1), (0, 2)]),)),
    "stride 0": with_term(links=(link([(0, 0)], [(0, 1)]),)),
    "link without axes": with_term(links=(Link((), (), 0),)),
    "label out of range": with_einsum(a_axes=(0, 2)),
    "label twice": with_einsum(a_axes=(0, 0)),
    "label of one operand only": with_einsum(extents=(4, 6, 2), b_axes=(1, 2)),
    "label of the output only": with_einsum(extents=(4, 6, 2), out_axes=(0, 2)),
    "einsum in an operand": with_einsum(a=Expr(0, (Term(1, OfEinsum(0), identity_links(2)),))),
    "operand of another shape": with_einsum(a_axes=(1, 0), a=Expr(0, (Term(1, OfEinsum(0), ()),))),
    "port of nothing": replace(LINEAR, inputs=(Port("p", 99, 0),)),
    "port of a constant": replace(ALL["mixed"], inputs=(Port("p", 3, 0),)),
    "port without a name": replace(LINEAR, inputs=(Port("", 0, 0),)),
    "inputs of one name": replace(LINEAR, inputs=(Port("p", 0, 0), Port("p", 0, 1))),
    "outputs of one name": replace(LINEAR, outputs=(Port("p", 0, 0), Port("p", 0, 1))),
    "frac too large": replace(LINEAR, outputs=(Port("p", 0, 513),)),
    "frac too small": replace(LINEAR, outputs=(Port("p", 0, -513),)),
    "shift": replace(ALL["mixed"], lookups=(replace(ALL["mixed"].lookups[0], shift=63),)),
    "lookup of no table": replace(ALL["mixed"], lookups=(replace(ALL["mixed"].lookups[0], table=9),)),
    "empty table": replace(ALL["mixed"], tables=(Table("t", Range(0, 0)), *ALL["mixed"].tables[1:])),
    "clamp without values": with_table(Clamp(-4, 8, 3, 2)),
    "clamp beyond the field": with_table(Clamp(-4, 8, -3, 2**63 - 1)),
    "clamp below the field": with_table(Clamp(-4, 8, -(2**63), 2)),
    "empty clamp": with_table(Clamp(0, 0, 0, 1)),
    "long clamp": with_table(Clamp(0, 2**32 - 1, 0, 1)),
    "table that leaves the field": with_table(Clamp(HALF, 2, 0, 1)),
    "values that leave the field": with_table(Values(0, (-(2**63),))),
    "long table": replace(ALL["mixed"], tables=(Table("t", Range(0, 2**20 + 1)), *ALL["mixed"].tables[1:])),
    "interval beyond p/2": replace(LINEAR, tensors=(*LINEAR.tensors, replace(X, name="z", lo=-(2**63)))),
    "hint that writes a constant": replace(ALL["mixed"], hints=(LinearHint(3, Expr(1, ())),)),
    "hint of another shape": replace(ALL["public_model"], hints=(replace(ALL["public_model"].hints[3], shape=(3, 4)),)),
    **{f"maximum: {name}": maximum(**fields) for name, fields in BAD_MAXIMA.items()},
    **{f"clamp: {name}": clamping(**fields) for name, fields in BAD_CLAMPS.items()},
    "hint of no tensor": replace(LINEAR, hints=(replace(LINEAR.hints[0], dst=99),)),
}


@pytest.mark.parametrize("name", STRUCTURE)
def test_structure(name: str) -> None:
    refused(STRUCTURE[name])


# ---------------------------------------------------------------- limits
def test_ports_within_the_rules() -> None:
    validate(replace(LINEAR, inputs=(Port("p", 0, 512),), outputs=(Port("p", 0, -512),)))


def test_rows_of_all_tables() -> None:
    program = ALL["mixed"]
    more = tuple(Table(f"t{i}", Range(0, 2**19 + 1)) for i in range(16))
    place = refused(replace(program, tables=(*program.tables, *more))).place
    assert place == "tables"
    validate(replace(program, tables=(*program.tables, *more[:15])))


def test_entries_of_forms() -> None:
    """2^20 cells after a fold of 2 are 2^18 entries: 2^8 terms are allowed, one more is not."""
    big = Tensor("x", (2**10, 2**10), Witness(), 0, 1)
    public = Tensor("y", (2**10, 2**10), Public(), 0, 1)
    terms = (Term(1, OfTensor(0), ()),) * 200
    operand = Expr(0, terms[:56])

    def program(zero: Expr, b: Expr) -> Program:
        einsum = Einsum("e", (1,), (0,), (0,), (), operand, b)
        zeros = (Zero("z", (1,), zero),)
        return Program(2, "p", (), (big, public), (), (einsum,), (), zeros, (), (), ())

    fits = Expr(0, (*terms, Term(1, OfTensor(1), ())))
    check_geometry_work(program(fits, operand), 2, 1)
    for zero, b in ((Expr(0, (*terms, terms[0])), operand), (fits, replace(operand, constant=1))):
        with pytest.raises(Refused) as caught:
            check_geometry_work(program(zero, b), 2, 1)
        assert (caught.value.slug, caught.value.place) == ("program", "forms")
    with pytest.raises(Refused, match="cells"):
        check_geometry_work(LINEAR, 2, 2**24 + 1)


def test_columns_are_bounded() -> None:
    geometry = Geometry(0, 4, 256, 12, 1, 0, (Level(4, 8, 1),))
    for rows, slug in ((2**11, None), (2**13, "geometry")):
        program = Program(2, "p", (), (Tensor("x", (rows, 2**8), Witness(), 0, 1),), (), (), (), (), (), (), ())
        if slug is None:
            assert place_slabs(program, Sizes.of(program), geometry, []).fold == 16
            continue
        with pytest.raises(Refused, match="columns") as caught:
            place_slabs(program, Sizes.of(program), geometry, [])
        assert caught.value.slug == slug
