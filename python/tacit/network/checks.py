"""What makes a registration and a contribution good: the server asks it in a round, and everybody asks it again of a lineage.

Order of checks, each with its own slug, the cheap ones first:

    registration    signature; deployment of the task; chain; manifest (issuer, node, task, time); number of records; then, shard
                    by shard, the commitment and the dataset proof, which must say what the manifest says
    contribution    signatures of reply and delivery; task, round, node, announcement, beacon; manifest at the round's time; shard
                    that is due; commitment to it; tensors in their intervals; norm of the update; and the proof, with seed and
                    context made here
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tacit.data.manifest import date
from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.aggregate import bounded
from tacit.network.beacon import Beacon
from tacit.network.beacon.reveals import RevealedBeacon
from tacit.network.context import Context, model_of, model_size, seed, shard_due
from tacit.network.interface import Commitment, Deployment, Ints, Manifest, Model, Readers, Shard
from tacit.network.messages import DELIVERY, REGISTRATION, REPLY, Announcement, Contribution, Registration, Reply
from tacit.network.objects import Objects, read_signed, read_tagged
from tacit.network.sources import Reveals
from tacit.network.task import Task


@dataclass(frozen=True)
class Limits:
    """Bytes that the parts of others have at most."""

    manifest: int = 1 << 20
    commitment: int = 1 << 26
    proof: int = 1 << 28
    deployment: int = 1 << 28


@dataclass(frozen=True)
class Joined:
    """A registration that was checked, with what it names."""

    digest: bytes
    registration: Registration
    deployment: Deployment
    issuer: bytes
    shards: tuple[Shard, ...]


@dataclass
class World:
    """What all checks of a task need: where objects are, how they are read, and what was checked already."""

    task: Task
    digest: bytes
    deployments: dict[bytes, Deployment]
    objects: Objects
    readers: Readers
    limits: Limits = field(default_factory=Limits)
    _joined: dict[bytes, Joined] = field(default_factory=dict)
    _commitments: dict[bytes, Commitment] = field(default_factory=dict)

    # --- registrations ------------------------------------------------------------------------------------------------

    def joined(self, name: bytes, node: bytes, now: int) -> Joined:
        """The registration of this digest, by this node: checked once, its manifest at every time anew. Raises InvalidProof."""
        if name in self._joined:
            self.manifest(self._joined[name].registration, now)
        else:
            registration = read_signed(self.objects, REGISTRATION, name, node)
            deployment, manifest = self.cheap(registration, node, now)
            shards = self._shards(registration, deployment, manifest)
            self._joined[name] = Joined(name, registration, deployment, manifest.issuer, shards)
        found = self._joined[name]
        if found.registration.node != node:
            raise _refused(
                slug="node", place="registration", reason="expected the registration of this node, got another's"
            )
        return found

    def cheap(self, registration: Registration, node: bytes, now: int) -> tuple[Deployment, Manifest]:
        """All that costs no proof: before any is looked at."""
        if registration.task != self.digest or registration.node != node:
            raise _refused(
                slug="task_other",
                place="registration",
                reason="expected a registration of this node for this task, got another",
            )
        deployment = self.deployments.get(registration.deployment)
        if deployment is None:
            raise _refused(
                slug="deployment", place="registration", reason="expected one of the task's deployments, got another"
            )
        if (registration.chain is not None) != isinstance(self.task.source, Reveals):
            raise _refused(
                slug="chain",
                place="registration",
                reason="a chain is registered where the beacon is made of them, and only there",
            )
        manifest = self.manifest(registration, now)
        if len(manifest.shards) != len(registration.offers):
            raise _refused(
                slug="shard",
                place="registration",
                reason=f"expected commitments to the manifest's {len(manifest.shards)} shards, got {len(registration.offers)}",
            )
        for shard in manifest.shards:
            if shard.records != deployment.records:
                raise _refused(
                    slug="records",
                    place=f"shard {shard.identity.hex()[:16]}",
                    reason=f"expected {deployment.records} records, as the deployment has, got {shard.records}",
                )
        return deployment, manifest

    def manifest(self, registration: Registration, now: int) -> Manifest:
        """The node's manifest, as it holds at this time."""
        data = read_tagged(self.objects, digests.MANIFEST, registration.manifest, self.limits.manifest, "manifest")
        found = self.readers.manifest(
            data, task=self.digest, node=registration.node, now=now, issuers=self.task.issuers
        )
        if found.node != registration.node or found.issuer not in self.task.issuers:
            raise _refused(
                slug="manifest", place="manifest", reason="expected a manifest for this node by an issuer of the task"
            )
        return found

    def _shards(self, registration: Registration, deployment: Deployment, manifest: Manifest) -> tuple[Shard, ...]:
        for shard, offer in zip(manifest.shards, registration.offers, strict=True):
            place = f"shard {shard.identity.hex()[:16]}"
            commitment = self.commitment(offer.commitment, shard.identity)
            proof = read_tagged(self.objects, digests.PROOF, offer.proof, self.limits.proof, place)
            found = self.readers.dataset(commitment, proof, deployment)
            if found != shard:
                raise _refused(
                    slug="dataset",
                    place=place,
                    reason=f"expected {shard.records} records with ids from {shard.lowest} to {shard.highest}, as the manifest "
                    f"says, got {found.records} from {found.lowest} to {found.highest}",
                )
        return tuple(manifest.shards)

    def commitment(self, name: bytes, identity: bytes) -> Commitment:
        """The commitment of this digest, accepted: it has this identity, or is a child of the master that has."""
        if name not in self._commitments:
            data = read_tagged(self.objects, digests.COMMITMENT, name, self.limits.commitment, "commitment")
            self._commitments[name] = self.readers.commitment(data)
        found = self._commitments[name]
        if (found.master or found.identity) != identity.hex():
            raise _refused(
                slug="commitments",
                place="commitment",
                reason=f"expected one to shard {identity.hex()[:16]}, got one to {(found.master or found.identity)[:16]}",
            )
        return found


