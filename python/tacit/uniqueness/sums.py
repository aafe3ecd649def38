"""Sums of variables with integer coefficients, exact and of any size: what expressions are made of while they are translated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Sum:
    """constant + sum coef * variable: terms by variable, no coefficient 0. So equal sums are equal objects."""

    constant: int = 0
    terms: tuple[tuple[int, int], ...] = ()

    @property
    def fixed(self) -> bool:
        """Whether it is a number."""
        return not self.terms

    @property
    def plain(self) -> int | None:
        """The variable that this is and nothing else."""
        if len(self.terms) == 1 and self.terms[0][1] == 1 and not self.constant:
            return self.terms[0][0]
        return None

    def times(self, factor: int) -> Sum:
        """factor * this."""
        if factor == 1:
            return self
        if not factor:
            return ZERO
        return Sum(self.constant * factor, tuple((variable, coef * factor) for variable, coef in self.terms))


ZERO = Sum()


def variable(index: int) -> Sum:
    """The variable of this index."""
    return Sum(0, ((index, 1),))


def total(parts: Iterable[tuple[int, Sum]], constant: int = 0) -> Sum:
    """constant + sum coef * part, equal variables collected."""
    found: dict[int, int] = {}
    for factor, part in parts:
        constant += factor * part.constant
        for index, coef in part.terms:
            found[index] = found.get(index, 0) + factor * coef
    return Sum(constant, tuple(sorted((index, coef) for index, coef in found.items() if coef)))
