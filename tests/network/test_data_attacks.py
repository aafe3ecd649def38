"""Counts, shards, manifests and registrations that a node lies about: refused by name, and the round goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attackers import honest_others, link_of, ready, refused_at_the_end
from fake_training import VERIFIED, FakeReaders
from little_network import START, LittleNetwork

from tacit.network.keys import Key
from tacit.network.lineage import export, verify
from tacit.network.messages import REGISTRATION, REPLY


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


def test_registrations_again_and_again(tmp_path: Path) -> None:
    """Each costs the server a check: eight an hour of a node, and others are none the worse."""
    network = LittleNetwork(tmp_path)
    node, other, third = network.nodes
    good = node.holdings[0]

    def spoiled(at: int) -> str:
        node.holdings = [replace(good, proof=good.proof[:-2] + bytes([at, 255]))]
        return network.server.register(*node.registration()).state

    assert [spoiled(at) for at in range(8)] == ["final_claim"] * 8
    VERIFIED.clear()
    network.clock.now += 3599
    node.holdings = [replace(good, proof=good.proof[:-2] + bytes([8, 255]))]
    outcome = network.server.register(*node.registration())
    assert outcome.state == "too_often"
    assert VERIFIED == []
    assert network.server.register(*other.registration()).taken
    # Who has no manifest, or not the key, makes nobody wait; nor does what is refused before its proofs.
    third.manifest = network.manifest(2, [shard.shard for shard in third.holdings], expires=START)
    assert [network.server.register(*third.registration()).state for _ in range(9)] == ["manifest_expired"] * 9
    third.manifest = network.manifest(2, [shard.shard for shard in third.holdings])
    assert network.server.register(*third.registration()).taken
    network.clock.now += 1
    assert spoiled(8) == "final_claim"
    node.holdings = [good]
    assert network.server.register(*node.registration()).taken


@pytest.mark.parametrize("kept", ["", "commitment", "proof", "spoiled"])
def test_a_registration_that_others_send(tmp_path: Path, kept: str) -> None:
    """A node's signed registration, and its manifest, stand in every lineage: sent without its parts they make nobody wait."""
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    signed, parts = node.registration()
    (offer,) = REGISTRATION.open(signed)[0].offers
    gone = {"": [offer.commitment, offer.proof], "commitment": [offer.proof], "proof": [offer.commitment]}
    seen = {name: data for name, data in parts.items() if name not in gone.get(kept, [])}
    if kept == "spoiled":
        seen[offer.proof] = parts[offer.proof] + b"\0"
    VERIFIED.clear()
    slug = "object_changed" if kept == "spoiled" else "object_missing"
    assert [network.server.register(signed, seen).state for _ in range(9)] == [slug] * 9
    assert VERIFIED == []
    assert network.server.register(signed, parts).taken


def test_a_registration_that_does_not_hold_counts_once(tmp_path: Path) -> None:
    """Others may have seen it, and send it again and again: it is refused as before, and no proof is looked at."""
    network = LittleNetwork(tmp_path)
    node = network.nodes[0]
    good = node.holdings
    node.holdings = [replace(good[0], proof=good[0].proof[:-1] + b"\xff")]
    first = network.server.register(*node.registration())
    VERIFIED.clear()
    again = [network.server.register(*node.registration()) for _ in range(9)]
    assert [(outcome.state, outcome.reason) for outcome in again] == [(first.state, first.reason)] * 9
    assert first.state == "final_claim"
    assert VERIFIED == []
    node.holdings = good
    assert network.server.register(*node.registration()).taken


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
    # Its value counts, since it came with its reply before; its reply does not.
    assert network.server.receive(node.answer(network.server.brief())).state == "node_unknown"
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