@dataclass(frozen=True)
class Stage:
    """A round, as its contributions are about it."""

    announcement: Announcement
    digest: bytes
    beacon: bytes
    base: Model


@dataclass(frozen=True)
class Checked:
    """A contribution that was verified: as a link names it, its model (scaled, where the rule says so), its records.

    `proof_bytes`: 0 where the proof was not looked at again.
    """

    contribution: Contribution
    model: dict[str, Ints]
    records: int
    proof_bytes: int


def check_contribution(
    world: World, stage: Stage, joined: Joined, reply: bytes, delivery: bytes, *, proven: bool = False
) -> Checked:
    """Everything that is to be checked of a contribution; `proven`: its proof was verified before. Raises InvalidProof."""
    node, announced, deployment = joined.registration.node, stage.announcement, joined.deployment
    replied = read_signed(world.objects, REPLY, reply, node)
    delivered = read_signed(world.objects, DELIVERY, delivery, node)
    if (replied.task, replied.round, replied.node) != (announced.task, announced.round, node):
        raise _refused(
            slug="round_other", place="reply", reason="expected a reply of this node to this round, got another"
        )
    if replied.announcement != stage.digest:
        raise _refused(slug="announcement", place="reply", reason="it is about another announcement of this round")
    check_beacon(replied, stage.beacon)
    if (delivered.task, delivered.round, delivered.node) != (announced.task, announced.round, node):
        raise _refused(
            slug="round_other", place="delivery", reason="expected a proof of this node for this round, got another"
        )
    if delivered.reply != reply:
        raise _refused(slug="reply_other", place="delivery", reason="it is the proof of another reply")
    shards = sorted(world.manifest(joined.registration, announced.opened).shards, key=lambda shard: shard.identity)
    at = shard_due(
        len(shards), task=world.digest, round=announced.round, node=node, base=announced.base, beacon=stage.beacon
    )
    if replied.data != shards[at].identity:
        raise _refused(
            slug="shard",
            place="reply",
            reason=f"expected shard {shards[at].identity.hex()[:16]}, which is due, got another",
        )
    commitment = world.commitment(replied.commitment, replied.data)
    parameters = deployment.parameters
    data = read_tagged(world.objects, digests.MODEL, replied.next, model_size(parameters), "next")
    model = model_of(data, parameters)
    entered = bounded(world.task.rule, stage.base, model, parameters)
    proof = b""
    if not proven:
        proof = read_tagged(world.objects, digests.PROOF, delivered.proof, world.limits.proof, "proof")
        sown = seed_of(world.digest, announced, node, replied.data, stage.beacon)
        context = context_of(world.digest, announced, stage.digest, node, joined.registration.manifest, stage.beacon)
        deployment.verify(stage.base, model, commitment, sown, context, proof)
    contribution = Contribution(node, replied.data, joined.registration.manifest, reply, delivery, replied.next)
    return Checked(contribution, entered, deployment.records, len(proof))


def check_alike(deployments: Sequence[Deployment]) -> None:
    """Whether one task's deployments train one network in the same integers. Raises InputError (slug task).

    Tensors of one shape and interval may have other scales: a mean would add integers that mean different numbers.
    """
    first, *others = deployments
    for other in others:
        for what, same in (
            ("tensors and intervals", list(other.parameters) == list(first.parameters)),
            ("scales", dict(other.scales) == dict(first.scales)),
            ("network", other.network == first.network),
        ):
            if not same:
                raise InputError(
                    f"expected deployments with the same {what}; those of {first.records} and of {other.records} records "
                    "have others",
                    slug="task",
                    place="deployments",
                    remedy="compile them alike but for the records, with a batch that does not follow from them "
                    "(train.SGD(batch=..)), or make a task of each",
                )


