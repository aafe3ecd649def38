"""What training proofs do not hide and do not say, as docs/protocol/training.md and docs/concepts/training.md have it."""

from __future__ import annotations

import numpy as np
import pytest

from tacit import train
from tacit.api.secret import Secret
from tacit.data import Label, Schema
from tacit.errors import WitnessError

SEED = bytes(range(32))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.array((3,), -1, 1, Label.classes("kind", ["a", "b"]))


def records(schema: Schema, count: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(4)
    return dict(schema.encode((rng.uniform(-1, 1, (count, 3)), rng.integers(0, 2, count))))


def task_of(schema: Schema, count: int, batch: int) -> train.Deployment:
    optimizer = train.SGD(rate=0.25, batch=batch, steps=1)
    return train.compile(
        train.mlp(3, 2), schema=schema, optimizer=optimizer, records=count, proofs=4, security=100, evaluate=0
    )


def test_one_record_and_one_step_show_the_record(schema: Schema) -> None:
    """x = dW / db: the update is exact, and so is what is computed from it."""
    task = task_of(schema, 1, 1)
    shard = records(schema, 1)
    base = task.initial
    after = task.fit(base, shard["x"], shard["y"], SEED).weights
    moved = {name: after[name] - base[name] for name in base}
    assert np.all(moved["b0"] != 0)
    found, rest = np.divmod(moved["w0"], moved["b0"])
    assert not rest.any()
    assert np.array_equal(found, np.repeat(shard["x"][0][:, None], 2, axis=1))
    # And the label: its error signal alone is negative, so its bias alone grows.
    assert np.array_equal(moved["b0"] > 0, shard["y"][0] == 1)


def test_flipped_labels_have_a_proof(schema: Schema) -> None:
    """Records with wrong labels are records: who committed to them can prove that it trained on them."""
    task = task_of(schema, 8, 4)
    shard = records(schema, 8)
    flipped = {**shard, "y": 1 - shard["y"]}
    data: Secret = task.commit_data(flipped)
    update = task.prove(task.initial, data, flipped, seed=SEED)
    task.verify(task.initial, update.weights, data.commitment, update.proof, seed=SEED, security=100)
    honest = task.fit(task.initial, shard["x"], shard["y"], SEED).weights
    assert any(np.any(honest[name] != update.weights[name]) for name in honest)


def test_a_weight_that_leaves_its_interval_has_no_next(schema: Schema) -> None:
    """The one refusal of a total deployment, and it names no record."""
    task = task_of(schema, 8, 4)
    shard = records(schema, 8)
    for end in (2, 3):
        edge = {p[0]: np.full(p[1], p[end], dtype=np.int64) for p in task.parameters}
        edge["w0"][:, 0] = 0  # so that the classes' scores differ
        with pytest.raises(WitnessError) as error:
            task.fit(edge, shard["x"], shard["y"], SEED)
        assert error.value.place in edge
    # A little inside, there is room for every step.
    inside = {name: np.full(shape, hi // 2, dtype=np.int64) for name, shape, _, hi in task.parameters}
    task.fit(inside, shard["x"], shard["y"], SEED)
