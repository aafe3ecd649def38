"""Attackers that solve one linear equation: for a message sent late, for a short vector, for two products."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager

from tacit.reference.field import ONE, ZERO, K, P, add, inverse, mul, neg, pack_k, signed, sub
from tacit.reference.opening import Opening
from tacit.reference.transcript import unpack_k

from .cases import Case
from .messages import Writer
from .oracle import Draw, holes


@contextmanager
def tampering(kind: str, by: K):
    """Provers add `by` to the first element of their first message of this kind, and go on as if they had not."""
    original = Writer.message
    done: set[int] = set()

    def message(self: Writer, name: str, data: bytes) -> None:
        if name == kind and id(self) not in done:
            done.add(id(self))
            first, *rest = unpack_k(data, kind)
            data = pack_k([add(first, by), *rest])
        original(self, name, data)

    Writer.message = message  # type: ignore[method-assign]
    try:
        yield
    finally:
        Writer.message = original  # type: ignore[method-assign]


def final_difference(case: Case) -> K:
    """<final, W'> - A where the verifier compares the two; what is before it must pass."""
    found: list[K] = []
    original = Opening.check_final

    class Seen(tuple):
        def __ne__(self, other: object) -> bool:
            found.append(sub(other, self))  # type: ignore[arg-type]
            return False

    def check_final(self: Opening, claims, final) -> None:
        self.value = Seen(self.value)  # type: ignore[assignment]
        original(self, claims, final)

    Opening.check_final = check_final  # type: ignore[method-assign]
    try:
        case.verify()
    finally:
        Opening.check_final = original  # type: ignore[method-assign]
    return found[0]


def make_up(prove: Callable[[], Case], kind: str, **hole) -> Case:
    """A proof whose first message of this kind makes up for all that is false.

    With all draws fixed, the difference at the end is affine in an element of a message: two runs give its root. The third
    run is made with no draw fixed but those that the hole fixes.
    """
    log: list[Draw] = []
    with holes(**hole):
        plain = prove()
        with holes(log=log):
            at_0 = final_difference(plain)
    assert at_0 != ZERO, "nothing is false"
    with holes(**hole, script=log), tampering(kind, ONE):
        at_1 = final_difference(prove())
    by = neg(mul(at_0, inverse(sub(at_1, at_0))))
    with holes(**hole), tampering(kind, by):
        return prove()


# ---------------------------------------------------------------- short vectors
def det(a: K, b: K, c: K) -> int:
    return (
        a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) + a[2] * (b[0] * c[1] - b[1] * c[0])
    ) % P


def short_relation(weights: list[K]) -> list[int]:
    """Integers d, not all 0 and much smaller than p, with sum d_i w_i = 0 in K."""
    n = len(weights)
    a, b, c = weights[:3]
    scale = pow(det(a, b, c), -1, P)
    basis = [[P * (i == j) for j in range(n)] for i in range(3)]
    for k in range(3, n):
        w = weights[k]
        head = [det(w, b, c), det(a, w, c), det(a, b, w)]  # Cramer: w = sum head_i / det * w_i
        basis.append([signed(-x * scale % P) for x in head] + [int(j == k) for j in range(3, n)])

    def inner(x: list[int], y: list[int]) -> int:
        return sum(i * j for i, j in zip(x, y, strict=True))

    changed = True
    while changed:  # every pair is reduced as Gauss reduces two vectors; norms only fall
        changed = False
        for i in range(n):
            for j in range(n):
                if i == j:
                    continue
                norm = inner(basis[j], basis[j])
                q = (2 * inner(basis[i], basis[j]) + norm) // (2 * norm)
                shorter = [x - q * y for x, y in zip(basis[i], basis[j], strict=True)]
                if inner(shorter, shorter) < inner(basis[i], basis[i]):
                    basis[i], changed = shorter, True
    return min(basis, key=lambda x: inner(x, x))
