"""How a round goes: it is opened, has its beacon, is closed, and finished. Each step is done once, however often it is asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tacit.data.manifest import date
from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.aggregate import aggregate
from tacit.network.beacon.blocks import APART, SLOT
from tacit.network.checks import Checked, Stage, check_contribution, earliest_closing, known_when_opened
from tacit.network.context import model_bytes, model_of, model_size
from tacit.network.core import Core, refusal_of
from tacit.network.digests import tagged
from tacit.network.interface import Ints
from tacit.network.messages import (
    ANNOUNCEMENT,
    CLOSING,
    LINK,
    MOST_LINK,
    MOST_LIST,
    REGISTRATION,
    RESULTS,
    ROSTER,
    Absence,
    Announcement,
    Closing,
    Link,
    Member,
    Received,
    Results,
    Roster,
)
from tacit.network.objects import read_signed, read_tagged
from tacit.network.sources import Blocks, Reveals
from tacit.network.store import Entry, Registered, Row
from tacit.network.submission import Brief
from tacit.network.task import least_contributions

#: Blocks a second at most: those of the fastest chains.
_MOST_BLOCKS = 10
#: Why a node contributed nothing, where nothing of it came.
ABSENT = "absent"


class Rounds(Core):
    """open, begin, close, finish; `brief` is what nodes get."""

    def open(self, nodes: Collection[bytes] | None = None) -> bytes:
        """The signed announcement of the round that is going on, or of the next one, with all nodes that are registered now.

        A node whose manifest has ended is none of it. `nodes`: keys; of the registered ones only these, as where some are known
        to be away. Everybody sees whom it left out.
        Raises InputError: slug rounds_over behind the last round, no_nodes where nobody is registered, beacon_source.
        """
        last = self.store.round(self.digest)
        if last is None or last.state == "final":
            name = self._announce(last, nodes)
            last = self.store.open_round(self.digest, 1 if last is None else last.round + 1, name)
        return self.store.objects.read(last.announcement, ANNOUNCEMENT.most + 64, "announcement")

    def _announce(self, last: Row | None, nodes: Collection[bytes] | None) -> bytes:
        """Write the next announcement, and give its digest; it counts when a round is opened with it."""
        number = 1 if last is None else last.round + 1
        if number > self.task.rounds:
            raise InputError(f"the task has {self.task.rounds} rounds", slug="rounds_over", place="round")
        # A clock that was set back dates no round before the last one, or manifests that have ended would hold again.
        opened = max(self.now(), self._closed(last))
        asked = [n for n in self.store.nodes(self.digest) if nodes is None or n.node in nodes]
        members = tuple(Member(n.node, n.registration) for n in asked if self._holds(n, opened))
        if not members:
            raise InputError("no node is registered with a manifest that holds", slug="no_nodes", place="round")
        written = ROSTER.write(Roster(members))
        roster = ROSTER.digest(written)
        self.store.objects.put(roster, written)
        before = None if last is None else self.announcement(last)
        # A second at least: what is known now is no moment to fix.
        moment = self.beacon.fix(opened + max(1, self.times.notice), number) if before is None else before.following
        deadline = self._deadline(moment, number, opened, members)
        # Fixed now, so that nobody chooses among values that are known; late enough for the next roster and base.
        following = max(moment + 1, self.beacon.fix(deadline + max(1, self.times.gap), number + 1))
        if isinstance(self.task.source, Blocks):
            elapsed = 0 if before is None else opened - before.opened
            self._check_near(self.task.source, (moment, following), (opened, deadline), elapsed)
        announcement = Announcement(
            task=self.digest,
            round=number,
            base=self._base(last),
            previous=self.digest if last is None else last.link or b"",
            roster=roster,
            moment=moment,
            following=following,
            opened=opened,
            deadline=deadline,
        )
        signed = ANNOUNCEMENT.sign(announcement, self.key)
        name = ANNOUNCEMENT.digest(signed[64:])
        self.store.objects.put(name, signed)
        return name

    def _deadline(self, moment: int, number: int, opened: int, members: Collection[Member]) -> int:
        """`Times.window` behind the beacon, as far as it is known when that comes."""
        when = self.beacon.when(moment)
        if when is not None and when <= opened:
            # Behind its beacon nobody can answer: the round ends, and the next one can be opened soon.
            return opened
        there = self.beacon.expected(moment)
        if there is None:
            left = {member.node for member in members} - set(self.store.reveals(self.digest, number))
            there = opened + (self.times.notice if left else 0)
        return max(opened, there) + max(1, self.times.window)

    def _check_near(self, source: Blocks, moments: tuple[int, int], times: tuple[int, int], elapsed: int) -> None:
        """Whether deadline and next block are ones that the task comes to: nothing mends them once they are signed.

        Blocks have no clock. So the numbers are compared with the round before: since then the chain has made so many blocks
        at most, and the rest follows from `Times`, the depth, and how far endpoints may differ.
        """
        (moment, following), (opened, deadline) = moments, times
        elapsed *= _MOST_BLOCKS
        back = opened - self.now()  # by how much this clock was set back
        blocks = 3 * (source.depth + APART) + (self.times.notice + self.times.window + self.times.gap + back) // SLOT
        longest = blocks * SLOT + max(1, self.times.window)
        if deadline - opened > longest or following - moment > elapsed + blocks:
            raise InputError(
                f"expected a deadline within {longest} seconds of {date(opened)}, and the next block at most "
                f"{elapsed + blocks} behind block {moment}; by what the endpoints say they would be {date(deadline)} and "
                f"block {following}",
                slug="beacon_source",
                place="round",
                remedy="compare the latest blocks of the endpoints with the chain; open the round when they are right, or the "
                "chain, if it stood still, has gone on",
            )

    def _closed(self, last: Row | None) -> int:
        """When the last round was closed, as the server signed it; 0 before the first."""
        if last is None:
            return 0
        return read_signed(self.store.objects, CLOSING, last.closing or b"", self.key.public).time

    def _holds(self, node: Registered, now: int) -> bool:
        """Whether a node's manifest still holds: one that has ended could only be refused in every round."""
        registration = read_signed(self.store.objects, REGISTRATION, node.registration, node.node)
        try:
            self.world.manifest(registration, now)
        except InvalidProof:
            return False
        return True

    def _base(self, last: Row | None) -> bytes:
        return self.task.base if last is None else last.next or b""

    def _current(self, *states: str) -> Row:
        row = self.store.round(self.digest)
        if row is None or row.state not in states:
            found = "no round" if row is None else f"round {row.round}, {row.state}"
            raise InputError(
                f"expected a round that is {' or '.join(states)}, got {found}", slug="round_order", place="round"
            )
        return row

    def begin(self) -> bytes:
        """The beacon's value of the open round, once it is there.

        Raises InputError: slug beacon_early, beacon_source; beacon_known for a round that was opened too late: it can be closed.
        """
        row = self._current("open")
        if row.beacon is None:
            announced = self.announcement(row)
            moment = announced.moment
            if known_when_opened(self.beacon, announced):
                raise InputError(
                    f"the beacon of round {row.round} was known when it was opened, at {date(announced.opened)}: it has none",
                    slug="beacon_known",
                    place="round",
                    remedy="close and finish it, and open the next one; open rounds within `Times.gap` of the last deadline",
                )
            self._wait_for_reveals(row, announced)
            evidence = self.beacon.value(moment)
            value = self.beacon.verify(moment, evidence)
            name = tagged(digests.EVIDENCE, evidence)
            self.store.objects.put(name, evidence)
            row = self.store.set_beacon(self.digest, row.round, name, value)
        return row.beacon or b""

    def _wait_for_reveals(self, row: Row, announced: Announcement) -> None:
        """Nodes have `Times.notice` to open their values, if not all have."""
        if not isinstance(self.task.source, Reveals) or self.now() > announced.opened + self.times.notice:
            return
        left = set(self.roster(announced)) - set(self.store.reveals(self.digest, row.round))
        if left:
            raise InputError(
                f"{len(left)} nodes have until {date(announced.opened + self.times.notice)} to open their values",
                slug="beacon_early",
                place="beacon",
            )

    def links(self, since: int = 1) -> tuple[bytes, ...]:
        """The links of the rounds from this one on that are over, in order."""
        # They never change, and every newcomer needs them: each is read once.
        for number, name in self.store.links(self.digest, len(self._links) + 1):
            self._links[number] = read_tagged(self.store.objects, digests.LINK, name, MOST_LINK, "link")
        return tuple(self._links[number] for number in range(max(since, 1), len(self._links) + 1))

    def brief(self, since: int = 1) -> Brief:
        """What nodes need of the open round; `since`: the last round that all who get it took part in, 1 if that is not known.

        Raises InputError (slug beacon_early) before `begin`.
        """
        row = self._current("open")
        if row.evidence is None:
            raise InputError("the round has no beacon yet", slug="beacon_early", place="round")
        announced = self.announcement(row)
        return Brief(
            self.store.objects.read(row.announcement, ANNOUNCEMENT.most + 64, "announcement"),
            read_tagged(self.store.objects, digests.EVIDENCE, row.evidence, MOST_LIST, "evidence"),
            self._model_bytes(announced.base),
            self.links(since),
        )

    def model(self, identity: bytes) -> dict[str, Ints]:
        """A model of this task by its identity. Raises InvalidProof (slug object_missing)."""
        return model_of(self._model_bytes(identity), self.parameters)

    def _model_bytes(self, identity: bytes) -> bytes:
        return read_tagged(self.store.objects, digests.MODEL, identity, model_size(self.parameters), "model")

    # --- the end of a round -------------------------------------------------------------------------------------------

    def close(self) -> Row:
        """Fix the set of the open round: after its deadline, or when every node has delivered (else slug round_open)."""
        row = self._current("open", "closed", "final")
        announced = self.announcement(row)
        nodes = set(self.roster(announced))
        with self.store.closing(self.digest, row.round) as closing:
            if closing.row.state == "open":
                delivered = {entry.node for entry in closing.entries if entry.delivery is not None}
                now = self.now()
                if now <= announced.deadline and delivered != nodes:
                    raise InputError(
                        f"the round goes on until {date(announced.deadline)}; {len(nodes - delivered)} nodes are still to come",
                        slug="round_open",
                        place="round",
                    )
                received = tuple(Received(entry.node, entry.reply, entry.delivery) for entry in closing.entries)
                # A clock that was set back: the times that are signed go on.
                known = closing.row.beacon is not None
                time = max(now, earliest_closing(self.beacon, announced, known=known))
                signed = CLOSING.sign(Closing(self.digest, row.round, row.announcement, received, time), self.key)
                name = CLOSING.digest(signed[64:])
                self.store.objects.put(name, signed)
                closing.fix(name)
        return self._current("closed", "final")

    def finish(self) -> Row:
        """Check all that came, aggregate what was verified, write the link: the round is final."""
        row = self._current("closed", "final")
        if row.state == "final":
            return row
        announced = self.announcement(row)
        stage = Stage(announced, row.announcement, row.beacon or bytes(32), self.model(announced.base))
        roster = self.roster(announced)
        verified = []
        for entry in self.store.entries(self.digest, row.round):
            checked = self._judged(stage, entry, roster[entry.node])
            if checked is not None:
                verified.append(checked)
        if len(verified) >= least_contributions(self.task):
            contributed = [(checked.records, checked.model) for checked in verified]
            written = model_bytes(aggregate(self.task.rule, contributed, self.parameters), self.parameters)
            self.store.objects.put(tagged(digests.MODEL, written), written)
            next = tagged(digests.MODEL, written)
        else:
            next = announced.base
        link = self._link(row, announced, verified, roster, next)
        return self.store.finish_round(self.digest, row.round, link, next)

    def _judged(self, stage: Stage, entry: Entry, registration: bytes) -> Checked | None:
        """A contribution, if it is good; the judgement is recorded. A proof that was verified before is not looked at again."""
        if entry.state == "refused":
            return None
        number = stage.announcement.round
        try:
            if entry.delivery is None:
                raise InvalidProof("its proof did not come by the deadline", slug="undelivered", place="delivery")
            joined = self.world.joined(registration, entry.node, stage.announcement.opened)
            proven = entry.state == "verified"
            checked = check_contribution(self.world, stage, joined, entry.reply, entry.delivery, proven=proven)
        except Exception as error:
            self.store.judge(self.digest, number, entry.node, refusal_of(error))
            return None
        self.store.judge(self.digest, number, entry.node, None)
        return checked

    def _link(
        self, row: Row, announced: Announcement, verified: list[Checked], roster: Mapping[bytes, bytes], next: bytes
    ) -> bytes:
        """Write the round's results and its link, and give the link's digest."""
        slugs = {entry.node: entry.slug for entry in self.store.entries(self.digest, row.round)}
        contributions = tuple(checked.contribution for checked in verified)
        there = {contribution.node for contribution in contributions}
        absences = tuple(Absence(node, slugs.get(node, ABSENT)) for node in sorted(roster) if node not in there)
        results = RESULTS.write(Results(contributions, absences))
        self.store.objects.put(RESULTS.digest(results), results)
        link = Link(
            previous=announced.previous,
            task=self.digest,
            round=row.round,
            announcement=row.announcement,
            closing=row.closing or b"",
            evidence=row.evidence,
            beacon=row.beacon,
            base=announced.base,
            results=RESULTS.digest(results),
            rule=self.task.rule,
            next=next,
        )
        written = LINK.write(link)
        self.store.objects.put(LINK.digest(written), written)
        return LINK.digest(written)
