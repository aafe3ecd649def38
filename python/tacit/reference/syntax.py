"""What a program consists of. Docs: program.md, sections 1 and 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Shape: TypeAlias = tuple[int, ...]
VERSION: Final = 2  # of programs, the only one


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


@dataclass(frozen=True)
class Clamp:
    lo: int
    len: int
    low: int
    high: int


TableKind: TypeAlias = Range | Relu | Sign | Values | Clamp


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
        return self.kind.outs if isinstance(self.kind, Values) else [self._out(x) for x in self.ins]

    @property
    def out_ends(self) -> tuple[int, int]:
        """Smallest and largest entry of the second column; but for listed values it never falls."""
        if isinstance(self.kind, Values):
            return min(self.kind.outs), max(self.kind.outs)
        return self._out(self.ins[0]), self._out(self.ins[-1])

    def _out(self, x: int) -> int:
        match self.kind:
            case Range():
                return 0
            case Relu():
                return max(x, 0)
            case Sign():
                return 1 if x >= 0 else 0
            case Values(lo=lo, outs=outs):
                return outs[x - lo]
            case Clamp(low=low, high=high):
                return min(max(x, low), high)


@dataclass(frozen=True)
class OfTensor:
    index: int


@dataclass(frozen=True)
class OfEinsum:
    index: int


Source: TypeAlias = OfTensor | OfEinsum


@dataclass(frozen=True)
class Link:
    """sum stride * target axis + offset = sum stride * source axis; with an index its entry in place of the first sum."""

    target: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    offset: int
    index: int | None = None


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


@dataclass(frozen=True)
class ClampHint:
    shape: Shape
    expr: Expr
    shift: int
    low: int
    high: int
    inside: int | None
    outside: int | None


Hint: TypeAlias = LinearHint | DigitsHint | LookupHint | DivideHint | MaxHint | OneHotMaxHint | ClampHint


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
    architecture: bytes = bytes(32)  # digest of what it was lowered from; zeros: it carries none

    def shape_of(self, tensor: int) -> Shape:
        """Shape of a tensor, the multiplicities of the tables (after the tensors) included."""
        if tensor < len(self.tensors):
            return self.tensors[tensor].shape
        return (self.tables[tensor - len(self.tensors)].rows,)
