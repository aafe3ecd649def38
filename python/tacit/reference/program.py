"""A program's bytes, digests and layout; its parts are in `syntax`. Docs: program.md, sections 1, 2 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from . import borsh
from .field import bits
from .syntax import (
    Clamp,
    ClampHint,
    Constant,
    DigitsHint,
    DivideHint,
    Einsum,
    Expr,
    Hint,
    InSlab,
    LinearHint,
    Link,
    Lookup,
    LookupHint,
    MaxHint,
    OfEinsum,
    OfTensor,
    OneHotMaxHint,
    Place,
    Port,
    Program,
    Public,
    Range,
    Relu,
    Shape,
    Sign,
    SlabDecl,
    Source,
    Table,
    TableKind,
    Tensor,
    Term,
    Values,
    Witness,
    Zero,
    identity_links,
    is_identity,
)
from .transcript import PROGRAM, SCHEMA, digest_of, domain_tag

__all__ = [
    "NAMED_TENSORS",
    "PROGRAM_CODEC",
    "Clamp",
    "ClampHint",
    "Constant",
    "DigitsHint",
    "DivideHint",
    "Einsum",
    "Expr",
    "Hint",
    "InSlab",
    "LinearHint",
    "Link",
    "Lookup",
    "LookupHint",
    "MaxHint",
    "NamedTensor",
    "OfEinsum",
    "OfTensor",
    "OneHotMaxHint",
    "Place",
    "Port",
    "Program",
    "Public",
    "Range",
    "Relu",
    "Shape",
    "Sign",
    "SlabDecl",
    "SlabLayout",
    "Source",
    "Table",
    "TableKind",
    "Tensor",
    "Term",
    "Values",
    "Witness",
    "Zero",
    "decode_program",
    "digest",
    "encode_program",
    "identity_links",
    "is_identity",
    "layout",
    "schema",
    "schema_of",
    "shape_bits",
    "valid_entries",
]

# ---------------------------------------------------------------- bytes
_U8S, _U32S, _I64S = borsh.vector(borsh.U8), borsh.vector(borsh.U32), borsh.vector(borsh.I64)
_AXES = borsh.vector(borsh.pair_of(borsh.U8, borsh.I32))
_LO_LEN: dict[str, borsh.Codec[Any]] = {"lo": borsh.I64, "len": borsh.U32}

_PLACE = borsh.enum(
    [
        (Constant, borsh.struct(Constant, {"values": _I64S})),
        (Public, borsh.struct(Public, {})),
        (InSlab, borsh.struct(InSlab, {"slab": borsh.U8})),
        (Witness, borsh.struct(Witness, {})),
    ]
)
_TABLE_KIND = borsh.enum(
    [
        (Range, borsh.struct(Range, _LO_LEN)),
        (Relu, borsh.struct(Relu, _LO_LEN)),
        (Sign, borsh.struct(Sign, _LO_LEN)),
        (Values, borsh.struct(Values, {"lo": borsh.I64, "outs": _I64S})),
        (Clamp, borsh.struct(Clamp, {**_LO_LEN, "low": borsh.I64, "high": borsh.I64})),
    ]
)
_SOURCE = borsh.enum(
    [
        (OfTensor, borsh.struct(OfTensor, {"index": borsh.U32})),
        (OfEinsum, borsh.struct(OfEinsum, {"index": borsh.U32})),
    ]
)
_LINK = borsh.struct(Link, {"target": _AXES, "source": _AXES, "offset": borsh.I32, "index": borsh.option(borsh.U32)})
_TERM = borsh.struct(Term, {"coef": borsh.I64, "source": _SOURCE, "links": borsh.vector(_LINK)})
_EXPR = borsh.struct(Expr, {"constant": borsh.I64, "terms": borsh.vector(_TERM)})
_TENSOR = borsh.struct(
    Tensor,
    {
        "name": borsh.STRING,
        "shape": _U32S,
        "place": _PLACE,
        "lo": borsh.I64,
        "hi": borsh.I64,
    },
)
_EINSUM = borsh.struct(
    Einsum,
    {
        "name": borsh.STRING,
        "extents": _U32S,
        "a_axes": _U8S,
        "b_axes": _U8S,
        "out_axes": _U8S,
        "a": _EXPR,
        "b": _EXPR,
    },
)
_LOOKUP = borsh.struct(
    Lookup,
    {
        "name": borsh.STRING,
        "table": borsh.U32,
        "shape": _U32S,
        "input": _EXPR,
        "shift": borsh.U8,
        "output": _EXPR,
    },
)
_PORT = borsh.struct(Port, {"name": borsh.STRING, "tensor": borsh.U32, "frac": borsh.I32})
_DIGITS = borsh.vector(borsh.pair_of(borsh.U32, borsh.U8))
_HINT = borsh.enum(
    [
        (LinearHint, borsh.struct(LinearHint, {"dst": borsh.U32, "expr": _EXPR})),
        (
            DigitsHint,
            borsh.struct(
                DigitsHint,
                {
                    "shape": _U32S,
                    "expr": _EXPR,
                    "digits": _DIGITS,
                    "quotient": borsh.option(borsh.U32),
                },
            ),
        ),
        (
            LookupHint,
            borsh.struct(
                LookupHint,
                {"dst": borsh.U32, "table": borsh.U32, "expr": _EXPR, "shift": borsh.U8},
            ),
        ),
        (
            DivideHint,
            borsh.struct(
                DivideHint,
                {
                    "shape": _U32S,
                    "num": _EXPR,
                    "den": _EXPR,
                    "quotient": borsh.U32,
                    "remainder": borsh.U32,
                },
            ),
        ),
        (
            MaxHint,
            borsh.struct(
                MaxHint,
                {
                    "shape": _U32S,
                    "axes": borsh.U8,
                    "expr": _EXPR,
                    "shift": borsh.U8,
                    "digits": _DIGITS,
                    "quotient": borsh.U32,
                },
            ),
        ),
        (OneHotMaxHint, borsh.struct(OneHotMaxHint, {"shape": _U32S, "expr": _EXPR, "dst": borsh.U32})),
        (
            ClampHint,
            borsh.struct(
                ClampHint,
                {
                    "shape": _U32S,
                    "expr": _EXPR,
                    "shift": borsh.U8,
                    "low": borsh.I64,
                    "high": borsh.I64,
                    "inside": borsh.option(borsh.U32),
                    "outside": borsh.option(borsh.U32),
                },
            ),
        ),
    ]
)
PROGRAM_CODEC: borsh.Codec[Program] = borsh.struct(
    Program,
    {
        "version": borsh.U16,
        "name": borsh.STRING,
        "slabs": borsh.vector(borsh.struct(SlabDecl, {"name": borsh.STRING, "private": borsh.BOOL})),
        "tensors": borsh.vector(_TENSOR),
        "tables": borsh.vector(borsh.struct(Table, {"name": borsh.STRING, "kind": _TABLE_KIND})),
        "einsums": borsh.vector(_EINSUM),
        "lookups": borsh.vector(_LOOKUP),
        "zeros": borsh.vector(borsh.struct(Zero, {"name": borsh.STRING, "shape": _U32S, "expr": _EXPR})),
        "hints": borsh.vector(_HINT),
        "inputs": borsh.vector(_PORT),
        "outputs": borsh.vector(_PORT),
        "architecture": borsh.fixed(32),
    },
)

# A tensor as commitment files and schemas name it: (name, shape, lo, hi).
NamedTensor: TypeAlias = tuple[str, Shape, int, int]
NAMED_TENSORS = borsh.vector(borsh.pair_of(borsh.STRING, _U32S, borsh.I64, borsh.I64))


def decode_program(data: bytes) -> Program:
    """The program with exactly these bytes; Refused("encoding") otherwise. Does not validate."""
    return borsh.decode(PROGRAM_CODEC, data, "program")


def encode_program(program: Program) -> bytes:
    return PROGRAM_CODEC.write(program)


def digest(program_bytes: bytes) -> bytes:
    """The identity of a program: keccak256(T(7, 0) || bytes)."""
    return digest_of(domain_tag(PROGRAM), program_bytes)


def shape_bits(shape: Shape) -> int:
    """log2 of the padded size of a shape."""
    return sum(bits(extent) for extent in shape)


# ---------------------------------------------------------------- layout
@dataclass(frozen=True)
class SlabLayout:
    """Where tensors lie in a slab: their indices in layout order, each one's first cell, the end."""

    order: tuple[int, ...]
    offsets: dict[int, int]
    cells: int


