"""What a program tells of hidden values: the numbers in it that a compiler may have chosen by weights or samples.

The architecture says which relations there are; it does not say where values are rounded, how many bits they keep, where
tables end. Each such number takes one of some values, and tells at most the logarithm of how many. Counted here is what the
public bytes hold, with no regard to how they were chosen: an upper bound, and the same for whoever counts. The numbers
depend on each other (a shift follows from two scales), so that what is really told is less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log2
from typing import Any

from tacit.program import (
    ClampTable,
    Constant,
    DigitsHint,
    DivideHint,
    Expr,
    FromTensor,
    LinearHint,
    MaxHint,
    OneHotMaxHint,
    Program,
    Range,
    Slab,
    Values,
    table_len,
)

#: A shift, a number of bits, an exponent of a scale: one of 64. A weight's interval: one of the bytes of 64 bits.
EXPONENT, BYTES = 6.0, 3.0
#: Places of a table that is a power of two wide.
PLACES = 3
#: Limb widths, bits of activations and rows of tables that the search tries.
SEARCHED = 12.0


@dataclass(frozen=True)
class Disclosed:
    """Numbers of one kind: how many, how many bits they can tell in all, and the first few by name."""

    kind: str
    count: int
    bits: float
    names: tuple[str, ...]


#: (name, bits) of one number.
Number = tuple[str, float]


def disclosed(program: Program) -> list[Disclosed]:
    """The kinds of numbers that may follow from hidden values, the most telling first."""
    kinds: list[tuple[str, Iterator[Number]]] = [
        ("bits cut off and kept by roundings", _roundings(program)),
        ("exponents that bring terms to one scale", _exponents(program)),
        ("scales and intervals of inputs and outputs", _ports(program)),
        ("intervals of weights, in bytes", _intervals(program)),
        ("ends and scales of tables", _tables(program)),
        ("bounds and thresholds", _bounds(program)),
        ("coefficients", _coefficients(program)),
        ("columns and places that are taken", _places(program)),
        ("precision that was searched", iter([("limb, activations, rows", SEARCHED)])),
    ]
    found = []
    for kind, numbers in kinds:
        listed = list(numbers)
        if listed:
            names = tuple(dict.fromkeys(name for name, _ in listed))
            found.append(Disclosed(kind, len(listed), sum(bits for _, bits in listed), names))
    return sorted(found, key=lambda one: -one.bits)


def described(program: Program, most: int) -> dict[str, Any]:
    """For `inspect`: each kind with at most this many names, and the sum."""
    found = disclosed(program)
    rows = []
    for one in found:
        shown = list(one.names[:most])
        more = [f"{len(one.names) - most} more"] if len(one.names) > most else []
        rows.append({"kind": one.kind, "numbers": one.count, "bits at most": round(one.bits), "of": shown + more})
    return {"bits at most": round(sum(one.bits for one in found)), "numbers": rows}


def _roundings(program: Program) -> Iterator[Number]:
    """How much is cut off, and how much is kept, of a value that is rounded."""
    for hint in program.hints:
        if isinstance(hint, DigitsHint):
            first = hint.digits[0][0] if hint.digits else hint.quotient
            yield _name(program, first), EXPONENT * (1 + (hint.quotient is None))
        elif isinstance(hint, MaxHint):
            yield _name(program, hint.quotient), 2 * EXPONENT
    for lookup in program.lookups:
        if not isinstance(program.tables[lookup.table].kind, Range):
            yield lookup.name, EXPONENT


def _exponents(program: Program) -> Iterator[Number]:
    """Powers of two before terms, where a value is made: as many as terms, but for the scale of the whole.

    Digits that are joined are among them, though theirs follow from the widths.
    """
    for name, expr in _made(program):
        powers = sum(_is_power(term.coef) for term in expr.terms)
        for _ in range(powers - (len(expr.terms) > 1 or all(abs(term.coef) == 1 for term in expr.terms))):
            yield name, EXPONENT


def _ports(program: Program) -> Iterator[Number]:
    for port in (*program.inputs, *program.outputs):
        yield port.name, 2 * EXPONENT


def _intervals(program: Program) -> Iterator[Number]:
    """Declared intervals of hidden long-lived values; those of inputs and outputs are counted there."""
    ports = {port.tensor for port in (*program.inputs, *program.outputs)}
    for index, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, Slab) and program.slabs[tensor.place.index].private and index not in ports:
            span = tensor.hi - tensor.lo + 1
            whole = _is_power(span) and (span.bit_length() - 1) % 8 == 0
            yield tensor.name, BYTES if whole else 2 * EXPONENT


def _tables(program: Program) -> Iterator[Number]:
    """A function's table: where it is, how long, and at which two scales. One that is off the grid tells its ends."""
    for table in program.tables:
        if isinstance(table.kind, Values):
            rows = table_len(table.kind)
            on_grid = _is_power(rows) and (4 * table.kind.lo) % rows == 0
            ends = log2(PLACES) + EXPONENT if on_grid else 2.0 * rows.bit_length()
            yield table.name, ends + 2 * EXPONENT


