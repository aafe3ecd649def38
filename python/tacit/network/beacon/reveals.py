"""A beacon that the nodes make themselves: each registers the end of a hash chain once, and opens one value a round.

    c_(t-1) = H("tacit chain 1" || task || node || t || c_t),    c_0 is registered, c_t is opened for round t
    value_t = H("tacit reveals 2" || task || t || opened),              opened: (node, c_t) of every node that opened one, sorted

The value for t + 1 travels with the reply to round t, so it costs no message of its own. The evidence names the nodes of the
round, and those whose reply to the round before brought a value, in the roster or not: a server that has these values when it
writes a roster would choose among beacons by leaving nodes off. Who opened nothing is named, and changes nothing of the value:
otherwise nodes that sleep could be named or not. Nobody can open two values. A node can
*withhold* one, and whoever opens last, knowing all others, so chooses between two beacons: one bit of bias for each node that
does, and its absence stands in the evidence. Where all nodes work together the beacon is theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.digests import distinct_and_sorted, tagged
from tacit.network.keys import Key
from tacit.network.messages import MOST_ROUNDS
from tacit.program.borsh import EncodingError, Fixed, Option, Vec, decode, encode, struct_of

#: Rounds that a node may have missed before its chain is too far behind: one hash each.
MOST_MISSED = 1 << 12
_MOST_EVIDENCE = 1 << 22
#: Rounds between values of an own chain that are kept.
_APART = 256


class Chain:
    """A node's hash chain for a task: it follows from the node's key, so that nothing more is to be kept.

    c_rounds = H("tacit chain 1" || the key's signature of "tacit chain 1" || task), which nobody else can make. Values are made
    when they are asked for, from the end back; some of those on the way are kept, so that the next ones take few steps.
    """

    def __init__(self, key: Key, task: bytes, rounds: int) -> None:
        self._task, self._node, self._rounds = task, key.public, rounds
        self._kept = {rounds: tagged(digests.CHAIN, key.sign(digests.CHAIN, task))}

    @property
    def head(self) -> bytes:
        """c_0, which is registered."""
        return self._at(0)

    def value(self, round: int) -> bytes | None:
        """c_round; None beyond the last."""
        return self._at(round) if 1 <= round <= self._rounds else None

    def _at(self, round: int) -> bytes:
        start = min(at for at in self._kept if at >= round)
        value = self._kept[start]
        for at in range(start, round, -1):
            value = step(self._task, self._node, at, value)
            if (at - 1) % _APART == 0:
                self._kept[at - 1] = value
        return value


def step(task: bytes, node: bytes, at: int, value: bytes) -> bytes:
    """c_(at-1) of c_at."""
    # One part: there may be many steps, and parts cost more than the hash.
    return tagged(b"".join((digests.CHAIN, task, node, at.to_bytes(4, "little"), value)))


@dataclass(frozen=True)
class Opened:
    """The last value of a chain that is known: c_round. (0, c_0) after registration."""

    round: int
    value: bytes


def opens(task: bytes, node: bytes, last: Opened, round: int, value: bytes) -> bool:
    """Whether `value` is c_round of the chain whose c_(last.round) is known.

    Work grows with the rounds between: 4096 at most, but for the first value of a node, which may join in any round.
    """
    if not 0 < round - last.round <= (MOST_MISSED if last.round else MOST_ROUNDS):
        return False
    for at in range(round, last.round, -1):
        value = step(task, node, at, value)
    return value == last.value


@dataclass(frozen=True)
class _Entry:
    node: bytes
    value: bytes | None


@dataclass(frozen=True)
class _Value:
    node: bytes
    value: bytes


_EVIDENCE = Vec(struct_of(_Entry, node=Fixed(32), value=Option(Fixed(32))))
_OPENED = Vec(struct_of(_Value, node=Fixed(32), value=Fixed(32)))


class RevealedBeacon:
    """`known`: of every node that evidence of a round has to name its chain as far as it was opened before; `values`: what was
    opened for a round.
    """

    def __init__(
        self,
        task: bytes,
        known: Callable[[int], Mapping[bytes, Opened]],
        values: Callable[[int], Mapping[bytes, bytes]] = lambda _: {},
    ) -> None:
        self._task, self._known, self._values = task, known, values

    def fix(self, at: int, round: int) -> int:
        """As `Beacon.fix`: the moment is the round's own number."""
        return round

    def when(self, moment: int) -> int | None:
        """As `Beacon.when`: it is known when the last of them is opened."""
        return None

    def expected(self, moment: int) -> int | None:
        """As `Beacon.expected`."""
        return None

    def value(self, moment: int) -> bytes:
        """As `Beacon.value`: who opened what, absent ones named. Slug beacon_early while nobody has."""
        known, values = self._known(moment), self._values(moment)
        if not any(node in values for node in known):
            raise InputError(f"no node has opened its value for round {moment}", slug="beacon_early", place="beacon")
        evidence = encode(_EVIDENCE, [_Entry(node, values.get(node)) for node in sorted(known)])
        self.verify(moment, evidence)
        return evidence

    def verify(self, moment: int, evidence: bytes) -> bytes:
        """As `Beacon.verify`: every node that has to be named is there once, and all values open their chains."""
        known = self._known(moment)
        opened = revealed(evidence, moment)
        if set(opened) != set(known):
            raise _refused(moment, f"expected all {len(known)} nodes that it is to name, got {len(opened)}, or others")
        if not any(opened.values()):
            raise _refused(moment, "nobody opened a value")
        for node, value in opened.items():
            if value is not None and not opens(self._task, node, known[node], moment, value):
                raise _refused(moment, f"the value of node {node.hex()[:16]} does not open its chain")
        return value_of(self._task, moment, opened)


def value_of(task: bytes, moment: int, opened: Mapping[bytes, bytes | None]) -> bytes:
    """The beacon's value: of what was opened, and of nothing else."""
    values = [_Value(node, value) for node, value in sorted(opened.items()) if value is not None]
    return tagged(digests.REVEALS, task, moment.to_bytes(4, "little"), encode(_OPENED, values))


def revealed(evidence: bytes, moment: int) -> dict[bytes, bytes | None]:
    """What every node opened, None if it did not; nothing is checked but the form. Raises InvalidProof (slug beacon)."""
    if len(evidence) > _MOST_EVIDENCE or not 0 < moment < 1 << 32:
        raise _refused(moment, f"expected at most {_MOST_EVIDENCE} bytes for a round below 2^32, got {len(evidence)}")
    try:
        entries = decode(_EVIDENCE, bytes(evidence))
    except EncodingError as error:
        raise _refused(moment, str(error)) from None
    if not distinct_and_sorted(entry.node for entry in entries):
        raise _refused(moment, "expected nodes in ascending order, none twice")
    return {entry.node: entry.value for entry in entries}


def _refused(moment: int, reason: str) -> InvalidProof:
    return InvalidProof(reason, slug="beacon", place=f"values opened for round {moment}")
