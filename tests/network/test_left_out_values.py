"""Values of chains that a server has and leaves out of a beacon's evidence, to choose among beacons: the lineage shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from attackers import remade
from fake_training import FakeReaders
from little_network import LittleNetwork
from spoiled_lineage import refused, text_of

from tacit.errors import InvalidProof
from tacit.network.beacon.reveals import RevealedBeacon
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT
from tacit.network.node import Node
from tacit.network.server import Server


def published(network: LittleNetwork) -> Path:
    export(network.server.store, network.digest, network.folder / "lineage")
    return network.folder / "lineage"


def forgetting(server: Server, round: int, node: bytes) -> None:
    """A server that has this node's value for the round, and does not know it."""
    store, kept = server.store, server.store.reveals

    def reveals(task: bytes, asked: int) -> Mapping[bytes, bytes]:
        return {key: value for key, value in kept(task, asked).items() if (asked, key) != (round, node)}

    store.reveals = reveals  # type: ignore[method-assign, assignment]


def answered(network: LittleNetwork) -> list[str]:
    """What became of each node's answer; the slug of its own refusal where it gives none."""
    found = []
    for node in network.nodes:
        try:
            found.append(network.server.receive(node.answer(network.server.brief())).state)
        except InvalidProof as refusal:
            found.append(refusal.slug)
    return found


def opened(network: LittleNetwork) -> None:
    """A round with the values that replies before it opened, and no others."""
    network.server.open()
    network.clock.now += 31
    network.server.begin()


def whole(node: Node, server: Server) -> None:
    assert server.receive(node.answer(server.brief())).taken


def reply_alone(node: Node, server: Server) -> None:
    assert server.receive(node.answer(server.brief(), deferred=True)).taken


@pytest.mark.parametrize("came", [whole, reply_alone])
def test_a_value_in_a_reply_that_the_round_was_closed_with(
    tmp_path: Path, came: Callable[[Node, Server], None]
) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    victim, *others = network.nodes
    came(victim, network.server)
    for node in others:
        whole(node, network.server)
    network.end()
    forgetting(network.server, 2, victim.key.public)
    opened(network)
    # The node itself takes no such evidence.
    assert answered(network) == ["beacon", "new", "new"]
    network.end()
    found = refused(published(network), "left_out", "round 2: beacon")
    assert f"node {victim.key.public.hex()[:16]}" in found.reason
    assert "reply to round 1" in found.reason


def test_a_roster_does_not_choose_the_beacon(tmp_path: Path) -> None:
    """A server has the values of round 2 before it writes its roster: whomever it leaves off, the beacon is the same."""
    found = set()
    for left in range(4):
        (tmp_path / str(left)).mkdir()
        network = LittleNetwork(tmp_path / str(left))
        network.register()
        network.run(1)
        if left:
            network.nodes.pop(left - 1)
        network.server.open({node.key.public for node in network.nodes})
        network.run(1)
        last = verify(published(network), FakeReaders()).rounds[-1]
        assert len(last.contributors) == (2 if left else 3)
        found.add(last.beacon)
    assert len(found) == 1


def test_a_roster_that_chooses_among_beacons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evidence of the roster alone, as a server would have it that chooses: nodes of the roster see nothing, verifiers do."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.run(1)
    left = network.nodes.pop(0).key.public
    network.server.open({node.key.public for node in network.nodes})
    kept = network.server.known
    known = RevealedBeacon(
        network.digest,
        lambda round: {node: chain for node, chain in kept(round).items() if node != left},
        lambda round: network.server.store.reveals(network.digest, round),
    )
    monkeypatch.setattr(network.server, "beacon", known)
    network.run(1)
    found = refused(published(network), "left_out", "round 2: beacon")
    assert f"node {left.hex()[:16]}" in found.reason
    assert "does not name it" in found.reason


def test_who_sleeps_changes_no_beacon(tmp_path: Path) -> None:
    """A node that opened nothing may be in a roster or not: a server that could choose by it would have a bit for each."""
    found = set()
    for named in (True, False):
        (tmp_path / str(named)).mkdir()
        network = LittleNetwork(tmp_path / str(named))
        network.register()
        sleeper = network.nodes.pop()
        network.begin()
        network.answer()
        network.end()
        awake = {node.key.public for node in network.nodes}
        network.server.open(awake | ({sleeper.key.public} if named else set()))
        network.clock.now += 31
        network.server.begin()
        network.answer()
        network.end()
        last = verify(published(network), FakeReaders()).rounds[-1]
        assert [item.node for item in last.left] == ([sleeper.key.public] if named else [])
        found.add(last.beacon)
    assert len(found) == 1


def test_a_value_that_no_reply_had_is_an_absence(tmp_path: Path) -> None:
    """Of a node that stayed away, or opened its value by itself: nothing in the lineage shows that the server had it."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    for node in network.nodes[1:]:
        whole(node, network.server)
    network.end()
    away = network.nodes[0]
    announcement = network.server.open()
    away.reveal(announcement, network.server.links())
    network.clock.now += 31
    network.server.begin()
    assert answered(network) == ["beacon", "new", "new"]
    network.end()
    assert [len(item.contributors) for item in verify(published(network), FakeReaders()).rounds] == [2, 2]


def test_a_node_that_is_left_out_of_a_round(tmp_path: Path) -> None:
    """Its value is for a round that it is none of; then it is back."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.run(1)
    out = network.nodes.pop()
    network.server.open({node.key.public for node in network.nodes})
    network.run(1)
    network.nodes.append(out)
    network.run(1)
    assert [len(item.contributors) for item in verify(published(network), FakeReaders()).rounds] == [3, 2, 3]


def test_a_round_without_a_beacon_between(tmp_path: Path) -> None:
    """Its values were opened and never used; the next round's are others."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.run(1)
    network.server.open()
    network.end()
    network.run(1)
    found = verify(published(network), FakeReaders())
    assert [len(item.contributors) for item in found.rounds] == [3, 0, 3]
    assert found.void == [2]
    # It may have been a try: who verifies is told.
    assert any("1 of 3 rounds had none" in note and note.endswith("(2)") for note in found.notes)
    assert "1 of 3 rounds had none" in text_of(found)


def test_a_value_that_opens_nothing_is_not_held_against_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An honest server takes no such reply; of one that did, the evidence could not have it."""
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    liar, *others = network.nodes
    spoiled = remade(liar, liar.answer(network.server.brief()), reveal=bytes(32))
    assert network.server.receive(spoiled).state == "chain"
    with monkeypatch.context() as lying:
        lying.setattr("tacit.network.inbox.Inbox._check_reveal", lambda *_: None)
        assert network.server.receive(spoiled).taken
    for node in others:
        whole(node, network.server)
    network.end()
    forgetting(network.server, 2, liar.key.public)
    announced, _ = ANNOUNCEMENT.open(network.server.open())
    assert announced.round == 2
    network.clock.now += 31
    network.server.begin()
    assert answered(network) == ["beacon", "new", "new"]
    network.end()
    assert [len(item.contributors) for item in verify(published(network), FakeReaders()).rounds] == [3, 2]
