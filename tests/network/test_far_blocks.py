"""What endpoints say of the chain's end and a server signs: a deadline and a block that the task comes to, or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from little_network import Clock, LittleNetwork
from own_beacons import Line, own_blocks

from tacit.errors import InputError
from tacit.network.beacon.blocks import Block
from tacit.network.core import Times
from tacit.network.messages import ANNOUNCEMENT
from tacit.network.sources import Blocks


class Lie:
    """What endpoints say in place of the chain's end; the first `at` endpoints say the truth."""

    def __init__(self, beacon: Block, monkeypatch: pytest.MonkeyPatch) -> None:
        self.head: int | None = None
        self.at = 0
        true = beacon._call

        def call(endpoint: str, method: str, parameters: list[object]) -> object:
            lies = self.head is not None and endpoint in beacon._endpoints[self.at :]
            return hex(self.head or 0) if lies and method == "eth_blockNumber" else true(endpoint, method, parameters)

        monkeypatch.setattr(beacon, "_call", call)


def begun(network: LittleNetwork) -> None:
    """A round that is opened, and has its block."""
    announced, _ = ANNOUNCEMENT.open(network.server.open())
    network.clock.now = announced.deadline - 600 + 12
    network.server.begin()


def refused(network: LittleNetwork) -> str:
    with pytest.raises(InputError) as failure:
        network.server.open()
    assert failure.value.slug == "beacon_source"
    return failure.value.reason


@pytest.mark.parametrize("head", [0, 10**9])
def test_one_endpoint_that_is_wrong_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: int) -> None:
    clock = Clock()
    with own_blocks(clock, Line()) as beacon:
        lie = Lie(beacon, monkeypatch)
        network = LittleNetwork(tmp_path, beacon=beacon, clock=clock, source=Blocks(7, 4))
        network.register()
        lie.head, lie.at = head, 1
        assert f"block {head} from" in refused(network)
        lie.head = None
        announced, _ = ANNOUNCEMENT.open(network.server.open())
        assert announced.deadline < clock.now + 1000
        assert announced.following - announced.moment < 200


@pytest.mark.parametrize("head", [0, 10**9])
def test_all_endpoints_that_are_wrong_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: int) -> None:
    """In the first round nothing shows it; later ones are compared with the round before."""
    clock = Clock()
    with own_blocks(clock, Line()) as beacon:
        lie = Lie(beacon, monkeypatch)
        network = LittleNetwork(tmp_path, beacon=beacon, clock=clock, source=Blocks(7, 4))
        network.register()
        begun(network)
        network.answer()
        network.end(late=False)
        lie.head = head
        refused(network)
        lie.head = None
        begun(network)
        assert all(outcome.taken for outcome in network.answer())


@pytest.mark.parametrize("times", [Times(30, 600), Times(0, 0, 0), Times(3600, 1, 86400), Times(0, 10**6, 0)])
@pytest.mark.parametrize("away", [0, 86400 * 30])
def test_honest_rounds_are_opened(tmp_path: Path, times: Any, away: int) -> None:
    """Rounds one after the other, and after a server was away for a month, whose manifests hold."""
    clock = Clock()
    with own_blocks(clock, Line()) as beacon:
        network = LittleNetwork(tmp_path, beacon=beacon, clock=clock, source=Blocks(7, 4), times=times)
        node = network.nodes[0]
        node.manifest = network.manifest(0, [node.holdings[0].shard], expires=1 << 40)
        network.register()
        for _ in range(4):
            announced, _ = ANNOUNCEMENT.open(network.server.open())
            clock.now = announced.deadline + 1
            network.end(late=False)
            clock.now += away
