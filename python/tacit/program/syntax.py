"""The program: what a proof is about (docs/protocol/program.md).

The dataclasses mirror the borsh structs one to one; `encode` and `decode` are byte exact and inverse to each other, and
`digest` is the identity of a program. Nothing here knows what an inference is, and nothing here is trusted: whoever
verifies a proof decodes and validates the bytes again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import Final, Union

from Crypto.Hash import keccak

from tacit.program.borsh import (
    I32,
    I64,
    U8,
    U16,
    U32,
    Bool,
    EncodingError,
    Enum,
    Fixed,
    Option,
    Pair,
    Text,
    Vec,
    decode,
    encode,
    struct_of,
)

VERSION: Final = 1
#: In place of an architecture's digest: the program carries none.
NO_ARCHITECTURE: Final = bytes(32)
#: The field is F_p; every integer a program handles lies strictly between -HALF and HALF.
P: Final = 2**64 - 2**32 + 1
HALF: Final = P // 2


# --- the structs, in the order of docs/protocol/program.md ---------------------------------------------------------------------


@dataclass(frozen=True)
class SlabDecl:
    """A long-lived commitment; a public one is neither blinded nor salted."""

    name: str
    private: bool


@dataclass(frozen=True)
class Constant:
    """The tensor's integers stand in the program, row-major."""

    values: tuple[int, ...]


@dataclass(frozen=True)
class Public:
    """The verifier is given the tensor."""


@dataclass(frozen=True)
class Slab:
    """The tensor is committed in the slab of this index."""

    index: int


@dataclass(frozen=True)
class Witness:
    """The tensor is committed afresh for every proof."""


Place = Union[Constant, Public, Slab, Witness]


@dataclass(frozen=True)
class Tensor:
    """A named integer tensor with its declared interval [lo, hi]."""

    name: str
    shape: tuple[int, ...]
    place: Place
    lo: int
    hi: int


@dataclass(frozen=True)
class Range:
    """Rows (lo + i, 0), i < len."""

    lo: int
    len: int


@dataclass(frozen=True)
class ReluTable:
    """Rows (v, max(v, 0)), v = lo + i, i < len."""

    lo: int
    len: int


@dataclass(frozen=True)
class Sign:
    """Rows (v, 1 if v >= 0 else 0), v = lo + i, i < len."""

    lo: int
    len: int


@dataclass(frozen=True)
class Values:
    """Rows (lo + i, outs[i])."""

    lo: int
    outs: tuple[int, ...]


@dataclass(frozen=True)
class ClampTable:
    """Rows (v, min(max(v, low), high)), v = lo + i, i < len; low <= high."""

    lo: int
    len: int
    low: int
    high: int


TableKind = Union[Range, ReluTable, Sign, Values, ClampTable]


@dataclass(frozen=True)
class Table:
    """A public function on an interval."""

    name: str
    kind: TableKind


@dataclass(frozen=True)
class FromTensor:
    """A term's source: a tensor (its index)."""

    index: int


@dataclass(frozen=True)
class FromEinsum:
    """A term's source: the output of an einsum (its index)."""

    index: int


Source = Union[FromTensor, FromEinsum]


@dataclass(frozen=True)
class Link:
    """sum stride * target axis + offset = sum stride * source axis."""

    target: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    offset: int = 0


@dataclass(frozen=True)
class Term:
    """coef * (sum of the source's entries that satisfy every link)."""

    coef: int
    source: Source
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Expr:
    """An affine expression over a target shape that its context gives."""

    constant: int = 0
    terms: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Einsum:
    """out[out_axes] = sum over the other labels of a[a_axes] * b[b_axes]."""

    name: str
    extents: tuple[int, ...]
    a_axes: tuple[int, ...]
    b_axes: tuple[int, ...]
    out_axes: tuple[int, ...]
    a: Expr
    b: Expr

    @property
    def a_shape(self) -> tuple[int, ...]:
        return tuple(self.extents[i] for i in self.a_axes)

    @property
    def b_shape(self) -> tuple[int, ...]:
        return tuple(self.extents[i] for i in self.b_axes)

    @property
    def out_shape(self) -> tuple[int, ...]:
        return tuple(self.extents[i] for i in self.out_axes)

    @property
    def contraction(self) -> int:
        """The number of products in one output entry."""
        return prod(n for i, n in enumerate(self.extents) if i not in self.out_axes)


