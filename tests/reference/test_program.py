"""Bytes and layout of programs; validity programs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy import programs

from tacit.reference import Refused, decode_program, digest, encode_program, schema, validate, validity_program
from tacit.reference.program import (
    Constant,
    InSlab,
    Port,
    Program,
    SlabDecl,
    Tensor,
    layout,
)

ALL = {name: getattr(programs, name)() for name in ("mixed", "links", "linear", "public_model", "wide")}


@pytest.mark.parametrize("name", ALL)
def test_bytes_round_trip(name: str) -> None:
    data = encode_program(ALL[name])
    assert decode_program(data) == ALL[name]
    assert len(digest(data)) == 32
    validate(ALL[name])


def test_known_bytes() -> None:
    tensor = Tensor("x", (2,), Constant((1, -1)), -1, 1)
    program = Program(2, "p", (SlabDecl("d", True),), (tensor,), (), (), (), (), (), (Port("i", 0, -3),), ())
    text = (
        "0200" "01000000" "70" "01000000" "01000000" "64" "01"
        "01000000" "01000000" "78" "01000000" "02000000" "00" "02000000" "0100000000000000" "ffffffffffffffff"
        "ffffffffffffffff" "0100000000000000"
        "00000000" "00000000" "00000000" "00000000" "00000000"
        "01000000" "01000000" "69" "00000000" "fdffffff"
        "00000000" + "00" * 32
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
    program = Program(2, "", (SlabDecl("", True),), (), (), (), (), (), (), (), ())
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
    program = Program(2, "l", (SlabDecl("s", True),), tensors, (), (), (), (), (), (), ())
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
    both = [Program(2, "", slab, order, (), (), (), (), (), (), ()) for order in ((a, b), (b, a))]
    assert schema(both[0], 0) == schema(both[1], 0)
    other = replace(both[0], tensors=(replace(a, hi=2), b))
    assert schema(other, 0) != schema(both[0], 0)


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
