"""Times that a server signs go on from round to round: what has ended does not hold again, and an honest server may lose time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ended import Ended
from fake_training import FakeReaders
from little_network import SERVER, START, LittleNetwork
from spoiled_lineage import Forger, refused

from tacit.data.manifest import date
from tacit.errors import InputError, InvalidProof
from tacit.network.lineage import export, verify
from tacit.network.messages import ANNOUNCEMENT, CLOSING, LINK, Announcement, Closing
from tacit.network.objects import read_signed
from tacit.network.server import Server
from tacit.network.store import Row

#: Behind the end of all manifests.
ENDED = START + 2 * 10**6


class Backdating(Server):
    """It forgets when it closed a round, and does as if all manifests held."""

    def _closed(self, last: Row | None) -> int:
        return 0

    def _holds(self, *_: object) -> bool:
        return True


def registered(folder: Path, *, honest: bool = True) -> LittleNetwork:
    network = LittleNetwork(folder)
    if not honest:
        network.server.__class__ = Backdating
    assert all(outcome.taken for outcome in network.register())
    return network


def times(network: LittleNetwork, round: int) -> tuple[Announcement, Closing]:
    row = network.server.store.round(network.digest, round)
    assert row is not None
    objects = network.server.store.objects
    return (
        read_signed(objects, ANNOUNCEMENT, row.announcement, SERVER.public),
        read_signed(objects, CLOSING, row.closing or b"", SERVER.public),
    )


def published(network: LittleNetwork) -> Path:
    folder = network.folder / "lineage"
    export(network.server.store, network.digest, folder)
    return folder


# --- who verifies -----------------------------------------------------------------------------------------------------


def test_a_round_that_is_dated_back(tmp_path: Path) -> None:
    """Manifests end in round 1; the server says that it opened round 2 before, so that they count again."""
    network = registered(tmp_path, honest=False)
    network.begin()
    network.answer()
    network.clock.now = ENDED
    network.end(late=False)
    # A moment behind the first announcement: nodes, which know no closing, cannot tell.
    network.clock.now = START + 5
    network.begin()
    assert all(outcome.taken for outcome in network.answer())
    network.clock.now = ENDED + 1000
    row = network.end(late=False)
    assert len(Ended.read(network.server.store.objects, row.link or b"").contributions) == 3
    found = refused(published(network), "announcement", "round 2: announcement")
    assert f"opened at {date(ENDED)}" in found.reason
    assert f"got {date(START + 5)}" in found.reason


def test_a_manifest_that_ended_between_rounds_is_in_no_roster(tmp_path: Path) -> None:
    network = registered(tmp_path, honest=False)
    network.run(1)
    network.clock.now = ENDED
    network.begin()
    network.answer()
    row = network.end(late=False)
    link = Ended.read(network.server.store.objects, row.link or b"")
    assert {item.slug for item in link.absences} == {"manifest_expired"}
    refused(published(network), "manifest_expired", "round 2: node")


def test_a_closing_that_is_dated_back(forger: Forger, folder: Path) -> None:
    """Of a round in which everybody had delivered, so that the deadline says nothing."""
    forger.link = Ended.read(forger.objects, forger.link.previous)
    announced, _ = ANNOUNCEMENT.open(forger._read(forger.link.announcement))
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, time=announced.opened - 1))
    assert f"a closing at {date(announced.opened)}," in refused(folder, "closing", "round 1: closing").reason
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, time=announced.opened))
    assert len(verify(folder, FakeReaders()).rounds) == 1


def test_a_round_is_opened_when_the_last_was_closed_at_the_earliest(forger: Forger, folder: Path) -> None:
    closing, _ = CLOSING.open(forger._read(LINK.read(forger._read(forger.link.previous)).closing))
    assert verify(folder, FakeReaders()).rounds[1].opened == closing.time
    forger.publish(announcement=forger.signed(ANNOUNCEMENT, forger.link.announcement, opened=closing.time - 1))
    refused(folder, "announcement", "round 2: announcement")


# --- an honest server -------------------------------------------------------------------------------------------------


def test_a_clock_that_goes_back(tmp_path: Path) -> None:
    network = registered(tmp_path)
    network.run(1)
    first = times(network, 1)[1].time
    # Between two rounds, and once more in the second one.
    network.clock.now -= 5000
    network.begin()
    network.answer()
    network.clock.now -= 5000
    network.end(late=False)
    announced, closing = times(network, 2)
    assert (announced.opened, closing.time) == (first, first)
    assert announced.deadline == first + 600
    # A node that stays away is waited for until the deadline, however long that is by this clock.
    network.begin()
    network.server.receive(network.nodes[0].answer(network.server.brief()))
    announced = ANNOUNCEMENT.open(network.server.open())[0]
    for now in (network.clock.now + 700, announced.deadline):
        network.clock.now = now
        with pytest.raises(InputError) as failure:
            network.server.close()
        assert failure.value.slug == "round_open"
    network.clock.now += 1
    network.end(late=False)
    found = verify(published(network), FakeReaders(), task=network.digest)
    assert [item.opened for item in found.rounds] == [START, first, first]
    assert [len(item.contributors) for item in found.rounds] == [3, 3, 1]


def test_manifests_that_ended_do_not_hold_again_when_the_clock_goes_back(tmp_path: Path) -> None:
    network = registered(tmp_path)
    network.begin()
    network.answer()
    network.clock.now = ENDED
    network.end(late=False)
    network.clock.now = START + 5
    with pytest.raises(InputError) as failure:
        network.restart().open()
    assert failure.value.slug == "no_nodes"


# --- a node -----------------------------------------------------------------------------------------------------------


def test_a_node_refuses_a_round_that_is_dated_back(tmp_path: Path) -> None:
    network = registered(tmp_path, honest=False)
    network.run(1)
    away = network.nodes.pop()
    network.begin()
    network.answer()
    network.end()
    second = times(network, 2)[0].opened
    network.clock.now = second - 1
    network.nodes = [away]
    network.begin()
    brief = network.server.brief()
    network.nodes = [network.node(0, (8,))]
    # After a restart as well: what it took lies in its folder.
    for node in (network.nodes[0], network.node(0, (8,))):
        before = sorted((tmp_path / "node-0").iterdir())
        with pytest.raises(InvalidProof) as refusal:
            node.answer(brief)
        assert (refusal.value.slug, refusal.value.place) == ("announcement", "announcement")
        assert f"opened at {date(second)}," in refusal.value.reason
        assert sorted((tmp_path / "node-0").iterdir()) == before
    # Who missed the second round knows the first one's time only.
    assert away.answer(brief).delivery is not None


def test_a_node_refuses_a_round_that_is_dated_behind_a_later_one(tmp_path: Path) -> None:
    """A round that it missed, and is asked for when it has taken part in the next one."""
    network = registered(tmp_path)
    node = network.nodes.pop(0)
    network.begin()
    missed = network.server.brief()
    network.answer()
    network.end()
    network.nodes.append(node)
    network.begin()
    node.answer(network.server.brief())
    announced, _ = ANNOUNCEMENT.open(missed.announcement)
    late = replace(announced, opened=network.clock.now + 1, deadline=network.clock.now + 601)
    with pytest.raises(InvalidProof) as refusal:
        node.answer(replace(missed, announcement=ANNOUNCEMENT.sign(late, SERVER)))
    assert refusal.value.slug == "announcement"


def test_a_second_announcement_that_is_dated_back_is_kept(tmp_path: Path) -> None:
    network = registered(tmp_path)
    network.run(1)
    network.begin()
    brief, node = network.server.brief(), network.nodes[0]
    first = node.answer(brief)
    announced, _ = ANNOUNCEMENT.open(brief.announcement)
    other = ANNOUNCEMENT.sign(replace(announced, opened=START - 1), SERVER)
    with pytest.raises(InputError) as failure:
        node.answer(replace(brief, announcement=other))
    assert failure.value.slug == "replied"
    assert (tmp_path / "node-0" / "round-2.second-announcement").read_bytes() == other
    assert node.answer(brief) == first
