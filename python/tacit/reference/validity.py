"""The program that says that a private slab's values lie in their intervals. Docs: protocol.md, 7."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import Refused
from .field import bits
from .program import (
    DigitsHint,
    Expr,
    InSlab,
    Lookup,
    NamedTensor,
    OfTensor,
    Program,
    Range,
    Shape,
    SlabDecl,
    Table,
    Tensor,
    Term,
    Witness,
    Zero,
    identity_links,
    valid_entries,
)
from .syntax import VERSION
from .validation import validate

VALIDITY_CONTEXT = b"tacit validity"


def identity_term(coef: int, tensor: int, shape: Shape) -> Term:
    return Term(coef, OfTensor(tensor), identity_links(len(shape)))


class _Builder:
    """Collects the parts of a validity program in the order of section 7."""

    def __init__(self, slab: str, tensors: Sequence[NamedTensor]) -> None:
        self.slab = slab
        self.tensors = [Tensor(name, shape, InSlab(0), lo, hi) for name, shape, lo, hi in tensors]
        self.width = 8 if sum(valid_entries(t[1]) for t in tensors) < 2**15 else 16
        self.tables: list[Table] = []
        self.lookups: list[Lookup] = []
        self.zeros: list[Zero] = []
        self.hints: list[DigitsHint] = []

    def table(self, lo: int, rows: int) -> int:
        table = Table(f"range{lo}+{rows}", Range(lo, rows))
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    def range_lookup(self, tensor: int, lo: int, rows: int) -> None:
        shape = self.tensors[tensor].shape
        only = Expr(0, (identity_term(1, tensor, shape),))
        table = self.table(lo, rows)
        name = self.tensors[tensor].name
        self.lookups.append(Lookup(name, table, shape, only, 0, Expr(0, ())))

    def bound(self, index: int) -> None:
        """tensor in [lo, hi]: one lookup, or tensor = lo + sum 2^(w i) digit_i with looked-up digits."""
        tensor = self.tensors[index]
        span = tensor.hi - tensor.lo + 1
        if span <= 0:
            raise Refused("schema", f"tensor {tensor.name}", "an empty interval")
        if span <= 1 << self.width:
            self.range_lookup(index, tensor.lo, span)
            return
        size = bits(span)
        if span != 1 << size:
            raise Refused("schema", f"tensor {tensor.name}", f"{span} values, not a power of two")
        if tensor.lo == -(2**63):
            raise Refused("schema", f"tensor {tensor.name}", "a lower end whose negative is no 64-bit integer")
        widths = [self.width] * (size // self.width)
        if size % self.width:
            widths.append(size % self.width)
        terms = [identity_term(1, index, tensor.shape)]
        digits: list[tuple[int, int]] = []
        for i, width in enumerate(widths):
            digit = len(self.tensors)
            name = f"{tensor.name}.digit{i}"
            self.tensors.append(Tensor(name, tensor.shape, Witness(), 0, (1 << width) - 1))
            self.range_lookup(digit, 0, 1 << width)
            terms.append(identity_term(-(1 << self.width * i), digit, tensor.shape))
            digits.append((digit, width))
        self.zeros.append(Zero(tensor.name, tensor.shape, Expr(-tensor.lo, tuple(terms))))
        shifted = Expr(-tensor.lo, (terms[0],))
        self.hints.append(DigitsHint(tensor.shape, shifted, tuple(digits), None))


def validity_program(slab: str, tensors: Sequence[NamedTensor]) -> Program:
    """The canonical validity program of a private slab; tensors in layout order.

    Refused("schema") for a tensor whose interval is empty, or too wide for one table and no power of two.
    """
    builder = _Builder(slab, tensors)
    for index in range(len(tensors)):
        builder.bound(index)
    return Program(
        version=VERSION,
        name="validity",
        slabs=(SlabDecl(slab, True),),
        tensors=tuple(builder.tensors),
        tables=tuple(builder.tables),
        einsums=(),
        lookups=tuple(builder.lookups),
        zeros=tuple(builder.zeros),
        hints=tuple(builder.hints),
        inputs=(),
        outputs=(),
    )


def valid_validity_program(slab: str, tensors: Sequence[NamedTensor]) -> Program:
    """The same; Refused("schema") also where it would be no valid program, such as one with a name twice."""
    program = validity_program(slab, tensors)
    try:
        validate(program)
    except Refused as refused:
        raise Refused("schema", refused.place, refused.detail) from refused
    return program
