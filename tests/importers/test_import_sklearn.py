"""scikit-learn estimators: scores and probabilities against the estimator itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx_models import operators, well_formed

from tacit.errors import ModelError
from tacit.graph import evaluate
from tacit.importers import load
from tacit.importers.original import run_original

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")

from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import LinearSVC

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # a few steps are enough here

RNG = np.random.default_rng(3)
LATENT = RNG.normal(size=(120, 6))
FEATURES = LATENT * [1, 10, 0.1, 3, 1, 1] + [0, 50, 0, 0, -1, 1]
SCORES = LATENT @ RNG.normal(size=(6, 3))
LABELS = {2: (SCORES[:, 0] > SCORES[:, 1]).astype(int), 3: SCORES.argmax(axis=1)}


def check(estimator: Any, targets: np.ndarray, method: str) -> list[str]:
    """Fit, import, compare with onnxruntime and with the estimator's own method; returns the operators."""
    estimator.fit(FEATURES, targets)
    graph = load(estimator)
    well_formed(graph)
    data = {graph.inputs[0]: FEATURES[:20].astype(np.float32)}
    found, wanted = evaluate(graph, data), run_original(graph, data)
    (output,) = graph.outputs
    np.testing.assert_allclose(found[output], wanted[output], rtol=1e-4, atol=1e-4)
    own = np.asarray(getattr(estimator, method)(FEATURES[:20])).reshape(20, -1)
    np.testing.assert_allclose(found[output].reshape(20, -1), own, rtol=1e-3, atol=1e-4)
    return operators(graph)


@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_regression(classes: int) -> None:
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    last = "Sigmoid" if classes == 2 else "Softmax"
    assert check(pipeline, LABELS[classes], "predict_proba") == ["Add", "Mul", "MatMul", "Add", last]


def test_class_names() -> None:
    for names in (np.array(["cat", "dog", "owl"]), np.array([7, 5, 9])):
        check(make_pipeline(StandardScaler(), LogisticRegression()), names[LABELS[3]], "predict_proba")


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("classes", [2, 3])
def test_perceptrons(activation: str, classes: int) -> None:
    network = MLPClassifier((7, 5), activation=activation, max_iter=30, random_state=0)
    check(make_pipeline(StandardScaler(), network), LABELS[classes], "predict_proba")


def test_regressors() -> None:
    assert check(LinearRegression(), SCORES[:, 0], "predict") == ["MatMul", "Add"]
    check(make_pipeline(MinMaxScaler(), LinearRegression()), SCORES[:, :2], "predict")
    network = MLPRegressor(hidden_layer_sizes=(9,), max_iter=20, random_state=0)
    check(make_pipeline(StandardScaler(), network), SCORES[:, 0], "predict")


@pytest.mark.parametrize("estimator", [LinearSVC(), RidgeClassifier(), Perceptron()])
def test_scores_of_linear_classifiers(estimator: BaseEstimator) -> None:
    check(make_pipeline(StandardScaler(), estimator), LABELS[3], "decision_function")


def test_projection() -> None:
    pipeline = make_pipeline(StandardScaler(), PCA(4), LogisticRegression())
    assert check(pipeline, LABELS[3], "predict_proba").count("MatMul") == 1


def test_the_label_is_dropped_with_a_note() -> None:
    graph = load(LogisticRegression().fit(FEATURES, LABELS[2]))
    assert len(graph.outputs) == 1
    assert "class labels" in graph.notes[0]


def test_models_converted_with_maps() -> None:
    """skl2onnx's own default: probabilities as a list of dictionaries."""
    from skl2onnx import to_onnx

    estimator = LogisticRegression(max_iter=500).fit(LATENT, LABELS[3])
    graph = load(to_onnx(estimator, LATENT[:1].astype(np.float32)))
    data = {graph.inputs[0]: LATENT[:9].astype(np.float32)}
    assert graph.outputs == ("output_probability",)
    for values in (evaluate(graph, data), run_original(graph, data)):
        np.testing.assert_allclose(values["output_probability"][:, 0], estimator.predict_proba(LATENT[:9]), atol=1e-4)


def test_not_fitted() -> None:
    with pytest.raises(ModelError) as caught:
        load(LogisticRegression())
    assert (caught.value.slug, caught.value.place) == ("not_fitted", "LogisticRegression")


def test_unknown_to_skl2onnx() -> None:
    class Own(BaseEstimator):  # type: ignore[misc]
        n_features_in_ = 3

        def fit(self, x: Any, y: Any) -> Own:
            return self

    with pytest.raises(ModelError) as caught:
        load(Own())
    assert caught.value.slug == "conversion"
