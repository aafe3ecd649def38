"""Room: what may be made on the way to a program that somebody else gave.

A few bytes of layers may ask for as many terms and numbers as they like. What they are compared with is a program in hand:
more than belongs to one of its size cannot come to the same, and is refused before it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tacit.errors import QuantizationError
from tacit.program.encoding import Program
from tacit.program.syntax import Constant, Expr, Values

#: In any case; and for each that the program has. A view rewrites the terms that it shows, so there are more on the way.
LEAST_TERMS, TERMS_EACH = 1 << 16, 16
LEAST_NUMBERS, NUMBERS_EACH = 1 << 20, 16


class NoRoom(QuantizationError):
    """More was asked for than belongs to the program in hand."""


@dataclass
class Room:
    """What is left: of terms and their links that are rewritten, of entries of constants and rows of tables, of tensors."""

    terms: int
    numbers: int
    tensors: int

    @classmethod
    def of(cls, program: Program, *, least: int = LEAST_TERMS, each: int = TERMS_EACH) -> Room:
        """That of a program in hand. `least`, `each`: terms in any case, and for each of its own."""
        terms = sum(size(expr) for expr in _expressions(program)) + len(program.tensors)
        numbers = sum(len(t.place.values) for t in program.tensors if isinstance(t.place, Constant))
        numbers += sum(len(t.kind.outs) for t in program.tables if isinstance(t.kind, Values))
        return cls(least + each * terms, LEAST_NUMBERS + NUMBERS_EACH * numbers, len(program.tensors))

    def take(self, *, terms: int = 0, numbers: int = 0, tensors: int = 0) -> None:
        """Raises NoRoom where so many more are too many."""
        self.terms -= terms
        self.numbers -= numbers
        self.tensors -= tensors
        if min(self.terms, self.numbers, self.tensors) < 0:
            what = "terms" if self.terms < 0 else "numbers" if self.numbers < 0 else "tensors"
            raise NoRoom(f"expected layers of a program of this size, got some with more {what}")


def size(expr: Expr) -> int:
    """Terms, and links of terms."""
    return sum(1 + len(term.links) for term in expr.terms)


def _expressions(program: Program) -> Iterator[Expr]:
    for einsum in program.einsums:
        yield from (einsum.a, einsum.b)
    for lookup in program.lookups:
        yield from (lookup.input, lookup.output)
    for zero in program.zeros:
        yield zero.expr
