"""What a node and a server start from: a TOML file each, which names files that lie beside it.

    # node.toml                                   # server.toml
    key = "node.key"                              key = "server.key"
    task = "task.tacit"                           task = "task.tacit"
    deployment = "task.deployment"                deployments = ["task.deployment"]
    manifest = "node.manifest"                    base = "base.model"
    schema = "records.schema"                     schema = "records.schema"
    folder = "signed"                             issuers = "issuers.json"
    [[shards]]                                    objects = "public"
    secret = "shard.secret"                       store = "sqlite:///rounds.db"
    table = "records.csv"
    proof = "shard.proof"

Optional: `endpoints` of the beacon, of either; `revocations`, lists of them, of a server.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from tacit.api.native import read_file
from tacit.api.objects import Proof
from tacit.api.secret import Secret
from tacit.data import Issuers, Revocations, Schema
from tacit.errors import InputError
from tacit.flower.settings import Settings
from tacit.network.beacon import Beacon
from tacit.network.beacon.blocks import Block
from tacit.network.beacon.drand import Drand
from tacit.network.context import model_of
from tacit.network.interface import Model
from tacit.network.keys import Key
from tacit.network.node import Holding, Node
from tacit.network.server import Server
from tacit.network.sources import Blocks, Reveals
from tacit.network.store import Store
from tacit.network.task import TASK, Task
from tacit.network.training import ShardData, TrainedDeployment, TrainingReaders
from tacit.train import Deployment

Floats = Mapping[str, npt.NDArray[Any]]
#: Deployments that were checked in this process: by file and schema, the file's time and size with them.
_CHECKED: dict[tuple[str, str], tuple[tuple[int, int], Deployment]] = {}


def load_node(path: str | os.PathLike[str]) -> Node:
    """The node of a file. It holds the journals of its secrets while it lives: keep it no longer than a message.

    Raises InputError (slug settings, file, task, ..), InvalidProof, AllowanceExceeded: what reading the files raises.
    """
    settings = Settings.load(path)
    settings.check({"key", "task", "deployment", "manifest", "schema", "folder", "shards"}, {"endpoints"})
    task = TASK.read(settings.data("task"))
    schema = Schema.load(settings.path("schema"))
    deployment = _checked(settings.path("deployment"), schema)
    return Node(
        Key.load(settings.path("key")),
        task,
        deployment=TrainedDeployment(deployment),
        manifest=settings.data("manifest"),
        holdings=[_holding(shard, schema, deployment) for shard in settings.tables("shards")],
        folder=settings.path("folder"),
        beacon=_beacon(task, settings.texts("endpoints")),
    )


def _checked(path: Path, schema: Schema) -> Deployment:
    """A deployment whose programs were made again and compared: what takes longest, so once in a process."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise InputError(error.strerror or str(error), slug="file", place=str(path)) from None
    state, name = (found.st_mtime_ns, found.st_size), (os.path.realpath(path), schema.digest)
    if name not in _CHECKED or _CHECKED[name][0] != state:
        deployment = Deployment.load(path)
        deployment.check(schema)
        _CHECKED[name] = state, deployment
    return _CHECKED[name][1]


def _holding(shard: Settings, schema: Schema, deployment: Deployment) -> Holding:
    shard.check({"secret", "table", "proof"})
    # The secret last: whoever loads it holds its journal.
    records = schema.encode(shard.path("table"))
    secret = Secret.load(shard.path("secret"))
    proof = Proof.load(shard.path("proof")).data
    readers = TrainingReaders(schema, Issuers())
    commitment = secret.commitment
    signed = readers.dataset(commitment, proof, TrainedDeployment(deployment))
    return Holding(signed, ShardData(secret, records), commitment.to_bytes(), proof)


def load_server(path: str | os.PathLike[str], store: str | None = None) -> tuple[Server, Callable[[Model], Floats]]:
    """The server of a file, and what makes real weights of its integers. `store`: instead of the file's.

    Raises InputError (slug settings, file, task, store, ..), InvalidProof, ProgramError: what reading the files raises.
    """
    settings = Settings.load(path)
    needed = {"key", "task", "deployments", "base", "schema", "issuers", "objects"}
    settings.check(needed, {"store", "revocations", "endpoints"})
    task = TASK.read(settings.data("task"))
    revocations = [Revocations.load(one) for one in settings.paths("revocations")]
    readers = TrainingReaders(Schema.load(settings.path("schema")), Issuers.load(settings.path("issuers")), revocations)
    deployments = [read_file(one) for one in settings.paths("deployments")]
    if not deployments:
        raise InputError("expected a deployment", slug="settings", place=f"{path}: deployments")
    first = Deployment.from_bytes(deployments[0])
    server = Server(
        Store(_address(settings, store), settings.path("objects")),
        task,
        key=Key.load(settings.path("key")),
        readers=readers,
        deployments=deployments,
        base=model_of(settings.data("base"), first.parameters),
        beacon=_beacon(task, settings.texts("endpoints")),
    )
    return server, first.real


def _address(settings: Settings, given: str | None) -> str:
    """The store's address; a file of SQLite whose path does not begin at the root lies beside the settings."""
    address = settings.text("store") if given is None else given
    front = "sqlite:///"
    if address.startswith(front) and not address.startswith(f"{front}/"):
        return f"{front}{settings.folder / address.removeprefix(front)}"
    return address


def _beacon(task: Task, endpoints: list[str]) -> Beacon | None:
    if isinstance(task.source, Reveals):
        return None
    if isinstance(task.source, Blocks):
        return Block(task.source, endpoints=endpoints)
    return Drand(task.source, endpoints=endpoints) if endpoints else Drand(task.source)
