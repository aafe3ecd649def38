"""Fitted estimators of scikit-learn: the first base predicts what they do, or they are refused."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
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
from sklearn.neural_network import MLPClassifier

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
