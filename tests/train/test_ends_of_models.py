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
#: An operator, with attributes, or with the number (the axis) that is its second operand.
End = str | tuple[str, dict[str, Any] | int | float]


def ending(ends: Sequence[End]) -> OnnxModel:
    """x W, and then these operators."""
    nodes, value, numbers = [node("MatMul", ["in", "w"], ["z"])], "z", dict[str, Any]()
    for i, end in enumerate(ends):
        op, more = (end, {}) if isinstance(end, str) else end
        out, operands = "out" if i == len(ends) - 1 else f"e{i}", [value]
        if not isinstance(more, dict):
            operands.append(f"n{i}")
            numbers[operands[1]] = np.array([more]) if isinstance(more, int) else np.array(more)
        nodes.append(node(op, operands[:: -1 if op == "Sub" else 1], [out], **(more if isinstance(more, dict) else {})))
        value = out
    return OnnxModel(nodes, {"w": W}, (3,), 3, constants=numbers)


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
        # Views of the probabilities, and a factor of 1: the same is done to the scores.
        (["Sigmoid", ("Unsqueeze", 1), ("Squeeze", 1)], "logistic"),
        (["Sigmoid", ("Transpose", {"perm": [1, 0]}), ("Transpose", {"perm": [1, 0]})], "logistic"),
        (["Sigmoid", "Flatten", "Identity"], "logistic"),
        (["Sigmoid", ("Mul", 1.0)], "logistic"),
        ([("Unsqueeze", 2), "Sigmoid", ("Mul", 1.0), "Flatten"], "logistic"),
        (["Softmax", "Flatten"], "cross_entropy"),
        ([("Unsqueeze", 1), "Softmax", ("Squeeze", 1)], "cross_entropy"),
        ([("Unsqueeze", 2), ("Softmax", {"axis": 1}), ("Mul", 1.0), "Flatten"], "cross_entropy"),
        # Twice a sigmoid is no probability.
        (["Sigmoid", ("Mul", 2.0), "Softmax"], "cross_entropy"),
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
        ([("Unsqueeze", 1), ("Softmax", {"axis": 1}), ("Squeeze", 1)], "cross_entropy"),
        (["Sigmoid", ("Unsqueeze", 1), ("Squeeze", 1)], "cross_entropy"),
        (["Sigmoid", ("Sub", 1.0)], "logistic"),
        (["Sigmoid", ("Sub", 1.0)], "cross_entropy"),
        (["Sigmoid", ("Mul", 0.5)], "logistic"),
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


def test_the_two_probabilities_of_a_binary_classifier_are_refused() -> None:
    """As skl2onnx writes an MLP of two classes: 1 - p and p, and a 1 that is stored as a weight."""
    nodes = [
        node("MatMul", ["in", "w"], ["z"]), node("Sigmoid", ["z"], ["p"]), node("Sub", ["unity", "p"], ["q"]),
        node("Concat", ["q", "p"], ["out"], axis=1),
    ]  # fmt: skip
    model = OnnxModel(nodes, {"w": W[:, :1], "unity": np.array(1.0)}, (3,), 2)
    schema = Schema.array((3,), -2, 2, 2, id="id")
    for loss in ("cross_entropy", "logistic"):
        with pytest.raises(ModelError) as caught:
            compile(model.proto(), schema=schema, optimizer=SGD(RATE, 8, 1), records=8, loss=loss)
        assert caught.value.slug == "outputs"
        assert "flag" in caught.value.remedy


def test_records_of_other_axes_are_refused() -> None:
    """As many entries in another order would be each another one's."""
    nodes = [
        node("Conv", ["in", "w"], ["a"]), node("GlobalAveragePool", ["a"], ["b"]), node("Flatten", ["b"], ["out"]),
    ]  # fmt: skip
    model = OnnxModel(nodes, {"w": np.ones((3, 3, 1, 1))}, (3, 4, 4), 3)

    def made(*shape: int) -> Deployment:
        schema = Schema.array(shape, -2, 2, 3, id="id")
        return compile(model.proto(), schema=schema, optimizer=SGD(RATE, 8, 1), records=8, evaluate=0)

    for shape in ((4, 4, 3), (4, 3, 4), (12, 4)):
        with pytest.raises(ModelError) as caught:
            made(*shape)
        assert caught.value.slug == "shape"
        assert caught.value.remedy
    assert [made(*shape).description.plan.record.features for shape in ((3, 4, 4), (3, 1, 4, 4), (48,))]


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("axis", [None, 1, -1])
def test_logarithms_of_probabilities_are_scores(axis: int | None, path: bool, tmp_path: Any) -> None:
    """Cross-entropy of them is that of the scores before them."""
    model = ending([("LogSoftmax", {} if axis is None else {"axis": axis})])
    given: Any = model.proto()
    if path:
        given = tmp_path / "m.onnx"
        given.write_bytes(model.proto().SerializeToString())
    optimizer = SGD(RATE, BATCH, 1, order="committed")
    made = compile(given, schema=SCHEMA, optimizer=optimizer, records=BATCH, evaluate=0)
    same = compiled(ending(["Softmax"]), "cross_entropy")
    rng = np.random.default_rng(1)
    x = rng.integers(-(1 << SCHEMA.frac), 1 << SCHEMA.frac, (BATCH, 3), endpoint=True)
    y = np.eye(3, dtype=np.int64)[rng.integers(0, 3, BATCH)]
    moved, wanted = (task.fit(task.initial, x, y).weights["w"] for task in (made, same))
    assert np.array_equal(moved, wanted)
    assert (wanted != same.initial["w"]).any()


@pytest.mark.parametrize(("attrs", "loss"), [({"axis": 0}, "cross_entropy"), ({}, "logistic")], ids=str)
def test_other_logarithms_are_refused(attrs: dict[str, int], loss: str) -> None:
    with pytest.raises(ModelError) as caught:
        compiled(ending([("LogSoftmax", attrs)]), loss)
    assert caught.value.slug == "unsupported_operator"