def _bounds(program: Program) -> Iterator[Number]:
    """Constants beside terms that no rounding explains, and ends of clamps.

    A power of two, and the largest integer of some bits, tell which bits.
    """
    for table in program.tables:
        if isinstance(table.kind, ClampTable):
            for end in (table.kind.low, table.kind.high + 1):
                if end:
                    yield table.name, EXPONENT if _is_power(end) else abs(end).bit_length() + 1.0
    for name, expr in _all(program):
        constant = abs(expr.constant)
        if constant.bit_count() > 2:  # else half a unit of a rounding, perhaps beside the sign's bit
            yield name, 2 * EXPONENT if _is_power(constant + (constant & -constant)) else constant.bit_length() + 1.0


def _coefficients(program: Program) -> Iterator[Number]:
    """Factors other than powers of two: slopes, and a model's factors of one number."""
    for name, expr in _all(program):
        for term in expr.terms:
            if term.coef and not _is_power(abs(term.coef)):
                yield name, float(abs(term.coef).bit_length() + 1)


def _places(program: Program) -> Iterator[Number]:
    """Which columns a public matrix takes, which entries an index picks, and at which offsets values are cut.

    Of the architecture's own slices, too.
    """
    picks = {link.index for _, expr in _made(program) for term in expr.terms for link in term.links}
    for index, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, Constant) and index in picks:
            span = max(tensor.place.values) - min(tensor.place.values) + 1
            yield tensor.name, len(tensor.place.values) * max(1.0, log2(span))
        elif isinstance(tensor.place, Constant):
            rows = tensor.shape[0] if tensor.shape else 1
            chosen = sum(value != 0 for value in tensor.place.values)
            yield tensor.name, chosen * max(1.0, log2(max(rows, 2)))
    for name, expr in _made(program):
        for term in expr.terms:
            for link in term.links:
                if link.offset and isinstance(term.source, FromTensor):
                    yield name, log2(1 + abs(link.offset)) + 1


def _name(program: Program, tensor: int | None) -> str:
    return program.tensors[tensor].name if tensor is not None else "value"


def _made(program: Program) -> Iterator[tuple[str, Expr]]:
    """The expressions that values are made of, each once, by the name of what is made."""
    for einsum in program.einsums:
        yield einsum.name, einsum.a
        yield einsum.name, einsum.b
    for hint in program.hints:
        if isinstance(hint, LinearHint):
            yield _name(program, hint.dst), hint.expr
        elif isinstance(hint, DigitsHint):
            yield _name(program, hint.digits[0][0] if hint.digits else hint.quotient), hint.expr
        elif isinstance(hint, MaxHint):
            yield _name(program, hint.quotient), hint.expr
        elif isinstance(hint, OneHotMaxHint):
            yield _name(program, hint.dst), hint.expr
        elif isinstance(hint, DivideHint):
            yield _name(program, hint.quotient), hint.num
            yield _name(program, hint.quotient), hint.den


def _all(program: Program) -> Iterator[tuple[str, Expr]]:
    """As `_made`, and what is looked up; zeros state again what hints make."""
    yield from _made(program)
    for lookup in program.lookups:
        yield lookup.name, lookup.input
        yield lookup.name, lookup.output


def _is_power(value: int) -> bool:
    return abs(value).bit_count() == 1
