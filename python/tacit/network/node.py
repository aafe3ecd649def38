"""A node of a task: it registers, checks what a server tells it, trains, proves, and signs one reply a round.

What it signs for a round is written into its folder before it is sent. Asked again, also after a crash, it sends the same: two
different replies, signed, are evidence against it, whatever the reason.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tacit.api.native import read_file, write_file
from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.beacon import Beacon
from tacit.network.beacon.reveals import Chain, RevealedBeacon, revealed, value_of
from tacit.network.checks import Limits, check_moments, context_of, seed_of
from tacit.network.context import model_bytes, model_of, shard_due
from tacit.network.digests import tagged
from tacit.network.interface import Deployment, Ints, Model, Shard
from tacit.network.keys import Key
from tacit.network.messages import (
    ANNOUNCEMENT,
    DELIVERY,
    RECEIPT,
    REGISTRATION,
    REPLY,
    Announcement,
    Delivery,
    Offer,
    Registration,
    Reply,
)
from tacit.network.sources import Reveals
from tacit.network.submission import Brief, Submission, most_submission
from tacit.network.taken import check_goes_on, last_taken
from tacit.network.task import TASK, Task
from tacit.network.wire import write_model


@dataclass(frozen=True)
class Holding:
    """A shard that a node has: what the issuer signed of it, its secret, its commitment and dataset proof (public files)."""

    shard: Shard
    secret: Any = field(repr=False)
    commitment: bytes = field(repr=False)
    proof: bytes = field(repr=False)


@dataclass(frozen=True)
class _Due:
    """A round, as this node takes part in it."""

    base: dict[str, Ints]
    holding: Holding
    beacon: bytes
    seed: bytes
    context: bytes


class Node:
    """A node in one task.

    `folder`: where what it signed lies. `beacon`: of the task's source; not needed where the nodes make it, then this node checks
    that its own value is in it, and whoever verifies the lineage checks the others'.
    """

    def __init__(
        self,
        key: Key,
        task: Task,
        *,
        deployment: Deployment,
        manifest: bytes,
        holdings: Sequence[Holding],
        folder: str | os.PathLike[str],
        beacon: Beacon | None = None,
    ) -> None:
        self.key, self.task, self.deployment, self.manifest = key, task, deployment, manifest
        self.digest = TASK.digest(TASK.write(task))
        self.holdings = sorted(holdings, key=lambda holding: holding.shard.identity)
        self._beacon, self._folder = beacon, Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.chain = Chain(key, self.digest, task.rounds) if isinstance(task.source, Reveals) else None
        if deployment.digest not in task.deployments:
            raise InputError("expected a deployment of the task, got another", slug="task", place="deployment")
        if self.chain is None and getattr(beacon, "source", None) != task.source:
            raise InputError("expected a beacon of the task's source, got another", slug="task", place="beacon")

    def registration(self) -> tuple[bytes, dict[bytes, bytes]]:
        """What `Server.register` takes: the signed registration, and its parts by digest."""
        parts = {tagged(digests.MANIFEST, self.manifest): self.manifest}
        offers = []
        for holding in self.holdings:
            offer = Offer(tagged(digests.COMMITMENT, holding.commitment), tagged(digests.PROOF, holding.proof))
            parts |= {offer.commitment: holding.commitment, offer.proof: holding.proof}
            offers.append(offer)
        registration = Registration(
            task=self.digest,
            node=self.key.public,
            deployment=self.deployment.digest,
            manifest=tagged(digests.MANIFEST, self.manifest),
            offers=tuple(offers),
            chain=None if self.chain is None else self.chain.head,
        )
        return REGISTRATION.sign(registration, self.key), parts

    def reveal(self, announcement: bytes, links: Sequence[bytes] = ()) -> bytes:
        """The value of this node's chain for the announced round, where no reply carried it: the first, or after a missed one.

        Earlier values follow from a later one, so only a round that is due is answered. `links`: `Server.links`, since the last
        round that this node took part in. Raises InvalidProof as `answer`, InputError (slug chain) where no chains are.
        """
        announced, name = self._announced(announcement)
        value = None if self.chain is None else self.chain.value(announced.round)
        if value is None:
            raise InputError("the beacon of this task is not made by its nodes", slug="chain", place="reveal")
        self._check_order(announced, name, announcement, links)
        self._check_moments(announced)
        write_file(self._file(announced.round, "announcement"), announcement)
        write_file(self._file(announced.round, "revealed"), announcement)
        return value

    def answer(self, brief: Brief, *, deferred: bool = False) -> Submission:
        """Train, prove and sign; or what was signed for this round before. Raises InvalidProof for a brief that does not hold,
        or does not go on from what this node took before.

        `deferred`: the reply only; `deliver` proves it, by the round's deadline. Raises InputError (slug replied) where this
        node has taken another announcement of the round.
        """
        announced, name = self._announced(brief.announcement)
        self._check_order(announced, name, brief.announcement, brief.links)
        found = self._signed(announced.round)
        if found is not None:
            return found
        due = self._due(brief, announced, name)
        write_file(self._file(announced.round, "announcement"), brief.announcement)
        if deferred:
            proof, next = None, self.deployment.fit(due.base, due.holding.secret, due.seed)
            write_file(self._file(announced.round, "brief"), replace(brief, links=()).to_bytes())
        else:
            next, proof = self.deployment.prove(due.base, due.holding.secret, due.seed, due.context)
        submission = self._replied(announced, name, due, next)
        if proof is not None:
            submission = self._proven(submission, proof)
        write_file(self._file(announced.round, "reply"), submission.to_bytes())
        return submission

    def deliver(self, round: int) -> Submission:
        """The reply of a round with its proof, which is made now if it was deferred.

        Raises InputError (slug no_reply) where this node has signed no reply to the round.
        """
        found = self._signed(round)
        if found is None:
            raise InputError(f"this node has signed no reply to round {round}", slug="no_reply", place="round")
        if found.delivery is None:
            kept = read_file(self._file(round, "brief"))
            brief = Brief.from_bytes(kept, self.deployment.parameters)
            due = self._due(brief, *self._announced(brief.announcement))
            next, proof = self.deployment.prove(due.base, due.holding.secret, due.seed, due.context)
            if write_model(next) != dict(found.arrays):
                raise InputError("the update is not the one that was signed", slug="replied", place=f"round {round}")
            found = self._proven(found, proof)
            write_file(self._file(round, "reply"), found.to_bytes())
        return found

    def keep(self, receipt: bytes) -> None:
        """Write down a receipt of the server: it shows that a reply was in time. Raises InvalidProof for one that is none."""
        found, name = RECEIPT.read_signed(receipt, self.task.server)
        if found.task != self.digest or found.node != self.key.public:
            raise InvalidProof("it is for another task or node", slug="task_other", place="receipt")
        write_file(self._file(found.round, f"receipt-{name.hex()[:16]}"), receipt)

    def _file(self, round: int, what: str) -> Path:
        return self._folder / f"round-{round}.{what}"

    def _signed(self, round: int) -> Submission | None:
        """What this node has signed for a round before."""
        file = self._file(round, "reply")
        if not file.exists():
            return None
        return Submission.from_bytes(read_file(file), most_submission(self.deployment.parameters, Limits()))

    def _announced(self, announcement: bytes) -> tuple[Announcement, bytes]:
        announced, name = ANNOUNCEMENT.read_signed(announcement, self.task.server)
        if announced.task != self.digest or not 1 <= announced.round <= self.task.rounds:
            raise InvalidProof("it is none of this task's rounds", slug="task_other", place="announcement")
        if announced.round == 1 and (announced.base, announced.previous) != (self.task.base, self.digest):
            raise InvalidProof("the first round is about the task's base", slug="base", place="announcement")
        return announced, name

    def _check_order(self, announced: Announcement, name: bytes, announcement: bytes, links: Sequence[bytes]) -> None:
        """Whether a round goes on from the last that this node took, or was taken: announcements lie in its folder.

        Raises InvalidProof (slug announcement, base), InputError (slug replied).
        """
        file = self._file(announced.round, "announcement")
        if not file.exists():
            check_goes_on(self.task, self.digest, last_taken(self._folder), announced, links)
        elif ANNOUNCEMENT.digest(read_file(file)[64:]) != name:
            write_file(self._file(announced.round, "second-announcement"), announcement)
            raise InputError(
                f"this node has taken another announcement of round {announced.round}",
                slug="replied",
                place=str(file),
                remedy="the server signed two announcements of one round: both are kept beside it, as evidence",
            )

    def _check_moments(self, announced: Announcement) -> Beacon:
        """The beacon, if its moments are ones that an announcement may have. Raises InvalidProof as `check_moments`."""
        beacon = self._beacon if self.chain is None else RevealedBeacon(self.digest, lambda _: {})
        assert beacon is not None
        check_moments(beacon, announced)
        return beacon

    def _checked_beacon(self, announced: Announcement, evidence: bytes) -> bytes:
        beacon = self._check_moments(announced)
        if self.chain is None:
            return beacon.verify(announced.moment, evidence)
        opened = revealed(evidence, announced.moment)
        own, found = self.chain.value(announced.round), opened.get(self.key.public)
        # None where it had not opened it: a value that it did open cannot be left out to get another beacon.
        absent = self.key.public in opened and found is None and not self._has_revealed(announced.round)
        if found != own and not absent:
            raise InvalidProof("this node's value is missing, or another", slug="beacon", place="brief")
        return value_of(self.digest, announced.moment, opened)

    def _has_revealed(self, round: int) -> bool:
        """Whether this node opened its value for a round: by itself, or in the reply before."""
        return self._file(round, "revealed").exists() or self._file(round - 1, "reply").exists()

    def _due(self, brief: Brief, announced: Announcement, name: bytes) -> _Due:
        """What this node has to train on in a round, and what its proof is bound to."""
        if tagged(digests.MODEL, brief.base) != announced.base:
            raise InvalidProof("the model is not the announced base", slug="base", place="brief")
        beacon = self._checked_beacon(announced, brief.evidence)
        node = self.key.public
        at = shard_due(
            len(self.holdings), task=self.digest, round=announced.round, node=node, base=announced.base, beacon=beacon
        )
        holding = self.holdings[at]
        sown = seed_of(self.digest, announced, node, holding.shard.identity, beacon)
        manifest = tagged(digests.MANIFEST, self.manifest)
        context = context_of(self.digest, announced, name, node, manifest, beacon)
        return _Due(model_of(brief.base, self.deployment.parameters), holding, beacon, sown, context)

    def _replied(self, announced: Announcement, name: bytes, due: _Due, next: Model) -> Submission:
        written = model_bytes(next, self.deployment.parameters)
        reply = Reply(
            task=self.digest,
            round=announced.round,
            node=self.key.public,
            announcement=name,
            beacon=due.beacon,
            data=due.holding.shard.identity,
            commitment=tagged(digests.COMMITMENT, due.holding.commitment),
            next=tagged(digests.MODEL, written),
            reveal=None if self.chain is None else self.chain.value(announced.round + 1),
        )
        return Submission(REPLY.sign(reply, self.key), write_model(next), due.holding.commitment)

    def _proven(self, submission: Submission, proof: bytes) -> Submission:
        reply = REPLY.open(submission.reply)[0]
        name = REPLY.digest(submission.reply[64:])
        delivery = Delivery(self.digest, reply.round, self.key.public, name, tagged(digests.PROOF, proof))
        return replace(submission, delivery=DELIVERY.sign(delivery, self.key), proof=proof)
