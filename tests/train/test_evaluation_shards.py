"""A test shard of another number of records than training takes: committed under the deployment's geometry, and counted."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import tacit
from tacit.data import Records, Schema
from tacit.errors import InputError
from tacit.train import SGD, Deployment, compile, mlp

SCHEMA = Schema.array((4,), -8, 8, 2)


@cache
def task() -> Deployment:
    return compile(mlp(4, 3, 2), schema=SCHEMA, optimizer=SGD(0.25, 4, 3), records=12, evaluate=5)


def shard(count: int) -> Records:
    rng = np.random.default_rng(count)
    label = rng.integers(0, 2, count)
    return SCHEMA.encode((np.clip(rng.normal(size=(count, 4)) + 2 * label[:, None] - 1, -8, 8), label.astype(str)))


@pytest.mark.parametrize("loaded", [False, True])
def test_an_evaluation_of_another_number_of_records(loaded: bool) -> None:
    found = Deployment.from_bytes(task().to_bytes()) if loaded else task()
    assert found.evaluate is not None
    records = shard(5)
    tested, weights = found.commit_data(records), found.weights(task().initial, "evaluate")
    score = tacit.prove(found.evaluate, tacit.commit_model(found.evaluate, weights), data=tested)
    statement = tacit.verify(found.evaluate, score, model=weights, data=tested.commitment)
    predicted = tacit.commit_model(found.infer, found.weights(task().initial))
    right = 0
    for x, y in zip(records["x"], records["y"], strict=True):
        said = tacit.run(found.infer, predicted, {"x": x[None] * 2.0**-SCHEMA.frac}).outputs["prediction"]
        right += int(y[np.argmax(said)])
    assert int(statement.integers["correct"]) == right


def test_its_shard_is_no_shard_of_training() -> None:
    tested = task().commit_data(shard(5))
    with pytest.raises(InputError):
        task().prove(task().initial, tested, shard(12), seed=bytes(32))


@pytest.mark.parametrize("count", [4, 6, 11, 13])
def test_another_number_is_refused_by_both(count: int) -> None:
    with pytest.raises(InputError, match="the 12 records that training takes, or the 5 of an evaluation, got") as error:
        task().commit_data(shard(count))
    assert error.value.slug == "records"
    assert "12 or 5" in error.value.remedy
