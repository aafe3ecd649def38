"""What nodes send in a round: replies, proofs, values of their hash chains.

Order of checks: lengths; the message's own form; whether there is such a round, and the node is registered; the signature; if
it is a node of the round; whether it has replied already; the time; the announcement; the beacon; every tensor; the model's
identity; the opened value; the commitment. Each is cheap, and what is dear, the proof, is looked at when the set is closed, one
for each node at most.
"""

from __future__ import annotations

from tacit.data.manifest import date
from tacit.errors import InvalidProof
from tacit.network import digests
from tacit.network.beacon.reveals import opens
from tacit.network.checks import check_beacon
from tacit.network.context import model_bytes
from tacit.network.core import Core, Outcome, Sender
from tacit.network.digests import tagged
from tacit.network.messages import DELIVERY, REPLY, Announcement, Reply
from tacit.network.objects import read_tagged
from tacit.network.sources import Reveals
from tacit.network.store import Row
from tacit.network.submission import Submission
from tacit.network.wire import read_model


class Inbox(Core):
    """Everything here is refused or on the disk when the call returns; nothing that was sent raises."""

    def receive(self, submission: Submission) -> Outcome:
        """A reply, and its proof where it came along. The same again is `same`; another one is refused (conflict), and kept."""
        taken = self.guarded(lambda sender: self._receive(submission, sender))
        if not taken.taken or submission.delivery is None:
            return taken
        return self.deliver(submission.delivery, submission.proof or b"")

    def deliver(self, delivery: bytes, proof: bytes) -> Outcome:
        """The proof of a reply that is here."""
        return self.guarded(lambda sender: self._deliver(delivery, proof, sender))

    def reveal(self, round: int, node: bytes, value: bytes) -> Outcome:
        """The value that a node opens for a round, where no reply before it could carry it. The chain is its signature."""
        return self.guarded(lambda sender: self._reveal(round, node, value))

    def _round(self, round: int, node: bytes, place: str) -> Row:
        """The round that a message names, and whether the node is registered: two rows of the store, before its signature.

        Raises InvalidProof (slug round_unknown, node_unknown).
        """
        row = self.store.round(self.digest, round)
        if row is None:
            raise InvalidProof(f"there is no round {round}", slug="round_unknown", place=place)
        if self.store.node(self.digest, node) is None:
            raise InvalidProof(f"node {node.hex()[:16]} is not registered", slug="node_unknown", place=place)
        return row

    def _member(self, row: Row, node: bytes, place: str) -> Announcement:
        """The announcement of the round that a node is in: behind its signature, since a roster is read.

        Raises InvalidProof (slug node_unknown).
        """
        announcement = self.announcement(row)
        if node not in self.roster(announcement):
            raise InvalidProof(f"node {node.hex()[:16]} is none of round {row.round}", slug="node_unknown", place=place)
        return announcement

    def _check_time(self, row: Row, announcement: Announcement, place: str) -> None:
        if row.state != "open" or self.now() > announcement.deadline:
            raise InvalidProof(
                f"round {row.round} ended at {date(announcement.deadline)}, or is closed", slug="late", place=place
            )
        if row.beacon is None:
            raise InvalidProof(f"round {row.round} has no beacon yet", slug="early", place=place)

    # --- replies ------------------------------------------------------------------------------------------------------

    def _receive(self, submission: Submission, sender: Sender) -> Outcome:
        reply, signed = REPLY.open(submission.reply)
        if reply.task != self.digest:
            raise InvalidProof("it is for another task", slug="task_other", place="reply")
        row = self._round(reply.round, reply.node, "reply")
        sender.round = row.round
        REPLY.check(signed, reply.node)
        announcement = self._member(row, reply.node, "reply")
        sender.node = reply.node
        name = REPLY.digest(signed.body)
        there = self.store.entry(self.digest, row.round, reply.node)
        if there is None:
            self._check_time(row, announcement, "reply")
            if reply.announcement != row.announcement:
                raise InvalidProof("it is about another announcement", slug="announcement", place="reply")
            check_beacon(reply, row.beacon)
            self._take(submission, reply, name)
        elif there.reply != name and self.store.may_conflict(self.digest, row.round, reply.node):
            self.store.objects.put(name, submission.reply)
        reveal = None if reply.reveal is None else (row.round + 1, reply.reveal)
        state = self.store.add_reply(self.digest, row.round, reply.node, name, reveal)
        if state == "closed":
            raise InvalidProof(f"round {row.round} is closed", slug="late", place="reply")
        if state == "conflict":
            raise InvalidProof(
                "this node has signed another reply to this round; both are kept", slug="conflict", place="reply"
            )
        return Outcome(state, receipt=self.receipt(row.round, reply.node, name))

    def _take(self, submission: Submission, reply: Reply, name: bytes) -> None:
        """Check the parts of a reply, and keep them."""
        submission.check_sizes(self.parameters, self.limits)
        model = model_bytes(read_model(submission.arrays, self.parameters), self.parameters)
        if tagged(digests.MODEL, model) != reply.next:
            raise InvalidProof("the tensors are not those of the signed identity", slug="next", place="reply")
        self._check_reveal(reply.round + 1, reply.node, reply.reveal)
        objects = self.store.objects
        if submission.commitment is not None:
            if tagged(digests.COMMITMENT, submission.commitment) != reply.commitment:
                raise InvalidProof("it is not the commitment of the reply", slug="object_changed", place="commitment")
            objects.put(reply.commitment, submission.commitment)
        else:
            # Another object of that name would make the round's lineage one that nobody can judge.
            read_tagged(objects, digests.COMMITMENT, reply.commitment, self.limits.commitment, "commitment")
        objects.put(reply.next, model)
        objects.put(name, submission.reply)

    # --- proofs -------------------------------------------------------------------------------------------------------

    def _deliver(self, data: bytes, proof: bytes, sender: Sender) -> Outcome:
        delivery, signed = DELIVERY.open(data)
        if delivery.task != self.digest:
            raise InvalidProof("it is for another task", slug="task_other", place="delivery")
        row = self._round(delivery.round, delivery.node, "delivery")
        sender.round = row.round
        DELIVERY.check(signed, delivery.node)
        announcement = self._member(row, delivery.node, "delivery")
        sender.node = delivery.node
        name = DELIVERY.digest(signed.body)
        there = self.store.entry(self.digest, row.round, delivery.node)
        if there is None or there.reply != delivery.reply:
            raise InvalidProof("there is no such reply of this node", slug="no_reply", place="delivery")
        if there.delivery is None:
            self._check_time(row, announcement, "delivery")
            if len(proof) > self.limits.proof:
                raise InvalidProof(
                    f"expected at most {self.limits.proof} bytes, got {len(proof)}", slug="message_size", place="proof"
                )
            if tagged(digests.PROOF, proof) != delivery.proof:
                raise InvalidProof("it is not the proof of the delivery", slug="object_changed", place="proof")
            self.store.objects.put(delivery.proof, proof)
            self.store.objects.put(name, data)
        elif there.delivery != name and self.store.may_conflict(self.digest, row.round, delivery.node):
            self.store.objects.put(name, data)
        state = self.store.add_delivery(self.digest, row.round, delivery.node, delivery.reply, name)
        if state in ("closed", "no_reply"):
            raise InvalidProof(f"round {row.round} is closed", slug="late", place="delivery")
        if state == "conflict":
            raise InvalidProof(
                "this node has signed another proof of its reply; both are kept", slug="conflict", place="delivery"
            )
        return Outcome(state, receipt=self.receipt(row.round, delivery.node, name))

    # --- hash chains --------------------------------------------------------------------------------------------------

    def _reveal(self, round: int, node: bytes, value: bytes) -> Outcome:
        if not isinstance(self.task.source, Reveals):
            raise InvalidProof("the beacon of this task is not made by its nodes", slug="chain", place="reveal")
        row = self._round(round, node, "reveal")
        if row.beacon is not None:
            raise InvalidProof(f"round {round} has its beacon already", slug="late", place="reveal")
        self._check_reveal(round, node, value)
        self._member(row, node, "reveal")
        new = self.store.add_reveal(self.digest, round, node, value)
        return Outcome("new" if new else "same", receipt=self.receipt(round, node, value))

    def _check_reveal(self, round: int, node: bytes, value: bytes | None) -> None:
        """Whether the value opens the node's chain for a round; none at all is absence, which the beacon names."""
        if value is None:
            return
        last = self.chain(node, round)
        if last is None or not opens(self.digest, node, last, round, value):
            raise InvalidProof(
                f"the value does not open the node's chain for round {round}", slug="chain", place="reveal"
            )
