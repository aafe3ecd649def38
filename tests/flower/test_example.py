"""The example with real training: three hospitals, every update proven and verified."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr")

from ended import Ended
from example import FOLDER, Hospitals, module, served
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from tacit.errors import AllowanceExceeded, InputError, InvalidProof
from tacit.flower import load_node, load_server
from tacit.network.training import TrainedDeployment
from tacit.train import Deployment


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hospitals")
    module("prepare").main(folder, 3)
    return folder


def accuracies(text: str) -> list[float]:
    return [float(line.split()[-1]) for line in text.splitlines() if "accuracy" in line and line.startswith("round")]


def test_rounds_that_a_restart_continues(prepared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    grid = Hospitals(prepared, 3)
    served(grid, prepared, rounds=2)
    first = capsys.readouterr().out
    assert "verified 6 updates" in first
    served(Hospitals(prepared, 3), prepared, rounds=3, deferred=True)
    second = capsys.readouterr().out
    assert "verified 3 updates" in second
    assert accuracies(second)[-1] > accuracies(first)[0] + 0.1
    server, real = load_server(prepared / "server" / "server.toml")
    row = server.store.round(server.digest)
    assert row is not None
    assert row.round == 3
    link = Ended.read(server.store.objects, row.link or b"")
    assert len(link.contributions) == 3
    assert set(real(server.model(link.next))) == {"w0", "b0", "w1", "b1"}
    assert (prepared / "server" / "rounds.db").exists()


def test_an_update_that_is_not_the_proven_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hospital trains, and signs something else with the proof of what it trained: only the argument shows it."""
    module("prepare").main(tmp_path, 2)
    grid = Hospitals(tmp_path, 2)
    honest = TrainedDeployment.prove

    def cheating(self: TrainedDeployment, base: Any, data: Any, seed: bytes, context: bytes) -> Any:
        next, proof = honest(self, base, data, seed, context)
        second = int(data.records["id"][0]) >= 2000
        return ({**next, "b0": next["b0"] + 1} if second else next), proof

    monkeypatch.setattr(TrainedDeployment, "prove", cheating)
    served(grid, tmp_path, nodes=2, rounds=1, timeout=3.0)
    out = capsys.readouterr().out
    assert "verified 1 updates" in out
    # the proof is bound to what is public of it, the next model too
    assert "refused final_claim" in out or "refused grinding" in out


def test_real_weights_come_with_an_evaluation(prepared: Path) -> None:
    strategy = module("server_app").VerifiedFedAvg(task=prepared / "server" / "server.toml")
    arrays = strategy.initial()
    content = RecordDict({"arrays": ArrayRecord({name: Array(array.numpy()) for name, array in arrays.items()})})
    grid = Hospitals(prepared, 1)
    list(grid.push_messages([Message(content, 1, "evaluate")]))
    (reply,) = grid.pull_messages(["local-1"])
    assert 0 < float(reply.content.metric_records["metrics"]["largest-weight"]) < 16  # type: ignore[arg-type]


# --- files ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    module("prepare").main(tmp_path, 1)
    return tmp_path / "hospital-1" / "node.toml"


def test_a_process_checks_a_deployment_once(hospital: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    honest = Deployment.check
    monkeypatch.setattr(Deployment, "check", lambda self, schema: checked.append(1) or honest(self, schema))
    for _ in range(2):
        load_node(hospital)
    assert len(checked) == 1
    os.utime(hospital.parent / "task.deployment", ns=(1, 1))
    load_node(hospital)
    assert len(checked) == 2


def test_another_process_may_be_the_node_next(hospital: Path) -> None:
    """Nothing of a node is held between messages: its secrets' journals are free again."""
    grid = Hospitals(hospital.parents[1], 1)
    content = RecordDict({"tacit.round": ConfigRecord({"round": 1})})
    for _ in range(2):
        (name,) = grid.push_messages([Message(content, 1, "query.tacit_register")])
        (reply,) = grid.pull_messages([name])
        assert reply.has_content()
    code = f"from tacit.flower import load_node; load_node({str(hospital)!r})"
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": str(FOLDER.parents[1] / "python")}
    )


CHANGES = [
    ('key = "node.key"\n', "", "settings"),
    ('key = "node.key"', "key = 3", "settings"),
    ('key = "node.key"', 'key = "none.key"', "file"),
    ('key = "node.key"', 'key = "records.csv"', "key_exposed"),
    ("[[shards]]", "more = 1\n[[shards]]", "settings"),
    ('proof = "shard.proof"', 'proof = "shard.proof"\nmore = 1', "settings"),
    ('proof = "shard.proof"', 'proof = "records.csv"', "magic"),
    ('task = "task.tacit"', 'task = "node.manifest"', "message"),
    ('schema = "records.schema"', 'schema = "records.csv"', "schema_file"),
    ("[[shards]]", "[shards]", "settings"),
    ('folder = "signed"', "folder = ", "settings"),
]


@pytest.mark.parametrize(("old", "new", "slug"), CHANGES)
def test_a_node_file_that_does_not_fit(hospital: Path, old: str, new: str, slug: str) -> None:
    text = hospital.read_text()
    assert old in text
    hospital.write_text(text.replace(old, new))
    with pytest.raises((InputError, InvalidProof)) as caught:
        load_node(hospital)
    assert caught.value.slug == slug


def test_no_node_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_node(tmp_path / "node.toml")
    assert caught.value.slug == "file"


def test_a_record_is_not_quoted_to_the_server(hospital: Path) -> None:
    """The error names the cell and its value for the node; the server hears of neither."""
    table = hospital.parent / "records.csv"
    lines = table.read_text().splitlines()
    fields = lines[3].split(",")
    table.write_text("\n".join([*lines[:3], ",".join([fields[0], "777.7", *fields[2:]]), *lines[4:]]) + "\n")
    with pytest.raises(InputError) as caught:
        load_node(hospital)
    assert "777.7" in str(caught.value)
    grid = Hospitals(hospital.parents[1], 1)
    content = RecordDict({"tacit.round": ConfigRecord({"round": 1})})
    (name,) = grid.push_messages([Message(content, 1, "query.tacit_register")])
    (reply,) = grid.pull_messages([name])
    assert caught.value.slug in reply.error.reason
    assert "777" not in reply.error.reason


def test_a_secret_without_its_journal(hospital: Path) -> None:
    (hospital.parent / "shard.secret.journal").unlink()
    with pytest.raises(AllowanceExceeded):
        load_node(hospital)


@pytest.mark.parametrize(
    ("old", "new", "slug"),
    [
        ('objects = "public"\n', "", "settings"),
        ('store = "sqlite:///rounds.db"', 'store = "mysql://x"', "store"),
        ('deployments = ["task.deployment"]', "deployments = []", "settings"),
        ('deployments = ["task.deployment"]', 'deployments = "task.deployment"', "settings"),
        ('key = "server.key"', 'key = "../hospital-1/node.key"', "task"),
        ('base = "base.model"', 'base = "task.tacit"', "tensors"),
        ('issuers = "issuers.json"', 'issuers = "server.toml"', "issuers"),
    ],
)
def test_a_server_file_that_does_not_fit(hospital: Path, old: str, new: str, slug: str) -> None:
    path = hospital.parents[1] / "server" / "server.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises((InputError, InvalidProof)) as caught:
        load_server(path)
    assert caught.value.slug == slug
