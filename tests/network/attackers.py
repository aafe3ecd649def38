"""A round that is attacked: answers made wrong and signed rightly, and what is expected of the server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from ended import Ended
from fake_training import VERIFIED
from little_network import LittleNetwork

from tacit.network import digests
from tacit.network.context import model_bytes
from tacit.network.core import Outcome
from tacit.network.digests import tagged
from tacit.network.interface import Ints
from tacit.network.messages import DELIVERY, REPLY, Delivery
from tacit.network.node import Node
from tacit.network.submission import Submission
from tacit.network.wire import write_model


def ready(folder: Path, rounds: int = 0, **options: Any) -> LittleNetwork:
    """Registered, so many rounds done, and one begun."""
    network = LittleNetwork(folder, **options)
    assert all(outcome.taken for outcome in network.register())
    network.run(rounds)
    network.begin()
    return network


def link_of(network: LittleNetwork, late: bool = True) -> Ended:
    return Ended.read(network.server.store.objects, network.end(late=late).link or b"")


def honest_others(network: LittleNetwork, *, without: int = 0) -> None:
    for at, node in enumerate(network.nodes):
        if at != without:
            assert network.server.receive(node.answer(network.server.brief())).state == "new"


def remade(node: Node, answer: Submission, *, next: dict[str, Ints] | None = None, proof: bytes | None = None,
           **fields: Any) -> Submission:  # fmt: skip
    """An answer with some of it replaced, and signed anew by the same node."""
    reply, _ = REPLY.open(answer.reply)
    arrays = answer.arrays
    if next is not None:
        arrays = write_model(next)
        fields["next"] = tagged(digests.MODEL, model_bytes(next, node.deployment.parameters))
    signed = REPLY.sign(replace(reply, **fields), node.key)
    kept = answer.proof if proof is None else proof
    assert kept is not None
    delivery = Delivery(
        reply.task, fields.get("round", reply.round), reply.node, REPLY.digest(signed[64:]), tagged(digests.PROOF, kept)
    )
    return Submission(signed, arrays, answer.commitment, DELIVERY.sign(delivery, node.key), kept)


def refused_at_the_end(network: LittleNetwork, submission: Submission, slug: str, at: int = 0) -> None:
    """The submission is taken, and refused when it is checked; the others count."""
    assert network.server.receive(submission).state == "new"
    honest_others(network, without=at)
    link = link_of(network, late=False)
    assert [(item.node, item.slug) for item in link.absences] == [(network.keys[at].public, slug)]
    assert len(link.contributions) == len(network.nodes) - 1
    assert link.next != link.base


def refused_at_once(network: LittleNetwork, submission: Submission, slug: str, at: int = 0) -> Outcome:
    """Refused before any proof is looked at, recorded under the node; and its honest answer still counts."""
    VERIFIED.clear()
    outcome = network.server.receive(submission)
    assert (outcome.state, outcome.receipt, VERIFIED) == (slug, None, [])
    row = network.server.store.round(network.digest)
    assert row is not None
    recorded = {(node, found) for node, found, _, _ in network.server.store.refused(network.digest, row.round)}
    assert (network.keys[at].public, slug) in recorded
    assert all(found.taken for found in network.answer())
    assert len(link_of(network, late=False).contributions) == len(network.nodes)
    return outcome


def one_cell(base: dict[str, Ints], next: dict[str, Ints]) -> dict[str, Ints]:
    changed = {name: np.array(array) for name, array in next.items()}
    changed["w"][1, 2] += 1
    return changed
