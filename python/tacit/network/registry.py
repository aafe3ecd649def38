"""Who takes part: a node registers once, with one manifest, and no two nodes with the same data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tacit.data.manifest import date
from tacit.errors import InvalidProof
from tacit.network import digests
from tacit.network.checks import Joined, World
from tacit.network.core import Core, Failed, Outcome, Sender, refusal_of
from tacit.network.messages import REGISTRATION, Registration
from tacit.network.objects import Overlay, read_tagged
from tacit.network.store import Registered

#: Registrations of a node whose proofs are looked at and do not hold, in so many seconds: each costs the server a check.
_MOST_FAILED, _SECONDS = 8, 3600


class Registry(Core):
    """Registrations: all that is cheap is checked first, and before any proof that the data are nobody else's."""

    def register(self, signed: bytes, parts: Mapping[bytes, bytes]) -> Outcome:
        """A node joins, from the next round that is opened.

        `signed`: its registration; `parts`: the bytes of what that names, by digest: manifest, commitments, dataset proofs. The
        same again is `same`; another one of the same node is refused (slug registered), as are data that another node has
        (shard_taken), and whatever is false. Nothing of a refused one is kept.
        """
        return self.guarded(lambda sender: self._register(signed, parts, sender))

    def _register(self, signed: bytes, parts: Mapping[bytes, bytes], sender: Sender) -> Outcome:
        registration, opened = REGISTRATION.open(signed)
        if registration.task != self.digest:
            raise InvalidProof("it is for another task", slug="task_other", place="registration")
        REGISTRATION.check(opened, registration.node)
        name = REGISTRATION.digest(opened.body)
        found = self.store.node(self.digest, registration.node)
        if found is not None and found.registration == name:
            return Outcome("same", receipt=self.receipt(0, registration.node, name))
        if found is not None:
            sender.node = registration.node
            raise InvalidProof(
                "this node is registered already, and a node has one manifest", slug="registered", place="registration"
            )
        named = [registration.manifest]
        for offer in registration.offers:
            named += [offer.commitment, offer.proof]
        kept = {digest: parts[digest] for digest in named if digest in parts} | {name: signed}
        world = replace(self.world, objects=Overlay(kept, self.store.objects))
        _, manifest = world.cheap(registration, registration.node, self.now())
        self.store.check_shards(self.digest, manifest.shards)
        _check_parts(world, registration)
        joined = self._checked(world, name, registration.node)
        for digest, data in kept.items():
            self.store.objects.put(digest, data)
        self._note(joined)
        return Outcome("new", receipt=self.receipt(0, registration.node, name))

    def _checked(self, world: World, name: bytes, node: bytes) -> Joined:
        """The registration with all its proofs; a node for which too many did not hold waits (slug too_often).

        Here all bytes are those that the holder of the node's key signed, and an issuer vouches for it. Nobody else can make the
        node wait: the same registration again, which others may have seen, is refused as before, and counts once.
        """
        now = self.now()
        failed = [item for item in self._failed.get(node, ()) if now - _SECONDS < item.time <= now]
        for item in failed:
            # What could not be checked may have been this server's lack of memory: it is looked at again, and counts again.
            if item.registration == name and item.refusal.slug != "failed":
                raise item.refusal
        if len(failed) >= _MOST_FAILED:
            raise InvalidProof(
                f"expected at most {_MOST_FAILED} registrations with proofs that do not hold in {_SECONDS // 60} minutes",
                slug="too_often",
                place="registration",
                remedy=f"send one that holds, after {date(failed[0].time + _SECONDS)}",
            )
        try:
            return world.joined(name, node, now)
        except Exception as error:
            refusal = refusal_of(error)  # this server's own faults are raised
            self._failed[node] = [*failed, Failed(now, name, refusal)]
            raise refusal from None

    def _note(self, joined: Joined) -> None:
        registration = joined.registration
        node = Registered(
            registration.node, joined.digest, registration.deployment, registration.manifest, registration.chain
        )
        commitments = [offer.commitment for offer in registration.offers]
        self.store.add_node(self.digest, node, list(zip(joined.shards, commitments, strict=True)))


def _check_parts(world: World, registration: Registration) -> None:
    """Whether commitments and proofs are there, as they were signed: whoever has seen a registration can send it without them.

    Raises InvalidProof (slug object_missing, object_size, object_changed).
    """
    for offer in registration.offers:
        read_tagged(world.objects, digests.COMMITMENT, offer.commitment, world.limits.commitment, "commitment")
        read_tagged(world.objects, digests.PROOF, offer.proof, world.limits.proof, "dataset proof")