@dataclass(frozen=True)
class Lookup:
    """(input / 2^shift, output) is a row of the table at every index of the shape."""

    name: str
    table: int
    shape: tuple[int, ...]
    input: Expr
    shift: int
    output: Expr


@dataclass(frozen=True)
class Zero:
    """expr = 0 at every index of the shape."""

    name: str
    shape: tuple[int, ...]
    expr: Expr


@dataclass(frozen=True)
class Port:
    """What the outside calls a tensor: real value = integer * 2^-frac."""

    name: str
    tensor: int
    frac: int


@dataclass(frozen=True)
class LinearHint:
    """dst = expr over dst's shape."""

    dst: int
    expr: Expr


@dataclass(frozen=True)
class DigitsHint:
    """expr = digits, low first, then the quotient (floor)."""

    shape: tuple[int, ...]
    expr: Expr
    digits: tuple[tuple[int, int], ...]
    quotient: int | None


@dataclass(frozen=True)
class LookupHint:
    """dst = out of the row floor(expr / 2^shift)."""

    dst: int
    table: int
    expr: Expr
    shift: int


@dataclass(frozen=True)
class DivideHint:
    """num = quotient * den + remainder, 0 <= remainder < den."""

    shape: tuple[int, ...]
    num: Expr
    den: Expr
    quotient: int
    remainder: int


@dataclass(frozen=True)
class MaxHint:
    """floor(m / 2^shift), m the maximum of expr over the last axes of the shape: digits, low first, then the quotient."""

    shape: tuple[int, ...]
    axes: int
    expr: Expr
    shift: int
    digits: tuple[tuple[int, int], ...]
    quotient: int


@dataclass(frozen=True)
class OneHotMaxHint:
    """dst = 1 at the first maximum of the last axis, else 0."""

    shape: tuple[int, ...]
    expr: Expr
    dst: int


@dataclass(frozen=True)
class ClampHint:
    """v = floor(expr / 2^shift): inside = min(max(v, low), high), outside = v - inside; each where it is asked for."""

    shape: tuple[int, ...]
    expr: Expr
    shift: int
    low: int
    high: int
    inside: int | None
    outside: int | None


Hint = Union[LinearHint, DigitsHint, LookupHint, DivideHint, MaxHint, OneHotMaxHint, ClampHint]


