"""The store on SQLite and PostgreSQL: rows once, the same again, others as conflicts, also by many at once."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tacit.errors import InputError, InvalidProof
from tacit.network.digests import MODEL, tagged
from tacit.network.interface import Shard
from tacit.network.objects import Folder, Overlay, read_tagged
from tacit.network.store import NOBODY, Registered, Store

TASK, OTHER = b"t" * 32, b"u" * 32
NODES = [bytes([at]) * 32 for at in range(1, 5)]


def registered(node: bytes, manifest: bytes = b"m" * 32) -> Registered:
    return Registered(node, b"r" * 32, b"d" * 32, manifest, None)


def shard(at: int, lowest: int, highest: int) -> tuple[Shard, bytes]:
    return Shard(bytes([at]) * 32, highest - lowest + 1, lowest, highest), b"c" * 32


@pytest.fixture
def store(database: str, tmp_path: Path) -> Iterator[Store]:
    made = Store(database, tmp_path / "public")
    made.add_task(TASK)
    yield made
    made.close()


def test_tasks_and_nodes(store: Store) -> None:
    assert not store.add_task(TASK)
    assert store.add_node(TASK, registered(NODES[1]), [shard(1, 0, 9)])
    assert not store.add_node(TASK, registered(NODES[1]), [shard(1, 0, 9)])
    assert store.add_node(TASK, registered(NODES[0]), [shard(2, 10, 19), shard(3, 30, 39)])
    assert [node.node for node in store.nodes(TASK)] == NODES[:2]
    assert store.nodes(OTHER) == []
    assert store.node(TASK, NODES[1]) == registered(NODES[1])
    assert store.node(TASK, NODES[3]) is None
    with pytest.raises(InvalidProof) as refusal:
        store.add_node(TASK, registered(NODES[1], b"n" * 32), [shard(5, 50, 59)])
    assert refusal.value.slug == "registered"
    # The same shards in another task are another matter.
    store.add_task(OTHER)
    assert store.add_node(OTHER, registered(NODES[2]), [shard(1, 0, 9)])


@pytest.mark.parametrize(
    "taken", [shard(1, 100, 109), shard(7, 9, 20), shard(7, 0, 0), shard(7, 2, 3), shard(7, 0, 99)]
)
def test_a_shard_has_one_node(store: Store, taken: tuple[Shard, bytes]) -> None:
    store.add_node(TASK, registered(NODES[0]), [shard(1, 0, 9)])
    for call in (
        lambda: store.check_shards(TASK, [taken[0]]),
        lambda: store.add_node(TASK, registered(NODES[1]), [shard(8, 200, 209), taken]),
    ):
        with pytest.raises(InvalidProof) as refusal:
            call()
        assert refusal.value.slug == "shard_taken"
    assert store.node(TASK, NODES[1]) is None
    store.check_shards(TASK, [shard(7, 10, 20)[0]])


def test_rounds_follow_each_other(store: Store) -> None:
    assert store.round(TASK) is None
    for wrong in (0, 2):
        with pytest.raises(InputError) as failure:
            store.open_round(TASK, wrong, b"a" * 32)
        assert failure.value.slug == "round_order"
    first = store.open_round(TASK, 1, b"a" * 32)
    assert (first.round, first.state, first.announcement, first.beacon) == (1, "open", b"a" * 32, None)
    assert store.open_round(TASK, 1, b"b" * 32) == first
    with pytest.raises(InputError):
        store.open_round(TASK, 2, b"b" * 32)
    begun = store.set_beacon(TASK, 1, b"e" * 32, b"v" * 32)
    assert (begun.evidence, begun.beacon) == (b"e" * 32, b"v" * 32)
    assert store.set_beacon(TASK, 1, b"f" * 32, b"w" * 32) == begun
    with pytest.raises(InputError):
        store.finish_round(TASK, 1, b"l" * 32, b"n" * 32)
    with store.closing(TASK, 1) as closing:
        closing.fix(b"c" * 32)
    with store.closing(TASK, 1) as closing:
        assert closing.row.state == "closed"
        closing.fix(b"d" * 32)
    assert (store.round(TASK, 1) or first).closing == b"c" * 32
    final = store.finish_round(TASK, 1, b"l" * 32, b"n" * 32)
    assert (final.state, final.link, final.next) == ("final", b"l" * 32, b"n" * 32)
    assert store.finish_round(TASK, 1, b"x" * 32, b"y" * 32) == final
    assert store.open_round(TASK, 2, b"b" * 32).state == "open"
    assert store.round(TASK) == store.round(TASK, 2)
    for call in (store.set_beacon, store.finish_round):
        with pytest.raises(InputError):
            call(TASK, 9, b"x" * 32, b"y" * 32)


def test_replies(store: Store) -> None:
    assert store.add_reply(TASK, 1, NODES[0], b"r" * 32) == "closed"
    store.open_round(TASK, 1, b"a" * 32)
    assert store.add_reply(TASK, 1, NODES[0], b"r" * 32, (2, b"v" * 32)) == "new"
    assert store.add_reply(TASK, 1, NODES[0], b"r" * 32) == "same"
    for at in range(6):
        assert store.may_conflict(TASK, 1, NODES[0]) == (at < 4)
        assert store.add_reply(TASK, 1, NODES[0], bytes([at]) * 32) == "conflict"
    assert len(store.conflicts(TASK, 1)) == 4
    assert store.reveals(TASK, 2) == {NODES[0]: b"v" * 32}
    assert store.add_delivery(TASK, 1, NODES[1], b"r" * 32, b"d" * 32) == "no_reply"
    assert store.add_delivery(TASK, 1, NODES[0], b"x" * 32, b"d" * 32) == "no_reply"
    assert store.add_delivery(TASK, 1, NODES[0], b"r" * 32, b"d" * 32) == "new"
    assert store.add_delivery(TASK, 1, NODES[0], b"r" * 32, b"d" * 32) == "same"
    assert store.add_delivery(TASK, 1, NODES[0], b"r" * 32, b"e" * 32) == "conflict"
    with store.closing(TASK, 1) as closing:
        assert [entry.delivery for entry in closing.entries] == [b"d" * 32]
        closing.fix(b"c" * 32)
    assert store.add_reply(TASK, 1, NODES[2], b"r" * 32) == "closed"
    assert store.add_delivery(TASK, 1, NODES[0], b"r" * 32, b"d" * 32) == "closed"
    assert store.entry(TASK, 1, NODES[2]) is None


def test_the_first_judgement_stays(store: Store) -> None:
    store.open_round(TASK, 1, b"a" * 32)
    for node in NODES[:2]:
        store.add_reply(TASK, 1, node, b"r" * 32)
    store.judge(TASK, 1, NODES[0], None)
    store.judge(TASK, 1, NODES[0], InvalidProof("false", slug="final_claim"))
    store.judge(TASK, 1, NODES[1], InvalidProof("f\0" + "a" * 999 + "\ud800", slug="final_claim", place="argument"))
    first, second = store.entries(TASK, 1)
    assert (first.state, first.slug) == ("verified", "")
    assert (second.state, second.slug) == ("refused", "final_claim")
    assert second.reason.startswith("argument: f?aaa")
    assert len(second.reason) == 500


def test_refusals_are_counted(store: Store) -> None:
    for reason in ("one", "two", "three\0"):
        store.refuse(TASK, 1, NODES[0], "late", reason)
    store.refuse(TASK, 1, NOBODY, "message", "x")
    assert store.refused(TASK, 1) == [(b"", "message", 1, "x"), (NODES[0], "late", 3, "three?")]


def test_reveals(store: Store) -> None:
    assert store.add_reveal(TASK, 1, NODES[0], b"a" * 32)
    assert not store.add_reveal(TASK, 1, NODES[0], b"b" * 32)
    store.add_reveal(TASK, 3, NODES[0], b"c" * 32)
    store.add_reveal(TASK, 2, NODES[1], b"d" * 32)
    assert store.last_reveals(TASK, 3) == {NODES[0]: (1, b"a" * 32), NODES[1]: (2, b"d" * 32)}
    assert store.last_reveals(TASK, 4)[NODES[0]] == (3, b"c" * 32)
    assert store.last_reveals(TASK, 1) == {}
    assert store.last_reveals(TASK, 4, NODES[1]) == {NODES[1]: (2, b"d" * 32)}
    assert store.last_reveals(TASK, 2, NODES[1]) == {}


def test_links_and_last_replies(store: Store) -> None:
    for round in (1, 2, 3):
        store.open_round(TASK, round, bytes(32))
        store.add_reply(TASK, round, NODES[0], b"r" * 32)
        if round == 2:
            store.add_reply(TASK, round, NODES[1], b"r" * 32)
        if round < 3:
            with store.closing(TASK, round) as closing:
                closing.fix(bytes(32))
            store.finish_round(TASK, round, bytes([round]) * 32, bytes(32))
    assert store.links(TASK, 1) == [(1, b"\1" * 32), (2, b"\2" * 32)]
    assert store.links(TASK, 2) == [(2, b"\2" * 32)]
    assert store.links(TASK, 3) == []
    assert store.last_replies(TASK, 4) == {NODES[0]: 3, NODES[1]: 2}
    assert store.last_replies(TASK, 2) == {NODES[0]: 1}
    assert store.last_replies(TASK, 1) == {}


def _write(address: str, folder: str, own: int, done: multiprocessing.Queue[tuple[int, list[str]]]) -> None:
    store = Store(address, folder)
    states = []
    for at in range(40):
        # Everybody sends to the same four places; half of them the same, half something of their own.
        reply = b"s" * 32 if at % 2 else bytes([own + 1]) * 32
        states.append(store.add_reply(TASK, 1, NODES[at % 4], reply))
    done.put((own, states))


def test_many_at_once(store: Store, database: str, tmp_path: Path) -> None:
    store.open_round(TASK, 1, b"a" * 32)
    context = multiprocessing.get_context("spawn")
    done = context.Queue()
    workers = [context.Process(target=_write, args=(database, str(tmp_path / "public"), own, done)) for own in range(6)]
    for worker in workers:
        worker.start()
    states = [state for _ in workers for state in done.get(timeout=120)[1]]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len(states) == 240
    assert states.count("new") == 4
    assert set(states) == {"new", "same", "conflict"}
    assert len(store.entries(TASK, 1)) == 4
    assert len(store.conflicts(TASK, 1)) <= 16


def test_tables_of_another_release(store: Store, database: str, tmp_path: Path) -> None:
    if not database.startswith("sqlite"):
        pytest.skip("one is enough")
    store.close()
    with sqlite3.connect(tmp_path / "rounds.db") as connection:
        connection.execute("UPDATE tacit_version SET version = 7")
    for _ in range(2):
        with pytest.raises(InputError) as failure:
            Store(database, tmp_path / "public")
        assert failure.value.slug == "store_version"
        # That release still takes it.
        assert failure.value.reason.endswith("got [7]")


@pytest.mark.parametrize(
    "address", ["", "nonsense", "mysql://host/x", "sqlite://", "sqlite:///:memory:", "sqlite:////nowhere/at/all.db"]
)
def test_addresses_that_are_none(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as failure:
        Store(address, tmp_path)
    assert failure.value.slug == "store"


def test_a_password_is_not_repeated(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(InputError) as failure:
        Store(f"postgresql://me:secret@/x?host={tmp_path}", tmp_path)
    assert failure.value.slug == "store"
    assert "secret" not in str(failure.value)


# --- objects ----------------------------------------------------------------------------------------------------------


def test_objects_come_back(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "a" / "b", make=True)
    name = tagged(MODEL, b"bytes")
    assert not folder.has(name)
    for _ in range(2):
        folder.put(name, b"bytes")
    assert folder.has(name)
    assert read_tagged(folder, MODEL, name, 5, "model") == b"bytes"
    assert [path.name for path in (tmp_path / "a" / "b" / "objects" / name.hex()[:2]).iterdir()] == [name.hex()]


def slug_of(folder: Folder, name: bytes, most: int = 100) -> str:
    with pytest.raises(InvalidProof) as refusal:
        read_tagged(folder, MODEL, name, most, "model")
    assert refusal.value.place == "model"
    return refusal.value.slug


def test_objects_that_are_not_what_they_should_be(tmp_path: Path) -> None:
    folder = Folder(tmp_path, make=True)
    name = tagged(MODEL, b"bytes")
    assert slug_of(folder, name) == "object_missing"
    folder.put(name, b"other")
    assert slug_of(folder, name) == "object_changed"
    assert slug_of(folder, name, 4) == "object_size"
    path = next(path for path in tmp_path.rglob(name.hex()))
    path.unlink()
    os.mkfifo(path)
    assert slug_of(folder, name) == "object_missing"
    path.unlink()
    path.mkdir()
    assert slug_of(folder, name) == "object_missing"


def test_what_is_not_kept_yet(tmp_path: Path) -> None:
    below = Folder(tmp_path, make=True)
    below.put(b"a" * 32, b"below")
    over = Overlay({b"b" * 32: b"above"}, below)
    assert (over.read(b"a" * 32, 9, "x"), over.read(b"b" * 32, 9, "x")) == (b"below", b"above")
    with pytest.raises(InvalidProof) as refusal:
        over.read(b"b" * 32, 4, "x")
    assert refusal.value.slug == "object_size"
