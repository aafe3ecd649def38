"""What is sent and kept, field by field: borsh, signed or named by a digest (docs/protocol/network.md)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tacit.data.manifest import MOST_TIME
from tacit.network import digests
from tacit.network.aggregate import RULE, Rule
from tacit.network.digests import distinct_and_sorted
from tacit.network.kinds import Kind
from tacit.program.borsh import U32, Fixed, Int, Option, Text, Vec, struct_of

_U64 = Int("<Q")
_Digest = Fixed(32)

#: Bytes of a message at most; of one that names every node of a round.
MOST_MESSAGE = 1 << 16
MOST_LIST = 1 << 24
#: Bytes of a link at most: nodes are shown many.
MOST_LINK = 1 << 9
#: Nodes of a round at most; deployments, issuers, and shards of a node; rounds of a task.
MOST_NODES = 1 << 16
MOST_NAMED = 256
MOST_ROUNDS = 1 << 16


@dataclass(frozen=True)
class Offer:
    """A shard that a node brings: digests of a commitment to it (a child's, of a master) and of its dataset proof."""

    commitment: bytes
    proof: bytes


@dataclass(frozen=True)
class Registration:
    """A node joins a task, signed by the node: which deployment it runs, its manifest, its shards, the head of its chain."""

    task: bytes
    node: bytes
    deployment: bytes
    manifest: bytes
    offers: tuple[Offer, ...]
    chain: bytes | None


@dataclass(frozen=True)
class Member:
    """A node of a round, and the digest of its registration."""

    node: bytes
    registration: bytes


@dataclass(frozen=True)
class Roster:
    """Who may contribute to a round, sorted by node."""

    members: tuple[Member, ...]


@dataclass(frozen=True)
class Announcement:
    """A round begins, signed by the server: its base, the previous link, and the moments of two beacons.

    `moment` is this round's, as the announcement before had it in `following`; so nobody chooses among beacons that are known.
    `opened`, `deadline`: Unix seconds.
    """

    task: bytes
    round: int
    base: bytes
    previous: bytes
    roster: bytes
    moment: int
    following: int
    opened: int
    deadline: int


@dataclass(frozen=True)
class Reply:
    """A node's update, signed by the node. `beacon`: the value that it was given, which no server can exchange afterwards;
    `data`: the identity its issuer signed; `reveal`: its chain's next value.
    """

    task: bytes
    round: int
    node: bytes
    announcement: bytes
    beacon: bytes
    data: bytes
    commitment: bytes
    next: bytes
    reveal: bytes | None


@dataclass(frozen=True)
class Delivery:
    """The proof of an update, signed by the node; with the reply, or later, by the deadline."""

    task: bytes
    round: int
    node: bytes
    reply: bytes
    proof: bytes


@dataclass(frozen=True)
class Receipt:
    """The server has a reply or a delivery on its disk, signed by the server: who holds one can show that it was in time."""

    task: bytes
    round: int
    node: bytes
    received: bytes
    time: int


@dataclass(frozen=True)
class Received:
    """What came of a node: digests of its reply and its delivery."""

    node: bytes
    reply: bytes
    delivery: bytes | None


@dataclass(frozen=True)
class Closing:
    """The set of a round is fixed, signed by the server: all that came in time, sorted by node."""

    task: bytes
    round: int
    announcement: bytes
    received: tuple[Received, ...]
    time: int


@dataclass(frozen=True)
class Contribution:
    """A contribution that was verified, as a round's results name it."""

    node: bytes
    data: bytes
    manifest: bytes
    reply: bytes
    delivery: bytes
    next: bytes


@dataclass(frozen=True)
class Absence:
    """A node of the roster that contributed nothing, and the slug that says why."""

    node: bytes
    slug: str


@dataclass(frozen=True)
class Results:
    """What came of a round's nodes: contributions, and everybody else, both sorted by node."""

    contributions: tuple[Contribution, ...]
    absences: tuple[Absence, ...]


@dataclass(frozen=True)
class Link:
    """A round's end. Its digest is the next round's `previous`: the chain of them is the lineage.

    `evidence`, `beacon`: none where the beacon never came, and so no reply did. `results`: the digest of `Results`, so
    that a link is short, however many nodes there are.
    """

    previous: bytes
    task: bytes
    round: int
    announcement: bytes
    closing: bytes
    evidence: bytes | None
    beacon: bytes | None
    base: bytes
    results: bytes
    rule: Rule
    next: bytes


# --- their bytes ------------------------------------------------------------------------------------------------------


def ascending(items: Iterable[bytes], what: str) -> str | None:
    return None if distinct_and_sorted(items) else f"expected {what} in ascending order, none twice"


def _registration(message: Registration) -> str | None:
    if not 1 <= len(message.offers) <= MOST_NAMED:
        return f"expected 1 to {MOST_NAMED} shards, got {len(message.offers)}"
    return None


def _roster(message: Roster) -> str | None:
    if len(message.members) > MOST_NODES:
        return f"expected at most {MOST_NODES} nodes, got {len(message.members)}"
    return ascending((member.node for member in message.members), "nodes")


def _announcement(message: Announcement) -> str | None:
    if message.round < 1:
        return "expected a round from 1, got 0"
    if not message.opened <= message.deadline <= MOST_TIME:
        return f"expected a deadline from {message.opened}, the opening, to {MOST_TIME}, got {message.deadline}"
    return None


def _time(time: int) -> str | None:
    """A time that nobody can write would end the task: no round is opened before the last one was closed."""
    return None if time <= MOST_TIME else f"expected a time up to {MOST_TIME} (year 9999), got {time}"


def _closing(message: Closing) -> str | None:
    if len(message.received) > MOST_NODES:
        return f"expected at most {MOST_NODES} nodes, got {len(message.received)}"
    return ascending((item.node for item in message.received), "nodes") or _time(message.time)


def _results(message: Results) -> str | None:
    if len(message.contributions) + len(message.absences) > MOST_NODES:
        return f"expected at most {MOST_NODES} nodes"
    nodes = [item.node for item in message.contributions]
    absent = [item.node for item in message.absences]
    return (
        ascending(nodes, "contributions")
        or ascending(absent, "absences")
        or ("a node both contributes and is absent" if set(nodes) & set(absent) else None)
        or next((f"no slug: {item.slug!r}" for item in message.absences if not _SLUG.fullmatch(item.slug)), None)
    )


def _link(message: Link) -> str | None:
    return "a beacon without evidence" if (message.beacon is None) != (message.evidence is None) else None


_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")


def _any(_: object) -> str | None:
    return None


_ROUND = {"task": _Digest, "round": U32}
_OF_NODE = {**_ROUND, "node": _Digest}

REGISTRATION: Kind[Registration] = Kind(
    "registration",
    digests.REGISTRATION,
    struct_of(
        Registration,
        task=_Digest,
        node=_Digest,
        deployment=_Digest,
        manifest=_Digest,
        offers=Vec(struct_of(Offer, commitment=_Digest, proof=_Digest)),
        chain=Option(_Digest),
    ),
    MOST_MESSAGE,
    _registration,
)
ROSTER: Kind[Roster] = Kind(
    "roster",
    digests.ROSTER,
    struct_of(Roster, members=Vec(struct_of(Member, node=_Digest, registration=_Digest))),
    MOST_LIST,
    _roster,
)
ANNOUNCEMENT: Kind[Announcement] = Kind(
    "announcement",
    digests.ANNOUNCEMENT,
    struct_of(
        Announcement,
        **_ROUND,
        base=_Digest,
        previous=_Digest,
        roster=_Digest,
        moment=_U64,
        following=_U64,
        opened=_U64,
        deadline=_U64,
    ),
    MOST_MESSAGE,
    _announcement,
)
REPLY: Kind[Reply] = Kind(
    "reply",
    digests.REPLY,
    struct_of(
        Reply,
        **_OF_NODE,
        announcement=_Digest,
        beacon=_Digest,
        data=_Digest,
        commitment=_Digest,
        next=_Digest,
        reveal=Option(_Digest),
    ),
    MOST_MESSAGE,
    _any,
)
DELIVERY: Kind[Delivery] = Kind(
    "delivery",
    digests.DELIVERY,
    struct_of(Delivery, **_OF_NODE, reply=_Digest, proof=_Digest),
    MOST_MESSAGE,
    _any,
)
RECEIPT: Kind[Receipt] = Kind(
    "receipt",
    digests.RECEIPT,
    struct_of(Receipt, **_OF_NODE, received=_Digest, time=_U64),
    MOST_MESSAGE,
    lambda message: _time(message.time),
)
CLOSING: Kind[Closing] = Kind(
    "closing",
    digests.CLOSING,
    struct_of(
        Closing,
        **_ROUND,
        announcement=_Digest,
        received=Vec(struct_of(Received, node=_Digest, reply=_Digest, delivery=Option(_Digest))),
        time=_U64,
    ),
    MOST_LIST,
    _closing,
)
RESULTS: Kind[Results] = Kind(
    "results",
    digests.RESULTS,
    struct_of(
        Results,
        contributions=Vec(
            struct_of(
                Contribution,
                node=_Digest,
                data=_Digest,
                manifest=_Digest,
                reply=_Digest,
                delivery=_Digest,
                next=_Digest,
            )
        ),
        absences=Vec(struct_of(Absence, node=_Digest, slug=Text(64))),
    ),
    MOST_LIST,
    _results,
)
LINK: Kind[Link] = Kind(
    "link",
    digests.LINK,
    struct_of(
        Link,
        previous=_Digest,
        **_ROUND,
        announcement=_Digest,
        closing=_Digest,
        evidence=Option(_Digest),
        beacon=Option(_Digest),
        base=_Digest,
        results=_Digest,
        rule=RULE,
        next=_Digest,
    ),
    MOST_LINK,
    _link,
)
