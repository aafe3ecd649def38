"""What people do before training: a task is published, an issuer signs what hospitals hold, hospitals commit to their records.

    python examples/flower/prepare.py FOLDER [HOSPITALS]

Here one program plays everybody, on made-up records. FOLDER/server and FOLDER/hospital-1, .. then have what each of them would
have on its own machine.
"""

from __future__ import annotations

import csv
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from tacit.data import Dataset, Issuers, Key, Manifest, Schema, prove_dataset
from tacit.data.columns import Column, Label
from tacit.network.aggregate import Rule
from tacit.network.context import model_bytes, model_identity
from tacit.network.sources import Reveals
from tacit.network.task import TASK, Task
from tacit.train import SGD, Deployment, compile, mlp

RECORDS = 64
SCHEMA = Schema(
    [Column.number("age", 18, 99), Column.number("pressure", 60, 220), Column.number("sugar", 2, 30)],
    Label.classes("ill", ("no", "yes")),
    id="patient",
)


def table(path: Path, hospital: int) -> None:
    """Records of patients that are nobody's."""
    rng = np.random.default_rng(hospital)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["patient", "age", "pressure", "sugar", "ill"])
        for number in range(RECORDS):
            age, pressure, sugar = rng.uniform(20, 95), rng.uniform(80, 200), rng.uniform(3, 20)
            risk = (age - 55) / 20 + (pressure - 135) / 30 + (sugar - 9) / 4 + rng.normal(0, 0.5)
            ill = "yes" if risk > 0 else "no"
            writer.writerow([1000 * hospital + number, f"{age:.1f}", f"{pressure:.1f}", f"{sugar:.1f}", ill])


def publish(folder: Path, deployment: Deployment, issuer: Key) -> Task:
    """The server's folder: key, task, deployment, first model, and whose word counts."""
    folder.mkdir(parents=True)
    key = Key.generate()
    key.save(folder / "server.key")
    base = deployment.initial
    task = Task(
        name="made-up patients",
        server=key.public,
        deployments=(deployment.digest,),
        base=model_identity(base, deployment.parameters),
        rule=Rule(),
        source=Reveals(),
        rounds=20,
        least=1,
        issuers=(issuer.public,),
    )
    (folder / "task.tacit").write_bytes(TASK.write(task))
    (folder / "base.model").write_bytes(model_bytes(base, deployment.parameters))
    deployment.save(folder / "task.deployment")
    SCHEMA.save(folder / "records.schema")
    Issuers().adding(issuer.public, "The registry").save(folder / "issuers.json")
    (folder / "server.toml").write_text(
        'key = "server.key"\ntask = "task.tacit"\ndeployments = ["task.deployment"]\nbase = "base.model"\n'
        'schema = "records.schema"\nissuers = "issuers.json"\nobjects = "public"\nstore = "sqlite:///rounds.db"\n'
    )
    return task


def join(folder: Path, hospital: int, deployment: Deployment, task: Task, issuer: Key, server: Path) -> None:
    """A hospital's folder. The issuer commits to the records itself, signs the master, and hands out a child of it."""
    folder.mkdir(parents=True)
    key = Key.generate()
    key.save(folder / "node.key")
    table(folder / "records.csv", hospital)
    secret = deployment.commit_data(SCHEMA.encode(folder / "records.csv"), children=4)
    master = Dataset.opened(deployment.dataset, SCHEMA, secret, (1000 * hospital, 1000 * hospital + 999))
    signed = Manifest.sign(
        issuer, task=TASK.digest(TASK.write(task)), node=key.public, schema=SCHEMA, program=deployment.dataset,
        shards=[master], expires=int(time.time()) + 365 * 86400,
    )  # fmt: skip
    child = master.child()
    signed.save(folder / "node.manifest")
    prove_dataset(deployment.dataset, child).save(folder / "shard.proof")
    child.secret.save(folder / "shard.secret")
    for name in ("task.tacit", "task.deployment", "records.schema"):
        shutil.copy(server / name, folder / name)
    (folder / "node.toml").write_text(
        'key = "node.key"\ntask = "task.tacit"\ndeployment = "task.deployment"\nmanifest = "node.manifest"\n'
        'schema = "records.schema"\nfolder = "signed"\n\n[[shards]]\nsecret = "shard.secret"\ntable = "records.csv"\n'
        'proof = "shard.proof"\n'
    )


def main(folder: Path, hospitals: int = 3) -> None:
    """Everything, for so many hospitals."""
    deployment = compile(
        mlp(3, 8, 2), schema=SCHEMA, optimizer=SGD(rate=0.5, batch=16, steps=4), records=RECORDS, evaluate=0
    )
    issuer = Key.generate()
    task = publish(folder / "server", deployment, issuer)
    for hospital in range(1, hospitals + 1):
        join(folder / f"hospital-{hospital}", hospital, deployment, task, issuer, folder / "server")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
