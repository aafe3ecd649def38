"""Integers beside float64 on the same batches: what training in integers costs on real data, and what scales it needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from nets import Net
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from trained import ACTS, flat

from tacit.data import Schema
from tacit.errors import AccuracyWarning
from tacit.graph import Graph
from tacit.train import SGD, Deployment, Scales, compile, mlp
from tacit.train.floats import predictions, train
from tacit.train.report import score

SEED = bytes(range(32))
#: Of accuracy: what may be lost.
MOST = 0.005


def convolutional() -> Graph:
    """8 x 8 images: two convolutions, a max pool, a dense layer."""
    net = Net(0, x=(1, 1, 8, 8))
    value = ACTS["relu"](net, net.conv("x", 8, 3, 1))
    value = net.pool("MaxPool", ACTS["relu"](net, net.conv(value, 16, 3, 1)), 2, 2)
    return net.graph(net.dense(flat(net, value), 10))


def standard(x: Any) -> Any:
    return np.clip((x - x.mean(0)) / np.maximum(x.std(0), 1e-3), -8, 8)


def cancer() -> tuple[Any, Any, Schema]:
    x, y = load_breast_cancer(return_X_y=True)
    return standard(x), y, Schema.array((30,), -8, 8, 2)


def digits(*shape: int) -> tuple[Any, Any, Schema]:
    x, y = load_digits(return_X_y=True)
    return x.reshape(-1, *shape) / 16, y, Schema.array(shape, -8, 8, 10)


def synthetic() -> tuple[Any, Any, Schema]:
    x, y = make_classification(2400, 20, n_informative=12, n_classes=4, class_sep=1.5, random_state=0)
    return standard(x), y, Schema.array((20,), -8, 8, 4)


def apart(task: Deployment, schema: Schema, optimizer: SGD, x: Any, y: Any, test: int) -> tuple[float, float, float]:
    """Accuracy on records that neither saw, of integers and of floats; and the largest difference of a weight, as a share."""
    records = schema.encode((x[:-test], [str(n) for n in y[:-test]]))
    held = schema.encode((x[-test:], [str(n) for n in y[-test:]]))
    found = task.real(task.fit(task.initial, records["x"], records["y"], SEED).weights)
    plan, rows = task.description.plan, task.order(SEED)
    assert rows is not None
    real_x, start = records["x"] * 2.0**-plan.record.frac, task.real(task.initial)
    rates = [rate for steps, rate in optimizer.schedule() for _ in range(steps)]
    exact = train(
        plan.network, plan.loss, start, [(real_x[r], records["y"][r]) for r in rows], rates, plan.momentum, plan.decay
    )
    both = [
        score(True, predictions(plan.network, plan.loss, weights, held["x"] * 2.0**-plan.record.frac), held["y"])
        for weights in (found, exact)
    ]
    moved = max(float(np.abs(exact[name] - start[name]).max()) for name in start)
    return both[0], both[1], max(float(np.abs(exact[name] - found[name]).max()) for name in start) / moved


def compared(data: tuple[Any, Any, Schema], model: Any, optimizer: SGD, test: int, **options: Any) -> float:
    """By how much integers predict fewer held records than floats."""
    x, y, schema = data
    mixed = np.random.default_rng(0).permutation(len(x))
    x, y = x[mixed], y[mixed]
    task = compile(model, schema=schema, optimizer=optimizer, records=len(x) - test, evaluate=0, **options)
    integers, floats, share = apart(task, schema, optimizer, x, y, test)
    print(
        f"{integers:.4f} in integers, {floats:.4f} in float64, weights {share:.2%} apart, {task.description.plan.scales}"
    )
    assert floats > 0.84
    return floats - integers


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_breast_cancer(momentum: float) -> None:
    rate = 0.2 if not momentum else 0.05
    assert compared(cancer(), mlp(30, 2), SGD(rate, 32, 120, momentum=momentum), 200) <= MOST
    assert compared(cancer(), mlp(30, 16, 2), SGD(rate, 32, 120, momentum=momentum, decay=0.001), 200) <= MOST


def test_synthetic() -> None:
    assert compared(synthetic(), mlp(20, 32, 4), SGD(((200, 0.2), (50, 0.05)), 32, 250), 1000) <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu"])
def test_digits(activation: str) -> None:
    model = mlp(64, 32, 10, activation=activation)
    assert compared(digits(64), model, SGD(0.2, 32, 400), 600) <= MOST


@pytest.mark.slow
def test_digits_by_convolutions() -> None:
    assert compared(digits(1, 8, 8), convolutional(), SGD(0.1, 32, 200), 600) <= MOST


@pytest.mark.slow
def test_fewer_bits_are_told() -> None:
    """With far too few bits of error signals training differs, and the report of `compile` says so before any data."""
    _, _, schema = cancer()
    few = Scales(errors=2, error_bits=5, activations=2, activation_bits=7)
    with pytest.warns(AccuracyWarning):
        coarse = compile(mlp(30, 16, 2), schema=schema, optimizer=SGD(0.2, 32, 60), records=256, evaluate=0, scales=few)
    fine = compile(mlp(30, 16, 2), schema=schema, optimizer=SGD(0.2, 32, 60), records=256, evaluate=0)
    assert coarse.report is not None
    assert fine.report is not None
    assert coarse.report.apart > 4 * fine.report.apart
