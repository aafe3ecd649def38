"""Lineages: the whole of one is verified again."""

from __future__ import annotations

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from fake_training import VERIFIED, FakeReaders
from little_network import LittleNetwork
from spoiled_lineage import refused

from tacit.errors import InputError, InvalidProof
from tacit.network.lineage import export, verify
from tacit.network.lineage.files import Head, open_lineage

CONTEXT = b"a patient"


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


def test_copies_are_independent(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    assert verify(tmp_path / "copy", FakeReaders()).as_dict() == verify(folder, FakeReaders()).as_dict()
