"""What an evaluation counts, of one score: [(z >= 0) = y], by the exact sign of z."""

from __future__ import annotations

import numpy as np
import pytest

from tacit.api import integers
from tacit.data import Column, Label, Schema
from tacit.train import SGD, Deployment, compile, mlp

SCHEMA = Schema([Column.number("a", -2, 2, center=0, scale=1)], Label.flag("y", ("n", "y")))


@pytest.fixture(scope="module")
def made() -> Deployment:
    return compile(mlp(1, 1), schema=SCHEMA, optimizer=SGD(0.5, 2, 2), records=4, evaluate=4)


@pytest.mark.parametrize("score", [-(1 << 31), -(1 << 20), -1, 0, 1, 1 << 20, (1 << 31) - 1])
@pytest.mark.parametrize("label", [0, 1])
def test_the_sign_of_a_score_is_exact(made: Deployment, score: int, label: int) -> None:
    """A bias alone, in its smallest steps: no other sign is taken for it, however near to 0 it is."""
    zeros = {name: np.zeros(shape, dtype=np.int64) for name, shape in made.description.plan.network.shapes().items()}
    weights = {**zeros, "b0": np.full(zeros["b0"].shape, score)}
    records = {"x": np.zeros((4, 1), int), "y": np.full((4, 1), label), "id": np.arange(4)}
    assert made.evaluate is not None
    found = integers.execute(made.evaluate._native.bytes(), {**records, **made._pieces(weights)})
    assert int(np.asarray(found["correct"]).reshape(())[()]) == 4 * ((score >= 0) == bool(label))
