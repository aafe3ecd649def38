"""Bytes that nobody signed, or that are not what was named, cost no work: no program is made for them, no roster read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attackers import ready
from fake_training import FakeDeployment, FakeReaders
from little_network import LittleNetwork

from tacit import data, train
from tacit.data import Issuers, Key, Manifest, Shard
from tacit.errors import InvalidProof
from tacit.network.lineage import verify
from tacit.network.messages import DELIVERY, REPLY
from tacit.network.training import TrainingReaders

ISSUER, NODE, OTHER = (Key.from_seed(bytes([at]) * 32) for at in (101, 102, 103))
NOW, TASK, RECORDS = 1_800_000_000, bytes([7]) * 32, 16
COLUMNS = tuple(data.Column.number(name, 0, 1, center=0.5, scale=0.5) for name in ("a", "b", "c"))
SCHEMA = data.Schema(COLUMNS, data.Label.classes("y", ("no", "yes")))


@pytest.fixture(scope="module")
def deployment() -> train.Deployment:
    return train.compile(
        train.mlp(3, 4, 2),
        schema=SCHEMA,
        optimizer=train.SGD(rate=0.5, batch=8, steps=2),
        records=RECORDS,
        proofs=8,
        name="small",
    )


@pytest.fixture
def readers(deployment: train.Deployment, monkeypatch: pytest.MonkeyPatch) -> TrainingReaders:
    """They have read the deployment, and from now on whatever makes a program fails."""
    found = TrainingReaders(SCHEMA, Issuers().adding(ISSUER.public, "Health authority"))
    found.deployment(deployment.to_bytes())

    def made(*_: Any, **__: Any) -> None:
        raise AssertionError("a program was made")

    for name in ("compile", "program"):
        monkeypatch.setattr(data, name, made)
    return found


def manifest(records: int, *, program: bytes = bytes(32), issuer: Key = ISSUER, **fields: Any) -> Manifest:
    """Signed, whatever is in it."""
    found = Manifest(
        task=TASK,
        issuer=issuer.public,
        node=NODE.public,
        schema=bytes.fromhex(SCHEMA.digest),
        program=program,
        shards=(Shard(bytes([1]) * 32, records, 0, 2 * records),),
        issued=NOW - 10,
        expires=NOW + 10,
        serial=bytes(16),
        signature=bytes(64),
    )
    found = replace(found, **fields)
    return replace(found, signature=issuer.sign(data.manifest.TAG, found.digest))


def read(readers: TrainingReaders, given: Manifest) -> Any:
    issuers = [ISSUER.public, OTHER.public]
    return readers.manifest(given.to_bytes(), task=TASK, node=NODE.public, now=NOW, issuers=issuers)


def refused(readers: TrainingReaders, given: Manifest) -> InvalidProof:
    with pytest.raises(InvalidProof) as refusal:
        read(readers, given)
    assert set(readers._datasets) == {RECORDS}
    return refusal.value


# --- manifests --------------------------------------------------------------------------------------------------------


def test_a_manifest_that_holds(readers: TrainingReaders, deployment: train.Deployment) -> None:
    program = bytes.fromhex(deployment.dataset.digest)
    assert read(readers, manifest(RECORDS, program=program)).node == NODE.public
    assert refused(readers, manifest(RECORDS)).slug == "manifest_program"


def test_forged_manifests_make_no_programs(readers: TrainingReaders) -> None:
    for records in (*range(1000, 1200), 16_000_000):
        forged = replace(manifest(records), signature=bytes(64))
        assert refused(readers, forged).slug == "signature"


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"issuer": OTHER}, "issuer_unknown"),
        ({"expires": NOW - 1}, "manifest_expired"),
        ({"issued": NOW + 1}, "manifest_early"),
        ({"task": bytes(32)}, "manifest_task"),
        ({"node": OTHER.public}, "manifest_node"),
        ({"schema": bytes(32)}, "manifest_schema"),
        ({}, "records"),
    ],
)
def test_records_that_no_deployment_has(readers: TrainingReaders, fields: dict[str, Any], slug: str) -> None:
    """What else is wrong is said first; all of it is the issuer's word by then."""
    for records in (RECORDS + 1, 16_000_000):
        found = refused(readers, manifest(records, **fields))
        assert found.slug == slug
        assert found.place == ("manifest" if fields else "shard 0101010101010101")


def test_before_a_deployment_is_read_no_manifest_holds(readers: TrainingReaders, deployment: train.Deployment) -> None:
    fresh = TrainingReaders(readers.schema, readers.issuers)
    with pytest.raises(InvalidProof) as refusal:
        read(fresh, manifest(RECORDS, program=bytes.fromhex(deployment.dataset.digest)))
    assert refusal.value.slug == "records"


# --- deployments ------------------------------------------------------------------------------------------------------


def test_another_deployment_is_not_made_again(readers: TrainingReaders, deployment: train.Deployment) -> None:
    """Whoever has a task's lineage at another place may put another deployment there."""
    with pytest.raises(InvalidProof) as refusal:
        readers.deployment(deployment.to_bytes(), name=bytes(32))
    assert (refusal.value.slug, refusal.value.place) == ("object_changed", "deployment")


def test_who_verifies_names_the_deployments(folder: Path) -> None:
    named = []

    class Noting(FakeReaders):
        def deployment(self, data: bytes, *, name: bytes | None = None) -> FakeDeployment:
            named.append(name)
            return super().deployment(data, name=name)

    task = verify(folder, Noting()).task
    assert named == list(task.deployments) != []


# --- messages ---------------------------------------------------------------------------------------------------------


def without_rosters(network: LittleNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_at(*_: Any) -> None:
        raise AssertionError("a roster was read")

    monkeypatch.setattr(network.server, "roster", looked_at)


def test_no_roster_is_read_for_a_message_that_is_not_signed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = ready(tmp_path, rounds=1)
    answer, server = network.nodes[0].answer(network.server.brief()), network.server
    assert server.receive(replace(answer, delivery=None, proof=None)).state == "new"
    reply, delivery = REPLY.open(answer.reply)[0], DELIVERY.open(answer.delivery or b"")[0]
    without_rosters(network, monkeypatch)
    for round in (1, 2):
        # In a node's name, and rightly signed by somebody who is none.
        for node, slug in ((reply.node, "signature"), (OTHER.public, "node_unknown")):
            forged = REPLY.sign(replace(reply, round=round, node=node), OTHER)
            assert server.receive(replace(answer, reply=forged)).state == slug
            assert server.deliver(DELIVERY.sign(replace(delivery, round=round, node=node), OTHER), b"").state == slug


def test_no_roster_is_read_for_a_value_that_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.server.open()
    without_rosters(network, monkeypatch)
    assert network.server.reveal(1, network.keys[0].public, bytes(32)).state == "chain"
    assert network.server.reveal(1, OTHER.public, bytes(32)).state == "node_unknown"
