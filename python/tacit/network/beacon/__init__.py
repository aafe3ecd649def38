"""Beacons: a value that is named before anybody knows it, and checked by anybody afterwards.

    moment = beacon.fix(at, round)             a number, for an announcement: nobody knows its value before `at`
    evidence = beacon.value(moment)            bytes that show the value, once it is there
    value = beacon.verify(moment, evidence)    32 bytes; no network is needed

Three sources (`tacit.network.sources`): drand's signatures, the hash of a block, and hash chains of the nodes themselves.
"""

from __future__ import annotations

from typing import Protocol


class Beacon(Protocol):
    """A source of values. `verify` refuses with InvalidProof (slug beacon); the others raise InputError."""

    def fix(self, at: int, round: int) -> int:
        """The moment of the first value that nobody knows before `at` (Unix seconds), for a round of the task."""

    def when(self, moment: int) -> int | None:
        """The time before which nobody knows its value, Unix seconds; None where the source has no clock."""

    def expected(self, moment: int) -> int | None:
        """About when `value` has it, by the clock of who asks; None: when all have sent theirs."""

    def value(self, moment: int) -> bytes:
        """What shows the value: evidence for `verify`. Slug beacon_early before it is there, beacon_source if nobody gives it."""

    def verify(self, moment: int, evidence: bytes) -> bytes:
        """The value, 32 bytes, if the evidence shows it. Raises InvalidProof (slug beacon)."""


__all__ = ["Beacon"]
