"""Estimators of scikit-learn as float graphs: MLPs and linear models, fitted or not.

A fitted one is where training starts, so its first predictions are the estimator's own: what it makes of its scores is what the
loss does. Otherwise it is refused.
"""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

import numpy as np

from tacit.errors import ModelError
from tacit.graph.nodes import Array, Graph
from tacit.train.dense import dense, mlp
from tacit.train.loss import Loss

#: What an MLP does to its scores, by losses.
OUT = {"cross_entropy": "softmax", "logistic": "logistic", "mse": "identity"}
#: Records that predictions are compared on, and how far they may be apart.
RECORDS, NEAR = 8, 1e-3
REMEDY = "pass an MLP, a LogisticRegression, a linear model, a graph, ONNX or a torch module"


def estimator(model: Any, features: tuple[int, ...], targets: int, loss: Loss) -> Graph:
    """Its graph; what is not fitted starts from a seed (an MLP: its random_state) or from 0 (a linear model).

    Raises ModelError (slugs model_type, shape).
    """
    inputs = int(np.prod(features))
    _check_link(model)
    if getattr(model, "hidden_layer_sizes", None) is not None:
        return _mlp(model, inputs, targets, loss)
    if not type(model).__module__.startswith("sklearn.linear_model"):
        _refuse(model, "is not trained by gradients of a network")
    from sklearn.base import is_classifier, is_regressor

    # Of others (a robust fit over another estimator, an outlier detector) no coefficients are known.
    if not hasattr(model, "fit_intercept") or not (is_classifier(model) or is_regressor(model)):
        _refuse(model, "is not one linear model with coefficients of its own")
    found: Any = getattr(model, "coef_", None)
    if found is None:
        w, b = np.zeros((inputs, targets)), np.zeros(targets)
    else:
        found = found.toarray() if hasattr(found, "toarray") else found  # sparse
        w = np.atleast_2d(np.asarray(found, dtype=np.float64)).T
        b = np.array(np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64), (w.shape[1],)))
    _check_ends([w], inputs, targets, model)
    if found is not None:
        _check_predictions(model, w, b, loss, is_classifier(model))
    return dense([(w, b if model.fit_intercept else None)], "relu")


def _mlp(model: Any, inputs: int, targets: int, loss: Loss) -> Graph:
    coefficients = getattr(model, "coefs_", None)
    if coefficients is None:
        widths = tuple(np.atleast_1d(np.asarray(model.hidden_layer_sizes)).tolist())
        seed = model.random_state if isinstance(model.random_state, int) else 0
        return mlp(inputs, *widths, targets, activation=model.activation, seed=seed)
    ws, bs = ([np.asarray(part, dtype=np.float64) for part in parts] for parts in (coefficients, model.intercepts_))
    _check_ends(ws, inputs, targets, model)
    if model.out_activation_ != OUT[loss.name]:
        _refuse_loss(model, loss)
    return dense(list(zip(ws, bs, strict=True)), model.activation)


def _check_link(model: Any) -> None:
    """The model's numbers are its scores, and not a function of them. Raises ModelError (slug model_type)."""
    linked = ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
    if type(model).__name__ in linked or getattr(model, "loss", None) == "poisson":
        _refuse(
            model,
            "predicts a function of its scores (a link), which is not trained",
            "pass a model of squared errors, or a linear one of the logarithm",
        )


def _check_ends(ws: list[Array], inputs: int, targets: int, model: Any) -> None:
    if ws[0].shape[0] != inputs or ws[-1].shape[1] != targets:
        raise ModelError(
            f"expected {inputs} features and {targets} scores, as the schema has them, got {ws[0].shape[0]} and "
            f"{ws[-1].shape[1]}",
            slug="shape",
            place=type(model).__name__,
            remedy="fit it on data of this schema, or pass it unfitted",
        )


def _check_predictions(model: Any, w: Array, b: Array, loss: Loss, classifies: bool) -> None:
    """A fitted linear model predicts what the loss makes of x w + b. Raises ModelError (slug model_type).

    The records are some whose scores are about 1: probabilities near 0 and 1 are alike, whatever made them. Classifiers
    without probabilities choose by their scores, as any loss of classes does.
    """
    if classifies != loss.classes:
        _refuse_loss(model, loss)
    if classifies and not hasattr(model, "predict_proba"):
        return
    x = (np.random.default_rng(0).normal(size=(RECORDS, w.shape[1])) - b) @ np.linalg.pinv(w)
    scores = x @ w + b
    ours = loss.real(scores)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns without names
        theirs = np.asarray(model.predict_proba(x) if classifies else model.predict(x), dtype=np.float64)
    if classifies and w.shape[1] == 1:
        theirs = theirs[:, 1:]
    elif loss.name == "logistic":  # each class by itself, and then as shares of one
        ours = ours / ours.sum(1, keepdims=True)
    near = NEAR + 1e-6 * float(np.abs(b).max())
    if theirs.size != ours.size or not np.allclose(ours, theirs.reshape(ours.shape), atol=near):
        _refuse_loss(model, loss)


def _refuse(model: Any, reason: str, remedy: str = REMEDY) -> NoReturn:
    raise ModelError(f"{type(model).__name__} {reason}", slug="model_type", place="model", remedy=remedy)


def _refuse_loss(model: Any, loss: Loss) -> NoReturn:
    _refuse(
        model,
        f"does not predict what {loss.name} makes of its scores",
        'take loss="logistic" if it judges each class by itself, fit one of the schema\'s labels, or pass it unfitted',
    )
