"""Four hospitals, an issuer and a task, for the story of `tacit demo federated`: scikit-learn's breast-cancer records, split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit import data, train
from tacit.data.dataset import Dataset
from tacit.errors import MissingDependency
from tacit.network.aggregate import Rule
from tacit.network.context import model_identity
from tacit.network.core import Times
from tacit.network.messages import ANNOUNCEMENT
from tacit.network.node import Holding, Node
from tacit.network.server import Server
from tacit.network.sources import Reveals
from tacit.network.store import Store
from tacit.network.task import TASK, Task
from tacit.network.training import ShardData, TrainedDeployment, TrainingReaders

Array = npt.NDArray[Any]
HOSPITALS, RECORDS, ROUNDS = 4, 128, 5
#: Steps of 16 records: three epochs a round.
TRAINING = train.SGD(rate=0.25, batch=16, steps=24)
CLASSES = ("malignant", "benign")
#: The story's clock, in seconds since 1970.
START = 1_800_000_000

#: (measurement, upper end of its range, center, scale): public, declared for the task, not taken from anybody's records.
COLUMNS = (
    ("mean radius", 34, 14, 3.5),
    ("mean texture", 48, 19, 4.3),
    ("mean perimeter", 230, 92, 24),
    ("mean area", 3100, 650, 350),
    ("mean smoothness", 0.2, 0.096, 0.014),
    ("mean compactness", 0.42, 0.1, 0.053),
    ("mean concavity", 0.52, 0.089, 0.08),
    ("mean concave points", 0.25, 0.049, 0.039),
    ("mean symmetry", 0.37, 0.18, 0.027),
    ("mean fractal dimension", 0.12, 0.063, 0.0071),
    ("radius error", 3.5, 0.41, 0.28),
    ("texture error", 5.9, 1.2, 0.55),
    ("perimeter error", 27, 2.9, 2),
    ("area error", 660, 40, 45),
    ("smoothness error", 0.038, 0.007, 0.003),
    ("compactness error", 0.17, 0.025, 0.018),
    ("concavity error", 0.48, 0.032, 0.03),
    ("concave points error", 0.064, 0.012, 0.0062),
    ("symmetry error", 0.095, 0.021, 0.0083),
    ("fractal dimension error", 0.036, 0.0038, 0.0026),
    ("worst radius", 44, 16, 4.8),
    ("worst texture", 60, 26, 6.1),
    ("worst perimeter", 310, 110, 34),
    ("worst area", 5200, 880, 570),
    ("worst smoothness", 0.27, 0.13, 0.023),
    ("worst compactness", 1.3, 0.25, 0.16),
    ("worst concavity", 1.6, 0.27, 0.21),
    ("worst concave points", 0.35, 0.11, 0.066),
    ("worst symmetry", 0.8, 0.29, 0.062),
    ("worst fractal dimension", 0.25, 0.084, 0.018),
)


class Clock:
    """Moved by the story: nobody waits for deadlines."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return float(self.now)


def schema() -> data.Schema:
    """What a record of the task is."""
    columns = [data.Column.number(name, 0, top, center=center, scale=scale) for name, top, center, scale in COLUMNS]
    return data.Schema(tuple(columns), data.Label.classes("diagnosis", CLASSES))


@dataclass(frozen=True)
class Split:
    """A table a hospital, and one that no hospital has."""

    hospitals: tuple[dict[str, Array], ...]
    test: dict[str, Array]


def split(*, skewed: bool) -> Split:
    """The 569 records: four hospitals of 128, the rest to test with. `skewed`: sorted by diagnosis, mostly.

    Raises MissingDependency without scikit-learn.
    """
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError:
        raise MissingDependency(
            "the story's records come with scikit-learn", place="demo", remedy="pip install 'tacit[sklearn]'"
        ) from None
    found = load_breast_cancer()
    order = np.random.default_rng(0).permutation(len(found.target))
    dealt, rest = order[: HOSPITALS * RECORDS], order[HOSPITALS * RECORDS :]
    if skewed:
        noise = np.random.default_rng(1).normal(size=len(dealt))
        dealt = dealt[np.argsort(found.target[dealt] + noise)]

    def table(rows: Array) -> dict[str, Array]:
        columns = {name: found.data[rows, i] for i, (name, *_) in enumerate(COLUMNS)}
        return {**columns, "diagnosis": np.array(CLASSES)[found.target[rows]]}

    parts = dealt.reshape(HOSPITALS, RECORDS)
    return Split(tuple(table(rows) for rows in parts), table(rest))


@dataclass
class Hospital:
    """A node with its records' integers, its dataset and what it signs with."""

    name: str
    key: data.Key
    records: data.Records
    dataset: Dataset
    proof: bytes
    node: Node | None = None


@dataclass
class Federation:
    """The task, its server and its nodes."""

    schema: data.Schema
    deployment: train.Deployment
    task: Task
    server: Server
    hospitals: list[Hospital]
    clock: Clock
    issuer: data.Key


