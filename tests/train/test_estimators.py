"""Fitted estimators of scikit-learn: the first base predicts what they do, or they are refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    HuberRegressor,
    LinearRegression,
    LogisticRegression,
    MultiTaskLasso,
    Perceptron,
    RANSACRegressor,
    RidgeClassifier,
    SGDClassifier,
    SGDOneClassSVM,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile
from tacit.train.floats import scores

COLUMNS = [Column.number(f"x{i}", -2, 2, center=0, scale=1) for i in range(3)]
FLAG = Schema(COLUMNS, Label.flag("y", ("n", "y")))
THREE = Schema(COLUMNS, Label.classes("y", ("a", "b", "c")))
NUMBERS = [Column.number(f"t{i}", -2, 2, center=0, scale=1) for i in range(2)]
ONE, TWO = Schema(COLUMNS, Label.numbers("y", NUMBERS[:1])), Schema(COLUMNS, Label.numbers("y", NUMBERS))
X = np.random.default_rng(0).uniform(-1, 1, (200, 3))
HALVES, THIRDS = (X[:, 0] + 0.3 * X[:, 1] > 0.2).astype(int), (X[:, 0] * 2).astype(int) % 3
REAL = X @ [0.5, -0.2, 0.3] + 0.1


def compiled(model: Any, schema: Schema, **options: Any) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(0.25, 8, 2, order="committed")
        return compile(model, schema=schema, optimizer=optimizer, records=16, evaluate=0, **options)


def fitted(model: Any, *labels: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, *labels)


def first(made: Deployment) -> Any:
    network = made.description.plan.network
    return made.description.plan.loss.real(scores(network, made.real(made.initial), X)[network.scores])


REFUSED: dict[str, tuple[Any, Schema, dict[str, Any]]] = {
    "classes by themselves": (fitted(SGDClassifier(loss="log_loss"), THIRDS), THREE, {}),
    "shares of other functions": (fitted(SGDClassifier(loss="modified_huber"), HALVES), FLAG, {}),
    "a softmax as bits": (fitted(LogisticRegression(), THIRDS), THREE, {"loss": "logistic"}),
    "several labels at once": (fitted(MLPClassifier((4,), max_iter=9), np.eye(3, dtype=int)[THIRDS]), THREE, {}),
    "an MLP's softmax as bits": (fitted(MLPClassifier((4,), max_iter=9), THIRDS), THREE, {"loss": "logistic"}),
    "numbers as a flag": (fitted(LinearRegression(), REAL), FLAG, {}),
    "a flag as numbers": (fitted(LogisticRegression(), HALVES), ONE, {}),
    "a fit over another estimator": (fitted(RANSACRegressor(random_state=0), REAL), ONE, {}),
    "the same, not fitted": (RANSACRegressor(), ONE, {}),
    "a detector": (fitted(SGDOneClassSVM()), ONE, {}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_predictions_are_refused(name: str) -> None:
    model, schema, options = REFUSED[name]
    with pytest.raises(ModelError) as caught:
        compiled(model, schema, **options)
    assert caught.value.slug == "model_type"
    assert caught.value.remedy


KEPT: dict[str, tuple[Any, Schema, dict[str, Any]]] = {
    "classes by themselves": (fitted(SGDClassifier(loss="log_loss"), THIRDS), THREE, {"loss": "logistic"}),
    "several labels at once": (
        fitted(MLPClassifier((4,), max_iter=9), np.eye(3, dtype=int)[THIRDS]), THREE, {"loss": "logistic"},
    ),
    "logistic": (fitted(LogisticRegression(), HALVES), FLAG, {}),
    "sgd of two": (fitted(SGDClassifier(loss="log_loss"), HALVES), FLAG, {}),
    "softmax": (fitted(LogisticRegression(), THIRDS), THREE, {}),
    "huber": (fitted(HuberRegressor(), REAL), ONE, {}),
    "two targets": (fitted(MultiTaskLasso(0.01), np.stack([REAL, -REAL], 1)), TWO, {}),
    "one target in a column": (fitted(LinearRegression(), REAL[:, None]), ONE, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_the_first_base_predicts_what_the_estimator_does(name: str) -> None:
    model, schema, options = KEPT[name]
    found = first(compiled(model, schema, **options))
    wanted = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X).reshape(len(X), -1)
    if name == "classes by themselves":
        found = found / found.sum(1, keepdims=True)
    wanted = wanted[:, 1:] if wanted.shape[1] > found.shape[1] else wanted
    assert np.abs(found - wanted).max() < 2e-3


@pytest.mark.parametrize("model", [Perceptron(), RidgeClassifier(), SGDClassifier()], ids=str)
def test_classifiers_without_probabilities_choose_alike(model: Any) -> None:
    model = fitted(model, THIRDS)
    found = first(compiled(model, THREE)).argmax(1)
    assert (found == model.predict(X)).mean() > 0.97


@pytest.mark.parametrize("model", [LogisticRegression(fit_intercept=False), LinearRegression(fit_intercept=False)])
def test_no_bias_where_there_is_none(model: Any) -> None:
    schema, y = (FLAG, HALVES) if isinstance(model, LogisticRegression) else (ONE, REAL)
    unfitted = compiled(model, schema)
    made = compiled(fitted(model, y), schema)
    assert list(made.initial) == list(unfitted.initial) == ["w0"]
    assert made.train.digest == unfitted.train.digest


NAMES = {2: np.array(["malignant", "benign"]), 3: np.array(["lo", "mid", "hi"])}


def schema_of(names: Any, flag: bool = False) -> Schema:
    return Schema(COLUMNS, Label.flag("y", tuple(names)) if flag else Label.classes("y", tuple(names)))


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), MLPClassifier((4,), max_iter=9), RidgeClassifier(), SGDClassifier(alpha=1.0), Perceptron()],
    ids=str,
)
@pytest.mark.parametrize("count", [2, 3])
def test_classes_stand_in_the_schemas_order(model: Any, count: int) -> None:
    """scikit-learn sorts the names of classes."""
    names = NAMES[count]
    model = fitted(clone(model), names[HALVES if count == 2 else THIRDS])
    found = first(compiled(model, schema_of(names, count == 2)))
    chosen = (found[:, 0] >= 0.5).astype(int) if count == 2 else found.argmax(1)
    assert (names[chosen] == model.predict(X)).mean() > 0.97


@pytest.mark.parametrize("classes", [["a", "b", "d"], [1, 2, 3], [0.5, 1.5, 2.5]], ids=str)
def test_other_classes_are_refused(classes: list[Any]) -> None:
    model = fitted(LogisticRegression(), np.array([str(c) if c == 0.5 else c for c in classes])[THIRDS])
    with pytest.raises(ModelError) as caught:
        compiled(model, THREE)
    assert caught.value.slug == "model_type"
    assert "a, b, c" in caught.value.reason


@pytest.mark.parametrize("model", [LinearRegression(), MLPRegressor(hidden_layer_sizes=(3,), max_iter=9)], ids=str)
def test_columns_stand_in_the_schemas_order(model: Any) -> None:
    pandas = pytest.importorskip("pandas")
    mixed = pandas.DataFrame({"x2": X[:, 2], "x0": X[:, 0], "x1": X[:, 1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(mixed, REAL)
    assert np.abs(first(compiled(model, ONE))[:, 0] - model.predict(mixed)).max() < 2e-3
    other = LinearRegression().fit(mixed.rename(columns={"x2": "x3"}), REAL)
    with pytest.raises(ModelError) as caught:
        compiled(other, ONE)
    assert caught.value.slug == "model_type"
    assert "x3" in caught.value.reason


@pytest.mark.parametrize("model", [LogisticRegression(), MLPClassifier((4,), max_iter=9)], ids=str)
def test_files_that_name_classes_in_another_order_are_refused(model: Any) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    names = NAMES[3]
    model = fitted(model, names[THIRDS])
    for options in ({}, {"zipmap": False}):
        file = skl2onnx.to_onnx(model, X[:1].astype(np.float32), options={id(model): options})
        with pytest.raises(ModelError) as caught:
            compiled(file, schema_of(names))
        assert caught.value.slug == "outputs"
        assert "hi, lo, mid" in caught.value.reason
        found = first(compiled(file, schema_of(sorted(names))))
        assert np.abs(found - model.predict_proba(X)).max() < 2e-3


@pytest.mark.parametrize("loss", ["cross_entropy", "logistic"])
@pytest.mark.parametrize("model", [LogisticRegression(), MLPClassifier((4,), max_iter=9)], ids=str)
def test_two_classes_of_one_score(model: Any, loss: str) -> None:
    names = NAMES[2]
    model = fitted(clone(model), names[HALVES])
    found = first(compiled(model, schema_of(names), loss=loss))
    assert np.abs(found - model.predict_proba(X)[:, ::-1]).max() < 2e-3


def test_two_classes_without_probabilities() -> None:
    model = fitted(RidgeClassifier(), NAMES[2][HALVES])
    found = first(compiled(model, schema_of(NAMES[2]))).argmax(1)
    assert (NAMES[2][found] == model.predict(X)).mean() > 0.97
