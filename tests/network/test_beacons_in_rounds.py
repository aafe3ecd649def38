"""Rounds with recorded values of public beacons: a drand round and a block, in the first round and in its lineage."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fake_training import FakeReaders
from little_network import SERVER, Clock, LittleNetwork
from local_server import serving
from recorded import BLOCK_23535880, MAINNET_SIGNATURE, QUICKNET_ROUND, QUICKNET_SIGNATURE
from spoiled_lineage import Forger, refused

from tacit.data.manifest import date
from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.blocks import Block
from tacit.network.beacon.drand import Drand
from tacit.network.core import Times
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT, CLOSING
from tacit.network.sources import QUICKNET, Blocks

# Not imported here: its import lets all of Python recurse 100,000 deep.
pytestmark = pytest.mark.skipif(importlib.util.find_spec("py_ecc") is None, reason="py_ecc is not installed")

WHEN = QUICKNET.genesis + (QUICKNET_ROUND - 1) * QUICKNET.period
NUMBER = 23535880


def manifests_that_hold(network: LittleNetwork) -> None:
    """The recorded times are not those of the other tests."""
    for at, node in enumerate(network.nodes):
        shards = [holding.shard for holding in node.holdings]
        node.manifest = network.manifest(at, shards, issued=0, expires=1 << 40)


def whole_round(network: LittleNetwork, folder: Path) -> Any:
    assert all(outcome.taken for outcome in network.answer())
    network.server.close()
    network.server.finish()
    export(network.server.store, network.digest, folder)
    return verify(folder, FakeReaders(), task=network.digest)


def dated_before_its_beacon(folder: Path) -> None:
    """A closing that is signed for a moment at which nobody knew the beacon that is in it."""
    forger = Forger(folder)
    closing, _ = CLOSING.open(forger.objects.read(forger.link.closing, 1 << 16, "closing"))
    assert closing.time == WHEN
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, time=WHEN - 1))
    assert f"a closing at {date(WHEN)}," in refused(folder, "closing", "round 1: closing").reason


def test_drand(tmp_path: Path) -> None:
    clock = Clock(WHEN - 30)
    answers = {QUICKNET_ROUND: QUICKNET_SIGNATURE}

    def answer(path: str, _: bytes) -> tuple[int, bytes]:
        signature = answers.get(int(path.rpartition("/")[2]), MAINNET_SIGNATURE[:48])
        return 200, json.dumps({"signature": signature.hex()}).encode()

    with serving(answer) as server:
        beacon = Drand(QUICKNET, endpoints=[server], clock=clock)
        network = LittleNetwork(tmp_path, source=QUICKNET, beacon=beacon, clock=clock, times=Times(28, 600))
        manifests_that_hold(network)
        assert all(outcome.taken for outcome in network.register())
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert announced.moment == QUICKNET_ROUND
        assert announced.deadline == WHEN + 600
        assert announced.deadline + 300 <= (beacon.when(announced.following) or 0) < announced.deadline + 303
        with pytest.raises(InputError) as failure:
            network.server.begin()
        assert failure.value.slug == "beacon_early"
        clock.now = WHEN
        assert network.server.begin().hex().startswith("fc1873a1")
        # A clock that goes back closes no round before its beacon was there.
        clock.now = WHEN - 10
        found = whole_round(network, tmp_path / "lineage")
        clock.now = WHEN
        assert found.rounds[0].beacon.hex().startswith("fc1873a1")
        assert found.notes == []
        dated_before_its_beacon(tmp_path / "lineage")
        # The next round's value is another: that of its own moment, which nobody has here.
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert announced.moment > QUICKNET_ROUND
        clock.now += 1000
        with pytest.raises(InputError) as failure:
            network.server.begin()
        assert failure.value.slug == "beacon_source"


@contextmanager
def second_round(folder: Path, *, opened: int) -> Iterator[LittleNetwork]:
    """The first round ended without a reply; the second one, whose beacon is the recorded one, is opened then."""
    body = json.dumps({"signature": QUICKNET_SIGNATURE.hex()}).encode()
    clock = Clock(WHEN - 900)
    with serving(lambda *_: (200, body)) as server:
        beacon = Drand(QUICKNET, endpoints=[server], clock=clock)
        network = LittleNetwork(
            folder, source=QUICKNET, beacon=beacon, clock=clock, times=Times(30, 570, 300), counts=((8,), (8,))
        )
        manifests_that_hold(network)
        network.server.register(*network.nodes[0].registration())
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert (announced.following, announced.deadline) == (QUICKNET_ROUND, WHEN - 300)
        clock.now = opened
        network.server.close()
        network.server.finish()
        # Somebody joins now, for whom an issuer signed now.
        late = network.nodes[1]
        late.manifest = network.manifest(1, [late.holdings[0].shard], issued=opened, expires=1 << 40)
        assert network.server.register(*late.registration()).taken
        network.server.open()
        yield network


def test_a_roster_is_fixed_before_its_beacon_is_known(tmp_path: Path) -> None:
    with second_round(tmp_path, opened=WHEN - 1) as network:
        network.clock.now = WHEN
        network.server.begin()
        found = whole_round(network, tmp_path / "lineage")
        assert [len(item.contributors) for item in found.rounds] == [0, 2]


def test_a_round_that_is_opened_when_its_beacon_is_known(tmp_path: Path) -> None:
    """It has no beacon: nobody joins for a value that he knows. What was lost is a round."""
    with second_round(tmp_path, opened=WHEN) as network:
        with pytest.raises(InputError) as failure:
            network.server.begin()
        assert failure.value.slug == "beacon_known"
        network.clock.now += 1
        network.end(late=False)
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert announced.round == 3
        assert announced.moment > QUICKNET_ROUND + 300 // QUICKNET.period - 1
        assert announced.deadline > network.clock.now
        export(network.server.store, network.digest, tmp_path / "lineage")
        found = verify(tmp_path / "lineage", FakeReaders(), task=network.digest)
        assert [item.beacon for item in found.rounds] == [None, None]


def test_a_server_that_uses_a_beacon_that_was_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes do not answer, and no lineage with such a round holds."""
    monkeypatch.setattr("tacit.network.rounds.known_when_opened", lambda *_: False)
    with second_round(tmp_path, opened=WHEN) as network:
        network.server.begin()
        brief = network.server.brief()
        for node in network.nodes:
            with pytest.raises(InvalidProof) as refusal:
                node.answer(brief)
            assert (refusal.value.slug, refusal.value.place) == ("beacon_known", "announcement")
        network.clock.now += 1
        network.end(late=False)
        export(network.server.store, network.digest, tmp_path / "lineage")
        refused(tmp_path / "lineage", "beacon_known", "round 2: announcement")


