"""The program, what a proof is about, and its bytes (docs/protocol/program.md, section 1).

`encode` and `decode` are byte exact and inverse to each other, and `digest` is the identity of a program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tacit import hashing
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
from tacit.program.syntax import (
    ClampHint,
    ClampTable,
    Constant,
    DigitsHint,
    DivideHint,
    Einsum,
    Expr,
    FromEinsum,
    FromTensor,
    Hint,
    LinearHint,
    Link,
    Lookup,
    LookupHint,
    MaxHint,
    OneHotMaxHint,
    Port,
    Public,
    Range,
    ReluTable,
    Sign,
    Slab,
    SlabDecl,
    Table,
    Tensor,
    Term,
    Values,
    Witness,
    Zero,
)

VERSION: Final = 2
#: In place of an architecture's digest: the program carries none.
NO_ARCHITECTURE: Final = bytes(32)


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
_LINK = struct_of(Link, target=Vec(Pair(U8, I32)), source=Vec(Pair(U8, I32)), offset=I32, index=Option(U32))
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
        return hashing.digest(hashing.tag(7), self.encode())


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
