"""Training across nodes that do not trust each other, nor their server: rounds, beacons, aggregation, lineage.

    task = Task(name=.., server=.., deployments=.., base=.., rule=Rule(), source=QUICKNET, rounds=5, least=2, issuers=..)
    store = Store("sqlite:///rounds.db", "public")
    server = Server(store, task, key=.., readers=.., deployments=.., base=.., beacon=Drand(QUICKNET))
    node = Node(key, task, deployment=.., manifest=.., holdings=.., folder=.., beacon=Drand(QUICKNET))

    server.register(*node.registration())
    server.open()                                   # announced and signed
    server.begin()                                  # the beacon's value, when it is there
    server.receive(node.answer(server.brief()))     # trained, proven, signed; a receipt
    server.close()                                  # the set is fixed and signed
    server.finish()                                 # checked, averaged, linked

    tacit.network.lineage.export(store, task, "lineage")
    tacit.network.lineage.verify("lineage", readers)

Needs the extra `network`. Bytes and order of events: docs/protocol/network.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tacit.network.aggregate import Bound, Mean, Median, Rule, Trimmed
    from tacit.network.beacon import Beacon
    from tacit.network.beacon.blocks import Block
    from tacit.network.beacon.drand import Drand
    from tacit.network.checks import Limits
    from tacit.network.context import model_identity
    from tacit.network.core import Outcome, Times
    from tacit.network.node import Holding, Node
    from tacit.network.server import Server
    from tacit.network.sources import MAINNET, QUICKNET, Blocks, Chained, Reveals, Unchained
    from tacit.network.store import Store
    from tacit.network.submission import Brief, Submission, most_submission
    from tacit.network.task import Task, task_digest
    from tacit.network.training import ShardData, TrainedDeployment, TrainingReaders

__all__ = [
    "MAINNET",
    "QUICKNET",
    "Beacon",
    "Block",
    "Blocks",
    "Bound",
    "Brief",
    "Chained",
    "Drand",
    "Holding",
    "Limits",
    "Mean",
    "Median",
    "Node",
    "Outcome",
    "Reveals",
    "Rule",
    "Server",
    "ShardData",
    "Store",
    "Submission",
    "Task",
    "Times",
    "TrainedDeployment",
    "TrainingReaders",
    "Trimmed",
    "Unchained",
    "lineage",
    "model_identity",
    "most_submission",
    "task_digest",
]

#: Where each name lives; loaded when first used, so that a node needs no database and a verifier no key.
_HOMES = {
    **dict.fromkeys(("Bound", "Mean", "Median", "Rule", "Trimmed"), "aggregate"),
    "Beacon": "beacon",
    "Block": "beacon.blocks",
    "Drand": "beacon.drand",
    "Limits": "checks",
    "model_identity": "context",
    **dict.fromkeys(("Outcome", "Times"), "core"),
    **dict.fromkeys(("Task", "task_digest"), "task"),
    **dict.fromkeys(("Holding", "Node"), "node"),
    "Server": "server",
    **dict.fromkeys(("MAINNET", "QUICKNET", "Blocks", "Chained", "Reveals", "Unchained"), "sources"),
    "Store": "store",
    **dict.fromkeys(("Brief", "Submission", "most_submission"), "submission"),
    **dict.fromkeys(("ShardData", "TrainedDeployment", "TrainingReaders"), "training"),
}


def __getattr__(name: str) -> Any:
    if name == "lineage":
        return importlib.import_module("tacit.network.lineage")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tacit.network' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tacit.network.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