def test_a_round_ends_before_the_next_beacon(tmp_path: Path) -> None:
    """Or replies could wait until that is known."""
    with second_round(tmp_path, opened=WHEN - 1) as network:
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        network.clock.now = WHEN
        network.server.begin()
        brief = network.server.brief()
        beacon = network.nodes[0]._beacon
        assert beacon is not None
        deadline = beacon.when(announced.following) or 0
        longer = ANNOUNCEMENT.sign(replace(announced, deadline=deadline), SERVER)
        with pytest.raises(InvalidProof) as refusal:
            network.nodes[0].answer(replace(brief, announcement=longer))
        assert refusal.value.slug == "beacon_known"
        found = whole_round(network, tmp_path / "lineage")
        assert len(found.rounds) == 2
        forger = Forger(tmp_path / "lineage")
        forger.publish(announcement=forger.signed(ANNOUNCEMENT, forger.link.announcement, deadline=deadline))
        refused(tmp_path / "lineage", "beacon_known", "round 2: announcement")


def test_a_beacon_that_was_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that looks at the beacon before it announces it: nodes do not answer."""
    monkeypatch.setattr("tacit.network.rounds.known_when_opened", lambda *_: False)
    clock = Clock(WHEN - 30)
    body = json.dumps({"signature": QUICKNET_SIGNATURE.hex()}).encode()
    with serving(lambda *_: (200, body)) as server:
        beacon = Drand(QUICKNET, endpoints=[server], clock=clock)

        class Peeking(Drand):
            def fix(self, at: int, round: int) -> int:
                return QUICKNET_ROUND if round == 1 else super().fix(at, round)

        peeking = Peeking(QUICKNET, endpoints=[server], clock=clock)
        network = LittleNetwork(tmp_path, source=QUICKNET, beacon=peeking, clock=clock)
        manifests_that_hold(network)
        network.register()
        clock.now = WHEN
        network.server.open()
        network.server.begin()
        for node in network.nodes:
            node._beacon = beacon
            with pytest.raises(InvalidProof) as refusal:
                node.answer(network.server.brief())
            assert refusal.value.slug == "beacon_known"
        clock.now += 1000
        network.server.close()
        network.server.finish()
        export(network.server.store, network.digest, tmp_path / "lineage")
        with pytest.raises(InvalidProof) as refusal:
            verify(tmp_path / "lineage", FakeReaders())
        assert refusal.value.slug == "beacon_known"
        assert refusal.value.place.startswith("round 1")


def test_blocks(tmp_path: Path) -> None:
    heads = [NUMBER - 1]

    def node(_: str, body: bytes) -> tuple[int, bytes]:
        method = json.loads(body)["method"]
        results = {"eth_chainId": "0x1", "eth_blockNumber": hex(heads[-1]), "eth_getBlockByNumber": BLOCK_23535880}
        return 200, json.dumps({"result": results[method]}).encode()

    clock = Clock()
    with serving(node) as one, serving(node) as two:
        beacon = Block(Blocks(1, 64), endpoints=[one, two], clock=clock)
        network = LittleNetwork(tmp_path, source=Blocks(1, 64), beacon=beacon, clock=clock, times=Times(1, 600, 60))
        network.register()
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert (announced.moment, announced.following) == (NUMBER, NUMBER + 120)
        with pytest.raises(InputError) as failure:
            network.server.begin()
        assert failure.value.slug == "beacon_early"
        heads.append(NUMBER + 64)
        assert "0x" + network.server.begin().hex() == BLOCK_23535880["hash"]
        found = whole_round(network, tmp_path / "lineage")
    # Without a network the block's hash holds, and that it is on the chain is not shown.
    assert "0x" + found.rounds[0].beacon.hex() == BLOCK_23535880["hash"]
    assert found.notes == ["that the beacon's blocks are on chain 1: compare their hashes with the chain"]
