"""A node takes part in a round that goes on from the last one it took, and in no other: whatever the server signs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attackers import ready
from fake_training import PARAMETERS, FakeReaders
from little_network import SERVER, LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.reveals import revealed
from tacit.network.context import model_bytes, model_identity
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT, LINK
from tacit.network.node import Node
from tacit.network.submission import Brief


def signed(brief: Brief, **fields: Any) -> Brief:
    """The brief with another announcement, which the server signed."""
    announced, _ = ANNOUNCEMENT.open(brief.announcement)
    return replace(brief, announcement=ANNOUNCEMENT.sign(replace(announced, **fields), SERVER))


def refused(node: Node, brief: Brief, slug: str) -> InvalidProof:
    before = sorted(path.name for path in Path(node._folder).iterdir())
    with pytest.raises(InvalidProof) as refusal:
        node.answer(brief)
    assert refusal.value.slug == slug, str(refusal.value)
    with pytest.raises(InvalidProof) as refusal:
        node.reveal(brief.announcement, brief.links)
    assert sorted(path.name for path in Path(node._folder).iterdir()) == before
    return refusal.value


def test_a_base_without_a_past(tmp_path: Path) -> None:
    """The server makes up rounds, bases and links before them."""
    network = ready(tmp_path)
    node, brief = network.node(0, (8,), name="-new"), network.server.brief()
    made_up = {name: np.full(shape, 7, np.int64) for name, shape, _, _ in PARAMETERS}
    base, identity = model_bytes(made_up, PARAMETERS), model_identity(made_up, PARAMETERS)
    for round in (2, 3, 5):
        fields = {"round": round, "moment": round, "following": round + 1, "previous": bytes(32), "base": identity}
        found = refused(node, replace(signed(brief, **fields), base=base), "announcement")
        assert "Server.brief(since=1)" in (found.remedy or "")


def test_links_that_lead_elsewhere(tmp_path: Path) -> None:
    network = ready(tmp_path, 2)
    brief, new = network.server.brief(), network.node(0, (8,), name="-new")
    first, second = brief.links
    made_up = LINK.write(replace(LINK.read(second), next=bytes(32)))
    assert "round 1," in refused(new, replace(brief, links=()), "announcement").reason
    found = refused(new, replace(brief, links=(second,)), "base")
    assert found.reason == "expected the link of round 1, got that of round 2"
    assert "Server.brief(since=1)" in (found.remedy or "")
    refused(new, replace(brief, links=(first,)), "announcement")
    refused(new, replace(brief, links=(first, made_up)), "base")
    refused(new, replace(signed(brief, previous=LINK.digest(made_up)), links=(first, made_up)), "base")
    # Who took part in the last round needs its link alone, and it has to be about the announcement that it took.
    node = network.node(0, (8,))
    (node._folder / "round-3.announcement").unlink()
    node_of_other = LINK.write(replace(LINK.read(second), announcement=bytes(32)))
    told = replace(signed(brief, previous=LINK.digest(node_of_other)), links=(node_of_other,))
    assert "does not go on" in refused(node, told, "base").reason
    assert "moment 3" in refused(node, signed(brief, moment=4, following=5), "announcement").reason
    assert node.answer(network.server.brief(since=2)).delivery is not None
    assert new.answer(brief).delivery is not None


def test_a_node_reveals_for_the_round_that_is_due(tmp_path: Path) -> None:
    """Asked for the last value of its chain, all earlier ones would follow."""
    network = LittleNetwork(tmp_path)
    network.register()
    announcement = network.server.open()
    node = network.nodes[0]
    last = network.task.rounds
    for fields in ({"round": last, "moment": last}, {"moment": last}):
        other = signed(Brief(announcement, b"", b""), **fields, following=last + 1)
        with pytest.raises(InvalidProof) as refusal:
            node.reveal(other.announcement)
        assert refusal.value.slug == "announcement"
    with pytest.raises(InvalidProof) as refusal:
        node.reveal(bytes(64) + announcement[64:])
    assert refusal.value.slug == "signature"
    assert node.chain is not None
    assert node.reveal(announcement) == node.reveal(announcement) == node.chain.value(1)
    # One announcement a round, for values as for replies.
    with pytest.raises(InputError) as failure:
        node.reveal(signed(Brief(announcement, b"", b""), deadline=1 << 37).announcement)
    assert failure.value.slug == "replied"


@pytest.mark.parametrize("rounds", [0, 1])
def test_a_value_that_was_opened_is_in_the_evidence(tmp_path: Path, rounds: int) -> None:
    """A server that leaves out values, to choose among beacons, loses the nodes that opened them."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.run(rounds)
    announcement = network.server.open()
    for node in network.nodes:
        node.reveal(announcement, network.server.links())
    network.server.reveal(rounds + 1, network.keys[2].public, network.nodes[2].reveal(announcement))
    network.clock.now += 31
    network.server.begin()
    brief = network.server.brief()
    at = brief.evidence.index(network.keys[0].public) + 32
    if rounds:  # its value came with the reply before
        brief = replace(brief, evidence=brief.evidence[:at] + b"\0" + brief.evidence[at + 33 :])
    assert revealed(brief.evidence, rounds + 1)[network.keys[0].public] is None
    with pytest.raises(InvalidProof) as refusal:
        network.nodes[0].answer(brief)
    assert (refusal.value.slug, refusal.value.place) == ("beacon", "brief")
    assert network.nodes[2].answer(network.server.brief()).delivery is not None


def test_a_node_that_was_away(tmp_path: Path) -> None:
    """It opened nothing, and is told which rounds it missed; the lineage holds."""
    network = ready(tmp_path)
    away = network.nodes.pop()
    network.answer()
    network.end()
    network.begin()
    network.answer()
    network.end()
    network.nodes.append(away)
    network.run(1)
    export(network.server.store, network.digest, tmp_path / "lineage")
    counts = [len(item.contributors) for item in verify(tmp_path / "lineage", FakeReaders()).rounds]
    assert counts == [2, 2, 3]
