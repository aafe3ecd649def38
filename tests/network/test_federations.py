"""A federation of eight rounds under each beacon: nodes miss rounds, join late, start again with and without what they wrote
down, and come too late; the server starts again, opens a round too late, and loses the line to its beacon."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_training import FakeReaders
from little_network import START, Clock, LittleNetwork
from own_beacons import Line, own_blocks, own_drand

from tacit.errors import InputError, InvalidProof
from tacit.network.core import Outcome, Times
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT, Announcement
from tacit.network.sources import Blocks, Reveals

# Not imported here: its import lets all of Python recurse 100,000 deep.
pytestmark = pytest.mark.skipif(importlib.util.find_spec("py_ecc") is None, reason="py_ecc is not installed")


class Federation(LittleNetwork):
    """`line`: to the beacon; rounds are stepped through by the methods here."""

    line: Line

    def opened(self) -> Announcement:
        return ANNOUNCEMENT.open(self.server.open())[0]

    def begun(self, *there: int, since: int = 1) -> Announcement:
        """A round with its beacon; where nodes make it, those that are there open their values."""
        announced = self.opened()
        for at in there:
            if self.nodes[at].chain is not None:
                value = self.nodes[at].reveal(self.server.open(), self.server.links(since))
                assert self.server.reveal(announced.round, self.keys[at].public, value).taken
        while True:
            try:
                self.server.begin()
            except InputError as error:
                early = error.slug == "beacon_early"
            else:
                return announced
            assert early
            self.clock.now += 10
            assert self.clock.now < announced.deadline

    def replies(self, *there: int, since: int = 1) -> list[Outcome]:
        brief = self.server.brief(since)
        return [self.server.receive(self.nodes[at].answer(brief)) for at in there]

    def again(self, at: int) -> None:
        """A node is started again."""
        self.nodes[at] = self.node(at, (8,))


@contextmanager
def federation(folder: Path, kind: str) -> Iterator[Federation]:
    line, clock = Line(), Clock(START)
    options: dict[str, Any] = {"clock": clock, "times": Times(60, 600, 300), "rounds": 8}
    if kind == "reveals":
        network = Federation(folder, source=Reveals(), **options)
        network.line = line
        yield network
        return
    made = own_blocks(clock, line) if kind == "blocks" else own_drand(clock, line, chained=kind == "chained")
    with made as beacon:
        network = Federation(folder, source=beacon.source, beacon=beacon, **options)
        network.line = line
        yield network


def taken(outcomes: list[Outcome], state: str = "new") -> None:
    assert [outcome.state for outcome in outcomes] == [state] * len(outcomes), outcomes


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["unchained", "chained", "blocks", "reveals"])
def test_a_whole_federation(tmp_path: Path, kind: str) -> None:
    with federation(tmp_path, kind) as network:
        assert all(network.server.register(*network.nodes[at].registration()).taken for at in (0, 1))
        network.begun(0, 1)
        taken(network.replies(0, 1))
        network.end(late=False)
        misses_one_and_starts_again(network)
        joins_late_and_the_server_starts_again(network)
        proves_later_and_starts_again(network)
        lost = opens_too_late(network, clocked=kind in ("unchained", "chained"))
        lost_what_it_wrote_down(network)
        too_late(network)
        network.begun(0, 1, 2, since=7)
        taken(network.replies(0, 1, since=7) + network.replies(2, since=7))
        network.end(late=False)
        export(network.server.store, network.digest, tmp_path / "lineage")
        found = verify(tmp_path / "lineage", FakeReaders(), task=network.digest)
    assert [len(item.contributors) for item in found.rounds] == [2, 1, 3, 3, 0 if lost else 3, 3, 2, 3]
    assert [item.beacon is None for item in found.rounds] == [lost and at == 5 for at in range(1, 9)]
    assert len(found.notes) == (kind in ("blocks", "reveals")) + bool(found.void)


def misses_one_and_starts_again(network: Federation) -> None:
    """Round 2: node 1 is away, node 0 is started again behind its reply, and sends the same."""
    network.begun(0)
    first = network.nodes[0].answer(network.server.brief(1))
    taken([network.server.receive(first)])
    network.again(0)
    assert network.nodes[0].answer(network.server.brief(1)) == first
    taken([network.server.receive(network.nodes[0].deliver(2))], "same")
    network.end()


def joins_late_and_the_server_starts_again(network: Federation) -> None:
    """Round 3: node 1 is back, node 2 is new and is shown the links from the first on."""
    assert network.server.register(*network.nodes[2].registration()).taken
    network.begun(0, 1, 2)
    network.server = network.restart()
    if network.nodes[2].chain is None:  # else it has taken the round already, when it opened its value
        with pytest.raises(InvalidProof, match="expected the link of round 1, got that of round 2"):
            network.nodes[2].answer(network.server.brief(2))
    taken(network.replies(0, 1, 2))
    network.end(late=False)


def proves_later_and_starts_again(network: Federation) -> None:
    """Round 4: node 1 is started again between its reply and its proof; the server, too."""
    network.begun(0, 1, 2, since=3)
    taken(network.replies(0, 2, since=3))
    reply = network.nodes[1].answer(network.server.brief(3), deferred=True)
    taken([network.server.receive(reply)])
    network.again(1)
    network.server = network.restart()
    proven = network.nodes[1].deliver(4)
    assert proven.delivery is not None
    taken([network.server.deliver(proven.delivery, proven.proof or b"")])
    network.end(late=False)


def opens_too_late(network: Federation, *, clocked: bool) -> bool:
    """Round 5 is opened a day later: with a clock its beacon was known, and the round is lost."""
    network.clock.now += 86400
    announced = network.opened()
    if not clocked:
        network.begun(0, 1, 2, since=4)
        taken(network.replies(0, 1, 2, since=4))
        network.end(late=False)
        return False
    with pytest.raises(InputError) as failure:
        network.server.begin()
    assert failure.value.slug == "beacon_known"
    assert announced.deadline == announced.opened
    network.clock.now += 1
    network.end(late=False)
    return True


def lost_what_it_wrote_down(network: Federation) -> None:
    """Round 6: node 0 has its key and no folder; the beacon's endpoints are away for a while."""
    shutil.rmtree(network.folder / "node-0")
    network.again(0)
    network.line.cut = not isinstance(network.task.source, Blocks)  # a block is asked for when a round is opened, too
    announced = network.opened()
    if network.line.cut and not isinstance(network.task.source, Reveals):
        network.clock.now = network.server.beacon.when(announced.moment) or 0
        with pytest.raises(InputError) as failure:
            network.server.begin()
        assert failure.value.slug == "beacon_source"
    network.line.cut = False
    network.begun(0, 1, 2)
    shutil.rmtree(network.folder / "node-0")  # what it took for its value, too
    network.again(0)
    with pytest.raises(InvalidProof, match="expected the link of round 1, got that of round 5"):
        network.nodes[0].answer(network.server.brief(5))
    taken(network.replies(0, 1, 2))
    network.end(late=False)


def too_late(network: Federation) -> None:
    """Round 7: node 2 trains beyond the deadline."""
    announced = network.begun(0, 1, 2, since=6)
    taken(network.replies(0, 1, since=6))
    reply = network.nodes[2].answer(network.server.brief(6))
    network.clock.now = announced.deadline + 1
    taken([network.server.receive(reply)], "late")
    network.end(late=False)
