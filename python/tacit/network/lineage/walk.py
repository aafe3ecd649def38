"""From the last link back to the task, and forward again: everything that a server did, done once more.

Of every round, in this order, with the place in the refusal:

    link           previous, task, number, base, rule
    announcement   signed; base, previous; the beacon's moment as the round before had fixed it; opened when that was closed, at
                   the earliest
    roster         registrations: signed, manifests that held then, commitments, dataset proofs; nobody's data twice; nobody anew
    beacon         the evidence shows the value, and has what replies to the round before opened, of whatever nodes
    closing        signed; every reply in it is about this beacon, and without one there is none; behind the opening, and the
                   beacon; behind the deadline, or with everything that could come
    contributions  among what had come; each with all checks, the proof included
    absences       everybody else; who had delivered is refused here, too, for what the link says
    next           the exact aggregate
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from tacit.data.manifest import date
from tacit.errors import InvalidProof, MissingDependency, TacitError
from tacit.network import digests
from tacit.network.aggregate import aggregate
from tacit.network.beacon import Beacon
from tacit.network.beacon.blocks import Block
from tacit.network.beacon.drand import Drand
from tacit.network.beacon.reveals import Opened, RevealedBeacon, opens, revealed
from tacit.network.checks import (
    Checked,
    Joined,
    Stage,
    World,
    check_beacon,
    check_contribution,
    check_moments,
    check_opened,
    earliest_closing,
    overlapping,
)
from tacit.network.context import model_identity, model_size
from tacit.network.core import refusal_of
from tacit.network.interface import Ints
from tacit.network.lineage.report import Contributor, Left, Lineage, Round
from tacit.network.messages import (
    ANNOUNCEMENT,
    CLOSING,
    DELIVERY,
    LINK,
    MOST_LIST,
    REPLY,
    RESULTS,
    ROSTER,
    Announcement,
    Closing,
    Link,
    Results,
)
from tacit.network.objects import read_message, read_signed, read_tagged
from tacit.network.sources import Blocks, Chained, Reveals, Unchained
from tacit.network.task import Task, least_contributions

#: Refusals for lists of issuers and revocations that a verifier need not have: seen there, they are the server's word here.
_OF_LISTS = ("issuer_unknown", "issuer_expired", "manifest_revoked", "revocations_stale")


@dataclass
class Walk:
    """Where the walk is: the base of the next round, and what the rounds before it fixed."""

    task: Task
    world: World
    base: dict[str, Ints]
    identity: bytes
    kept: int | None
    number: int = 0
    previous: bytes = b""
    following: int | None = None
    #: When the last round was closed.
    closed: int = 0
    registered: dict[bytes, bytes] = field(default_factory=dict)
    opened: dict[bytes, Opened] = field(default_factory=dict)
    #: What replies to the last round opened for the next one.
    early: dict[bytes, bytes] = field(default_factory=dict)
    #: Nodes with a value that opened no chain: no server takes one, and looking at every one of theirs would be much work.
    spoiled: set[bytes] = field(default_factory=set)
    models: dict[int, dict[str, Ints]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.previous = self.world.digest
        self._keep()
        if isinstance(self.task.source, Blocks):
            self.notes.append(
                f"that the beacon's blocks are on chain {self.task.source.chain}: compare their hashes with the chain"
            )
        if isinstance(self.task.source, Reveals):
            self.notes.append("that no node withheld its value of the beacon to choose between two: absences are named")

    def links(self, head: bytes) -> Iterator[bytes]:
        """The names of all links, the first one first; as many as there may be rounds."""
        names: list[bytes] = []
        while head != self.world.digest:
            if len(names) == self.task.rounds:
                raise refused(f"expected at most {self.task.rounds} rounds, got more", slug="lineage", place="links")
            names.append(head)
            head = read_message(self.world.objects, LINK, head).previous
        yield from reversed(names)

    # --- a round ------------------------------------------------------------------------------------------------------

    def round(self, name: bytes) -> Round:
        """Verify the next round, and go on to it."""
        self.number += 1
        with at_place(f"round {self.number}"):
            link = self._link(name)
            announced = self._announcement(link)
            check_moments(self._source({}), announced, used=link.beacon is not None)
            joined = self._roster(announced)
            beacon = self._beacon(link, announced, joined)
            closing = self._closing(link, announced, joined)
            stage = Stage(announced, link.announcement, beacon or bytes(32), self.base)
            results = read_message(self.world.objects, RESULTS, link.results)
            checked = self._contributions(link, results, closing, stage, joined)
            left = self._absences(results, closing, stage, joined)
            self._next(link, checked)
            self.previous, self.following, self.closed = name, announced.following, closing.time
            return Round(
                self.number, name, link.base, link.next, link.beacon, announced.moment, announced.opened,
                announced.deadline, tuple(self._contributor(item, joined) for item in checked), left,
            )  # fmt: skip

    def _link(self, name: bytes) -> Link:
        link = read_message(self.world.objects, LINK, name)
        for what, wanted, got in (
            ("task", self.world.digest, link.task),
            ("previous link", self.previous, link.previous),
            ("base", self.identity, link.base),
        ):
            if wanted != got:
                raise refused(f"expected {what} {wanted.hex()[:16]}, got {got.hex()[:16]}", slug="link", place="link")
        if link.round != self.number or link.rule != self.task.rule:
            raise refused(
                f"expected round {self.number} by the task's rule, got {link.round}", slug="link", place="link"
            )
        return link

    def _announcement(self, link: Link) -> Announcement:
        found = read_signed(self.world.objects, ANNOUNCEMENT, link.announcement, self.task.server)
        wanted = (self.world.digest, self.number, link.base, link.previous)
        if (found.task, found.round, found.base, found.previous) != wanted:
            raise refused("it announces another round", slug="announcement", place="announcement")
        if self.following is not None and found.moment != self.following:
            raise refused(
                f"expected moment {self.following}, as the round before fixed it, got {found.moment}",
                slug="announcement",
                place="announcement",
            )
        check_opened(found, self.closed)
        return found

    def _roster(self, announced: Announcement) -> dict[bytes, Joined]:
        members = read_message(self.world.objects, ROSTER, announced.roster).members
        joined = {}
        for member in members:
            with at_place(f"node {member.node.hex()[:16]}"):
                if self.registered.setdefault(member.node, member.registration) != member.registration:
                    raise refused("it was registered otherwise before", slug="registered", place="registration")
                joined[member.node] = self.world.joined(member.registration, member.node, announced.opened)
        twice = overlapping([(node, shard) for node, found in joined.items() for shard in found.shards])
        if twice is not None:
            first, second = (node.hex()[:16] for node in twice)
            raise refused(f"nodes {first} and {second} have records in common", slug="shard_taken", place="roster")
        for node, found in joined.items():
            self.opened.setdefault(node, Opened(0, found.registration.chain or b""))
        return joined

    def _beacon(self, link: Link, announced: Announcement, joined: Mapping[bytes, Joined]) -> bytes | None:
        if link.evidence is None:
            return None
        evidence = read_tagged(self.world.objects, digests.EVIDENCE, link.evidence, MOST_LIST, "beacon")
        known = {node: self.opened[node] for node in joined}
        found = revealed(evidence, announced.moment) if isinstance(self.task.source, Reveals) else {}
        if isinstance(self.task.source, Reveals):
            known |= self._check_early(found, announced.moment)
        value = self._source(known).verify(announced.moment, evidence)
        if value != link.beacon:
            raise refused("the evidence shows another value", slug="beacon", place="beacon")
        for node, opened in found.items():
            if opened is not None:
                self.opened[node] = Opened(announced.moment, opened)
        return value

    def _check_early(self, found: Mapping[bytes, bytes | None], moment: int) -> dict[bytes, Opened]:
        """The chains of nodes whose replies to the round before opened a value: the evidence has them all, in the roster or not.

        A server that had them when it closed that round would otherwise choose among beacons: it would call their nodes absent,
        or write its roster without them. What opens no chain is no value.
        """
        early = {}
        for node, value in self.early.items():
            if node in self.spoiled or not opens(self.world.digest, node, self.opened[node], moment, value):
                self.spoiled.add(node)
                continue
            if found.get(node) is None:
                what = "says that it opened none" if node in found else "does not name it"
                raise refused(
                    f"node {node.hex()[:16]} opened its value in its reply to round {self.number - 1}, which the server "
                    f"closed that round with, and the evidence {what}",
                    slug="left_out",
                    place="beacon",
                )
            early[node] = self.opened[node]
        return early

    def _source(self, known: Mapping[bytes, Opened]) -> Beacon:
        source = self.task.source
        if isinstance(source, (Unchained, Chained)):
            return Drand(source)
        return Block(source) if isinstance(source, Blocks) else RevealedBeacon(self.world.digest, lambda _: known)

    def _closing(self, link: Link, announced: Announcement, joined: Mapping[bytes, Joined]) -> Closing:
        found = read_signed(self.world.objects, CLOSING, link.closing, self.task.server)
        wanted = (self.world.digest, self.number, link.announcement)
        if (found.task, found.round, found.announcement) != wanted:
            raise refused("it closes another round", slug="closing", place="closing")
        delivered = {item.node for item in found.received if item.delivery is not None}
        if {item.node for item in found.received} - joined.keys():
            raise refused("it names a node that is none of the round", slug="closing", place="closing")
        self._check_replies(link, found)
        earliest = earliest_closing(self._source({}), announced, known=link.beacon is not None)
        if found.time < earliest:
            raise refused(
                f"expected a closing at {date(earliest)}, when the round was opened or had its beacon, or later, "
                f"got {date(found.time)}",
                slug="closing",
                place="closing",
            )
        if found.time <= announced.deadline and delivered != joined.keys():
            raise refused(
                f"it was closed at {date(found.time)}, before the deadline {date(announced.deadline)}, with nodes still to come",
                slug="closing",
                place="closing",
            )
        return found

    def _check_replies(self, link: Link, closing: Closing) -> None:
        """Whether all that came is signed by its node and about the link's beacon. No node can reply without one.

        Otherwise a server could say another beacon, or none, and every proof would be refused here as it says.
        """
        self.early = {}
        for came in closing.received:
            with at_place(f"node {came.node.hex()[:16]}"):
                replied = read_signed(self.world.objects, REPLY, came.reply, came.node)
                check_beacon(replied, link.beacon)
                if replied.reveal is not None:
                    self.early[came.node] = replied.reveal
                if came.delivery is not None:
                    read_signed(self.world.objects, DELIVERY, came.delivery, came.node)

    # --- what came ----------------------------------------------------------------------------------------------------

    def _contributions(
        self, link: Link, results: Results, closing: Closing, stage: Stage, joined: Mapping[bytes, Joined]
    ) -> list[Checked]:
        received = {item.node: (item.reply, item.delivery) for item in closing.received}
        found = []
        for item in results.contributions:
            with at_place(f"node {item.node.hex()[:16]}"):
                if received.get(item.node) != (item.reply, item.delivery) or link.beacon is None:
                    raise refused(
                        "it is not among what had come when the round was closed", slug="closing", place="contribution"
                    )
                checked = check_contribution(self.world, stage, joined[item.node], item.reply, item.delivery)
                if checked.contribution != item:
                    raise refused("the link says something else of it", slug="link", place="contribution")
                found.append(checked)
        return found

    def _absences(
        self, results: Results, closing: Closing, stage: Stage, joined: Mapping[bytes, Joined]
    ) -> tuple[Left, ...]:
        there = {item.node for item in results.contributions}
        if {item.node for item in results.absences} != joined.keys() - there:
            raise refused("contributions and absences are not the nodes of the round", slug="link", place="absences")
        received = {item.node: item for item in closing.received}
        left = []
        for item in results.absences:
            came = received.get(item.node)
            with at_place(f"node {item.node.hex()[:16]}"):
                if came is None or came.delivery is None:
                    wanted = "absent" if came is None else "undelivered"
                    if item.slug != wanted:
                        raise refused(f"expected {wanted}, got {item.slug!r}", slug="link", place="absence")
                    left.append(Left(item.node, item.slug, True))
                else:
                    left.append(self._refused_again(stage, joined[item.node], came.reply, came.delivery, item.slug))
        return tuple(left)

    def _refused_again(self, stage: Stage, joined: Joined, reply: bytes, delivery: bytes, slug: str) -> Left:
        """What the server refused is refused here for the same. It may be for a list that is not here: then it is its word."""
        node = joined.registration.node
        try:
            check_contribution(self.world, stage, joined, reply, delivery)
        except MemoryError:
            raise
        except Exception as error:
            found = refusal_of(error)
            # What is not there cannot be judged: its publisher has to show it.
            if found.slug in ("object_missing", "object_changed", "object_size"):
                raise found from None
            if found.slug != slug and slug not in _OF_LISTS:
                raise refused(
                    f"the server left it out as {slug!r}, and here it is refused as {found.slug!r}: {found.reason}",
                    slug="link",
                    place="absence",
                ) from None
            return Left(node, found.slug, True)
        if slug not in _OF_LISTS:
            raise refused(f"the server left it out as {slug!r}, and it holds", slug="left_out", place="absence")
        self.notes.append(
            f"that node {node.hex()[:16]} was left out of round {self.number} rightly ({slug}): "
            "the server's lists said so, those at hand do not"
        )
        return Left(node, slug, False)

    def _next(self, link: Link, checked: list[Checked]) -> None:
        if len(checked) >= least_contributions(self.task):
            contributed = [(item.records, item.model) for item in checked]
            parameters = next(iter(self.world.deployments.values())).parameters
            self.base = aggregate(self.task.rule, contributed, parameters)
            self.identity = model_identity(self.base, parameters)
        if link.next != self.identity:
            raise refused(
                f"expected the model {self.identity.hex()[:16]}, which the contributions make, got {link.next.hex()[:16]}",
                slug="next",
                place="link",
            )
        # It is known already; who reads on wants to have it, too.
        size = model_size(next(iter(self.world.deployments.values())).parameters)
        read_tagged(self.world.objects, digests.MODEL, link.next, size, "next")
        self._keep()

    def _keep(self) -> None:
        """The model that a prediction may be about: the last one, or that of the round that is asked for."""
        if self.kept is None:
            self.models.clear()
        if self.kept in (None, self.number):
            self.models[self.number] = self.base

    def _contributor(self, checked: Checked, joined: Mapping[bytes, Joined]) -> Contributor:
        item = checked.contribution
        found = joined[item.node]
        shard = next(shard for shard in found.shards if shard.identity == item.data)
        ids = (shard.lowest, shard.highest)
        return Contributor(item.node, found.issuer, item.data, checked.records, ids, item.next, checked.proof_bytes)

    # --- a prediction -------------------------------------------------------------------------------------------------

    def prediction(
        self, found: Lineage, proof: bytes, context: bytes, round: int | None
    ) -> tuple[bytes, Mapping[str, object]]:
        """The model's identity, and what the proof says under it."""
        number = self.number if round is None else round
        if not 0 <= number <= self.number:
            raise refused(f"expected a round from 0 to {self.number}, got {number}", slug="lineage", place="prediction")
        model = found.rounds[number - 1].next if number else self.task.base
        last: InvalidProof | None = None
        for deployment in self.world.deployments.values():
            try:
                said = self.world.readers.prediction(deployment, self.models[number], proof, context)
            except InvalidProof as error:
                last = error
            else:
                return model, said
        assert last is not None
        raise InvalidProof(last.reason, slug=last.slug, place=f"prediction: {last.place}", remedy=last.remedy)


@contextmanager
def at_place(place: str) -> Iterator[None]:
    """Refusals name the place in front of their own; whatever else hostile bytes cause is a refusal as well."""
    try:
        yield
    except (MissingDependency, MemoryError):
        raise
    except TacitError as error:
        where = f"{place}: {error.place}" if error.place else place
        raise InvalidProof(error.reason, slug=error.slug, place=where, remedy=error.remedy) from None
    except Exception as error:
        reason = f"it cannot be checked: {type(error).__name__}: {error}"
        raise InvalidProof(reason, slug="failed", place=place) from error


def refused(reason: str, *, slug: str, place: str) -> InvalidProof:
    return InvalidProof(reason, slug=slug, place=place)