def check_beacon(replied: Reply, beacon: bytes | None) -> None:
    """Whether a reply is about the round's beacon. Raises InvalidProof (slug beacon).

    Evidence is signed by nobody: a server could give a node other evidence than it publishes, and then its proof would not hold.
    """
    if replied.beacon != beacon:
        raise _refused(
            slug="beacon",
            place="reply",
            reason=f"the node was given the beacon {replied.beacon.hex()[:16]}, and the round has "
            f"{'none' if beacon is None else beacon.hex()[:16]}",
        )


def seed_of(task: bytes, announced: Announcement, node: bytes, data: bytes, beacon: bytes) -> bytes:
    """The seed of a node's batches in an announced round."""
    return seed(task=task, round=announced.round, node=node, data=data, base=announced.base, beacon=beacon)


def context_of(
    task: bytes, announced: Announcement, announcement: bytes, node: bytes, manifest: bytes, beacon: bytes
) -> bytes:
    """The bytes that a node's proof in an announced round is bound to."""
    return Context(task, announced.round, node, manifest, beacon, announced.previous, announcement).to_bytes()


def known_when_opened(beacon: Beacon, announced: Announcement) -> bool:
    """Whether a round's own beacon was known when its roster and base were fixed: then it has none, and nobody contributes."""
    when = beacon.when(announced.moment)
    return when is not None and when <= announced.opened


def check_moments(beacon: Beacon, announced: Announcement, *, used: bool = True) -> None:
    """Whether the beacons of an announcement come when they may, as far as they have times. Raises InvalidProof.

    The round's own one comes behind the opening, which fixes roster and base; `used`: not asked where it is not used, but in the
    first round, which fixes it itself. The next one comes behind the deadline, so that nobody waits for it with a reply.
    """
    if (used or announced.round == 1) and known_when_opened(beacon, announced):
        raise _refused(
            slug="beacon_known",
            place="announcement",
            reason=f"moment {announced.moment} was at {_date(beacon.when(announced.moment))}, and the round was opened at "
            f"{date(announced.opened)}: roster and base were fixed when its value was known",
        )
    when = beacon.when(announced.following)
    if when is not None and when <= announced.deadline:
        raise _refused(
            slug="beacon_known",
            place="announcement",
            reason=f"the next moment {announced.following} is at {date(when)}, and the round goes on until "
            f"{date(announced.deadline)}",
        )
    if announced.following <= announced.moment:
        raise _refused(
            slug="beacon_known", place="announcement", reason="two rounds would have one beacon, or an older one"
        )
    if isinstance(beacon, RevealedBeacon) and (announced.moment, announced.following) != (
        announced.round,
        announced.round + 1,
    ):
        raise _refused(
            slug="announcement",
            place="announcement",
            reason=f"expected moments {announced.round} and the next, as values are opened round by round, "
            f"got {announced.moment} and {announced.following}",
        )


def _date(moment: int | None) -> str:
    return "no time" if moment is None else date(moment)


def check_opened(announced: Announcement, earliest: int) -> None:
    """Whether a round was opened at `earliest` or later: a server that dates it back makes manifests hold again that have ended.

    Raises InvalidProof (slug announcement).
    """
    if announced.opened < earliest:
        raise _refused(
            slug="announcement",
            place="announcement",
            reason=f"expected round {announced.round} opened at {date(earliest)}, the time of what came before, or later, "
            f"got {date(announced.opened)}",
        )


def earliest_closing(beacon: Beacon, announced: Announcement, *, known: bool) -> int:
    """The time before which no round is closed: that of its opening, and of its beacon if that was `known` then."""
    when = beacon.when(announced.moment) if known else None
    return max(announced.opened, when or 0)


def overlapping(shards: Sequence[tuple[bytes, Shard]]) -> tuple[bytes, bytes] | None:
    """Two nodes with one shard, or with ids in common, of (node, shard); None if there are none."""
    ordered = sorted(shards, key=lambda item: (item[1].lowest, item[1].highest))
    seen: dict[bytes, bytes] = {}
    highest, holder = -1, b""
    for node, shard in ordered:
        if shard.identity in seen:
            return seen[shard.identity], node
        if shard.lowest <= highest:
            return holder, node
        seen[shard.identity] = node
        highest, holder = shard.highest, node
    return None


def _refused(slug: str, place: str, reason: str) -> InvalidProof:
    return InvalidProof(reason, slug=slug, place=place)
