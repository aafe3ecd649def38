"""Two witnesses as one and its difference from the other.

Where every relation is stated of a and of b alone, a solver has to try numbers to see that two sets of digits agree. Stated of
b - a as well it sees it at once: sum 2^k (b_k - a_k) = 0 with |b_k - a_k| < 2^width leaves nothing but 0, digit by digit.
Everything here follows from the relations of a and of b: nothing is lost by saying it.
"""

from __future__ import annotations

from tacit.uniqueness.sums import ZERO, Sum, total, variable
from tacit.uniqueness.unknowns import Unknowns


class Twins:
    """Variables of the second witness, with those of the first that they stand beside."""

    def __init__(self, unknowns: Unknowns) -> None:
        self.unknowns = unknowns
        self._beside: dict[int, tuple[Sum, Sum]] = {}

    def difference(self, a: Sum, b: Sum) -> Sum:
        """b - a, of differences wherever they are known."""
        if a == b:
            return ZERO
        parts = [(-1, a)]
        for index, coef in b.terms:
            known = self._beside.get(index)
            parts += [(coef, variable(index))] if known is None else [(coef, known[0]), (coef, known[1])]
        return total(parts, b.constant)

    def tie(self, a: Sum, b: Sum) -> Sum:
        """The difference as one variable (or a number), known from now on."""
        found = self.unknowns.named(self.difference(a, b))
        if b.plain is not None and b != a:
            self._beside.setdefault(b.plain, (a, found))
        return found

    def zero(self, a: Sum, b: Sum) -> None:
        """a = 0, b = 0, and so is what they differ by."""
        self.unknowns.zero(a)
        if a != b:
            self.unknowns.zero(b)
            self.unknowns.zero(self.difference(a, b))

    def product(self, a: tuple[Sum, Sum], b: tuple[Sum, Sum]) -> tuple[Sum, Sum]:
        """a * b for both: where one factor is the same, the difference is its product with the other's."""
        first, second = (self.unknowns.product(x, y) for x, y in zip(a, b, strict=True))
        if first == second:
            return first, first
        moved = self.tie(first, second)
        for same, other in ((a, b), (b, a)):
            if same[0] == same[1] and not same[0].fixed:
                change = self.unknowns.product(same[0], self.tie(*other))
                self.unknowns.zero(total([(1, moved), (-1, change)]))
        return first, second

    def quotient(self, values: tuple[Sum, Sum], shift: int) -> tuple[Sum, Sum]:
        """Both by 2^shift."""
        first, second = (self.unknowns.quotient(value, shift) for value in values)
        if first != second:
            moved = self.tie(first, second)
            self.unknowns.zero(total([(1, self.difference(*values)), (-(1 << shift), moved)]))
        return first, second

    def function(self, arguments: tuple[Sum, Sum], results: tuple[Sum, Sum]) -> None:
        """Equal arguments have equal results."""
        if results[0] != results[1]:
            self.unknowns.follows(self.tie(*arguments), self.tie(*results))
