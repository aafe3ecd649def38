"""Bytes of programs."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from execution import execute, table_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import any_programs, good_programs

from tacit import program as pg
from tacit.errors import ProgramError, WitnessError
from tacit.program.builder import Builder, Lazy, Settings
from tacit.program.intervals import OutOfField, validate
from tacit.reference import Refused, decode_program
from tacit.reference import program as reference
from tacit.reference import validate as validate_bytes

QUICK = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@QUICK
@given(any_programs())
def test_round_trip(program: pg.Program) -> None:
    assert pg.Program.decode(program.encode()) == program


@QUICK
@given(any_programs(), st.data())
def test_every_cut_and_extension_is_refused(program: pg.Program, data: st.DataObject) -> None:
    encoded = program.encode()
    with pytest.raises(pg.EncodingError):
        pg.Program.decode(encoded[: data.draw(st.integers(0, len(encoded) - 1))])
    with pytest.raises(pg.EncodingError):
        pg.Program.decode(encoded + b"\0")


@QUICK
@given(any_programs(), st.data())
def test_a_changed_byte_is_another_program_or_refused(program: pg.Program, data: st.DataObject) -> None:
    encoded = bytearray(program.encode())
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] ^= data.draw(st.integers(1, 255))
    try:
        other = pg.Program.decode(bytes(encoded))
    except pg.EncodingError:
        return
    assert other != program
    assert other.encode() == bytes(encoded)


def test_known_bytes() -> None:
    """Pinned by hand from docs/protocol/program.md."""
    links = (pg.Link(((1, -1),), (), 5), pg.Link((), ((2, 1),), -1, 9))
    expr = pg.Expr(-2, (pg.Term(3, pg.FromEinsum(7), links),))
    program = pg.Program("p", zeros=(pg.Zero("z", (2,), expr),))
    expected = (
        b"\2\0"
        + b"\1\0\0\0p"
        + b"\0" * 20  # version, name, slabs, tensors, tables, einsums, lookups
        + b"\1\0\0\0"
        + b"\1\0\0\0z"
        + b"\1\0\0\0\2\0\0\0"  # one zero: name, shape
        + b"\xfe"
        + b"\xff" * 7
        + b"\1\0\0\0"
        + b"\3"
        + b"\0" * 7
        + b"\1\7\0\0\0"  # constant, one term: coef, einsum 7
        + b"\2\0\0\0"  # two links
        + b"\1\0\0\0\1\xff\xff\xff\xff"
        + b"\0\0\0\0"
        + b"\5\0\0\0\0"  # target, source, offset, no index
        + b"\0\0\0\0"
        + b"\1\0\0\0\2\1\0\0\0"
        + b"\xff\xff\xff\xff\1\x09\0\0\0"  # index 9
        + b"\0" * 12  # hints, inputs, outputs
        + b"\0" * 32  # no architecture
    )
    assert program.encode() == expected


def test_known_bytes_of_a_clamp() -> None:
    program = pg.Program("p", tables=(pg.Table("t", pg.ClampTable(-8, 16, -3, 5)),))
    ends = [(-8).to_bytes(8, "little", signed=True), b"\x10\0\0\0", b"\xfd" + b"\xff" * 7, b"\5" + b"\0" * 7]
    kind = b"\1\0\0\0t\4" + b"".join(ends)
    assert program.encode() == b"\2\0\1\0\0\0p" + b"\0" * 8 + b"\1\0\0\0" + kind + b"\0" * (24 + 32)
    assert decode_program(program.encode()).tables == (reference.Table("t", reference.Clamp(-8, 16, -3, 5)),)


@pytest.mark.parametrize("ends", [(-3, 5), (-99, 99), (9, 12), (-12, -9), (2, 2)])
def test_rows_of_a_clamp(ends: tuple[int, int]) -> None:
    kind = pg.ClampTable(-8, 16, *ends)
    lo, outs = table_rows(kind)
    assert (lo, pg.table_len(kind), pg.table_in(kind)) == (-8, 16, (-8, 7))
    assert outs.tolist() == [min(max(x, ends[0]), ends[1]) for x in range(-8, 8)]
    assert pg.table_out(kind) == (outs.min(), outs.max())


def test_a_lookup_hint_rounds_down() -> None:
    """v from x alone, then a from x, its remainder and v: what is clamped needs no digits above the remainder."""
    b = Builder("floor", Settings())
    x = b.whole(b.tensor("x", (6,), pg.Public(), (-2048, 2047)))
    b.inputs.append(pg.Port("x", 0, 0))
    value = b.sum((1, x), constant=2)
    r, v, a = (b.witness(name, (6,)) for name in "rva")
    outside = pg.Values(-64, tuple(t - min(max(t, -1), 2) for t in range(-64, 64)))
    clamp = pg.ClampTable(-8, 32, 0, 15)
    inner = b.sum((1, value), (-1, b.whole(r)), (-32, b.whole(v)))
    b.hints.append(pg.DigitsHint((6,), value.expr, ((r, 2),), None))
    b.hints.append(pg.LookupHint(v, b.table(outside), value.expr, 5))
    b.hints.append(pg.LookupHint(a, b.table(clamp), inner.expr, 2))
    b.lookup("r", pg.Range(0, 4), b.whole(r))
    b.lookup("v", pg.Range(-64, 129), b.whole(v))
    b.lookup("a", clamp, inner, 2, b.whole(a).expr)
    program = b.build()
    validate(program)
    decode_program(program.encode())
    run = execute(program, {"x": np.array([-2048, -3, 17, 57, 58, 2045])})
    assert run.named("v").tolist() == [-63, 0, 0, 0, 0, 61]
    assert run.named("a").tolist() == [0, 0, 4, 14, 15, 15]
    # The relation divides, whatever the hint does.
    hints = (pg.LinearHint(r, pg.Expr()), *program.hints[1:])
    with pytest.raises(WitnessError, match="not a row of clamp") as caught:
        execute(dataclasses.replace(program, hints=hints), {"x": np.array([-2048, -3, 17, 57, 58, 2045])})
    assert caught.value.place == "a"
    short = dataclasses.replace(program.tables[0], kind=pg.Values(-64, outside.outs[:-1]))
    with pytest.raises(WitnessError, match="the value 63 is out of"):
        execute(dataclasses.replace(program, tables=(short, *program.tables[1:])), {"x": np.full(6, 2045)})


def two(reach: int) -> tuple[Builder, Lazy, Lazy]:
    """x and y, public, in [-reach, reach]."""
    b = Builder("two", Settings())
    x, y = (b.whole(b.tensor(name, (3,), pg.Public(), (-reach, reach))) for name in "xy")
    b.inputs += [pg.Port("x", 0, 0), pg.Port("y", 1, 0)]
    return b, x, y


def test_products_that_vanish() -> None:
    """Only the factors must fit the field; 2^32 * 2^32 is not 0 though 64 bits say so."""
    b, x, y = two(2**62)
    b.vanishing("xy", x, y)
    program = b.build()
    validate(program)
    validate_bytes(decode_program(program.encode()))
    execute(program, {"x": np.array([2**62, 0, 0]), "y": np.array([0, -(2**62), 0])})
    for one, other in ((2**32, 2**32), (2**62, -(2**62)), (1, 1)):
        with pytest.raises(WitnessError, match="not zero") as caught:
            execute(program, {"x": np.array([0, 0, one]), "y": np.array([0, 0, other])})
        assert caught.value.place == "xy"
    wide = dataclasses.replace(program, tensors=(dataclasses.replace(program.tensors[0], hi=2**63), program.tensors[1]))
    with pytest.raises(ProgramError, match="operand a of xy"):
        validate(wide)


def test_products_that_must_be_bounded() -> None:
    """A product that is read, alone or beside another term, and a factor beyond the field."""
    b, x, y = two(2**40)
    with pytest.raises(OutOfField, match="einsum xy"):
        b.hadamard("xy", x, y)
    b, x, y = two(2**62)
    with pytest.raises(OutOfField, match="factor b of xy"):
        b.vanishing("xy", x, b.sum((2, y)))
    b, x, y = two(2**40)
    b.vanishing("xy", x, y)
    program = b.build()
    (zero,) = program.zeros
    (term,) = zero.expr.terms
    one = pg.Term(1, pg.FromTensor(0), term.links)
    for expr in (
        pg.Expr(1, (term,)),
        pg.Expr(0, (term, one)),
        pg.Expr(0, (term, term)),
        pg.Expr(0, (dataclasses.replace(term, coef=2),)),
    ):
        changed = dataclasses.replace(program, zeros=(dataclasses.replace(zero, expr=expr),))
        with pytest.raises(ProgramError, match="einsum xy"):
            validate(changed)
        with pytest.raises(ProgramError, match="einsum xy"):  # bare as well, but read by another
            validate(dataclasses.replace(program, zeros=(zero, *changed.zeros)))
        with pytest.raises(Refused, match="zero xy"):
            validate_bytes(decode_program(changed.encode()))
    contracted = dataclasses.replace(program.einsums[0], out_axes=())
    zeros = (pg.Zero("xy", (), pg.Expr(0, (dataclasses.replace(term, links=()),))),)
    with pytest.raises(ProgramError, match="einsum xy"):
        validate(dataclasses.replace(program, einsums=(contracted,), zeros=zeros))


def test_a_clamp_hint() -> None:
    """Rounded down, the part within the ends and the part beyond them; either alone."""
    x = np.array([-2048, -3, 17, 57, 58, 2045])
    for names in (("inside", "outside"), ("inside",), ("outside",)):
        b = Builder("clamp", Settings())
        value = b.sum((1, b.whole(b.tensor("x", (6,), pg.Public(), (-2048, 2047)))), constant=2)
        b.inputs.append(pg.Port("x", 0, 0))
        parts = {name: b.witness(name, (6,)) for name in names}
        b.hints.append(pg.ClampHint((6,), value.expr, 5, -1, 2, parts.get("inside"), parts.get("outside")))
        for index in parts.values():
            b.lookup("range", pg.Range(-64, 129), b.whole(index))
        program = b.build()
        validate_bytes(decode_program(program.encode()))
        run = execute(program, {"x": x})
        for name in names:
            expected = {"inside": [-1, -1, 0, 1, 1, 2], "outside": [-63, 0, 0, 0, 0, 61]}[name]
            assert run.named(name).tolist() == expected


@pytest.mark.parametrize(
    ("constant", "terms", "found"),
    [
        (0, {"y": 1}, (0, 7)),
        (5, {"y": -1}, (-2, 5)),
        (0, {"y": 1, "x": 1}, (-7, 15)),
        (0, {"y": 2}, None),
        (0, {"y": 1, "unknown": 1}, None),
        (0, {"y": 1, "x": 2**60}, None),
    ],
)
def test_outputs_bound_what_is_left(constant: int, terms: dict[str, int], found: tuple[int, int] | None) -> None:
    b = Builder("outputs", Settings())
    names = {"x": b.tensor("x", (4,), pg.Public(), (-8, 7)), "y": b.witness("y", (4,)), "unknown": b.witness("w", (4,))}
    output = b.sum(*((coef, b.whole(names[name])) for name, coef in terms.items()), constant=constant)
    b.lookup("l", pg.ReluTable(-8, 16), b.whole(0), output=output.expr)
    assert b.intervals.known.get(1) == found


def test_a_value_without_encoding_is_refused() -> None:
    tensor = pg.Tensor("t", (1,), pg.Public(), -(2**63) - 1, 0)
    with pytest.raises(pg.EncodingError):
        pg.Program("p", tensors=(tensor,)).encode()
    with pytest.raises(pg.EncodingError):
        pg.Program("p" * 129).encode()


def test_another_version_is_refused() -> None:
    with pytest.raises(pg.EncodingError, match="version 1, expected 2"):
        pg.Program.decode(dataclasses.replace(pg.Program("p"), version=1).encode())


def test_layout_is_by_size_then_index() -> None:
    slab = pg.Slab(0)
    shapes = [(3,), (5,), (4,), (2, 3)]
    tensors = tuple(pg.Tensor(str(i), shape, slab, 0, 1) for i, shape in enumerate(shapes))
    program = pg.Program("p", slabs=(pg.SlabDecl("model", True),), tensors=tensors)
    assert pg.slab_tensors(program, 0) == [1, 3, 0, 2]
    assert pg.slab_cells(program, 0) == 8 + 8 + 4 + 4


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(good_programs())
def test_random_programs_execute_to_their_reference(case: tuple[pg.Program, dict, dict]) -> None:
    program, givens, expected = case
    validate(program)
    run = execute(program, givens)
    assert np.array_equal(run.named("y"), expected["y"])


def test_names_are_unique_within_a_place() -> None:
    """Each slab is a place; what is in none leaves out the names of slab tensors, too."""
    builder = Builder("step", Settings())
    builder.slabs += [pg.SlabDecl("base", True), pg.SlabDecl("next", True)]

    def named(name: str, place: pg.Place) -> str:
        return builder.tensors[builder.tensor(name, (2,), place, (0, 1))].name

    assert named("x", pg.Public()) == "x"
    assert [named("w", pg.Slab(0)), named("w", pg.Slab(1)), named("w", pg.Slab(1))] == ["w", "w", "w~1"]
    assert [named("w", pg.Witness()), named("w~1", pg.Public())] == ["w~1~1", "w~1~2"]
    assert [named("x", pg.Slab(0)), named("x", pg.Constant((0, 1)))] == ["x", "x~1"]
    assert pg.addresses(builder.slabs, builder.tensors) == [
        "/x", "base/w", "next/w", "w~1", "w~1~1", "w~1~2", "base/x", "x~1",
    ]  # fmt: skip
    program = builder.build()
    validate_bytes(decode_program(program.encode()))
    assert reference.schema(decode_program(program.encode()), 0) != reference.schema(
        decode_program(program.encode()), 1
    )
