"""What all parts of a server share: the task, its store, its key, and the one place where the faults of others end."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tacit.data.limits import is_whole
from tacit.errors import InputError, InvalidProof, MissingDependency, TacitError
from tacit.network import digests
from tacit.network.beacon import Beacon
from tacit.network.beacon.reveals import Opened, RevealedBeacon
from tacit.network.checks import Limits, World, check_alike
from tacit.network.context import check_parameters, model_bytes
from tacit.network.digests import tagged
from tacit.network.interface import Model, Parameter, Readers
from tacit.network.keys import Key
from tacit.network.messages import ANNOUNCEMENT, RECEIPT, ROSTER, Announcement, Receipt
from tacit.network.objects import read_message, read_signed
from tacit.network.sources import Reveals
from tacit.network.store import NOBODY, Row, Store
from tacit.network.task import TASK, Task


@dataclass(frozen=True)
class Times:
    """Seconds: from the first announcement to its beacon; from a beacon to the deadline, for training and proving; from the
    deadline to the next beacon, for judging what came and opening the next round.

    A round that is opened when its beacon is known, since that took longer, has no beacon, and nobody contributes.
    """

    notice: int = 30
    window: int = 3600
    gap: int = 300

    def __post_init__(self) -> None:
        for name, seconds in vars(self).items():
            if not is_whole(seconds) or seconds < 0:
                raise InputError(
                    f"expected whole seconds from 0, got {str(seconds)[:40]}",
                    slug="seconds",
                    place=f"times, {name}",
                    remedy="give seconds, such as Times(notice=30, window=3600, gap=300)",
                )


@dataclass(frozen=True)
class Outcome:
    """What became of something that was sent: `new`, `same`, or the slug of its refusal; a signed receipt of the first two."""

    state: str
    reason: str = ""
    receipt: bytes | None = None

    @property
    def taken(self) -> bool:
        """Whether it is on the server's disk."""
        return self.receipt is not None


@dataclass(frozen=True)
class Failed:
    """A registration with proofs that did not hold: when, its digest, why."""

    time: int
    registration: bytes
    refusal: InvalidProof


@dataclass
class Sender:
    """Who sent something, and in which round, as far as it is known: before a signature was checked, nobody."""

    node: bytes = NOBODY
    round: int = 0


