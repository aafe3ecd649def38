"""Arguments of another type, and files that are not there: an InputError that names the argument, never a bare exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tacit.data import Schema
from tacit.errors import InputError
from tacit.train import SGD, Deployment, Scales, TrainingProof, compile, mlp
from tacit.train.description import decode

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
    "a model of words": (lambda made: made.task.real(dict.fromkeys(made.task.initial, "x")), "dtype", "model, w0"),  # type: ignore[arg-type]
    "weights of words": (lambda made: made.task.integers(dict.fromkeys(made.task.initial, "x")), "dtype", "weights, w0"),  # type: ignore[arg-type]
    "complex weights": (
        lambda made: made.task.integers({k: v + 1j for k, v in made.task.initial.items()}), "dtype", "weights, w0",  # type: ignore[misc]
    ),
    "an allowance in words": (lambda made: made.prove(made.records, proofs="a"), "type", "proofs"),
    "a schema to check with": (lambda made: made.task.check("x"), "type", "schema"),  # type: ignore[arg-type]
    "a digest in words": (lambda made: TrainingProof("a" * 32, b"x"), "type", "deployment"),  # type: ignore[arg-type]
    "no digest": (lambda made: TrainingProof(None, b"x"), "type", "deployment"),  # type: ignore[arg-type]
    "an argument in words": (lambda made: TrainingProof(bytes(32), "x"), "type", "argument"),  # type: ignore[arg-type]
    "a name that is no text": (lambda made: deployment(name="\ud800"), "type", "name"),
    "a name with control characters": (lambda made: deployment(name="a\x1b[31m"), "type", "name"),
    "a model without a weight": (lambda made: made.task.real({}), "missing", "model"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_it_is_named(name: str, made: Made) -> None:
    call, slug, place = WRONG[name]
    with pytest.raises(InputError) as caught:
        call(made)
    assert (caught.value.slug, caught.value.place) == (slug, place)
    made.verify(made.update.proof)


def test_numbers_of_numpy_are_numbers() -> None:
    optimizer = SGD(np.float32(0.5), np.int64(4), np.int16(2))  # type: ignore[arg-type]
    made = compile(
        mlp(3, 4, 2), schema=SCHEMA, optimizer=optimizer, records=np.int64(8), infer=np.int32(2), evaluate=np.uint8(4),  # type: ignore[arg-type]
        proofs=np.int64(64), scales=Scales(activations=np.int64(8)),  # type: ignore[arg-type]
    )  # fmt: skip
    same = compile(
        mlp(3, 4, 2), schema=SCHEMA, optimizer=SGD(0.5, 4, 2), records=8, infer=2, evaluate=4, scales=Scales()
    )
    assert made.digest == same.digest
    assert Deployment.from_bytes(made.to_bytes()).digest == same.digest


@pytest.mark.parametrize(
    "options", [{"scales": Scales(inputs=4)}, {"optimizer": SGD(0.5, 4, 2, momentum=-0.0, decay=-0.0)}], ids=str
)
def test_what_nothing_reads_is_in_no_digest(options: dict[str, Any]) -> None:
    usual = {"scales": Scales(), "optimizer": SGD(0.5, 4, 2)}
    made, same = (compile(mlp(3, 4, 2), schema=SCHEMA, records=8, **{**usual, **own}) for own in (options, {}))
    assert made.digest == same.digest


@pytest.mark.parametrize(
    ("word", "other"),
    [('"inputs":8', '"inputs":4'), ('"decay":0.0', '"decay":-0.0'), ('"name":"x"', '"name":"x\x7f"')],
    ids=str,
)
def test_a_description_says_one_thing_in_one_way(word: str, other: str) -> None:
    given = deployment(name="x").description.encode().decode()
    assert given.count(word) == 1
    with pytest.raises(InputError) as caught:
        decode(given.replace(word, other).encode())
    assert caught.value.slug == "description"
