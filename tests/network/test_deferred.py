"""Proofs that come after their replies, receipts that nodes keep, and rounds of some of the nodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ended import Ended
from little_network import LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network.messages import RECEIPT, Receipt


def deferred_round(network: LittleNetwork) -> None:
    """Replies of all nodes, without proofs."""
    for node in network.nodes:
        submission = node.answer(network.server.brief(), deferred=True)
        assert submission.delivery is submission.proof is None
        assert network.server.receive(submission).state == "new"


def test_the_link_is_the_same(tmp_path: Path) -> None:
    at_once, later = LittleNetwork(tmp_path / "a"), LittleNetwork(tmp_path / "b")
    for network in (at_once, later):
        network.register()
        network.begin()
    at_once.answer()
    deferred_round(later)
    for node in later.nodes:
        submission = node.deliver(1)
        assert submission.delivery is not None
        assert later.server.deliver(submission.delivery, submission.proof or b"").state == "new"
        # Asked again, it sends the same.
        assert node.deliver(1) == submission == node.answer(later.server.brief())
    assert later.end(late=False).link == at_once.end(late=False).link


def test_a_proof_that_never_comes(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    deferred_round(network)
    for node in network.nodes[1:]:
        submission = node.deliver(1)
        network.server.deliver(submission.delivery or b"", submission.proof or b"")
    link = Ended.read(network.server.store.objects, network.end().link or b"")
    assert [(item.node, item.slug) for item in link.absences] == [(network.keys[0].public, "undelivered")]
    assert len(link.contributions) == 2


def test_a_node_proves_only_what_it_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    node = network.nodes[0]
    with pytest.raises(InputError) as caught:
        node.deliver(1)
    assert caught.value.slug == "no_reply"
    node.answer(network.server.brief(), deferred=True)
    # Its records have changed since.
    honest = node.deployment.prove

    def other(*args: object) -> object:
        next, proof = honest(*args)  # type: ignore[arg-type]
        return {**next, "b": next["b"] + np.int64(1)}, proof

    monkeypatch.setattr(type(node.deployment), "prove", lambda self, *args: other(*args))
    with pytest.raises(InputError) as caught:
        node.deliver(1)
    assert caught.value.slug == "replied"


def test_receipts(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    first, second = network.nodes[:2]
    outcome = network.server.receive(first.answer(network.server.brief()))
    receipt = outcome.receipt or b""
    first.keep(receipt)
    (kept,) = (tmp_path / "node-0").glob("round-1.receipt-*")
    assert kept.read_bytes() == receipt
    with pytest.raises(InvalidProof) as caught:
        second.keep(receipt)
    assert caught.value.slug == "task_other"
    forged = RECEIPT.sign(Receipt(network.digest, 1, first.key.public, bytes(32), 0), second.key)
    with pytest.raises(InvalidProof) as caught:
        first.keep(forged)
    assert caught.value.slug == "signature"


def test_a_round_of_some_of_the_nodes(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    with pytest.raises(InputError) as caught:
        network.server.open([b"x" * 32])
    assert caught.value.slug == "no_nodes"
    keys = [key.public for key in network.keys[:2]]
    announced = network.server.open([*keys, b"x" * 32])
    # It is open: whoever asks otherwise gets the same.
    assert network.server.open() == announced
    network.begin()
    brief = network.server.brief()
    assert [network.server.receive(node.answer(brief)).state for node in network.nodes[:2]] == ["new", "new"]
    # The third is no node of this round: its value is not in the beacon, and it sees that.
    with pytest.raises(InvalidProof):
        network.nodes[2].answer(brief)
    link = Ended.read(network.server.store.objects, network.end(late=False).link or b"")
    assert sorted(keys) == [item.node for item in link.contributions]
    assert link.absences == ()
