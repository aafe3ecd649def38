"""The parts of a program (docs/protocol/program.md): what it is made of, one dataclass for each borsh struct.

Nothing here knows what an inference is, and nothing here is trusted: whoever verifies a proof decodes and validates the
bytes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Final, Union

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
    """sum stride * target axis + offset = sum stride * source axis.

    With `index`, a constant or public tensor over the target axes in this order: index[target axes] + offset = +-source axis.
    """

    target: tuple[tuple[int, int], ...]
    source: tuple[tuple[int, int], ...]
    offset: int = 0
    index: int | None = None


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


def identity_links(rank: int) -> tuple[Link, ...]:
    """t_i = s_i for every axis."""
    return tuple(Link(((i, 1),), ((i, 1),)) for i in range(rank))
