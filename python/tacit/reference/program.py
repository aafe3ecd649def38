"""The program and its bytes. Docs: program.md, sections 1, 2 and 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from . import borsh
from .field import bits
from .transcript import PROGRAM, SCHEMA, digest_of, domain_tag

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Constant:
    values: tuple[int, ...]


@dataclass(frozen=True)
class Public:
    pass


@dataclass(frozen=True)
class InSlab:
    slab: int


@dataclass(frozen=True)
class Witness:
    pass


Place: TypeAlias = Constant | Public | InSlab | Witness


@dataclass(frozen=True)
class SlabDecl:
    name: str
    private: bool


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: Shape
    place: Place
    lo: int
    hi: int


@dataclass(frozen=True)
class Range:
    lo: int
    len: int


@dataclass(frozen=True)
class Relu:
    lo: int
    len: int


@dataclass(frozen=True)
class Sign:
    lo: int
    len: int


@dataclass(frozen=True)
class Values:
    lo: int
    outs: tuple[int, ...]


TableKind: TypeAlias = Range | Relu | Sign | Values


@dataclass(frozen=True)
class Table:
    name: str
    kind: TableKind

    @property
    def rows(self) -> int:
        return len(self.kind.outs) if isinstance(self.kind, Values) else self.kind.len

    @property
    def ins(self) -> range:
        return range(self.kind.lo, self.kind.lo + self.rows)

    @property
    def outs(self) -> Sequence[int]:
        """The second column, row by row."""
        match self.kind:
            case Range():
                return [0] * self.rows
            case Relu():
                return [max(x, 0) for x in self.ins]
            case Sign():
                return [1 if x >= 0 else 0 for x in self.ins]
            case Values(outs=outs):
                return outs


@dataclass(frozen=True)
class OfTensor:
    index: int


@dataclass(frozen=True)
class OfEinsum:
    index: int


Source: TypeAlias = OfTensor | OfEinsum


@dataclass(frozen=True)
class Link:
    """sum stride * target axis + offset = sum stride * source axis."""

    target: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    offset: int


@dataclass(frozen=True)
class Term:
    coef: int
    source: Source
    links: tuple[Link, ...]


def identity_links(axes: int) -> tuple[Link, ...]:
    """t_i = s_i for every axis, in order."""
    return tuple(Link(((i, 1),), ((i, 1),), 0) for i in range(axes))


def is_identity(term: Term, target: Shape, source: Shape) -> bool:
    """Whether the term takes its source entry by entry, the links written in order."""
    return target == source and term.links == identity_links(len(target))


@dataclass(frozen=True)
class Expr:
    constant: int
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Einsum:
    name: str
    extents: Shape
    a_axes: tuple[int, ...]
    b_axes: tuple[int, ...]
    out_axes: tuple[int, ...]
    a: Expr
    b: Expr

    def shape_of(self, axes: Sequence[int]) -> Shape:
        return tuple(self.extents[axis] for axis in axes)

    @property
    def out_shape(self) -> Shape:
        return self.shape_of(self.out_axes)

    @property
    def batch(self) -> tuple[int, ...]:
        """Labels in a, b and out, in the order of out."""
        return tuple(x for x in self.out_axes if x in self.a_axes and x in self.b_axes)

    @property
    def contraction(self) -> tuple[int, ...]:
        """Labels in a and b but not in out, in the order of a."""
        return tuple(x for x in self.a_axes if x in self.b_axes and x not in self.out_axes)

    @property
    def same(self) -> bool:
        return self.a_axes == self.b_axes and self.a == self.b


@dataclass(frozen=True)
class Lookup:
    name: str
    table: int
    shape: Shape
    input: Expr
    shift: int
    output: Expr


@dataclass(frozen=True)
class Zero:
    name: str
    shape: Shape
    expr: Expr


@dataclass(frozen=True)
class Port:
    name: str
    tensor: int
    frac: int


@dataclass(frozen=True)
class LinearHint:
    dst: int
    expr: Expr


@dataclass(frozen=True)
class DigitsHint:
    shape: Shape
    expr: Expr
    digits: tuple[tuple[int, int], ...]
    quotient: int | None


@dataclass(frozen=True)
class LookupHint:
    dst: int
    table: int
    expr: Expr
    shift: int


@dataclass(frozen=True)
class DivideHint:
    shape: Shape
    num: Expr
    den: Expr
    quotient: int
    remainder: int


@dataclass(frozen=True)
class MaxHint:
    shape: Shape
    axes: int
    expr: Expr
    shift: int
    digits: tuple[tuple[int, int], ...]
    quotient: int


@dataclass(frozen=True)
class OneHotMaxHint:
    shape: Shape
    expr: Expr
    dst: int


Hint: TypeAlias = LinearHint | DigitsHint | LookupHint | DivideHint | MaxHint | OneHotMaxHint


@dataclass(frozen=True)
class Program:
    version: int
    name: str
    slabs: tuple[SlabDecl, ...]
    tensors: tuple[Tensor, ...]
    tables: tuple[Table, ...]
    einsums: tuple[Einsum, ...]
    lookups: tuple[Lookup, ...]
    zeros: tuple[Zero, ...]
    hints: tuple[Hint, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]

    def shape_of(self, tensor: int) -> Shape:
        """Shape of a tensor, the multiplicities of the tables (after the tensors) included."""
        if tensor < len(self.tensors):
            return self.tensors[tensor].shape
        return (self.tables[tensor - len(self.tensors)].rows,)


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
    ]
)
_SOURCE = borsh.enum(
    [
        (OfTensor, borsh.struct(OfTensor, {"index": borsh.U32})),
        (OfEinsum, borsh.struct(OfEinsum, {"index": borsh.U32})),
    ]
)
_LINK = borsh.struct(Link, {"target": _AXES, "source": _AXES, "offset": borsh.I32})
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
