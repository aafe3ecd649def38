"""How a model ends: one softmax or sigmoid that is the loss's own is cut off, anything else is the model's."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from given_models import Array, OnnxModel, node

from tacit.data import Schema
from tacit.errors import AccuracyWarning, ModelError, QuantizationError
from tacit.train import SGD, Deployment, compile

BATCH, RATE = 8, 0.5
W = np.random.default_rng(0).normal(size=(3, 3)) * 0.5
SCHEMA = Schema.array((3,), -2, 2, 3, id="id")
End = str | tuple[str, dict[str, Any]]


def ending(ends: Sequence[End]) -> OnnxModel:
    """x W, and then these operators."""
    nodes, value = [node("MatMul", ["in", "w"], ["z"])], "z"
    for i, end in enumerate(ends):
        op, attrs = (end, {}) if isinstance(end, str) else end
        out = "out" if i == len(ends) - 1 else f"e{i}"
        nodes.append(node(op, [value], [out], **attrs))
        value = out
    return OnnxModel(nodes, {"w": W}, (3,), 3)


def compiled(model: OnnxModel, loss: str) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(RATE, BATCH, 1, order="committed")
        return compile(model.proto(), schema=SCHEMA, optimizer=optimizer, records=BATCH, loss=loss, evaluate=0)


def mean_loss(p: Array, y: Array, loss: str) -> float:
    """Of probabilities, by which a model ends."""
    right = (p * y).sum(1)
    found = np.log(right) if loss == "cross_entropy" else (y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1)
    return float(-found.mean())


@pytest.mark.parametrize(
    ("ends", "loss"),
    [
        (["Softmax"], "cross_entropy"),
        ([("Softmax", {"axis": 1})], "cross_entropy"),
        (["Sigmoid", "Softmax"], "cross_entropy"),
        (["Tanh", "Softmax"], "cross_entropy"),
        (["Sigmoid"], "logistic"),
        (["Sigmoid", "Sigmoid"], "logistic"),
    ],
    ids=str,
)
def test_a_step_is_down_the_loss_of_what_the_model_gives(ends: Sequence[End], loss: str) -> None:
    model = ending(ends)
    made = compiled(model, loss)
    rng = np.random.default_rng(1)
    x = rng.integers(-(1 << SCHEMA.frac), 1 << SCHEMA.frac, (BATCH, 3), endpoint=True)
    y = np.eye(3, dtype=np.int64)[rng.integers(0, 3, BATCH)]
    base = made.initial
    moved = made.real(made.fit(base, x, y).weights)["w"] - made.real(base)["w"]
    exact, real = np.asarray(W, np.float32).astype(np.float64), x * 2.0**-SCHEMA.frac
    wanted = np.zeros((3, 3))
    for at in np.ndindex(3, 3):
        near = np.zeros((3, 3))
        near[at] = 1e-5
        more, less = (mean_loss(model.scores({"w": exact + d}, real), y, loss) for d in (near, -near))
        wanted[at] = -RATE * (more - less) / 2e-5
    np.testing.assert_allclose(moved, wanted, atol=0.02 * float(np.abs(wanted).max()) + 1e-3)


@pytest.mark.parametrize(
    ("ends", "loss"),
    [
        (["Softmax"], "logistic"),
        (["Sigmoid"], "cross_entropy"),
        (["Softmax", "Sigmoid"], "cross_entropy"),
        ([("Softmax", {"axis": 0})], "cross_entropy"),
    ],
    ids=str,
)
def test_probabilities_of_another_loss_are_refused(ends: Sequence[End], loss: str) -> None:
    with pytest.raises(ModelError) as caught:
        compiled(ending(ends), loss)
    assert caught.value.slug == "outputs"
    assert caught.value.remedy


def test_a_second_softmax_is_the_models() -> None:
    with pytest.raises(QuantizationError, match="Softmax is not trained through"):
        compiled(ending(["Softmax", "Softmax"]), "cross_entropy")
