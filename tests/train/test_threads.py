"""Short trainings leave the process's threads as they were, and have one meanwhile."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tacit.data import Schema
from tacit.train import SGD, compile, mlp, threads


def blas() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_one_thread_while_it_is_short() -> None:
    with threadpool_limits(2, "blas"):
        with threads.short_work(threads.SHORT):
            assert blas() == {1}
        assert blas() == {2}
        with threads.short_work(threads.SHORT + 1):
            assert blas() == {2}
        with pytest.raises(ZeroDivisionError), threads.short_work(1):
            raise ZeroDivisionError
        assert blas() == {2}


def test_a_training_counts_its_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all steps; and gives the same integers whatever the number of threads."""
    schema = Schema.array((4,), 0, 1, 3, id="id")
    task = compile(mlp(4, 5, 3), schema=schema, optimizer=SGD(rate=0.5, batch=8, steps=3), records=16, evaluate=0)
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (16, 4)), np.eye(3, dtype=np.int64)[rng.integers(0, 3, 16)]
    found = task.fit(task.initial, x, y, bytes(32))
    asked: list[int] = []
    real = threads.short_work
    monkeypatch.setattr("tacit.train.trainer.short_work", lambda products: asked.append(products) or real(1 << 62))
    again = task.fit(task.initial, x, y, bytes(32))
    assert asked == [8 * 3 * (4 * 5 + 5 + 5 * 3 + 3)]
    assert all(np.array_equal(found.weights[name], again.weights[name]) for name in found.weights)
