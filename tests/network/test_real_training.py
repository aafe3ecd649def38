"""The real things: two small hospitals, two rounds, a proven prediction, and the lineage of it, on the command line as well."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ended import Ended
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

import tacit
from tacit import data, train
from tacit.cli.app import run
from tacit.demo import hospitals
from tacit.demo.hospitals import Federation, Split
from tacit.errors import InvalidProof
from tacit.network.aggregate import Rule
from tacit.network.lineage import export, verify
from tacit.network.training import TrainingReaders

CONTEXT = b"visit 7"
CLASSES = ("no", "yes")


@dataclass
class Trained:
    """A federation after two rounds, its published lineage, and a prediction under its last model."""

    made: Federation
    issuers: data.Issuers
    folder: Path
    proof: bytes


def table(seed: int, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    columns = {name: rng.uniform(0, 1, count) for name in ("a", "b", "c")}
    return {**columns, "y": np.array(CLASSES)[(columns["a"] + columns["b"] > 1).astype(int)]}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("trained")
    columns = tuple(data.Column.number(name, 0, 1, center=0.5, scale=0.5) for name in ("a", "b", "c"))
    schema = data.Schema(columns, data.Label.classes("y", CLASSES))
    deployment = train.compile(
        train.mlp(3, 4, 2),
        schema=schema,
        optimizer=train.SGD(rate=0.5, batch=8, steps=4),
        records=16,
        proofs=8,
        name="small",
    )
    tables = Split((table(1, 16), table(2, 16)), table(3, 16))
    made = hospitals.federation(deployment, schema, tables, folder, Rule())
    for hospital in made.hospitals:
        node = hospitals.joined(hospital, made, folder)
        outcome = made.server.register(*node.registration())
        assert outcome.state == "new", outcome.reason
    model = {}
    for _ in range(2):
        hospitals.opened(made)
        for hospital in made.hospitals:
            assert hospital.node is not None
            outcome = made.server.receive(hospital.node.answer(made.server.brief()))
            assert outcome.state == "new", outcome.reason
        model = hospitals.closed(made)
    schema.save(folder / "task.schema")
    export(made.server.store, made.server.digest, folder / "lineage", schema=(folder / "task.schema").read_bytes())
    issuers = data.Issuers().adding(made.issuer.public, "Health authority")
    issuers.save(folder / "issuers.json")
    weights = deployment.weights(model)
    x = {name: port.range[0] + np.zeros(port.shape) for name, port in deployment.infer.inputs.items()}
    proof = tacit.prove(deployment.infer, tacit.commit_model(deployment.infer, weights), x, context=CONTEXT)
    proof.save(folder / "answer.proof")
    return Trained(made, issuers, folder, proof.to_bytes())


def readers(trained: Trained) -> TrainingReaders:
    return TrainingReaders(trained.made.schema, trained.issuers)


def test_rounds(trained: Trained) -> None:
    server = trained.made.server
    row = server.store.round(server.digest)
    assert row is not None
    link = Ended.read(server.store.objects, row.link or b"")
    assert (row.round, len(link.contributions), link.absences) == (2, 2, ())


def test_the_lineage_of_a_prediction(trained: Trained) -> None:
    found = verify(
        trained.folder / "lineage",
        readers(trained),
        task=trained.made.server.digest,
        prediction=trained.proof,
        context=CONTEXT,
    )
    assert [len(item.contributors) for item in found.rounds] == [2, 2]
    assert {item.records for item in found.rounds[0].contributors} == {16}
    assert {item.issuer for item in found.rounds[0].contributors} == {trained.made.issuer.public}
    assert found.names == {trained.made.issuer.public: "Health authority"}
    assert found.predicted == found.model
    assert found.prediction is not None
    assert found.prediction["program"] == trained.made.deployment.infer.digest
    for changed in (
        {"context": b"another visit"},
        {"round": 1},
        {"prediction": trained.proof[:-1] + bytes([trained.proof[-1] ^ 1])},
    ):
        options = {"prediction": trained.proof, "context": CONTEXT, **changed}
        with pytest.raises(InvalidProof) as refusal:
            verify(trained.folder / "lineage", readers(trained), **options)
        assert refusal.value.place.startswith("prediction")


def test_another_registry_of_issuers(trained: Trained) -> None:
    stranger = data.Issuers().adding(data.Key.generate().public, "Somebody")
    with pytest.raises(InvalidProof) as refusal:
        verify(trained.folder / "lineage", TrainingReaders(trained.made.schema, stranger))
    assert refusal.value.slug == "issuer_unknown"
    assert refusal.value.place.startswith("round 1: node")


def test_any_byte_of_a_real_lineage(trained: Trained, tmp_path: Path) -> None:
    """Every kind of object is read by its own code: each refuses, and none fails."""
    shutil.copytree(trained.folder / "lineage", tmp_path / "lineage")
    rng = np.random.default_rng(0)
    for path in sorted((tmp_path / "lineage" / "objects").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            changed = bytearray(data)
            changed[rng.integers(len(data))] ^= 1 << rng.integers(8)
            path.write_bytes(bytes(changed))
            with pytest.raises(InvalidProof) as refusal:
                verify(tmp_path / "lineage", readers(trained))
            assert refusal.value.slug != "failed", str(refusal.value)
            path.write_bytes(data)


ANY = st.one_of(st.binary(max_size=400), st.integers(0, 1 << 30))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(70)  # a letter of the deployment's name
@given(ANY)
def test_any_bytes_are_refused_by_the_readers(trained: Trained, given_: bytes | int) -> None:
    made, own = trained.made, readers(trained)
    node = made.hospitals[0]
    whole = {
        "deployment": made.deployment.to_bytes(),
        "manifest": hospitals.manifest(node, made),
        "commitment": node.dataset.commitment.to_bytes(),
        "dataset": node.proof,
        "prediction": trained.proof,
    }
    model = made.server.model(made.task.base)
    deployment = made.server.world.deployments[made.deployment.digest]
    calls = {
        # By its name, as verifiers do: another description may be a deployment, too, but never this one.
        "deployment": lambda data: own.deployment(data, name=deployment.digest),
        "manifest": lambda data: own.manifest(
            data, task=made.server.digest, node=node.key.public, now=hospitals.START, issuers=made.task.issuers
        ),
        "commitment": own.commitment,
        "dataset": lambda data: own.dataset(own.commitment(whole["commitment"]), data, deployment),
        "prediction": lambda data: own.prediction(deployment, model, data, CONTEXT),
    }
    for kind, call in calls.items():
        data = given_
        if isinstance(given_, int):
            at = given_ % len(whole[kind])
            data = whole[kind][:at] + bytes([whole[kind][at] ^ (1 + given_ % 255)]) + whole[kind][at + 1 :]
        with pytest.raises(InvalidProof):
            call(data)


# --- on the command line ----------------------------------------------------------------------------------------------


def test_command(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    folder, task = trained.folder, trained.made.server.digest.hex()
    asked = ["lineage", "verify", str(folder / "lineage"), "--task", task, "--issuers", str(folder / "issuers.json")]
    asked += ["--prediction", str(folder / "answer.proof"), "--context", CONTEXT.hex()]
    assert run([*asked, "--picture", str(folder / "l.svg")]) == 0
    out = capsys.readouterr().out
    for part in ("prediction", "round 2", "2 of 2 nodes", "16 records, hidden", "Health authority", "accepted"):
        assert part in out
    assert (folder / "l.svg").read_text().startswith("<svg")
    assert run([*asked, "--json", "--picture", str(folder / "l.html")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["accepted"] is True
    assert (found["task"], len(found["rounds"])) == (task, 2)
    assert "<svg" in (folder / "l.html").read_text()


def test_command_without_issuers_says_so(trained: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lineage", "verify", str(trained.folder / "lineage")]) == 0
    out = capsys.readouterr().out
    assert "that the issuers are who they should be" in out
    assert "that this is the task that you mean" in out


def test_command_refuses(trained: Trained, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lineage, picture = str(trained.folder / "lineage"), str(tmp_path / "l.svg")
    assert run(["lineage", "verify", lineage, "--task", "00" * 32]) == 1
    assert "[lineage]" in capsys.readouterr().err
    asked = ["lineage", "verify", lineage, "--prediction", str(trained.folder / "answer.proof"), "--picture", picture]
    assert run([*asked, "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["error"]["kind"] == "refused"
    # What held until then is drawn, with where it ended.
    assert "refused" in Path(picture).read_text()


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        (["--task", "zz"], "usage"),
        (["--link", "00"], "usage"),
        (["--picture", "l.bmp"], "usage"),
        (["--round", "1"], "usage"),
        (["--issuers", "nowhere.json"], "file"),
        (["--prediction", "nowhere.proof"], "file"),
    ],
)
def test_options_that_are_none(
    trained: Trained, options: list[str], slug: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["lineage", "verify", str(trained.folder / "lineage"), *options, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["slug"] == slug
