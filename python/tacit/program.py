"""The program: what a proof is about (docs/program.md).

The dataclasses mirror the borsh structs one to one; `encode` and `decode` are byte exact and inverse to each other, and
`digest` is the identity of a program. Nothing here knows what an inference is, and nothing here is trusted: whoever
verifies a proof decodes and validates the bytes again.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Union

from Crypto.Hash import keccak

VERSION: Final = 1
#: The field is F_p; every integer a program handles lies strictly between -HALF and HALF.
P: Final = 2**64 - 2**32 + 1
HALF: Final = P // 2


class EncodingError(ValueError):
    """Bytes that are not a canonical program, or a value that has no encoding."""

    slug = "encoding"


# --- the structs, in the order of docs/program.md ---------------------------------------------------------------------


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


TableKind = Union[Range, ReluTable, Sign, Values]


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
    """dst = out of the row expr / 2^shift."""

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
    """dst = maximum of expr over the last axis of the shape."""

    shape: tuple[int, ...]
    expr: Expr
    dst: int


@dataclass(frozen=True)
class OneHotMaxHint:
    """dst = 1 at the first maximum of the last axis, else 0."""

    shape: tuple[int, ...]
    expr: Expr
    dst: int


Hint = Union[LinearHint, DigitsHint, LookupHint, DivideHint, MaxHint, OneHotMaxHint]


@dataclass(frozen=True)
class Program:
    """The canonical, versioned object (docs/program.md, section 1)."""

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
    version: int = VERSION

    def encode(self) -> bytes:
        """The borsh bytes."""
        out = bytearray()
        _write(_PROGRAM, self, out)
        return bytes(out)

    @staticmethod
    def decode(data: bytes) -> Program:
        """The program of these bytes. Raises EncodingError unless they are canonical and complete."""
        reader = _Reader(data)
        program = _read(_PROGRAM, reader)
        if reader.at != len(data):
            raise EncodingError(f"{len(data) - reader.at} trailing bytes")
        assert isinstance(program, Program)
        if program.version != VERSION:
            raise EncodingError(f"program version {program.version}, expected {VERSION}")
        return program

    @property
    def digest(self) -> bytes:
        """keccak256(T(7, 0) || bytes)."""
        return keccak.new(digest_bits=256, data=struct.pack(">Q", 7 << 56) + self.encode()).digest()


# --- borsh ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Int:
    format: str


@dataclass(frozen=True)
class _Text:
    limit: int = 1 << 16


@dataclass(frozen=True)
class _Bool:
    pass


@dataclass(frozen=True)
class _Vec:
    item: Any


@dataclass(frozen=True)
class _Option:
    item: Any


@dataclass(frozen=True)
class _Pair:
    first: Any
    second: Any


@dataclass(frozen=True)
class _Struct:
    cls: Callable[..., Any]
    fields: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class _Enum:
    variants: tuple[_Struct, ...]


def _struct(cls: Callable[..., Any], **fields: Any) -> _Struct:
    return _Struct(cls, tuple(fields.items()))


_U8, _U16, _U32, _I32, _I64 = _Int("<B"), _Int("<H"), _Int("<I"), _Int("<i"), _Int("<q")
_NAME, _SHAPE = _Text(), _Vec(_U32)
_PLACE = _Enum((_struct(Constant, values=_Vec(_I64)), _struct(Public), _struct(Slab, index=_U8), _struct(Witness)))
_TENSOR = _struct(Tensor, name=_NAME, shape=_SHAPE, place=_PLACE, lo=_I64, hi=_I64)
_KIND = _Enum(
    (
        _struct(Range, lo=_I64, len=_U32),
        _struct(ReluTable, lo=_I64, len=_U32),
        _struct(Sign, lo=_I64, len=_U32),
        _struct(Values, lo=_I64, outs=_Vec(_I64)),
    )
)
_TABLE = _struct(Table, name=_NAME, kind=_KIND)
_SOURCE = _Enum((_struct(FromTensor, index=_U32), _struct(FromEinsum, index=_U32)))
_LINK = _struct(Link, target=_Vec(_Pair(_U8, _I32)), source=_Vec(_Pair(_U8, _I32)), offset=_I32)
_TERM = _struct(Term, coef=_I64, source=_SOURCE, links=_Vec(_LINK))
_EXPR = _struct(Expr, constant=_I64, terms=_Vec(_TERM))
_EINSUM = _struct(
    Einsum, name=_NAME, extents=_SHAPE, a_axes=_Vec(_U8), b_axes=_Vec(_U8), out_axes=_Vec(_U8), a=_EXPR, b=_EXPR
)
_LOOKUP = _struct(Lookup, name=_NAME, table=_U32, shape=_SHAPE, input=_EXPR, shift=_U8, output=_EXPR)
_ZERO = _struct(Zero, name=_NAME, shape=_SHAPE, expr=_EXPR)
_PORT = _struct(Port, name=_NAME, tensor=_U32, frac=_I32)
_HINT = _Enum(
    (
        _struct(LinearHint, dst=_U32, expr=_EXPR),
        _struct(DigitsHint, shape=_SHAPE, expr=_EXPR, digits=_Vec(_Pair(_U32, _U8)), quotient=_Option(_U32)),
        _struct(LookupHint, dst=_U32, table=_U32, expr=_EXPR, shift=_U8),
        _struct(DivideHint, shape=_SHAPE, num=_EXPR, den=_EXPR, quotient=_U32, remainder=_U32),
        _struct(MaxHint, shape=_SHAPE, expr=_EXPR, dst=_U32),
        _struct(OneHotMaxHint, shape=_SHAPE, expr=_EXPR, dst=_U32),
    )
)
_PROGRAM = _struct(
    Program,
    version=_U16,
    name=_Text(128),
    slabs=_Vec(_struct(SlabDecl, name=_NAME, private=_Bool())),
    tensors=_Vec(_TENSOR),
    tables=_Vec(_TABLE),
    einsums=_Vec(_EINSUM),
    lookups=_Vec(_LOOKUP),
    zeros=_Vec(_ZERO),
    hints=_Vec(_HINT),
    inputs=_Vec(_PORT),
    outputs=_Vec(_PORT),
)


def _pack(format: str, value: int) -> bytes:
    try:
        return struct.pack(format, value)
    except struct.error as error:
        raise EncodingError(f"{value} does not fit {format[1:]}: {error}") from None


def _write(codec: Any, value: Any, out: bytearray) -> None:
    match codec:
        case _Int(format):
            out += _pack(format, value)
        case _Bool():
            out.append(1 if value else 0)
        case _Text(limit):
            data = value.encode()
            if len(data) > limit:
                raise EncodingError(f"text of {len(data)} bytes, at most {limit}")
            out += _pack("<I", len(data)) + data
        case _Vec(_Int(format)):
            out += _pack("<I", len(value))
            for item in value:
                out += _pack(format, item)
        case _Vec(item):
            out += _pack("<I", len(value))
            for element in value:
                _write(item, element, out)
        case _Option(item):
            out.append(0 if value is None else 1)
            if value is not None:
                _write(item, value, out)
        case _Pair(first, second):
            _write(first, value[0], out)
            _write(second, value[1], out)
        case _Struct(_, fields):
            for name, field in fields:
                _write(field, getattr(value, name), out)
        case _Enum(variants):
            tag = next(i for i, variant in enumerate(variants) if variant.cls is type(value))
            out.append(tag)
            _write(variants[tag], value, out)
        case _:
            raise TypeError(codec)


class _Reader:
    """Bytes with a cursor; every read is checked against the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise EncodingError(f"truncated at byte {self.at}")
        self.at += count
        return self.data[self.at - count : self.at]

    def integer(self, format: str) -> int:
        (value,) = struct.unpack(format, self.take(struct.calcsize(format)))
        return int(value)

    def flag(self) -> bool:
        value = self.take(1)[0]
        if value > 1:
            raise EncodingError(f"flag {value} at byte {self.at - 1}")
        return value == 1


