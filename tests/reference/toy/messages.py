"""What the toy prover writes: messages, padded or in clear, and the rounds of a sumcheck."""

from __future__ import annotations

from tacit.reference.field import ZERO, K, add, bits, mul, pack_k, scale, sub, total
from tacit.reference.transcript import Transcript


class Writer(Transcript):
    """A transcript that writes an argument; knows the pads."""

    def __init__(self, pads: list[K]):
        super().__init__()
        self.argument = bytearray()
        self.pads = pads
        self.used = 0

    def message(self, kind: str, data: bytes) -> None:
        self.argument += data
        self.absorb(kind, data)

    def take_pad(self) -> K:
        self.used += 1
        return self.pads[self.used - 1]

    def padded(self, kind: str, values: list[K]) -> None:
        self.message(kind, pack_k([sub(v, self.take_pad()) for v in values]))

    def clear(self, kind: str, values: list[K]) -> None:
        self.message(kind, pack_k(values))


def halves(table: list[K]) -> tuple[list[K], list[K]]:
    middle = len(table) // 2
    return table[:middle], table[middle:]


def fold_front(table: list[K], r: K) -> list[K]:
    return [add(a, mul(sub(b, a), r)) for a, b in zip(*halves(table), strict=True)]


def prove_sumcheck(t: Writer, rounds: int, terms) -> tuple[list[K], list[list[K]]]:
    """terms: [(scalar, tables, g)]: sum over {0,1}^n of scalar g(tables(x)), the front variable first.

    A table of 2^m entries reads the last m variables only; the caller scales for the others.
    """
    point: list[K] = []
    for i in range(rounds):
        message = [ZERO, ZERO, ZERO]
        for scalar, tables, g in terms:
            m = bits(len(tables[0]))
            if m < rounds - i:
                value = total([g(*row) for row in zip(*tables, strict=True)])
                value = mul(scale(scalar, 2 ** (rounds - i - 1 - m)), value)
                message = [add(x, value) for x in message]
                continue
            for j, x in enumerate((0, 2, 3)):
                at = [[add(a, scale(sub(b, a), x)) for a, b in zip(*halves(tab), strict=True)] for tab in tables]
                value = total([g(*row) for row in zip(*at, strict=True)])
                message[j] = add(message[j], mul(scalar, value))
        t.padded("round", message)
        r = t.challenge("round")
        point.append(r)
        terms = [
            (s, [fold_front(tab, r) for tab in tabs] if bits(len(tabs[0])) == rounds - i else tabs, g)
            for s, tabs, g in terms
        ]
    return point, [[tab[0] for tab in tabs] for _, tabs, _ in terms]
