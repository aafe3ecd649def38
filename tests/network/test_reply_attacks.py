"""Replies, proofs and values of a chain that are late, twice, spoiled or another's: refused by name; the round goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attackers import honest_others, link_of, ready, refused_at_once, refused_at_the_end, remade
from fake_training import FakeDeployment
from little_network import LittleNetwork

from tacit.errors import InputError
from tacit.network import digests
from tacit.network.checks import Limits
from tacit.network.digests import tagged
from tacit.network.keys import Key
from tacit.network.messages import ANNOUNCEMENT, DELIVERY, REPLY, Delivery, Reply
from tacit.network.submission import Submission
from tacit.network.wire import read_model, write_array, write_model


def test_two_replies(tmp_path: Path) -> None:
    network = ready(tmp_path)
    node, brief = network.nodes[0], network.server.brief()
    answer = node.answer(brief)
    assert network.server.receive(answer).state == "new"
    model = read_model(answer.arrays, node.deployment.parameters)
    for cell in range(6):
        other = {name: np.array(array) for name, array in model.items()}
        other["w"].flat[cell] += 1
        objects = len(list((tmp_path / "public").rglob("*")))
        assert network.server.receive(remade(node, answer, next=other)).state == "conflict"
        # What it signed is kept, four times at most, its tensors never.
        assert len(list((tmp_path / "public").rglob("*"))) <= objects + 2
    conflicts = network.server.store.conflicts(network.digest, 1)
    assert len(conflicts) == 4
    for found, name in conflicts:
        message, _ = REPLY.read_signed(network.server.store.objects.read(name, 1 << 16, "reply"), node.key.public)
        assert (found, message.round) == (node.key.public, 1)
    honest_others(network)
    link = link_of(network, late=False)
    assert REPLY.digest(answer.reply[64:]) in [item.reply for item in link.contributions]


def test_two_proofs(tmp_path: Path) -> None:
    network = ready(tmp_path)
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    network.server.receive(answer)
    reply, _ = REPLY.open(answer.reply)
    other = Delivery(reply.task, 1, reply.node, REPLY.digest(answer.reply[64:]), tagged(digests.PROOF, b"other"))
    assert network.server.deliver(DELIVERY.sign(other, node.key), b"other").state == "conflict"
    assert len(network.server.store.conflicts(network.digest, 1)) == 1
    honest_others(network)
    assert len(link_of(network, late=False).contributions) == 3


def test_a_late_reply(tmp_path: Path) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    deferred = network.nodes[1].answer(network.server.brief())
    assert network.server.receive(replace(deferred, delivery=None, proof=None)).state == "new"
    network.server.receive(network.nodes[2].answer(network.server.brief()))
    network.clock.now += 601
    assert network.server.receive(answer).state == "late"
    assert network.server.deliver(deferred.delivery or b"", deferred.proof or b"").state == "late"
    network.server.close()
    assert network.server.receive(answer).state == "late"
    network.server.finish()
    assert network.server.receive(answer).state == "late"


def test_a_reply_before_the_beacon(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    node = network.nodes[0]
    announced, name = ANNOUNCEMENT.read_signed(network.server.open(), network.task.server)
    model = network.server.model(announced.base)
    reply = Reply(network.digest, 1, node.key.public, name, bytes(32), bytes(32), bytes(32), announced.base, None)
    outcome = network.server.receive(Submission(REPLY.sign(reply, node.key), write_model(model)))
    assert outcome.state == "early"


def test_somebody_who_is_no_node(tmp_path: Path) -> None:
    network = ready(tmp_path)
    stranger = Key.generate()
    answer = network.nodes[0].answer(network.server.brief())
    reply, _ = REPLY.open(answer.reply)
    signed = REPLY.sign(replace(reply, node=stranger.public), stranger)
    assert network.server.receive(replace(answer, reply=signed)).state == "node_unknown"
    forged = REPLY.sign(reply, stranger)
    assert network.server.receive(replace(answer, reply=forged)).state == "signature"
    # Nobody is named for what nobody signed.
    assert {node for node, *_ in network.server.store.refused(network.digest, 1)} == {b""}


HUGE = write_array(np.zeros((4, 3), np.int64)).replace(b"(4, 3), }        ", b"(1099511627776,)}", 1)


@pytest.mark.parametrize(
    ("arrays", "slug"),
    [
        ({"w": HUGE}, "array"),
        ({"w": write_array(np.zeros((4, 3), np.int64)).replace(b"<i8", b"<f8", 1)}, "array"),
        ({"w": write_array(np.zeros((3, 4), np.int64))}, "array"),
        ({"w": write_array(np.zeros((5, 3), np.int64))}, "array"),
        ({"w": write_array(np.full((4, 3), 1 << 31))}, "interval"),
        ({"w": b""}, "array_size"),
        ({"w": bytes(1 << 16)}, "message_size"),
        ({"more": write_array(np.zeros(3, np.int64))}, "tensors"),
        ({"b": write_array(np.zeros(3, np.int64))}, "next"),
    ],
)
def test_tensors_that_are_none(tmp_path: Path, arrays: dict[str, bytes], slug: str) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    refused_at_once(network, replace(answer, arrays={**answer.arrays, **arrays}), slug)


def test_tensors_that_are_missing(tmp_path: Path) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    refused_at_once(network, replace(answer, arrays={"w": answer.arrays["w"]}), "tensors")


def test_a_commitment_that_does_not_come(tmp_path: Path) -> None:
    network = ready(tmp_path)
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    refused_at_once(network, replace(remade(node, answer, commitment=bytes(32)), commitment=None), "object_missing")


def test_a_commitment_with_other_bytes(tmp_path: Path) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    refused_at_once(network, replace(answer, commitment=bytes(152)), "object_changed")


def test_parts_that_are_too_long(tmp_path: Path) -> None:
    network = ready(tmp_path)
    network.server.limits = Limits(manifest=1 << 20, commitment=1 << 10, proof=1 << 10)
    answer = network.nodes[0].answer(network.server.brief())
    refused_at_once(network, replace(answer, proof=bytes(1025)), "message_size")


def test_a_proof_with_other_bytes(tmp_path: Path) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    assert network.server.receive(replace(answer, proof=b"no proof")).state == "object_changed"
    assert network.server.deliver(answer.delivery or b"", answer.proof or b"").state == "new"


def test_a_proof_without_a_reply(tmp_path: Path) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())
    assert network.server.deliver(answer.delivery or b"", answer.proof or b"").state == "no_reply"


def test_a_value_that_opens_no_chain(tmp_path: Path) -> None:
    network = ready(tmp_path)
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    other = network.nodes[1]
    assert other.chain is not None
    refused_at_once(network, remade(node, answer, reveal=other.chain.value(2)), "chain")


def test_values_of_a_chain(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    announcement = network.server.open()
    node, stranger = network.nodes[0], Key.generate()
    assert node.chain is not None
    own, other, next = node.reveal(announcement), network.nodes[1].reveal(announcement), node.chain.value(2) or b""
    assert network.server.reveal(1, node.key.public, other).state == "chain"
    assert network.server.reveal(1, node.key.public, next).state == "chain"
    assert network.server.reveal(2, node.key.public, next).state == "round_unknown"
    assert network.server.reveal(1, stranger.public, own).state == "node_unknown"
    assert network.server.reveal(1, node.key.public, own).state == "new"
    assert network.server.reveal(1, node.key.public, own).state == "same"
    network.begin()
    assert network.server.reveal(1, node.key.public, own).state == "late"


def test_a_verifier_that_fails_is_the_nodes_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = ready(tmp_path)
    verify = FakeDeployment.verify
    commitment = network.nodes[0].holdings[0].secret.commitment.identity

    def broken(self: Any, base: Any, next: Any, data: Any, *rest: Any) -> None:
        if data.identity == commitment:
            raise RuntimeError("a bug")
        verify(self, base, next, data, *rest)

    monkeypatch.setattr(FakeDeployment, "verify", broken)
    refused_at_the_end(network, network.nodes[0].answer(network.server.brief()), "failed")


def test_a_full_disk_is_nobodys_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = ready(tmp_path)
    answer = network.nodes[0].answer(network.server.brief())

    def full(*_: object) -> None:
        raise InputError("no space left on device", slug="file", place="objects")

    with monkeypatch.context() as patch:
        patch.setattr(type(network.server.store.objects), "put", full)
        with pytest.raises(InputError, match="no space left"):
            network.server.receive(answer)
    assert network.server.store.refused(network.digest, 1) == []
    assert network.server.receive(answer).state == "new"
