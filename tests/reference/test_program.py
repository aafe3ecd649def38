"""Bytes, layout, intervals and validation of programs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy import programs
from toy.programs import Build, link

from tacit.reference import Refused, decode_program, digest, encode_program, schema, validate, validity_program
from tacit.reference.commitment import Geometry, Level, place_slabs
from tacit.reference.field import HALF
from tacit.reference.intervals import Intervals
from tacit.reference.program import (
    Clamp,
    ClampHint,
    Constant,
    Einsum,
    Expr,
    InSlab,
    LinearHint,
    Link,
    Lookup,
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
    layout,
)
from tacit.reference.sizes import Sizes
from tacit.reference.work import check_geometry_work

ALL = {name: getattr(programs, name)() for name in ("mixed", "links", "linear", "public_model", "wide")}


def refused(program: Program) -> Refused:
    with pytest.raises(Refused) as caught:
        validate(program)
    assert caught.value.slug == "program"
    return caught.value


@pytest.mark.parametrize("name", ALL)
def test_bytes_round_trip(name: str) -> None:
    data = encode_program(ALL[name])
    assert decode_program(data) == ALL[name]
    assert len(digest(data)) == 32
    validate(ALL[name])


def test_known_bytes() -> None:
    tensor = Tensor("x", (2,), Constant((1, -1)), -1, 1)
    program = Program(1, "p", (SlabDecl("d", True),), (tensor,), (), (), (), (), (), (Port("i", 0, -3),), ())
    text = (
        "0100" "01000000" "70" "01000000" "01000000" "64" "01"
        "01000000" "01000000" "78" "01000000" "02000000" "00" "02000000" "0100000000000000" "ffffffffffffffff"
        "ffffffffffffffff" "0100000000000000"
        "00000000" "00000000" "00000000" "00000000" "00000000"
        "01000000" "01000000" "69" "00000000" "fdffffff"
        "00000000"
    )  # fmt: skip
    assert encode_program(program).hex() == text


@pytest.mark.parametrize("name", ["linear", "public_model"])
def test_every_cut_is_refused(name: str) -> None:
    data = encode_program(ALL[name])
    for end in range(0, len(data), 7):
        with pytest.raises(Refused, match="encoding"):
            decode_program(data[:end])
    with pytest.raises(Refused, match="encoding"):
        decode_program(data + b"\0")


@pytest.mark.parametrize("name", ["linear", "public_model"])
def test_changed_bytes_are_another_program_or_none(name: str) -> None:
    data = encode_program(ALL[name])
    for at in range(0, len(data), 5):
        changed = data[:at] + bytes([data[at] ^ 0x81]) + data[at + 1 :]
        try:
            program = decode_program(changed)
        except Refused as error:
            slug = error.slug
        else:
            slug = "encoding" if encode_program(program) == changed else "not canonical"
        assert slug == "encoding"


@pytest.mark.parametrize(
    ("at", "new", "detail"),
    [
        (12, b"\2", "bool"),  # SlabDecl.private
        (4, b"\xff", "UTF-8"),  # the name's one letter
        (7, b"\xff", "entries"),  # the slab list's length
    ],
)
def test_not_canonical(at: int, new: bytes, detail: str) -> None:
    program = Program(1, "", (SlabDecl("", True),), (), (), (), (), (), (), (), ())
    data = encode_program(program)
    layout_of_fields = data[:2] + data[2:6] + data[6:10] + data[10:14] + data[14:15]
    assert data.startswith(layout_of_fields)
    if detail == "UTF-8":
        data = data[:2] + b"\1\0\0\0" + new + data[6:]
    elif detail == "bool":
        data = data[:14] + new + data[15:]
    else:
        data = data[:6] + new * 4 + data[10:]
    with pytest.raises(Refused, match=detail):
        decode_program(data)


def test_layout_sorts_by_padded_size() -> None:
    shapes = [(3,), (5,), (2, 2), (), (7, 1)]
    tensors = tuple(Tensor(f"t{i}", s, InSlab(0), 0, 1) for i, s in enumerate(shapes))
    program = Program(1, "l", (SlabDecl("s", True),), tensors, (), (), (), (), (), (), ())
    where = layout(program, 0)
    assert where.order == (1, 4, 0, 2, 3)
    assert where.offsets == {1: 0, 4: 8, 0: 16, 2: 20, 3: 24}
    assert where.cells == 25


def test_witness_layout_has_the_multiplicities() -> None:
    where = layout(ALL["mixed"], None)
    count = len(ALL["mixed"].tensors)
    assert where.order[0] == count + 1  # the table of 171 rows
    assert set(where.order) >= {count, count + 1}


def test_schema_follows_the_layout_not_the_order() -> None:
    a, b = Tensor("a", (2,), InSlab(0), 0, 1), Tensor("b", (4,), InSlab(0), 0, 1)
    slab = (SlabDecl("s", True),)
    both = [Program(1, "", slab, order, (), (), (), (), (), (), ()) for order in ((a, b), (b, a))]
    assert schema(both[0], 0) == schema(both[1], 0)
    other = replace(both[0], tensors=(replace(a, hi=2), b))
    assert schema(other, 0) != schema(both[0], 0)


# ---------------------------------------------------------------- structure
def spoil(name: str, **changes) -> Program:
    return replace(ALL[name], **changes)


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


STRUCTURE = {
    "version": replace(LINEAR, version=2),
    "long name": replace(LINEAR, name="x" * 129),
    "slab twice": replace(LINEAR, slabs=(SlabDecl("model", True), SlabDecl("model", True))),
    "slab without a name": replace(LINEAR, slabs=(SlabDecl("", True), SlabDecl("data", True))),
    "too many slabs": replace(LINEAR, slabs=tuple(SlabDecl(str(i), True) for i in range(17))),
    "tensor twice": replace(LINEAR, tensors=(*LINEAR.tensors, X)),
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


# ---------------------------------------------------------------- intervals
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
        return Program(1, "p", (), (big, public), (), (einsum,), (), zeros, (), (), ())

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
        program = Program(1, "p", (), (Tensor("x", (rows, 2**8), Witness(), 0, 1),), (), (), (), (), (), (), ())
        if slug is None:
            assert place_slabs(program, Sizes.of(program), geometry, []).fold == 16
            continue
        with pytest.raises(Refused, match="columns") as caught:
            place_slabs(program, Sizes.of(program), geometry, [])
        assert caught.value.slug == slug


def witness_program(*, lookup: bool = True, lo: int = 0, hi: int = 15) -> Build:
    p = Build("w", [("data", True)])
    p.tensor("x", (4,), "data", -100, 100)
    p.tensor("w", (4,), Witness(), lo, hi)
    if lookup:
        p.tables.append(Table("t", Range(0, 16)))
        p.range_check("w", 0)
    return p


def test_unbounded_witness_is_refused_where_it_is_used() -> None:
    p = witness_program(lookup=False)
    validate(p.done())
    p.zeros.append(Zero("z", (4,), p.expr(p.term("w", 2))))
    assert "bounds" in refused(p.done()).detail


def test_declared_interval_must_contain_the_derived_one() -> None:
    validate(witness_program().done())
    assert "derived" in refused(witness_program(hi=14).done()).detail


def test_zero_bounds_a_witness_both_ways() -> None:
    for coef in (1, -1):
        p = witness_program(lookup=False, lo=-203, hi=203)
        rest = p.term("x", 2)
        p.zeros.append(Zero("z", (4,), p.expr(p.term("w", coef), rest, constant=3)))
        program = p.done()
        validate(program)
        assert Intervals(program).known[1] == ((-197, 203) if coef == -1 else (-203, 197))


def test_zero_with_the_witness_twice_bounds_nothing() -> None:
    p = witness_program(lookup=False)
    p.zeros.append(Zero("z", (4,), p.expr(p.term("w"), p.term("w", links=(link([(0, -1)], [(0, 1)], 3),)))))
    refused(p.done())


def test_chain_of_zeros_in_any_order() -> None:
    p = Build("chain", [("data", True)])
    p.tensor("t0", (2,), "data", -1, 1)
    for i in range(1, 6):
        p.tensor(f"t{i}", (2,), Witness(), -(2**i), 2**i)
    for i in (5, 3, 1, 2, 4):
        p.zeros.append(Zero(f"z{i}", (2,), p.expr(p.term(f"t{i}"), p.term(f"t{i - 1}", -2))))
    program = p.done()
    validate(program)
    assert Intervals(program).known[5] == (-32, 32)


def test_wrapping_zero() -> None:
    p = Build("wrap", [("data", True)])
    p.tensor("x", (4,), "data", -(2**60), 2**60)
    p.output("ok", (4,), p.expr(p.term("x", 4)), -(2**62) + 2**33, 2**62 - 2**33)
    validate(p.done())
    p.zeros.append(Zero("z", (4,), p.expr(p.term("x", 8))))
    assert "wrap" in refused(p.done()).detail


def test_wrapping_einsum() -> None:
    p = Build("wrap", [("data", True)])
    p.tensor("x", (8,), "data", -(2**30), 2**30)
    p.einsums.append(Einsum("e", (8,), (0,), (0,), (), p.of("x"), p.of("x")))
    assert refused(p.done()).place == "einsum e"
    narrow = replace(p.einsums[0], extents=(4,))
    p.tensors[0] = replace(p.tensors[0], shape=(4,))
    p.einsums[0] = narrow
    validate(p.done())


def test_lookup_shift_counts() -> None:
    p = witness_program()
    p.lookups.append(Lookup("s", 0, (4,), p.of("x"), 58, Expr(0, ())))
    validate(p.done())
    p.lookups[-1] = replace(p.lookups[-1], shift=60)
    assert refused(p.done()).place == "lookup s"


def test_summed_terms_scale_the_interval() -> None:
    p = Build("sum", [("data", True)])
    p.tensor("x", (3, 5), "data", 2, 7)
    summed = p.expr(p.term("x", links=(link([(0, 1)], [(0, 1)]),)))
    padded = p.expr(p.term("x", links=(link([(0, 1)], [(0, 1)], 1), link([(1, 1)], [(1, 1)]))))
    merged = p.expr(p.term("x", links=(link([(0, 1)], [(0, 5), (1, 1)]),)))
    known = Intervals(p.done())
    assert known.expr(summed, (3,)) == (0, 35)
    assert known.expr(padded, (3, 5)) == (0, 7)
    assert known.expr(merged, (15,)) == (2, 7)
    assert known.expr(p.of("x"), (3, 5)) == (2, 7)


def test_contradiction_is_refused() -> None:
    p = witness_program()
    p.tables.append(Table("far", Range(100, 4)))
    p.range_check("w", 1)
    assert "no value" in refused(p.done()).detail


# ---------------------------------------------------------------- validity programs
def test_validity_program_with_one_table() -> None:
    program = validity_program("s", [("a", (2, 2), -4, 3), ("b", (3,), -4, 3), ("c", (), 0, 255)])
    validate(program)
    assert [t.name for t in program.tables] == ["range-4+8", "range0+256"]
    assert [x.name for x in program.lookups] == ["a", "b", "c"]
    assert not program.zeros
    assert all(t.place == InSlab(0) for t in program.tensors)


def test_validity_program_with_digits() -> None:
    program = validity_program("s", [("a", (2,), -(2**19), 2**19 - 1), ("b", (1,), 0, 7)])
    validate(program)
    assert [t.name for t in program.tensors] == ["a", "b", "a.digit0", "a.digit1", "a.digit2"]
    assert [t.hi for t in program.tensors[2:]] == [255, 255, 15]
    assert [t.name for t in program.tables] == ["range0+256", "range0+16", "range0+8"]
    zero = program.zeros[0]
    assert zero.expr.constant == 2**19
    assert [t.coef for t in zero.expr.terms] == [1, -1, -256, -65536]


def test_validity_width_grows_with_the_slab() -> None:
    program = validity_program("s", [("a", (2**15,), 0, 2**16 - 1)])
    assert [t.name for t in program.tables] == ["range0+65536"]
    assert not program.zeros


def test_validity_needs_a_power_of_two() -> None:
    with pytest.raises(Refused, match="schema"):
        validity_program("s", [("a", (2,), 0, 1000)])


def test_public_tensor_intervals_are_believed() -> None:
    p = Build("public", [])
    p.tensor("y", (2,), Public(), -5, 5)
    known = Intervals(p.done())
    assert known.known == [(-5, 5)]
