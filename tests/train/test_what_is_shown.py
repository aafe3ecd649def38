"""What a public update shows of the records behind it (docs/protocol/training.md, section 7)."""

from __future__ import annotations

import numpy as np

from tacit import train
from tacit.data import Label, Schema


def test_one_record_and_one_step_show_the_record() -> None:
    """x = dW / db: the update is exact, and so is what is computed from it."""
    schema = Schema.array((3,), -1, 1, Label.classes("kind", ["a", "b"]))
    optimizer = train.SGD(rate=0.25, batch=1, steps=1)
    task = train.compile(
        train.mlp(3, 2), schema=schema, optimizer=optimizer, records=1, proofs=4, security=100, evaluate=0
    )
    shard = schema.encode((np.array([[-0.75, 0.125, 0.6]]), np.array([1])))
    base = task.initial
    after = task.fit(base, shard["x"], shard["y"], bytes(32)).weights
    moved = {name: after[name] - base[name] for name in base}
    assert np.all(moved["b0"] != 0)
    found, rest = np.divmod(moved["w0"], moved["b0"])
    assert not rest.any()
    assert np.array_equal(found, np.repeat(shard["x"][0][:, None], 2, axis=1))
    # And the label: only the right class's score is to grow.
    assert np.array_equal(moved["b0"] > 0, shard["y"][0] == 1)