class Core:
    """A task on a server. The same arguments give the same task again, wherever it was left.

    `deployments`: the bytes of all deployments of the task; `base`: the first model; `beacon`: not needed where the nodes make
    it. Raises InputError where these are not the task's.
    """

    def __init__(
        self,
        store: Store,
        task: Task,
        *,
        key: Key,
        readers: Readers,
        deployments: Sequence[bytes],
        base: Model,
        beacon: Beacon | None = None,
        times: Times = Times(),
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.store, self.task, self.key, self.times = store, task, key, times
        self.limits, self._clock = limits or Limits(), clock
        written = TASK.write(task)
        self.digest = TASK.digest(written)
        if key.public != task.server:
            raise _other("key", "the key that the task names as its server's")
        read = {found.digest: (found, data) for data in deployments for found in (readers.deployment(data),)}
        if set(read) != set(task.deployments):
            raise _other("deployments", "the deployments that the task names")
        self.parameters: Sequence[Parameter] = next(iter(read.values()))[0].parameters
        check_parameters(self.parameters)
        check_alike([found for found, _ in read.values()])
        model = model_bytes(base, self.parameters)
        if tagged(digests.MODEL, model) != task.base:
            raise _other("base", "the base model that the task names")
        store.objects.put(self.digest, written)
        store.objects.put(task.base, model)
        for name, (_, data) in read.items():
            store.objects.put(name, data)
        store.add_task(self.digest)
        known = {name: found for name, (found, _) in read.items()}
        self.world = World(task, self.digest, known, store.objects, readers, self.limits)
        self.beacon = self._chosen(beacon)
        # The last ones that were asked for: every reply of a round asks for them.
        self._announced: tuple[bytes, Announcement | Any] = (b"", None)
        self._roster: tuple[bytes, Mapping[bytes, bytes]] = (b"", {})
        self._links: dict[int, bytes] = {}
        #: Of nodes that an issuer vouches for, their registrations with proofs that did not hold.
        self._failed: dict[bytes, list[Failed]] = {}

    def _chosen(self, beacon: Beacon | None) -> Beacon:
        if isinstance(self.task.source, Reveals):
            return RevealedBeacon(self.digest, self.known, lambda round: self.store.reveals(self.digest, round))
        if beacon is None or getattr(beacon, "source", None) != self.task.source:
            raise _other("beacon", "a beacon of the source that the task names")
        return beacon

    def now(self) -> int:
        """Unix seconds, whole."""
        return int(self._clock())

    # --- rounds, as they stand ----------------------------------------------------------------------------------------

    def announcement(self, row: Row) -> Announcement:
        """The announcement of a round."""
        if self._announced[0] != row.announcement:
            found = read_signed(self.store.objects, ANNOUNCEMENT, row.announcement, self.key.public)
            self._announced = (row.announcement, found)
        return self._announced[1]

    def roster(self, announcement: Announcement) -> Mapping[bytes, bytes]:
        """The nodes of a round, and the digests of their registrations."""
        if self._roster[0] != announcement.roster:
            found = read_message(self.store.objects, ROSTER, announcement.roster)
            self._roster = (announcement.roster, {member.node: member.registration for member in found.members})
        return self._roster[1]

    def chain(self, node: bytes, round: int) -> Opened | None:
        """A node's hash chain as far as it was opened before a round; None if it has none."""
        found = self.store.node(self.digest, node)
        if found is None or found.chain is None:
            return None
        return Opened(*self.store.last_reveals(self.digest, round, node).get(node, (0, found.chain)))

    def known(self, round: int) -> dict[bytes, Opened]:
        """Of every node that evidence of a round names its hash chain, as far as it was opened before.

        These are the nodes of the roster, and those whose replies to the round before brought a value: nobody else opens one.
        """
        row = self.store.round(self.digest, round)
        roster = (
            set() if row is None else {*self.roster(self.announcement(row)), *self.store.reveals(self.digest, round)}
        )
        opened = self.store.last_reveals(self.digest, round)
        chains = {node.node: node.chain for node in self.store.nodes(self.digest)}
        return {
            node: Opened(*opened.get(node, (0, chain)))
            for node in sorted(roster)
            if (chain := chains.get(node)) is not None
        }

    # --- what others send ---------------------------------------------------------------------------------------------

    def guarded(self, work: Callable[[Sender], Outcome]) -> Outcome:
        """What the work gives, or the refusal that it ends in, recorded. Faults of this server's disk are its own, and raised."""
        sender = Sender()
        try:
            return work(sender)
        except Exception as error:
            refusal = refusal_of(error)
        self.store.refuse(self.digest, sender.round, sender.node, refusal.slug, str(refusal))
        return Outcome(refusal.slug, str(refusal))

    def receipt(self, round: int, node: bytes, received: bytes) -> bytes:
        """The signed receipt of a message."""
        return RECEIPT.sign(Receipt(self.digest, round, node, received, self.now()), self.key)


#: Slugs of faults that are the server's own.
_OWN = ("file", "store", "store_version", "round_order")


def refusal_of(error: Exception) -> InvalidProof:
    """The refusal that an error means which the bytes of others caused. Raises the error again if it is this server's own."""
    if isinstance(error, InvalidProof):
        return error
    if isinstance(error, MissingDependency) or (isinstance(error, TacitError) and error.slug in _OWN):
        raise error
    if isinstance(error, TacitError):
        return InvalidProof(error.reason, slug=error.slug, place=error.place)
    return InvalidProof(f"it cannot be checked: {type(error).__name__}: {error}", slug="failed", place="submission")


def _other(place: str, expected: str) -> InputError:
    return InputError(f"expected {expected}, got another", slug="task", place=place)