@dataclass(frozen=True)
class Program:
    """The canonical, versioned object (docs/protocol/program.md, section 1)."""

    name: str
    slabs: tuple[SlabDecl, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    tables: tuple[Table, ...] = ()
    einsums: tuple[Einsum, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    zeros: tuple[Zero, ...] = ()
    hints: tuple[Hint, ...] = ()
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    architecture: bytes = NO_ARCHITECTURE
    version: int = VERSION

    def encode(self) -> bytes:
        """The borsh bytes."""
        return encode(_PROGRAM, self)

    @staticmethod
    def decode(data: bytes) -> Program:
        """The program of these bytes. Raises EncodingError unless they are canonical and complete."""
        program = decode(_PROGRAM, data)
        assert isinstance(program, Program)
        if program.version != VERSION:
            raise EncodingError(f"program version {program.version}, expected {VERSION}")
        return program

    @property
    def digest(self) -> bytes:
        """keccak256(T(7, 0) || bytes)."""
        return keccak.new(digest_bits=256, data=struct.pack(">Q", 7 << 56) + self.encode()).digest()


# --- their encoding ---------------------------------------------------------------------------------------------------

_NAME, _SHAPE = Text(), Vec(U32)
_PLACE = Enum((struct_of(Constant, values=Vec(I64)), struct_of(Public), struct_of(Slab, index=U8), struct_of(Witness)))
_TENSOR = struct_of(Tensor, name=_NAME, shape=_SHAPE, place=_PLACE, lo=I64, hi=I64)
_KIND = Enum(
    (
        struct_of(Range, lo=I64, len=U32),
        struct_of(ReluTable, lo=I64, len=U32),
        struct_of(Sign, lo=I64, len=U32),
        struct_of(Values, lo=I64, outs=Vec(I64)),
        struct_of(ClampTable, lo=I64, len=U32, low=I64, high=I64),
    )
)
_TABLE = struct_of(Table, name=_NAME, kind=_KIND)
_SOURCE = Enum((struct_of(FromTensor, index=U32), struct_of(FromEinsum, index=U32)))
_LINK = struct_of(Link, target=Vec(Pair(U8, I32)), source=Vec(Pair(U8, I32)), offset=I32)
_TERM = struct_of(Term, coef=I64, source=_SOURCE, links=Vec(_LINK))
_EXPR = struct_of(Expr, constant=I64, terms=Vec(_TERM))
_EINSUM = struct_of(
    Einsum, name=_NAME, extents=_SHAPE, a_axes=Vec(U8), b_axes=Vec(U8), out_axes=Vec(U8), a=_EXPR, b=_EXPR
)
_LOOKUP = struct_of(Lookup, name=_NAME, table=U32, shape=_SHAPE, input=_EXPR, shift=U8, output=_EXPR)
_ZERO = struct_of(Zero, name=_NAME, shape=_SHAPE, expr=_EXPR)
_PORT = struct_of(Port, name=_NAME, tensor=U32, frac=I32)
_HINT = Enum(
    (
        struct_of(LinearHint, dst=U32, expr=_EXPR),
        struct_of(DigitsHint, shape=_SHAPE, expr=_EXPR, digits=Vec(Pair(U32, U8)), quotient=Option(U32)),
        struct_of(LookupHint, dst=U32, table=U32, expr=_EXPR, shift=U8),
        struct_of(DivideHint, shape=_SHAPE, num=_EXPR, den=_EXPR, quotient=U32, remainder=U32),
        struct_of(MaxHint, shape=_SHAPE, axes=U8, expr=_EXPR, shift=U8, digits=Vec(Pair(U32, U8)), quotient=U32),
        struct_of(OneHotMaxHint, shape=_SHAPE, expr=_EXPR, dst=U32),
        struct_of(
            ClampHint,
            shape=_SHAPE,
            expr=_EXPR,
            shift=U8,
            low=I64,
            high=I64,
            inside=Option(U32),
            outside=Option(U32),
        ),
    )
)
_PROGRAM = struct_of(
    Program,
    version=U16,
    name=Text(128),
    slabs=Vec(struct_of(SlabDecl, name=_NAME, private=Bool())),
    tensors=Vec(_TENSOR),
    tables=Vec(_TABLE),
    einsums=Vec(_EINSUM),
    lookups=Vec(_LOOKUP),
    zeros=Vec(_ZERO),
    hints=Vec(_HINT),
    inputs=Vec(_PORT),
    outputs=Vec(_PORT),
    architecture=Fixed(32),
)


# --- shapes, tables, layout -------------------------------------------------------------------------------------------


def bits(extent: int) -> int:
    """ceil(log2 extent)."""
    return (extent - 1).bit_length()


def padded(shape: Iterable[int]) -> int:
    """Cells of a shape in a slab: every axis padded to a power of two."""
    return 1 << sum(bits(n) for n in shape)


def table_len(kind: TableKind) -> int:
    """Rows of a table."""
    return len(kind.outs) if isinstance(kind, Values) else kind.len


def table_in(kind: TableKind) -> tuple[int, int]:
    """The interval of a table's inputs."""
    return kind.lo, kind.lo + table_len(kind) - 1


def table_out(kind: TableKind) -> tuple[int, int]:
    """The interval of a table's outputs."""
    lo, hi = table_in(kind)
    match kind:
        case Range():
            return 0, 0
        case ReluTable():
            return max(lo, 0), max(hi, 0)
        case Sign():
            return int(lo >= 0), int(hi >= 0)
        case Values(_, outs):
            return min(outs), max(outs)
        case ClampTable(low=low, high=high):
            return min(max(lo, low), high), min(max(hi, low), high)


def identity_links(rank: int) -> tuple[Link, ...]:
    """t_i = s_i for every axis."""
    return tuple(Link(((i, 1),), ((i, 1),)) for i in range(rank))


def slab_tensors(program: Program, slab: int) -> list[int]:
    """Indices of the tensors of a long-lived slab, in layout order: largest padded size first, ties by index."""
    members = [i for i, tensor in enumerate(program.tensors) if tensor.place == Slab(slab)]
    return sorted(members, key=lambda i: -padded(program.tensors[i].shape))


def slab_cells(program: Program, slab: int) -> int:
    """Cells of a long-lived slab before its reserved ones."""
    return sum(padded(program.tensors[i].shape) for i in slab_tensors(program, slab))


def witness_cells(program: Program) -> int:
    """Cells of the witness slab before the pads: its tensors and the multiplicities."""
    tensors = sum(padded(t.shape) for t in program.tensors if isinstance(t.place, Witness))
    return tensors + sum(padded((table_len(t.kind),)) for t in program.tables)