def _read(codec: Any, reader: _Reader) -> Any:
    match codec:
        case _Int(format):
            return reader.integer(format)
        case _Bool():
            return reader.flag()
        case _Text(limit):
            size = reader.integer("<I")
            if size > limit:
                raise EncodingError(f"text of {size} bytes, at most {limit}")
            try:
                return reader.take(size).decode()
            except UnicodeDecodeError:
                raise EncodingError(f"text that is not UTF-8 before byte {reader.at}") from None
        case _Vec(_Int(format)):
            count = reader.integer("<I")
            data = reader.take(count * struct.calcsize(format))
            return struct.unpack(f"<{count}{format[1:]}", data)
        case _Vec(item):
            return tuple(_read(item, reader) for _ in range(reader.integer("<I")))
        case _Option(item):
            return _read(item, reader) if reader.flag() else None
        case _Pair(first, second):
            return (_read(first, reader), _read(second, reader))
        case _Struct(cls, fields):
            return cls(**{name: _read(field, reader) for name, field in fields})
        case _Enum(variants):
            tag = reader.take(1)[0]
            if tag >= len(variants):
                raise EncodingError(f"unknown variant {tag} at byte {reader.at - 1}")
            return _read(variants[tag], reader)
        case _:
            raise TypeError(codec)


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