def layout(program: Program, slab: int | None) -> SlabLayout:
    """The layout of a long-lived slab, or (None) of the witness slab. Docs: program.md, section 4."""
    if slab is None:
        members = [i for i, t in enumerate(program.tensors) if isinstance(t.place, Witness)]
        members += range(len(program.tensors), len(program.tensors) + len(program.tables))
    else:
        members = [i for i, t in enumerate(program.tensors) if t.place == InSlab(slab)]
    members.sort(key=lambda i: -shape_bits(program.shape_of(i)))  # stable: ties by index
    offsets: dict[int, int] = {}
    at = 0
    for i in members:
        offsets[i] = at
        at += 1 << shape_bits(program.shape_of(i))
    return SlabLayout(tuple(members), offsets, at)


def schema_of(tensors: Sequence[NamedTensor]) -> bytes:
    """keccak256(T(8, 0) || borsh) of tensors in layout order."""
    return digest_of(domain_tag(SCHEMA), NAMED_TENSORS.write(tuple(tensors)))


def schema(program: Program, slab: int) -> bytes:
    """The schema digest of one of the program's long-lived slabs."""
    members = (program.tensors[i] for i in layout(program, slab).order)
    return schema_of([(t.name, t.shape, t.lo, t.hi) for t in members])


def valid_entries(shape: Shape) -> int:
    return prod(shape)
