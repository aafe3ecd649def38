"""Lineages: the whole of one is verified again, and whatever is changed in it, also by the server itself, is refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree

import pytest
from fake_training import VERIFIED, FakeReaders
from little_network import SERVER, LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.aggregate import Median, Rule
from tacit.network.digests import tagged
from tacit.network.kinds import Kind
from tacit.network.lineage import Lineage, examine, export, page, picture, tree, verify
from tacit.network.lineage.files import Head, open_lineage
from tacit.network.messages import (
    ANNOUNCEMENT,
    CLOSING,
    LINK,
    REGISTRATION,
    ROSTER,
    Absence,
    Link,
    Received,
    Roster,
)
from tacit.network.objects import Folder
from tacit.network.submission import Submission

CONTEXT = b"a patient"


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LittleNetwork:
    """Two rounds; in the second a node's proof is refused, another's does not come, and a third stays away."""
    made = LittleNetwork(tmp_path_factory.mktemp("network"), counts=((8,), (12,), (8, 8), (8,), (8,)))
    made.register()
    made.run(1)
    made.begin()
    brief = made.server.brief()
    answers = [node.answer(brief) for node in made.nodes]
    for answer in answers[:2]:
        made.server.receive(answer)
    made.server.receive(Submission(answers[2].reply, answers[2].arrays, answers[2].commitment))
    lying(made, 3, answers[3])
    made.end()
    return made


def lying(network: LittleNetwork, at: int, answer: Submission) -> None:
    """The node signs for an update that its proof is not of."""
    from test_attacks import one_cell, remade

    from tacit.network.wire import read_model

    node = network.nodes[at]
    next = read_model(answer.arrays, node.deployment.parameters)
    assert network.server.receive(remade(node, answer, next=one_cell(next, next))).taken


@pytest.fixture
def folder(network: LittleNetwork, tmp_path: Path) -> Path:
    """A copy of the lineage, to be spoiled."""
    export(network.server.store, network.digest, tmp_path / "lineage", schema=b"a schema")
    return tmp_path / "lineage"


def refused(folder: Path, slug: str, place: str = "", **options: Any) -> InvalidProof:
    with pytest.raises(InvalidProof) as refusal:
        verify(folder, FakeReaders(), **options)
    assert refusal.value.slug == slug, str(refusal.value)
    assert refusal.value.place.startswith(place), refusal.value.place
    return refusal.value


# --- what holds -------------------------------------------------------------------------------------------------------


def test_a_lineage(network: LittleNetwork, folder: Path) -> None:
    VERIFIED.clear()
    found = verify(folder, FakeReaders(), task=network.digest)
    first, second = found.rounds
    assert [item.node for item in first.contributors] == sorted(key.public for key in network.keys)
    assert (first.left, second.base, found.refusal) == ((), first.next, None)
    assert {item.records for item in first.contributors} == {8, 12}
    assert {item.node: (item.slug, item.seen) for item in second.left} == {
        network.keys[2].public: ("undelivered", True),
        network.keys[3].public: ("final_claim", True),
        network.keys[4].public: ("absent", True),
    }
    # Every proof was looked at: of training, of what was refused, of every shard and its commitment.
    assert VERIFIED.count("training") == 5 + 2 + 1
    assert VERIFIED.count("dataset") == 6
    row = network.server.store.round(network.digest)
    assert row is not None
    assert (found.model, found.link) == (row.next, row.link)
    assert found.notes == ["that no node withheld its value of the beacon to choose between two: absences are named"]
    assert open_lineage(folder).schema() == b"a schema"


def test_a_prediction(network: LittleNetwork, folder: Path) -> None:
    deployment = network.deployments[12]
    models = [
        network.server.model(name)
        for name in (network.task.base, *(r.next for r in verify(folder, FakeReaders()).rounds))
    ]
    proofs = [deployment.predict(model, [1, 200, 30, 4], CONTEXT) for model in models]
    found = verify(folder, FakeReaders(), prediction=proofs[2], context=CONTEXT)
    assert found.prediction == {"answer": proofs[2][0]}
    assert found.predicted == found.model
    early = verify(folder, FakeReaders(), prediction=proofs[1], context=CONTEXT, round=1)
    assert early.predicted == early.rounds[0].next
    assert verify(folder, FakeReaders(), prediction=proofs[0], context=CONTEXT, round=0).predicted == network.task.base
    refused(folder, "final_claim", "prediction", prediction=proofs[1], context=CONTEXT)
    refused(folder, "final_claim", "prediction", prediction=proofs[2], context=b"another")
    refused(folder, "final_claim", "prediction", prediction=bytes([7]) + proofs[2][1:], context=CONTEXT)
    refused(folder, "lineage", "prediction", prediction=proofs[2], context=CONTEXT, round=3)


def test_behind_a_web_server(folder: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    handler.func.log_message = lambda *_: None  # type: ignore[attr-defined]
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        assert verify(url + "/", FakeReaders()).as_dict() == verify(folder, FakeReaders()).as_dict()
        (folder / "lineage").unlink()
        with pytest.raises(InvalidProof) as refusal:
            verify(url, FakeReaders())
        assert refusal.value.slug == "object_missing"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_exported_in_place_and_again(network: LittleNetwork, folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    export(network.server.store, network.digest, folder)
    changed = [path.name for path, time in before.items() if path.stat().st_mtime_ns != time]
    assert changed == ["lineage"]
    public = network.server.store.objects.path
    assert export(network.server.store, network.digest, public) == Head.from_bytes((folder / "lineage").read_bytes())
    assert verify(public, FakeReaders()).as_dict() == verify(folder, FakeReaders()).as_dict()
    (public / "lineage").unlink()


def test_before_the_first_round(tmp_path: Path) -> None:
    made = LittleNetwork(tmp_path)
    made.register()
    made.begin()
    with pytest.raises(InputError) as failure:
        export(made.server.store, made.digest, tmp_path / "lineage")
    assert failure.value.slug == "round_order"
    made.answer()
    made.end()
    made.begin()
    # The round that goes on is none of it.
    export(made.server.store, made.digest, tmp_path / "lineage")
    assert len(verify(tmp_path / "lineage", FakeReaders()).rounds) == 1


def test_a_round_without_a_beacon(tmp_path: Path) -> None:
    """Nobody opened a value: nobody could contribute, and the lineage goes on."""
    made = LittleNetwork(tmp_path)
    made.register()
    made.server.open()
    made.end()
    made.run(1)
    export(made.server.store, made.digest, tmp_path / "lineage")
    first, second = verify(tmp_path / "lineage", FakeReaders()).rounds
    assert (first.beacon, first.contributors, first.next) == (None, (), first.base)
    assert len(second.contributors) == 3


# --- files that were changed ------------------------------------------------------------------------------------------


def files(folder: Path) -> list[Path]:
    found = sorted(path for path in (folder / "objects").rglob("*") if path.is_file())
    assert len(found) > 60
    return found


SPOILED = (
    "object_changed", "object_missing", "object_size", "final_claim", "encoding", "issuer", "signature", "message",
    "message_size", "tensors", "interval",
)  # fmt: skip


def test_every_byte_counts(folder: Path) -> None:
    for path in files(folder):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            changed = bytearray(data)
            changed[at] ^= 1 << at % 8
            path.write_bytes(bytes(changed))
            with pytest.raises(InvalidProof) as refusal:
                verify(folder, FakeReaders())
            assert refusal.value.slug in SPOILED
        path.write_bytes(data)
    assert len(verify(folder, FakeReaders()).rounds) == 2


def test_every_file_is_needed(folder: Path) -> None:
    for path in files(folder):
        away = path.rename(folder / "away")
        with pytest.raises(InvalidProof) as refusal:
            verify(folder, FakeReaders())
        assert refusal.value.slug == "object_missing"
        away.rename(path)
    assert len(verify(folder, FakeReaders()).rounds) == 2


def test_files_that_are_swapped_or_longer(folder: Path) -> None:
    found = files(folder)
    for one, other in zip(found, found[1:] + found[:1], strict=True):
        data = one.read_bytes()
        for wrong in (other.read_bytes(), data + b"\0", data[:-1], b""):
            one.write_bytes(wrong)
            with pytest.raises(InvalidProof) as refusal:
                verify(folder, FakeReaders())
            assert refusal.value.slug in SPOILED
        one.write_bytes(data)


@pytest.mark.parametrize(
    "head", [b"", b"tacit lineage 1", b"tacit lineage 2" + bytes(64), b"tacit lineage 1" + bytes(65)]
)
def test_heads_that_are_none(folder: Path, head: bytes) -> None:
    (folder / "lineage").write_bytes(head)
    with pytest.raises(InvalidProof) as refusal:
        verify(folder, FakeReaders())
    assert refusal.value.slug in ("lineage", "object_size")


def test_another_head(network: LittleNetwork, folder: Path) -> None:
    head = Head.from_bytes((folder / "lineage").read_bytes())
    refused(folder, "lineage", task=bytes(32))
    refused(folder, "lineage", link=bytes(32))
    assert verify(folder, FakeReaders(), task=head.task, link=head.link).link == head.link
    (folder / "lineage").write_bytes(Head(head.task, bytes(32)).to_bytes())
    refused(folder, "object_missing", "link")
    (folder / "lineage").write_bytes(Head(head.link, head.link).to_bytes())
    refused(folder, "object_changed", "task")
    # An older head is an older lineage, which holds: who knows a later link says so.
    first = verify_first(network)
    (folder / "lineage").write_bytes(Head(head.task, first).to_bytes())
    assert len(verify(folder, FakeReaders()).rounds) == 1
    refused(folder, "lineage", link=head.link)


def verify_first(network: LittleNetwork) -> bytes:
    row = network.server.store.round(network.digest, 1)
    assert row is not None
    return row.link or b""


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError) as failure:
        verify(tmp_path / "nowhere", FakeReaders())
    assert failure.value.slug == "file"
    with pytest.raises(InvalidProof) as refusal:
        verify(tmp_path, FakeReaders())
    assert refusal.value.slug == "object_missing"


# --- a server that lies -----------------------------------------------------------------------------------------------


class Forger:
    """Whoever has the server's key: new links, announcements, rosters and closings, rightly signed and rightly named."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.objects = folder, Folder(folder)
        self.head = Head.from_bytes((folder / "lineage").read_bytes())
        self.link = LINK.read(self._read(self.head.link))

    def _read(self, name: bytes) -> bytes:
        return self.objects.read(name, 1 << 24, "forger")

    def plain(self, kind: Kind[Any], name: bytes, **fields: Any) -> bytes:
        data = kind.write(replace(kind.read(self._read(name)), **fields))
        self.objects.put(kind.digest(data), data)
        return kind.digest(data)

    def signed(self, kind: Kind[Any], name: bytes, **fields: Any) -> bytes:
        message, _ = kind.open(self._read(name))
        data = kind.sign(replace(message, **fields), SERVER)
        self.objects.put(kind.digest(data[64:]), data)
        return kind.digest(data[64:])

    def publish(self, **fields: Any) -> None:
        """The last link with these fields."""
        data = LINK.write(replace(self.link, **fields))
        self.objects.put(LINK.digest(data), data)
        (self.folder / "lineage").write_bytes(Head(self.head.task, LINK.digest(data)).to_bytes())


