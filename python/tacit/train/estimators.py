"""Estimators of scikit-learn as float graphs: MLPs and linear models, fitted or not.

A fitted one is where training starts, so its first predictions are the estimator's own: what it makes of its scores is what the
loss does. Otherwise it is refused.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tacit.errors import ModelError
from tacit.graph.nodes import Array, Graph
from tacit.train.classes import class_places
from tacit.train.dense import dense, mlp
from tacit.train.loss import Loss
from tacit.train.units import as_table

if TYPE_CHECKING:
    from tacit.data import Schema

Layers = list[tuple[Array, Array]]
#: What an MLP does to its scores, by losses.
OUT = {"cross_entropy": "softmax", "logistic": "logistic", "mse": "identity"}
#: Records that predictions are compared on, and how far they may be apart.
RECORDS, NEAR = 8, 1e-3
REMEDY = "pass an MLP, a LogisticRegression, a linear model, a graph, ONNX or a torch module"


def estimator(model: Any, schema: Schema, loss: Loss) -> Graph:
    """Its graph; what is not fitted starts from a seed (an MLP: its random_state) or from 0 (a linear model).

    A fitted one's columns and classes are put into the schema's order, by their names.

    Raises ModelError (slugs model_type, shape).
    """
    inputs, targets = int(np.prod(schema.features)), schema.labels
    _check_link(model)
    if getattr(model, "hidden_layer_sizes", None) is not None:
        return _mlp(model, schema, inputs, targets, loss)
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
    if found is not None and is_classifier(model):
        w, b = _two_scores(w, b, targets, loss)
    _check_ends([w], inputs, targets, model)
    if found is not None:
        _check_predictions(model, w, b, loss, is_classifier(model))
        ((w, b),) = _as_schema([(w, b)], model, schema, is_classifier(model))
    if not model.fit_intercept and np.any(b):
        _refuse(
            model,
            "has no intercept, and around the centers of the schema's columns and targets it needs one",
            "fit it with an intercept, or give the schema center=0",
        )
    return dense([(w, b if model.fit_intercept else None)], "relu")


def _mlp(model: Any, schema: Schema, inputs: int, targets: int, loss: Loss) -> Graph:
    coefficients = getattr(model, "coefs_", None)
    if coefficients is None:
        widths = tuple(np.atleast_1d(np.asarray(model.hidden_layer_sizes)).tolist())
        seed = model.random_state if isinstance(model.random_state, int) else 0
        return mlp(inputs, *widths, targets, activation=model.activation, seed=seed)
    ws, bs = ([np.asarray(part, dtype=np.float64) for part in parts] for parts in (coefficients, model.intercepts_))
    classifies, activation = getattr(model, "classes_", None) is not None, model.out_activation_
    if classifies and activation == "logistic" and ws[-1].shape[1] < targets:
        ws[-1], bs[-1] = _two_scores(ws[-1], bs[-1], targets, loss)
        activation = OUT[loss.name]
    _check_ends(ws, inputs, targets, model)
    if activation != OUT[loss.name]:
        _refuse_loss(model, loss)
    layers = _as_schema(list(zip(ws, bs, strict=True)), model, schema, classifies)
    return dense(layers, model.activation)


def _two_scores(w: Array, b: Array, targets: int, loss: Loss) -> tuple[Array, Array]:
    """Of one score z of two classes the two that the loss makes the same probabilities of: 0 and z, or -z and z."""
    if not loss.classes or (w.shape[1], targets) != (1, 2):
        return w, b
    first = 0 if loss.name == "cross_entropy" else -1
    return np.concatenate([first * w, w], 1), np.concatenate([first * b, b])


def _as_schema(layers: Layers, model: Any, schema: Schema, classifies: bool) -> Layers:
    """The same layers, columns and classes in the schema's order (estimators sort names), and in its units."""
    names = getattr(model, "feature_names_in_", None)
    if names is not None and schema.feature_names:
        own = [str(name) for name in names]
        if sorted(own) != sorted(schema.feature_names):
            _refuse(
                model,
                f"was fitted on columns {_some(own)}, and the schema's are {_some(schema.feature_names)}",
                "fit it on the schema's columns by their names, or on an array of them in the schema's order",
            )
        (w, b), *rest = layers
        layers = as_table([(w[[own.index(name) for name in schema.feature_names]], b), *rest], schema)
    elif names is not None and schema.columns[0].scale is not None:
        scale = schema.columns[0].scale
        if (scale.center, scale.scale) != (0, 1):
            _refuse(
                model,
                "was fitted on named columns, and the schema's arrays have a center and a scale: its units are not said",
                "fit it on arrays as the schema encodes them, without names",
            )
    if not classifies or schema.classes is None:
        return layers
    places = class_places(list(model.classes_), schema.classes)
    if places is None:
        _refuse(
            model,
            f"was fitted on classes {_some(model.classes_)}, and the schema's are {_some(schema.classes)}",
            f"fit it on the schema's names of classes, or, where none of them says a number, on 0 to {len(schema.classes) - 1}",
        )
    *rest, (w, b) = layers
    if w.shape[1] == len(places):
        return [*rest, (w[:, places], b[places])]
    return layers if places == [0, 1] else [*rest, (-w, -b)]


def _some(names: Any) -> str:
    """The first of several names, for an error."""
    shown = [str(name)[:20] for name in list(names)[:4]]
    return ", ".join([*shown, ".."] if len(names) > len(shown) else shown)


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
