"""`tacit.evaluate`: its figures are those that NumPy finds in the outputs of `tacit.run` and of the float model."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from trained_networks import Case

import tacit
from tacit import console
from tacit.errors import InputError

Cases = Callable[..., Case]


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.remedy or caught.value.slug == "range"
    return caught.value.slug


def scores(name: str = "scores", extra: tuple[onnx.NodeProto, ...] = (), kind: int = TensorProto.FLOAT) -> Any:
    """A linear 4-3 network; `extra` nodes make its output `name` of `s`."""
    weight = (np.arange(12).reshape(4, 3) * 5 % 7 - 3).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["x", "w"], ["s" if extra else name]), *extra]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info(name, kind, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), weight


SAMPLES = np.random.default_rng(2).normal(size=(50, 4)).astype(np.float32)


def test_scores_by_hand() -> None:
    model, weight = scores()
    program, weights = tacit.compile(model, calibration={"x": SAMPLES})
    x = np.concatenate([SAMPLES, np.full((2, 4), 1e6, dtype=np.float32)])
    labels = np.arange(52) % 3
    found = tacit.evaluate(program, weights, x, labels, original=model)
    assert (found.samples, found.refused) == (52, 2)
    assert found.reason is not None
    assert found.reason.startswith("sample 50: x: expected values in")
    got = tacit.run(program, weights, {"x": SAMPLES}).outputs["scores"]
    want = (SAMPLES @ weight).astype(np.float64)
    (figures,) = found.outputs.values()
    gap = np.abs(got - want)
    near = lambda value: pytest.approx(value, rel=1e-2, abs=1e-6)  # onnxruntime rounds to float32  # noqa: E731
    assert figures.largest == near(gap.max())
    assert figures.mean == near(gap.mean())
    assert figures.relative == near(gap.max() / np.abs(want).max())
    assert figures.agreement == (got.argmax(1) == want.argmax(1)).mean()
    assert figures.accuracy == (got.argmax(1) == labels[:50]).mean()
    assert figures.original_accuracy == (want.argmax(1) == labels[:50]).mean()
    assert (figures.squared_error, figures.r2) == (None, None)
    text = str(found)
    assert text.splitlines()[0] == "52 samples, 2 without a proof"
    assert f"{100 * figures.accuracy:.2f} %" in text
    assert json.dumps(console.plain(found))

    bare = tacit.evaluate(program, weights, {"x": SAMPLES})
    assert bare.outputs["scores"].rows() == []
    assert (bare.refused, bare.reason, str(bare)) == (0, None, "50 samples, 0 without a proof")
    labelled = tacit.evaluate(program, tacit.commit_model(program, weights), SAMPLES, {"scores": labels[:50]})
    assert labelled.outputs["scores"].accuracy == figures.accuracy
    assert labelled.outputs["scores"].largest is None


def test_values_by_hand() -> None:
    """A regression: mean squared error and R^2, of the program and of the original."""
    x, y = load_diabetes(return_X_y=True)
    estimator = LinearRegression().fit(x, y)
    program, weights = tacit.compile(estimator, calibration=x)
    (figures,) = tacit.evaluate(program, weights, x, y, original=estimator).outputs.values()
    (name,) = program.inputs
    (got,) = tacit.run(program, weights, {name: x}).outputs.values()
    assert figures.squared_error == pytest.approx(np.mean((got[:, 0] - y) ** 2))
    assert figures.r2 == pytest.approx(1 - np.sum((got[:, 0] - y) ** 2) / np.sum((y - y.mean()) ** 2))
    assert figures.original_r2 == pytest.approx(estimator.score(x, y), abs=1e-6)
    assert figures.original_squared_error == pytest.approx(np.mean((estimator.predict(x) - y) ** 2), rel=1e-4)
    assert (figures.accuracy, figures.agreement) == (None, None)


def test_classes_of_an_estimator() -> None:
    x, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(x, names)
    program, weights = tacit.compile(estimator, calibration=x, batch=4)  # 150 is no multiple of it
    for labels in (names, names.astype(object), y):
        found = tacit.evaluate(program, weights, x, labels, original=estimator)
        (figures,) = found.outputs.values()
        assert (found.samples, found.refused) == (150, 0)
        assert figures.original_accuracy == pytest.approx(estimator.score(x, names))
        assert figures.accuracy == pytest.approx(estimator.score(x, names), abs=0.01)
        assert figures.agreement is not None
        assert figures.agreement >= 0.99
    assert refusal(lambda: tacit.evaluate(program, weights, x, names)) == "labels"
    assert refusal(lambda: tacit.evaluate(program, weights, x, np.full(150, "rose"), original=estimator)) == "labels"


def test_a_batch_is_refused_together() -> None:
    model, weight = scores()
    program, weights = tacit.compile(model, calibration={"x": SAMPLES}, batch=4)
    x = SAMPLES[:10].copy()
    x[5] = 1e6
    labels = np.arange(10) % 3
    found = tacit.evaluate(program, weights, x, labels, original=model)
    rest = [0, 1, 2, 3, 8, 9]
    assert (found.samples, found.refused) == (10, 4)
    assert found.outputs["scores"].original_accuracy == ((x @ weight).argmax(1) == labels)[rest].mean()
    assert tacit.evaluate(program, weights, SAMPLES[:8].reshape(2, 4, 4), original=model).samples == 8
    nothing = tacit.evaluate(program, weights, np.full((3, 4), 1e6), labels[:3], original=model)
    assert (nothing.refused, nothing.outputs["scores"].rows()) == (3, [])


@pytest.mark.parametrize("options", [{}, {"batch": 3}, {"outputs": "committed", "input": "committed"}], ids=str)
def test_thresholds(case: Cases, options: dict[str, Any]) -> None:
    """A published bit, and the same decision on a published value."""
    bit, value = case(threshold=("y", (0,), 0.3), **options), case(**options)
    samples = bit.trained.samples
    truth = bit.trained(samples)[:, 0] >= 0.3
    labels = samples[:, 0] * samples[:, 1] > 0
    for small in (bit, value):
        found = tacit.evaluate(
            small.program, small.weights, samples, labels, original=small.trained.onnx(), threshold=("y", 0, 0.3)
        )
        figures = found.outputs["y"]
        assert (found.samples, found.refused) == (200, 0)
        assert figures.original_accuracy == (truth == labels).mean()
        assert figures.accuracy == pytest.approx((truth == labels).mean(), abs=0.01)
        assert figures.agreement == pytest.approx(1, abs=0.01)
        assert (figures.largest is None) == (small is bit)
    assert tacit.evaluate(bit.program, bit.weights, samples, labels).outputs["y"].accuracy is not None
    evaluate = lambda **more: refusal(  # noqa: E731
        lambda: tacit.evaluate(bit.program, bit.weights, samples, original=bit.trained.onnx(), **more)
    )
    assert evaluate() == "threshold"
    for wrong in (("z", 0, 0.3), ("y", 7, 0.3), ("y", 0), 0.3, ("y", 0, "high")):
        assert evaluate(threshold=wrong) == "threshold"
    assert refusal(lambda: tacit.evaluate(bit.program, bit.weights, samples, labels + 1)) == "labels"


def test_labels_as_an_output() -> None:
    """ArgMax: whole numbers are compared with the labels themselves."""
    argmax = helper.make_node("ArgMax", ["s"], ["label"], axis=1, keepdims=0)
    model, weight = scores("label", (argmax,), TensorProto.INT64)
    program, weights = tacit.compile(model, calibration={"x": SAMPLES})
    labels = np.arange(50) % 3
    figures = tacit.evaluate(program, weights, SAMPLES, labels, original=model).outputs["label"]
    assert figures.original_accuracy == ((SAMPLES @ weight).argmax(1) == labels).mean()
    assert figures.accuracy == pytest.approx(figures.original_accuracy, abs=0.02)
    assert figures.agreement == pytest.approx(1, abs=0.02)


def test_what_does_not_fit() -> None:
    model, _ = scores()
    other, _ = scores("others")
    program, weights = tacit.compile(model, calibration={"x": SAMPLES})
    evaluate = lambda *more, **named: refusal(lambda: tacit.evaluate(program, weights, *more, **named))  # noqa: E731
    assert evaluate(SAMPLES[:, :3]) == "shape"
    assert evaluate(SAMPLES[:0]) == "shape"
    assert evaluate({"z": SAMPLES}) == "missing"
    assert evaluate(SAMPLES, np.zeros(49)) == "labels"
    assert evaluate(SAMPLES, np.zeros((50, 2))) == "labels"
    assert evaluate(SAMPLES, np.full(50, 3)) == "labels"
    assert evaluate(SAMPLES, np.full(50, 0.5)) == "labels"
    assert evaluate(SAMPLES, {"z": np.zeros(50)}) == "labels"
    assert evaluate(SAMPLES, original=other) == "original"
