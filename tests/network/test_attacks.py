"""What a node, or somebody who is none, may try on a server: each attempt is refused with its slug, and the round goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_training import VERIFIED, FakeDeployment, FakeReaders
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from little_network import START, LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.aggregate import Bound, Rule
from tacit.network.checks import Limits
from tacit.network.context import model_bytes, model_identity
from tacit.network.core import Outcome
from tacit.network.digests import tagged
from tacit.network.interface import Ints
from tacit.network.keys import Key
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT, DELIVERY, LINK, REGISTRATION, REPLY, Delivery, Link, Reply
from tacit.network.node import Node
from tacit.network.objects import read_message
from tacit.network.submission import Submission
from tacit.network.wire import read_model, write_array, write_model


def ready(folder: Path, rounds: int = 0, **options: Any) -> LittleNetwork:
    """Registered, so many rounds done, and one begun."""
    network = LittleNetwork(folder, **options)
    assert all(outcome.taken for outcome in network.register())
    network.run(rounds)
    network.begin()
    return network


def link_of(network: LittleNetwork, late: bool = True) -> Link:
    return read_message(network.server.store.objects, LINK, network.end(late=late).link or b"")


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


# --- updates that were not trained ------------------------------------------------------------------------------------

Change = Callable[[dict[str, Ints], dict[str, Ints]], dict[str, Ints]]


def one_cell(base: dict[str, Ints], next: dict[str, Ints]) -> dict[str, Ints]:
    changed = {name: np.array(array) for name, array in next.items()}
    changed["w"][1, 2] += 1
    return changed


CHANGES: dict[str, Change] = {
    "lazy": lambda base, next: base,
    "one cell": one_cell,
    "negated": lambda base, next: {name: 2 * base[name] - next[name] for name in next},
    "ten times": lambda base, next: {name: base[name] + 10 * (next[name] - base[name]) for name in next},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_update_that_was_not_trained(tmp_path: Path, change: Change) -> None:
    network = ready(tmp_path)
    node, brief = network.nodes[0], network.server.brief()
    answer = node.answer(brief)
    base = network.server.model(network.task.base)
    next = read_model(answer.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=change(base, next)), "final_claim")


def test_another_nodes_update_and_proof(tmp_path: Path) -> None:
    network = ready(tmp_path)
    brief = network.server.brief()
    thief, owner = network.nodes[0], network.nodes[1]
    stolen = owner.answer(brief)
    own = thief.answer(brief)
    next = read_model(stolen.arrays, owner.deployment.parameters)
    refused_at_the_end(network, remade(thief, own, next=next, proof=stolen.proof), "final_claim")


def test_another_nodes_reply_as_it_is(tmp_path: Path) -> None:
    # It is that node's own reply, whoever brings it: once.
    network = ready(tmp_path)
    answer = network.nodes[1].answer(network.server.brief())
    assert network.server.receive(answer).state == "new"
    assert network.server.receive(answer).state == "same"


def test_the_proof_of_another_round(tmp_path: Path) -> None:
    network = ready(tmp_path)
    old = network.nodes[0].answer(network.server.brief())
    network.answer()
    network.end()
    network.begin()
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    next = read_model(old.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=next, proof=old.proof), "final_claim")


def test_a_reply_to_another_round(tmp_path: Path) -> None:
    network = ready(tmp_path)
    old = network.nodes[0].answer(network.server.brief())
    honest_others(network)
    network.end()
    network.begin()
    assert network.server.receive(old).state == "late"
    answer = network.nodes[0].answer(network.server.brief())
    announcement = REPLY.open(old.reply)[0].announcement
    refused_at_once(network, remade(network.nodes[0], answer, announcement=announcement), "announcement")


def test_a_stale_base(tmp_path: Path) -> None:
    network = ready(tmp_path, rounds=1)
    node, brief = network.nodes[0], network.server.brief()
    answer = node.answer(brief)

    class Stale(FakeDeployment):
        def prove(self, base: Any, data: Any, seed: bytes, context: bytes) -> Any:
            return super().prove(network.server.model(network.task.base), data, seed, context)

    liar = network.node(0, (8,), name="-liar")
    liar.deployment = Stale(8)
    stale = liar.answer(brief)
    assert stale.arrays != answer.arrays
    refused_at_the_end(network, stale, "final_claim")


def test_the_proof_of_another_task(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    network = ready(tmp_path)
    other = ready(tmp_path / "other", name="another task")
    foreign = other.nodes[0].answer(other.server.brief())
    assert network.server.receive(foreign).state == "task_other"
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    next = read_model(foreign.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=next, proof=foreign.proof), "final_claim")


def test_an_update_longer_than_the_bound(tmp_path: Path) -> None:
    network = ready(tmp_path, rule=Rule(bound=Bound(1)))
    network.answer()
    link = link_of(network)
    assert {item.slug for item in link.absences} == {"update_norm"}
    assert link.next == link.base


# --- counts and data --------------------------------------------------------------------------------------------------


def test_a_count_comes_from_the_deployment(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path, counts=((8,), (8,), (12,)))
    node = network.nodes[0]
    node.deployment = network.deployments[12]
    VERIFIED.clear()
    assert network.server.register(*node.registration()).state == "records"
    assert VERIFIED == []
    # A manifest that says so as well is contradicted by the dataset proof.
    shard = replace(node.holdings[0].shard, records=12, highest=node.holdings[0].shard.lowest + 11)
    node.manifest = network.manifest(0, [shard])
    assert network.server.register(*node.registration()).state == "dataset"


def test_the_same_data_twice(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    thief, owner = network.nodes[0], network.nodes[1]
    assert network.server.register(*owner.registration()).state == "new"
    thief.holdings = owner.holdings
    thief.manifest = network.manifest(0, [owner.holdings[0].shard])
    VERIFIED.clear()
    outcome = network.server.register(*thief.registration())
    assert outcome.state == "shard_taken"
    assert "has this shard already" in outcome.reason
    # Other records under ids that another node has: a person counts once.
    shard = thief.holdings[0].shard
    overlapping = replace(network.holding(0, 0, 8).shard, lowest=shard.highest, highest=shard.highest + 7)
    thief.manifest = network.manifest(0, [overlapping])
    outcome = network.server.register(*thief.registration())
    assert outcome.state == "shard_taken"
    assert f"has ids from {shard.highest}" in outcome.reason
    assert VERIFIED == []


def test_a_second_manifest(tmp_path: Path) -> None:
    """Seed grinding: many commitments, and after the beacon the one whose order is liked."""
    network = LittleNetwork(tmp_path)
    network.register()
    node = network.node(0, (8,), name="-again")
    node.holdings = [network.holding(0, 7, 8)]
    node.manifest = network.manifest(0, [node.holdings[0].shard])
    VERIFIED.clear()
    assert network.server.register(*node.registration()).state == "registered"
    network.begin()
    answer = node.answer(network.server.brief())
    assert VERIFIED == []
    refused_at_the_end(network, answer, "shard")


def test_a_child_made_after_the_beacon_has_the_same_seed(tmp_path: Path) -> None:
    network = ready(tmp_path)
    brief = network.server.brief()
    found = set()
    for number in range(2, 6):
        node = network.node(0, (8,), name=f"-{number}")
        holding = network.holding(0, 0, 8, children=False)
        child = holding.secret.child(number)
        node.holdings = [replace(holding, secret=child, commitment=child.commitment.to_bytes())]
        answer = node.answer(brief)
        found.add(REPLY.open(answer.reply)[0].next)
    assert len(found) == 1
    # and any of them is accepted
    assert network.server.receive(answer).state == "new"
    honest_others(network)
    assert len(link_of(network, late=False).contributions) == 3


def test_a_shard_that_is_not_due(tmp_path: Path) -> None:
    network = ready(tmp_path, counts=((8, 8, 8), (8,), (8,)))
    node, brief = network.nodes[0], network.server.brief()
    due = REPLY.open(node.answer(brief).reply)[0].data
    liar = network.node(0, (8, 8, 8), name="-liar")
    liar.holdings = [next(holding for holding in liar.holdings if holding.shard.identity != due)]
    refused_at_the_end(network, liar.answer(brief), "shard")


def test_a_commitment_to_something_else(tmp_path: Path) -> None:
    network = ready(tmp_path)
    node, brief = network.nodes[0], network.server.brief()
    liar = network.node(0, (8,), name="-liar")
    other = network.holding(0, 5, 8)
    liar.holdings = [replace(other, shard=node.holdings[0].shard)]
    refused_at_the_end(network, liar.answer(brief), "commitments")


def test_a_dataset_proof_of_another_shard(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    node.holdings = [replace(node.holdings[0], proof=network.nodes[1].holdings[0].proof)]
    assert network.server.register(*node.registration()).state == "final_claim"


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"task": bytes(32)}, "manifest_node"),
        ({"node": bytes(32)}, "manifest_node"),
        ({"expires": START - 1}, "manifest_expired"),
        ({"issued": START + 1}, "manifest_expired"),
        ({"issuer": bytes(32)}, "issuer"),
        ({"issuer": Key.from_seed(b"x" * 32).public}, "issuer"),
    ],
)
def test_a_manifest_that_does_not_hold(tmp_path: Path, fields: dict[str, Any], slug: str) -> None:
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    node.manifest = network.manifest(0, [holding.shard for holding in node.holdings], **fields)
    VERIFIED.clear()
    assert network.server.register(*node.registration()).state == slug
    assert VERIFIED == []


def test_a_manifest_that_ends_during_the_task(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    node.manifest = network.manifest(0, [node.holdings[0].shard], expires=START + 100)
    network.register()
    network.begin()
    honest_others(network)
    network.server.receive(node.answer(network.server.brief()))
    assert len(link_of(network, late=False).contributions) == 3
    network.clock.now = START + 200
    network.begin()
    # It is none of the next round.
    outcome = network.server.receive(network.nodes[1].answer(network.server.brief()))
    assert outcome.taken
    with pytest.raises(InvalidProof) as refusal:
        node.answer(network.server.brief())
    assert refusal.value.slug == "beacon"
    network.server.receive(network.nodes[2].answer(network.server.brief()))
    link = link_of(network, late=False)
    assert [item.node for item in link.contributions] == sorted(node.key.public for node in network.nodes[1:])
    export(network.server.store, network.digest, tmp_path / "lineage")
    assert len(verify(tmp_path / "lineage", FakeReaders()).rounds) == 2


def test_registrations_that_are_none(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    signed, parts = node.registration()
    registration, _ = REGISTRATION.open(signed)
    manifest, commitment = registration.manifest, registration.offers[0].commitment

    def again(**fields: Any) -> bytes:
        return REGISTRATION.sign(replace(registration, **fields), node.key)

    offer = registration.offers[0]
    cases = [
        (b"", parts, "message_size"),
        (signed[:-1], parts, "message"),
        (bytes(64) + signed[64:], parts, "signature"),
        (again(task=bytes(32)), parts, "task_other"),
        (again(deployment=bytes(32)), parts, "deployment"),
        (again(chain=None), parts, "chain"),
        (again(offers=(offer, offer)), parts, "shard"),
        (again(node=network.keys[1].public), parts, "signature"),
        (signed, {}, "object_missing"),
        (signed, {**parts, manifest: parts[manifest] + b"\0"}, "object_changed"),
        (signed, {**parts, commitment: bytes(152)}, "object_changed"),
        (signed, {**parts, manifest: bytes((1 << 20) + 1)}, "object_size"),
    ]
    before = sorted((tmp_path / "public").rglob("*"))
    for data, given_, slug in cases:
        assert network.server.register(data, given_).state == slug
    # Nothing of them is kept.
    assert sorted((tmp_path / "public").rglob("*")) == before
    assert network.server.register(signed, parts).state == "new"


def test_keys_of_small_order_do_not_register(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    signed, parts = network.nodes[0].registration()
    neutral = (1).to_bytes(32, "little")
    body = REGISTRATION.write(replace(REGISTRATION.open(signed)[0], node=neutral))
    # With this key the signature (R = 0, S = 0) holds for everything.
    assert network.server.register(neutral + bytes(32) + body, parts).state == "key"


# --- replies ----------------------------------------------------------------------------------------------------------


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
    reply = Reply(network.digest, 1, node.key.public, name, bytes(32), bytes(32), announced.base, None)
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
    network.server.open()
    node, stranger = network.nodes[0], Key.generate()
    assert network.server.reveal(1, node.key.public, network.nodes[1].reveal(1)).state == "chain"
    assert network.server.reveal(1, node.key.public, node.reveal(2)).state == "chain"
    assert network.server.reveal(2, node.key.public, node.reveal(2)).state == "round_unknown"
    assert network.server.reveal(1, stranger.public, node.reveal(1)).state == "node_unknown"
    assert network.server.reveal(1, node.key.public, node.reveal(1)).state == "new"
    assert network.server.reveal(1, node.key.public, node.reveal(1)).state == "same"
    network.begin()
    assert network.server.reveal(1, node.key.public, node.reveal(1)).state == "late"


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


# --- anything ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> tuple[LittleNetwork, Submission]:
    network = ready(tmp_path_factory.mktemp("standing"))
    return network, network.nodes[0].answer(network.server.brief())


ANYTHING = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANYTHING
@given(
    st.binary(max_size=600),
    st.dictionaries(st.text(max_size=5), st.binary(max_size=300), max_size=4),
    st.binary(max_size=99),
)
def test_any_bytes(standing: Any, reply: bytes, arrays: dict[str, bytes], other: bytes) -> None:
    server = standing[0].server
    assert not server.receive(Submission(reply, arrays, other, other, other)).taken
    assert not server.deliver(reply, other).taken
    assert not server.register(reply, {other: reply}).taken
    assert not server.reveal(len(reply), other, reply).taken


@ANYTHING
@given(st.data())
def test_any_change_of_an_answer(standing: Any, data: st.DataObject) -> None:
    """Every part but the proof is checked at once; the reply itself is signed."""
    network, answer = standing
    part = data.draw(st.sampled_from(["reply", "w", "b", "commitment"]))
    whole = answer.arrays[part] if part in answer.arrays else getattr(answer, part)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([bytes(changed), whole[:at], whole + bytes(at)]))
    if cut == whole:
        return
    fields = {"arrays": {**answer.arrays, part: cut}} if part in answer.arrays else {part: cut}
    assert not network.server.receive(replace(answer, **fields)).taken


def test_refusals_are_counted_in_few_rows(standing: Any) -> None:
    network, answer = standing
    reply, _ = REPLY.open(answer.reply)
    for round in range(2, 60):
        stranger = Key.from_seed(bytes([round]) * 32)
        signed = REPLY.sign(replace(reply, round=round * 7, node=stranger.public), stranger)
        assert network.server.receive(replace(answer, reply=signed)).state == "round_unknown"
    rows = network.server.store.refused(network.digest, 0)
    assert [(node, times >= 58) for node, slug, times, _ in rows if slug == "round_unknown"] == [(b"", True)]
    assert len(rows) < 20


def test_and_the_round_goes_on(standing: Any) -> None:
    """Behind all of the above: the honest answers are taken and verified."""
    network, _ = standing
    assert all(outcome.taken for outcome in network.answer())
    link = link_of(network)
    assert len(link.contributions) == 3
    assert model_identity(network.server.model(link.next), network.server.parameters) == link.next


@given(st.binary(max_size=300))
def test_submissions_have_one_form(data: bytes) -> None:
    try:
        found: object = Submission.from_bytes(data, 1 << 20).to_bytes()
    except Exception as error:
        found = getattr(error, "slug", error)
    assert found in ("message", "message_size", data)


def test_submissions_come_back(standing: Any) -> None:
    _, answer = standing
    data = answer.to_bytes()
    assert Submission.from_bytes(data, len(data)) == answer
    with pytest.raises(Exception, match="at most") as refusal:
        Submission.from_bytes(data, len(data) - 1)
    assert getattr(refusal.value, "slug", None) == "message_size"
