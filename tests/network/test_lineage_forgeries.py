"""Lineages of a server that lies, with links, announcements and closings rightly signed: refused by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attackers import honest_others, ready
from ended import Ended
from fake_training import FakeReaders
from little_network import LittleNetwork
from spoiled_lineage import Forger, absences_with, refused, text_of

from tacit.network import digests
from tacit.network.aggregate import Median, Rule
from tacit.network.beacon.reveals import revealed, value_of
from tacit.network.digests import tagged
from tacit.network.lineage import export, verify
from tacit.network.lineage.files import Head
from tacit.network.messages import (
    ANNOUNCEMENT,
    CLOSING,
    LINK,
    REGISTRATION,
    ROSTER,
    Received,
    Roster,
)


def changed_link(field: str, value: Any) -> Callable[[Ended], dict[str, Any]]:
    return lambda link: {field: value}


LINKS: dict[str, tuple[Callable[[Ended], dict[str, Any]], str]] = {
    "another next": (lambda link: {"next": link.base}, "next"),
    "a next that nobody knows": (changed_link("next", bytes(32)), "next"),
    "another base": (changed_link("base", bytes(32)), "link"),
    "another task": (changed_link("task", bytes(32)), "link"),
    "another round": (changed_link("round", 7), "link"),
    "another rule": (changed_link("rule", Rule(Median())), "link"),
    "another beacon": (changed_link("beacon", bytes(32)), "beacon"),
    "no beacon": (
        lambda link: {"beacon": None, "evidence": None, "contributions": (), "absences": link.absences},
        "beacon",
    ),
    "no contributions": (lambda link: {"contributions": ()}, "link"),
    "a contribution left out": (
        lambda link: {
            "contributions": link.contributions[:1],
            "absences": absences_with(link, link.contributions[1].node, "final_claim"),
        },
        "left_out",
    ),
    "a contribution said to be absent": (
        lambda link: {
            "contributions": link.contributions[:1],
            "absences": absences_with(link, link.contributions[1].node, "absent"),
        },
        "left_out",
    ),
    "a node that is forgotten": (lambda link: {"absences": link.absences[1:]}, "link"),
    "another reason": (
        lambda link: {"absences": tuple(replace(item, slug="final_claim") for item in link.absences)},
        "link",
    ),
    "another shard": (
        lambda link: {"contributions": (replace(link.contributions[0], data=bytes(32)), *link.contributions[1:])},
        "link",
    ),
    "another manifest": (
        lambda link: {"contributions": (replace(link.contributions[0], manifest=bytes(32)), *link.contributions[1:])},
        "link",
    ),
    "another update": (
        lambda link: {
            "contributions": (replace(link.contributions[0], next=link.contributions[1].next), *link.contributions[1:])
        },
        "link",
    ),
    "another's reply": (
        lambda link: {
            "contributions": (
                replace(
                    link.contributions[0], reply=link.contributions[1].reply, delivery=link.contributions[1].delivery
                ),
                *link.contributions[1:],
            )
        },
        "closing",
    ),
}


@pytest.mark.parametrize("case", LINKS)
def test_links_that_a_server_forges(forger: Forger, folder: Path, case: str) -> None:
    change, slug = LINKS[case]
    forger.publish(**change(forger.link))
    assert refused(folder, slug).place.startswith("round ")


def test_a_contribution_that_was_refused_is_none(network: LittleNetwork, forger: Forger, folder: Path) -> None:
    liar = network.keys[3].public
    entry = network.server.store.entry(network.digest, 2, liar)
    assert entry is not None
    message = forger.link.contributions[0]
    added = replace(message, node=liar, reply=entry.reply, delivery=entry.delivery or b"")
    forger.publish(
        contributions=tuple(sorted((*forger.link.contributions, added), key=lambda item: item.node)),
        absences=tuple(item for item in forger.link.absences if item.node != liar),
    )
    refused(folder, "final_claim", f"round 2: node {liar.hex()[:16]}")


def test_a_link_that_skips_a_round(forger: Forger, folder: Path) -> None:
    forger.publish(previous=forger.head.task)
    refused(folder, "link", "round 1")


def test_links_in_a_circle_or_without_end(forger: Forger, folder: Path) -> None:
    names = [forger.head.link]
    for _ in range(6):
        data = LINK.write(replace(forger.link, previous=names[-1]))
        forger.objects.put(LINK.digest(data), data)
        names.append(LINK.digest(data))
    (folder / "lineage").write_bytes(Head(forger.head.task, names[-1]).to_bytes())
    refused(folder, "lineage", "links")


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"moment": 7}, "announcement"),
        ({"base": bytes(32)}, "announcement"),
        ({"previous": bytes(32)}, "announcement"),
        ({"round": 3}, "announcement"),
        ({"task": bytes(32)}, "announcement"),
        ({"following": 2}, "beacon_known"),
        # Another time, and all that was signed is about another announcement.
        ({"deadline": 1_900_000_000}, "closing"),
    ],
)
def test_announcements_that_a_server_forges(forger: Forger, folder: Path, fields: dict[str, Any], slug: str) -> None:
    forger.publish(announcement=forger.signed(ANNOUNCEMENT, forger.link.announcement, **fields))
    refused(folder, slug, "round 2")


def test_a_second_announcement_has_no_replies(forger: Forger, folder: Path) -> None:
    """A server that announces anew after it has seen the beacon: what nodes signed names the first one."""
    message, _ = ANNOUNCEMENT.open(forger._read(forger.link.announcement))
    announcement = forger.signed(ANNOUNCEMENT, forger.link.announcement, opened=message.opened + 1)
    closing = forger.signed(CLOSING, forger.link.closing, announcement=announcement)
    forger.publish(announcement=announcement, closing=closing)
    refused(folder, "announcement", "round 2: node")


@pytest.mark.parametrize("who", ["task", "announcement", "round"])
def test_closings_of_another_round(forger: Forger, folder: Path, who: str) -> None:
    fields = {who: 9 if who == "round" else bytes(32)}
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, **fields))
    refused(folder, "closing", "round 2")


def test_a_round_that_is_closed_early(forger: Forger, folder: Path) -> None:
    message, _ = CLOSING.open(forger._read(forger.link.closing))
    announced, _ = ANNOUNCEMENT.open(forger._read(forger.link.announcement))
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, time=announced.deadline))
    assert "with nodes still to come" in refused(folder, "closing", "round 2").reason
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, received=message.received[1:]))
    refused(folder, "closing", "round 2")
    stranger = Received(b"\xff" * 32, bytes(32), None)
    forger.publish(closing=forger.signed(CLOSING, forger.link.closing, received=(*message.received, stranger)))
    assert "none of the round" in refused(folder, "closing", "round 2").reason


def test_what_was_refused_has_to_be_shown(network: LittleNetwork, folder: Path) -> None:
    entry = network.server.store.entry(network.digest, 2, network.keys[3].public)
    assert entry is not None
    name = (entry.delivery or b"").hex()
    (folder / "objects" / name[:2] / name).unlink()
    refused(folder, "object_missing", "round 2: node")


def test_what_was_left_out_is_not_spoiled(network: LittleNetwork, forger: Forger, folder: Path) -> None:
    """A server leaves out a good contribution, and breaks its signature, so that it seems to be refused."""
    out = forger.link.contributions[1]
    absences = absences_with(forger.link, out.node, "final_claim")
    forger.publish(contributions=forger.link.contributions[:1], absences=absences, next=forger.link.base)
    for name in (out.reply, out.delivery):
        path = folder / "objects" / name.hex()[:2] / name.hex()
        data = path.read_bytes()
        path.write_bytes(bytes(64) + data[64:])
        refused(folder, "signature", f"round 2: node {out.node.hex()[:16]}")
        path.write_bytes(data)
    refused(folder, "left_out", f"round 2: node {out.node.hex()[:16]}")


def test_a_roster_with_the_same_data_twice(network: LittleNetwork, forger: Forger, folder: Path) -> None:
    """The issuer signs one shard for two nodes, and the server lets both in."""
    announced, _ = ANNOUNCEMENT.open(forger._read(forger.link.announcement))
    thief, owner = network.node(4, (8,), name="-thief"), network.nodes[0]
    thief.holdings = owner.holdings
    thief.manifest = network.manifest(4, [owner.holdings[0].shard])
    signed, parts = thief.registration()
    for name, data in {**parts, REGISTRATION.digest(signed[64:]): signed}.items():
        forger.objects.put(name, data)
    members = ROSTER.read(forger._read(announced.roster)).members
    entered = tuple(
        replace(item, registration=REGISTRATION.digest(signed[64:])) if item.node == thief.key.public else item
        for item in members
    )
    written = ROSTER.write(Roster(entered))
    forger.objects.put(ROSTER.digest(written), written)
    announcement = forger.signed(ANNOUNCEMENT, forger.link.announcement, roster=ROSTER.digest(written))
    forger.publish(announcement=announcement)
    # In the second round the node is registered otherwise than in the first.
    refused(folder, "registered", "round 2: node")
    first = Ended.read(forger.objects, forger.link.previous)
    forger.link = first
    announcement = forger.signed(ANNOUNCEMENT, first.announcement, roster=ROSTER.digest(written))
    forger.publish(announcement=announcement)
    assert "records in common" in refused(folder, "shard_taken", "round 1: roster").reason


def test_evidence_with_an_absence_that_was_none(forger: Forger, folder: Path, network: LittleNetwork) -> None:
    """The server leaves out a value that it has: a reply in the closing before shows it, whatever the link calls the beacon."""
    evidence = forger._read(forger.link.evidence or b"")
    node = network.keys[1].public
    at = evidence.index(node) + 32
    other = evidence[:at] + b"\0" + evidence[at + 33 :]
    name = tagged(digests.EVIDENCE, other)
    forger.objects.put(name, other)
    forger.publish(evidence=name)
    refused(folder, "left_out", "round 2: beacon")
    value = value_of(forger.head.task, 2, revealed(other, 2))
    forger.publish(evidence=name, beacon=value)
    refused(folder, "left_out", "round 2: beacon")


def test_a_good_round_without_its_beacon(forger: Forger, folder: Path) -> None:
    """The server says that the beacon never came, and calls what came refused."""
    absences = forger.link.absences
    for item in forger.link.contributions:
        absences = absences_with(replace(forger.link, absences=absences), item.node, "final_claim")
    forger.publish(evidence=None, beacon=None, contributions=(), absences=absences, next=forger.link.base)
    found = refused(folder, "beacon", "round 2: node")
    assert "the round has none" in found.reason


def test_a_node_that_is_given_other_evidence(tmp_path: Path) -> None:
    """Evidence is signed by nobody, but a reply says which beacon it is about: a server that takes it shows its own lie."""
    network = ready(tmp_path)
    brief, victim = network.server.brief(), network.nodes[0]
    at = brief.evidence.index(network.keys[1].public) + 32
    other = replace(brief, evidence=brief.evidence[:at] + b"\0" + brief.evidence[at + 33 :])
    answer = victim.answer(other)
    assert network.server.receive(answer).state == "beacon"
    with pytest.MonkeyPatch.context() as lying:
        lying.setattr("tacit.network.inbox.check_beacon", lambda *_: None)
        assert network.server.receive(answer).taken
    honest_others(network)
    network.end(late=False)
    export(network.server.store, network.digest, tmp_path / "lineage")
    refused(tmp_path / "lineage", "beacon", f"round 1: node {victim.key.public.hex()[:16]}")


def test_another_reason_than_is_found(network: LittleNetwork, forger: Forger, folder: Path) -> None:
    """What is refused here is refused for what the link says; a list's refusal is the server's word, what is found is shown."""
    liar = network.keys[3].public

    def said(slug: str) -> None:
        absences = tuple(replace(item, slug=slug) if item.node == liar else item for item in forger.link.absences)
        forger.publish(absences=absences)

    said("update_norm")
    assert "refused as 'final_claim'" in refused(folder, "link", f"round 2: node {liar.hex()[:16]}").reason
    said("manifest_revoked")
    found = {item.node: item for item in verify(folder, FakeReaders()).rounds[1].left}[liar]
    assert (found.slug, found.seen) == ("final_claim", True)


def test_a_refusal_for_a_list_is_the_servers_word(forger: Forger, folder: Path) -> None:
    out = forger.link.contributions[1]
    absences = absences_with(forger.link, out.node, "manifest_revoked")
    kept = forger.link.contributions[:1]
    forger.publish(contributions=kept, absences=absences, next=kept[0].next)
    found = verify(folder, FakeReaders())
    assert {item.node: item.seen for item in found.rounds[1].left}[out.node] is False
    noted = f"that node {out.node.hex()[:16]} was left out of round 2 rightly (manifest_revoked)"
    assert [note for note in found.notes if note.startswith(noted)]
    assert "manifest_revoked, says the server" in text_of(found)
