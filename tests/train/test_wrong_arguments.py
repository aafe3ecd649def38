"""Arguments of another type, and files that are not there: an InputError that names the argument, never a bare exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tacit.data import Schema
from tacit.errors import InputError
from tacit.train import SGD, Deployment, TrainingProof, compile, mlp

SCHEMA = Schema.array((3,), -2, 2, 2, id="id")
SEED = bytes(32)


def deployment(**options: Any) -> Deployment:
    return compile(mlp(3, 4, 2), schema=SCHEMA, optimizer=SGD(0.5, 4, 2), records=8, **options)


class Made:
    """One update, proven."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.task = deployment()
        self.records = {
            "x": rng.integers(*SCHEMA.interval, (8, 3)),
            "y": np.eye(2, dtype=np.int64)[rng.integers(0, 2, 8)],
            "id": np.arange(8).reshape(SCHEMA.tensors(8)[2][1]),
        }
        self.secret = self.task.commit_data(self.records)
        self.update = self.task.prove(self.task.initial, self.secret, self.records, seed=SEED)

    def prove(self, records: Any, **options: Any) -> None:
        self.task.prove(self.task.initial, self.secret, records, seed=SEED, **options)

    def verify(self, proof: Any, **options: Any) -> None:
        task = self.task
        task.verify(task.initial, self.update.weights, self.secret.commitment, proof, seed=SEED, **options)


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


WRONG: dict[str, tuple[Callable[[Made], Any], str, str]] = {
    "a table that is not there": (lambda made: SCHEMA.encode("none.csv"), "file", "none.csv"),
    "features that are not there": (lambda made: SCHEMA.encode_features("none.npz"), "file", "none.npz"),
    "calibration that is not there": (lambda made: deployment(calibration="none.parquet"), "file", "none.parquet"),
    "records to commit to": (lambda made: made.task.commit_data("wine.csv"), "type", "records"),  # type: ignore[arg-type]
    "records to prove about": (lambda made: made.prove("wine.csv"), "type", "records"),
    "records in a list": (lambda made: made.prove([1]), "type", "records"),
    "records without labels": (lambda made: made.prove({"x": made.records["x"]}), "missing", "records"),
    "a context to prove in": (lambda made: made.prove(made.records, context="x"), "type", "context"),
    "a context to verify in": (lambda made: made.verify(made.update.proof, context="x"), "type", "context"),
    "no context": (lambda made: made.verify(made.update.proof, context=None), "type", "context"),
    "no proof": (lambda made: made.verify(None), "type", "proof"),
    "a file of a proof": (lambda made: made.verify(TrainingProof(bytes(32), b"x")), "type", "proof"),
    "a model": (lambda made: made.task.real("x"), "type", "model"),  # type: ignore[arg-type]
    "a model without a weight": (lambda made: made.task.real({}), "missing", "model"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_it_is_named(name: str, made: Made) -> None:
    call, slug, place = WRONG[name]
    with pytest.raises(InputError) as caught:
        call(made)
    assert (caught.value.slug, caught.value.place) == (slug, place)
    made.verify(made.update.proof)
