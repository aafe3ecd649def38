"""Training that is proven: a node shows that its update came from the published model, by the declared steps, on committed data.

    task = tacit.train.compile(
        tacit.train.mlp(30, 16, 2), schema=schema, optimizer=tacit.train.SGD(rate=0.1, batch=16, steps=20), records=128
    )
    data = task.commit_data(records)
    update = task.prove(task.initial, data, records, seed=seed, context=b"round 1")
    task.verify(task.initial, update.weights, data.commitment, update.proof, seed=seed, context=b"round 1")

Records come from `tacit.data.Schema.encode`. Everything here is one integer function of base, records and seed; `Deployment.fit`
computes it without a proof.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tacit.train.compiling import compile
    from tacit.train.dense import mlp
    from tacit.train.deployment import Deployment, Held, Update
    from tacit.train.optimizer import SGD
    from tacit.train.proof import TrainingProof
    from tacit.train.report import TrainingReport
    from tacit.train.tape import Scales

__all__ = ["SGD", "Deployment", "Held", "Scales", "TrainingProof", "TrainingReport", "Update", "compile", "mlp"]

#: Where each name lives; loaded when first used, so that who verifies loads no importer.
_HOMES = {
    "SGD": "optimizer",
    "Deployment": "deployment",
    "Held": "deployment",
    "Scales": "tape",
    "TrainingProof": "proof",
    "TrainingReport": "report",
    "Update": "deployment",
    "compile": "compiling",
    "mlp": "dense",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tacit.train' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"tacit.train.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
