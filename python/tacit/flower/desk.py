"""Between a server of `tacit.network` and Flower's nodes: what is asked, and what becomes of the answers.

Whatever an answer can cause ends in a refusal with a slug, in the server's store and in `refused`; nothing is raised for it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flwr.app import ConfigRecord, Message, MessageType, RecordDict

from tacit.errors import InputError, InvalidProof
from tacit.flower import records
from tacit.flower.collecting import Collector, Hook
from tacit.flower.seats import Seats
from tacit.network.core import Outcome, Sender
from tacit.network.messages import ANNOUNCEMENT, LINK, REGISTRATION, RESULTS, Announcement, Link, Results
from tacit.network.objects import read_message
from tacit.network.server import Server
from tacit.network.sources import Reveals
from tacit.network.submission import pack_links
from tacit.network.wire import unpack

#: Bytes of a registration's parts at most; Flower itself takes no more in one piece.
_MOST_PARTS = 1 << 31
#: Seconds that a message lives behind its time: what comes then is refused as late, by name.
_GRACE = 60.0


@dataclass(frozen=True)
class Refused:
    """Something that was not taken. `node`: Flower's number, 0 if not known; `key`: the node's, hexadecimal, "" if not known."""

    round: int
    node: int
    key: str
    slug: str
    reason: str


class Desk:
    """The rounds of a server, asked of Flower's nodes. `deferred`: replies come first, each proof when its reply is here."""

    def __init__(self, server: Server, *, deferred: bool) -> None:
        self.server, self.deferred, self.seats = server, deferred, Seats()
        self.refused: list[Refused] = []
        #: Tests move a clock instead.
        self.sleep: Callable[[float], None] = time.sleep
        self._receipts: dict[int, bytes] = {}
        self._asked: dict[int, bytes] = {}
        self._number = 0

    # --- before a round -----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """End a round that an earlier process left behind its deadline."""
        row = self.server.store.round(self.server.digest)
        if row is None or row.state == "final":
            return
        if row.state == "closed" or self.server.now() > self.server.announcement(row).deadline:
            self.server.close()
            self.server.finish()

    def admit(self, grid: Collector, least: int, patience: float) -> None:
        """Ask those that are new for their registrations, until so many nodes can be asked, or the patience is over."""
        end = time.monotonic() + patience
        while True:
            new = self.seats.strangers(list(grid.get_node_ids()))
            left = max(end - time.monotonic(), 0.0)
            grid.exchange([self._ask(node, records.REGISTER, {}, patience) for node in new], left, self._registered)
            if len(self.seats.present(list(grid.get_node_ids()))) >= least or time.monotonic() >= end:
                return
            time.sleep(min(1.0, max(end - time.monotonic(), 0.0)))

    def begin(self, grid: Collector, share: float, least: int) -> Announcement:
        """Open a round, or go on with the open one, and see to its beacon. Raises InputError (slug no_nodes)."""
        present = self.seats.present(list(grid.get_node_ids()))
        chosen = secrets.SystemRandom().sample(
            sorted(present), min(len(present), max(int(len(present) * share), least))
        )
        if not chosen:
            raise InputError(
                "no node that has registered is online",
                slug="no_nodes",
                place="grid",
                remedy="start nodes, or see in `refused` why they were not taken",
            )
        announced = ANNOUNCEMENT.open(self.server.open({present[node] for node in chosen}))[0]
        roster = self.server.roster(announced)
        # A round that was open before has the nodes that it had then.
        self._asked = {node: key for node, key in present.items() if key in roster}
        self._number = announced.round
        if isinstance(self.server.task.source, Reveals):
            self._ask_for_reveals(grid, announced)
        return announced

    def _ask_for_reveals(self, grid: Collector, announced: Announcement) -> None:
        there = self.server.store.reveals(self.server.digest, announced.round)
        missing = [node for node, key in self._asked.items() if key not in there]
        seconds = float(self.server.times.notice)
        head: dict[str, int | bytes] = {"round": announced.round, "announcement": self.server.open()}
        links = self._links(announced.round)
        questions = [self._ask(node, records.REVEAL, {**head, "links": links[node]}, seconds) for node in missing]
        grid.exchange(questions, seconds, self._revealed)

    def _links(self, number: int) -> dict[int, bytes]:
        """What each that is asked in a round needs: the links since its last reply, as far as that is known.

        One that missed what it was asked last is shown all: it may have lost what it wrote down, and goes on from the task.
        """
        last = self.server.store.last_replies(self.server.digest, number)
        since = {node: 1 if self.seats.missed(node) else last.get(key, 1) for node, key in self._asked.items()}
        packed = {first: pack_links(self.server.links(first)) for first in set(since.values())}
        return {node: packed[first] for node, first in since.items()}

    def wait_for_beacon(self, announced: Announcement) -> bool:
        """Whether the beacon's value is there before the round ends; a round that was opened too late has none."""
        while True:
            try:
                self.server.begin()
            except InputError as error:
                if error.slug == "beacon_known":  # opened too late
                    return False
                if error.slug not in ("beacon_early", "beacon_source"):
                    raise
                if self.server.now() >= announced.deadline:
                    return False
                self.sleep(1.0)
            else:
                return True

    # --- a round ------------------------------------------------------------------------------------------------------

    def questions(self, announced: Announcement, config: ConfigRecord) -> list[Message]:
        """The train messages of the round."""
        base = self.server.model(announced.base)
        brief, links = self.server.brief(announced.round), self._links(announced.round)
        content = records.written_brief(brief, base, announced.round, deferred=self.deferred)
        content[records.CONFIG] = config
        return [self._train(node, content, links[node]) for node in self._asked]

    def _train(self, node: int, content: RecordDict, links: bytes) -> Message:
        own: dict[str, bytes] = {"links": links}
        receipt = self._receipts.pop(node, None)
        if receipt is not None:
            own["receipt"] = receipt
        head = ConfigRecord({**content.config_records[records.ROUND], **own})
        whole = RecordDict({**content, records.ROUND: head})
        return Message(whole, node, MessageType.TRAIN, ttl=max(self.left(), 0.0) + _GRACE)

    def left(self) -> float:
        """Seconds until the open round ends."""
        row = self.server.store.round(self.server.digest)
        return 0.0 if row is None else float(self.server.announcement(row).deadline - self.server.now())

    def replied(self, node: int, reply: Message | None) -> Iterable[tuple[Message, Hook]]:
        """Take a reply; if its proof did not come along, ask for that. It is the hook of train messages."""
        proven = True

        def work(_: Sender) -> Outcome:
            nonlocal proven
            submission = records.read_answer(_readable(reply))
            proven = submission.delivery is not None
            return self.server.receive(submission)

        outcome = self._noted(node, self.server.guarded(work))
        if not outcome.taken or proven:
            return []
        question: dict[str, int | bytes] = {"round": self._number, "receipt": self._receipts.pop(node)}
        return [(self._ask(node, records.PROOF, question, self.left()), self._delivered)]

    def finish(self) -> tuple[Link, Results]:
        """End the round: when every node has delivered, otherwise at its deadline, which is what they were promised."""
        while True:
            try:
                self.server.close()
                break
            except InputError as error:
                if error.slug != "round_open":
                    raise
            self.sleep(max(self.left(), 0.0) + 1.0)
        row = self.server.finish()
        link = read_message(self.server.store.objects, LINK, row.link or b"")
        results = read_message(self.server.store.objects, RESULTS, link.results)
        seats = {key: node for node, key in self._asked.items()}
        for entry in self.server.store.entries(self.server.digest, row.round):
            if entry.state == "refused":
                node = seats.get(entry.node, 0)
                self.refused.append(Refused(row.round, node, entry.node.hex(), entry.slug, entry.reason))
        # Where a round was opened too late nobody could answer.
        asked = self._asked if link.beacon is not None or isinstance(self.server.task.source, Reveals) else {}
        self.seats.over(asked, {contribution.node for contribution in results.contributions})
        return link, results

    # --- answers ------------------------------------------------------------------------------------------------------

    def _registered(self, node: int, reply: Message | None) -> Iterable[tuple[Message, Hook]]:
        def work(_: Sender) -> Outcome:
            names = {"registration", "parts"}
            head = records.answer_of(records.content_of(_readable(reply)), "registration", names)
            try:
                found = unpack(head["parts"], _MOST_PARTS, "registration")
                parts = {bytes.fromhex(name): data for name, data in found.items()}
            except ValueError:
                raise InvalidProof("a part's name is no digest", slug="flower_record", place="registration") from None
            outcome = self.server.register(head["registration"], parts)
            if outcome.taken:
                self.seats.admit(node, REGISTRATION.open(head["registration"])[0].node)
            return outcome

        if not self._noted(node, self.server.guarded(work), receipt=False).taken:
            self.seats.reject(node)
        return ()

    def _revealed(self, node: int, reply: Message | None) -> Iterable[tuple[Message, Hook]]:
        def work(_: Sender) -> Outcome:
            head = records.answer_of(records.content_of(_readable(reply)), "reveal", {"node", "value"})
            return self.server.reveal(self._number, head["node"], head["value"])

        self._noted(node, self.server.guarded(work), receipt=False)
        return ()

    def _delivered(self, node: int, reply: Message | None) -> Iterable[tuple[Message, Hook]]:
        def work(_: Sender) -> Outcome:
            head = records.answer_of(records.content_of(_readable(reply)), "proof", {"delivery", "proof"})
            return self.server.deliver(head["delivery"], head["proof"])

        self._noted(node, self.server.guarded(work))
        return ()

    def _noted(self, node: int, outcome: Outcome, *, receipt: bool = True) -> Outcome:
        if outcome.receipt is None:
            key = (self.seats.key(node) or b"").hex()
            self.refused.append(Refused(self._number, node, key, outcome.state, outcome.reason))
        elif receipt:
            self._receipts[node] = outcome.receipt
        return outcome

    def _ask(self, node: int, kind: str, head: dict[str, int | bytes], seconds: float) -> Message:
        # A record without entries would not survive the way.
        record = ConfigRecord({"task": self.server.digest, **head})
        return Message(RecordDict({records.ROUND: record}), node, kind, ttl=max(seconds, 0.0) + _GRACE)


def _readable(reply: Message | None) -> Message:
    if reply is None:
        raise InvalidProof("the reply cannot be read", slug="flower_record", place="reply")
    return reply
