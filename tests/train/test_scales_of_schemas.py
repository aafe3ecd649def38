"""A deployment may be of any schema: its description takes the scales that records and labels may have."""

from __future__ import annotations

import numpy as np
import pytest

from tacit.data import Column, Label, Schema
from tacit.train import SGD, Deployment, compile, mlp


@pytest.mark.parametrize("frac", [-5, -1, 6])
def test_scales_of_a_schema_are_those_of_a_description(frac: int) -> None:
    """What a schema may be a deployment may be of: written, read, proven and verified. Of large numbers fx is below 0."""
    step = 2.0**-frac
    label = Label.numbers("y", [Column.number("y", -2 * step, 2 * step, center=0, scale=1)], frac=frac)
    schema = Schema.array((3,), -2 * step, 2 * step, label, center=0, scale=1, frac=frac, id="id")
    assert (schema.frac, schema.label_frac) == (frac, frac)
    made = compile(mlp(3, 1), schema=schema, optimizer=SGD(0.5, 2, 2), records=4, evaluate=0)
    task = Deployment.from_bytes(made.to_bytes())
    task.check(schema)
    rng = np.random.default_rng(1)
    records = {"x": rng.integers(-2, 3, (4, 3)), "y": rng.integers(-2, 3, (4, 1)), "id": np.arange(4)}
    secret = task.commit_data(records)
    update = task.prove(made.initial, secret, records, seed=bytes(32))
    task.verify(made.initial, update.weights, secret.commitment, update.proof, seed=bytes(32))
