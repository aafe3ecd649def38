"""The commitment to a public base is kept for the next node of a round, and for no other base."""

from __future__ import annotations

import numpy as np
import pytest

from tacit import data, train
from tacit.errors import InvalidProof


def test_another_base_is_another_commitment() -> None:
    schema = data.Schema.array((4,), -2.0, 2.0, 3)
    task = train.compile(
        train.mlp(4, 3), schema=schema, optimizer=train.SGD(rate=0.5, batch=4, steps=2), records=8, evaluate=0
    )
    rng = np.random.default_rng(0)
    records = {
        "x": rng.integers(-256, 256, (8, 4)),
        "y": np.eye(3, dtype=np.int64)[rng.integers(0, 3, 8)],
        "id": np.arange(8),
    }
    secret, seed, base = task.commit_data(records), bytes(32), task.initial
    update = task.prove(base, secret, records, seed=seed)
    task.verify(base, update.weights, secret.commitment, update.proof, seed=seed)
    changed = {name: values.copy() for name, values in base.items()}
    changed["w0"][0, 0] += 1
    with pytest.raises(InvalidProof):
        task.verify(changed, update.weights, secret.commitment, update.proof, seed=seed)
    # What was kept is a copy: the caller's array may change under it.
    base["w0"][0, 0] += 1
    with pytest.raises(InvalidProof):
        task.verify(base, update.weights, secret.commitment, update.proof, seed=seed)
    base["w0"][0, 0] -= 1
    task.verify(base, update.weights, secret.commitment, update.proof, seed=seed)
