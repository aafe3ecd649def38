"""Who is there: Flower's nodes, the keys that they registered with, and which of them missed rounds.

A node that contributed nothing is left out of the next round, after a second time in a row of the next two, then of four, and so
on: one that is dead, or sends what is refused, costs the others the time of few rounds. It comes back by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

#: Rounds that are sat out at most.
_MOST = 64


@dataclass
class _Seat:
    key: bytes | None = None
    misses: int = 0
    rest: int = 0

    def miss(self) -> None:
        self.misses += 1
        self.rest = min(1 << (self.misses - 1), _MOST)


class Seats:
    """Flower's numbers of nodes, and keys. A number says who sent something to nobody but the SuperLink; signatures do."""

    def __init__(self) -> None:
        self._seats: dict[int, _Seat] = {}
        self._asked: set[int] = set()

    def strangers(self, online: Collection[int]) -> list[int]:
        """Those that are to be asked for their registration; they count as asked from now on."""
        new = []
        for node in online:
            seat = self._seats.setdefault(node, _Seat())
            if seat.key is None and seat.rest == 0 and node not in self._asked:
                new.append(node)
        self._asked |= set(new)
        return new

    def admit(self, node: int, key: bytes) -> None:
        """A node has registered with a key."""
        self._seats[node] = _Seat(key)

    def key(self, node: int) -> bytes | None:
        """A node's key; None before it registered."""
        seat = self._seats.get(node)
        return None if seat is None else seat.key

    def missed(self, node: int) -> bool:
        """Whether it contributed nothing to the last round that it was asked in."""
        seat = self._seats.get(node)
        return seat is not None and seat.misses > 0

    def reject(self, node: int) -> None:
        """A node's registration was refused: it is asked again later."""
        self._seats.setdefault(node, _Seat()).miss()
        self._asked.discard(node)

    def present(self, online: Collection[int]) -> dict[int, bytes]:
        """Key by node of those that are online, have registered, and sit no round out; of all that registered, if all do."""
        there = {node: seat for node, seat in self._seats.items() if node in online and seat.key is not None}
        ready = {node: seat for node, seat in there.items() if seat.rest == 0} or there
        return {node: seat.key for node, seat in ready.items() if seat.key is not None}

    def over(self, asked: Collection[int], contributed: Collection[bytes]) -> None:
        """A round is over: note who of the asked ones missed it."""
        for node, seat in self._seats.items():
            if node not in asked:
                seat.rest = max(seat.rest - 1, 0)
            elif seat.key in contributed:
                seat.misses = seat.rest = 0
            else:
                seat.miss()