def deployed(described: data.Schema) -> train.Deployment:
    """The programs of the task: everybody compiles the same."""
    return train.compile(
        train.mlp(len(COLUMNS), 16, len(CLASSES)),
        schema=described,
        optimizer=TRAINING,
        records=RECORDS,
        proofs=32,
        optimize="time",
        name="hospitals",
    )


def admitted(
    name: str, number: int, table: Mapping[str, Array], made: train.Deployment, described: data.Schema
) -> Hospital:
    """A hospital commits to its records under a master that an issuer will sign, and proves them valid with a child of it."""
    first = 1000 * number
    records = described.encode(dict(table), ids=first)
    master = made.commit_data(records, children=2)
    signed = Dataset.opened(made.dataset, described, master, (first, first + 999))
    used = signed.child()
    proof = data.prove_dataset(made.dataset, used)
    return Hospital(name, data.Key.generate(), records, used, proof.data)


def manifest(hospital: Hospital, federation: Federation, issuer: data.Key | None = None) -> bytes:
    """The issuer vouches for a hospital's dataset, for this task and this node."""
    shard = data.Shard(bytes.fromhex(hospital.dataset.master), hospital.dataset.records, *hospital.dataset.id_range)
    return data.Manifest.sign(
        issuer or federation.issuer,
        task=TASK.digest(TASK.write(federation.task)),
        node=hospital.key.public,
        schema=federation.schema,
        program=federation.deployment.dataset,
        shards=[shard],
        issued=START - 3600,
        expires=START + 10**7,
    ).to_bytes()


def joined(hospital: Hospital, federation: Federation, folder: Path, signed: bytes | None = None) -> Node:
    """The hospital as a node of the task."""
    dataset = hospital.dataset
    shard = data.Shard(bytes.fromhex(dataset.master), dataset.records, *dataset.id_range)
    held = ShardData(dataset.secret, hospital.records)
    holding = Holding(shard, held, dataset.commitment.to_bytes(), hospital.proof)
    hospital.node = Node(
        hospital.key,
        federation.task,
        deployment=TrainedDeployment(federation.deployment),
        manifest=signed or manifest(hospital, federation),
        holdings=[holding],
        folder=folder / hospital.name.replace(" ", "-"),
    )
    return hospital.node


def federation(made: train.Deployment, described: data.Schema, tables: Split, folder: Path, rule: Rule) -> Federation:
    """Issuer, server and hospitals; nobody has joined yet."""
    issuer, server_key, clock = data.Key.generate(), data.Key.generate(), Clock()
    base = made.initial
    task = Task(
        name="breast cancer, four hospitals",
        server=server_key.public,
        deployments=(made.digest,),
        base=model_identity(base, made.parameters),
        rule=rule,
        source=Reveals(),
        rounds=ROUNDS,
        least=2,
        issuers=(issuer.public,),
    )
    issuers = data.Issuers().adding(issuer.public, "Health authority")
    readers = TrainingReaders(described, issuers)
    store = Store(f"sqlite:///{folder}/rounds.db", folder / "public")
    server = Server(
        store, task, key=server_key, readers=readers, deployments=[made.to_bytes()], base=base,
        times=Times(30, 600), clock=clock,
    )  # fmt: skip
    hospitals = [admitted(f"hospital {i + 1}", i, table, made, described) for i, table in enumerate(tables.hospitals)]
    return Federation(described, made, task, server, hospitals, clock, issuer)


def opened(federation: Federation) -> None:
    """A round is announced, the hospitals' beacon is there, and training can begin."""
    announcement = federation.server.open()
    announced, _ = ANNOUNCEMENT.open(announcement)
    for hospital in federation.hospitals:
        if hospital.node is not None and hospital.node.chain is not None:
            value = hospital.node.reveal(announcement, federation.server.links())
            federation.server.reveal(announced.round, hospital.key.public, value)
    federation.clock.now += 31
    federation.server.begin()


def closed(federation: Federation) -> dict[str, Any]:
    """The deadline is over: what came is checked, and averaged. The next model."""
    federation.clock.now += 601
    federation.server.close()
    row = federation.server.finish()
    assert row.next is not None
    return dict(federation.server.model(row.next))


def accuracy(
    made: train.Deployment, model: Mapping[str, Array], table: Mapping[str, Array], described: data.Schema
) -> float:
    """Of the integers' model, in float64, on records that no hospital has."""
    from tacit.train import floats

    records = described.encode(dict(table))
    plan = made.description.plan
    predicted = floats.predictions(plan.network, plan.loss, made.real(model), records["x"] * 2.0**-plan.record.frac)
    return float((predicted.argmax(1) == records["y"].argmax(1)).mean())


__all__ = [
    "Federation",
    "Hospital",
    "Split",
    "accuracy",
    "admitted",
    "closed",
    "deployed",
    "federation",
    "joined",
    "manifest",
    "opened",
    "schema",
    "split",
]