@pytest.fixture
def forger(folder: Path) -> Forger:
    return Forger(folder)


def changed_link(field: str, value: Any) -> Callable[[Link], dict[str, Any]]:
    return lambda link: {field: value}


LINKS: dict[str, tuple[Callable[[Link], dict[str, Any]], str]] = {
    "another next": (lambda link: {"next": link.base}, "next"),
    "a next that nobody knows": (changed_link("next", bytes(32)), "next"),
    "another base": (changed_link("base", bytes(32)), "link"),
    "another task": (changed_link("task", bytes(32)), "link"),
    "another round": (changed_link("round", 7), "link"),
    "another rule": (changed_link("rule", Rule(Median())), "link"),
    "another beacon": (changed_link("beacon", bytes(32)), "beacon"),
    "no beacon": (
        lambda link: {"beacon": None, "evidence": None, "contributions": (), "absences": link.absences},
        "link",
    ),
    "no contributions": (lambda link: {"contributions": ()}, "link"),
    "a contribution left out": (
        lambda link: {
            "contributions": link.contributions[:1],
            "absences": tuple(
                sorted((*link.absences, Absence(link.contributions[1].node, "final_claim")), key=lambda item: item.node)
            ),
        },
        "left_out",
    ),
    "a contribution said to be absent": (
        lambda link: {
            "contributions": link.contributions[:1],
            "absences": tuple(
                sorted((*link.absences, Absence(link.contributions[1].node, "absent")), key=lambda item: item.node)
            ),
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
    absences = tuple(sorted((*forger.link.absences, Absence(out.node, "final_claim")), key=lambda item: item.node))
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
    first = LINK.read(forger._read(forger.link.previous))
    forger.link = first
    announcement = forger.signed(ANNOUNCEMENT, first.announcement, roster=ROSTER.digest(written))
    forger.publish(announcement=announcement)
    assert "records in common" in refused(folder, "shard_taken", "round 1: roster").reason


def test_evidence_with_an_absence_that_was_none(forger: Forger, folder: Path, network: LittleNetwork) -> None:
    """The server leaves out a value that it has: another beacon, and no reply is about it."""
    evidence = forger._read(forger.link.evidence or b"")
    node = network.keys[1].public
    at = evidence.index(node) + 32
    other = evidence[:at] + b"\0" + evidence[at + 33 :]
    name = tagged(digests.EVIDENCE, other)
    forger.objects.put(name, other)
    forger.publish(evidence=name)
    refused(folder, "beacon", "round 2")
    value = tagged(digests.REVEALS, forger.head.task, (2).to_bytes(4, "little"), other)
    forger.publish(evidence=name, beacon=value)
    refused(folder, "final_claim", "round 2: node")


def test_a_refusal_for_a_list_is_the_servers_word(forger: Forger, folder: Path) -> None:
    out = forger.link.contributions[1]
    absences = tuple(sorted((*forger.link.absences, Absence(out.node, "manifest_revoked")), key=lambda item: item.node))
    kept = forger.link.contributions[:1]
    forger.publish(contributions=kept, absences=absences, next=kept[0].next)
    found = verify(folder, FakeReaders())
    assert {item.node: item.seen for item in found.rounds[1].left}[out.node] is False
    noted = f"that node {out.node.hex()[:16]} was left out of round 2 rightly (manifest_revoked)"
    assert [note for note in found.notes if note.startswith(noted)]
    assert "manifest_revoked, says the server" in text_of(found)


# --- what people see --------------------------------------------------------------------------------------------------


def drawn(found: Lineage) -> ElementTree.Element:
    root = ElementTree.fromstring(picture(found))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    texts = "".join(root.itertext())
    assert "script" not in {child.tag.rpartition("}")[2] for child in root.iter()}
    assert texts
    return root


def text_of(found: Lineage) -> str:
    from rich.console import Console

    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(tree(found))
    return console.export_text()


def test_tree_and_picture(network: LittleNetwork, folder: Path) -> None:
    proof = network.deployments[8].predict(network.server.model(verify(folder, FakeReaders()).model), [1, 2, 3, 4], b"")
    found = verify(folder, FakeReaders(), prediction=proof)
    text, root = text_of(found), drawn(found)
    for part in (
        "prediction", "round 2", "2 of 5 nodes", "round 1", "12 records, hidden", "left out  final_claim", "first model",
        "issuer", "not shown", network.keys[0].public.hex()[:12],
    ):  # fmt: skip
        assert part in text
    texts = "".join(root.itertext())
    assert all(
        part in texts for part in ("prediction", "round 1", "8 records, hidden", "final_claim", "all weights public")
    )
    # A column for each step back: prediction, model, rounds, nodes, datasets, issuers.
    boxes = [child.get("x") for child in root.iter("{http://www.w3.org/2000/svg}rect") if child.get("rx") == "6"]
    assert len(set(boxes)) == 6
    assert "<script" not in page(found)
    assert "every proof verified" in page(found)


def test_names_are_text(tmp_path: Path) -> None:
    name = '</title><script>alert("1")</script>&[bold]'
    made = LittleNetwork(tmp_path, name=name)
    made.register()
    made.run(1)
    export(made.server.store, made.digest, tmp_path / "lineage")
    found = verify(tmp_path / "lineage", FakeReaders())
    assert name in "".join(drawn(found).itertext())
    assert "<script" not in page(found)
    assert name in text_of(found)


def test_many_rounds_are_folded(tmp_path: Path) -> None:
    made = LittleNetwork(tmp_path, rounds=8)
    made.register()
    made.run(6)
    export(made.server.store, made.digest, tmp_path / "lineage")
    found = verify(tmp_path / "lineage", FakeReaders())
    text = text_of(found)
    assert "rounds 1 to 3" in text
    assert "9 proofs verified" in text
    assert "round 4" in text
    assert "round 3" not in text
    drawn(found)
    assert len(found.rounds) == 6


def test_a_refusal_is_drawn(forger: Forger, folder: Path) -> None:
    forger.publish(next=bytes(32))
    found = examine(folder, FakeReaders())
    assert len(found.rounds) == 1
    assert found.refusal is not None
    assert "refused" in text_of(found)
    assert "next: expected the model" in "".join(drawn(found).itertext())
    assert "refused: round 2" in page(found)


def test_copies_are_independent(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert verify(tmp_path / "copy", FakeReaders()).as_dict() == verify(folder, FakeReaders()).as_dict()
