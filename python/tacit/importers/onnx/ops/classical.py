"""Operators of the ai.onnx.ml domain that are linear algebra: Scaler, LinearRegressor, LinearClassifier, ...

Formulas: the operator documentation of ai.onnx.ml, versions 1 to 3.
"""

from __future__ import annotations

import numpy as np

from tacit.graph.registry import Array
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.layout import gather
from tacit.importers.onnx.registry import onnx_operator

ML = "ai.onnx.ml"


def _floats(call: Call, name: str) -> Array:
    return np.asarray(call.attrs.get(name, []), dtype=np.float64)


def _features(builder: Builder, call: Call) -> tuple[str, int]:
    """The input as (samples, features)."""
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    if len(shape) == 1:
        return builder.emit("Reshape", [x], shape=(1, shape[0])), shape[0]
    if len(shape) != 2:
        raise call.error(f"an input of shape {list(shape)}, not (samples, features)")
    return x, shape[1]


@onnx_operator("Scaler", domain=ML)
def import_scaler(builder: Builder, call: Call) -> str:
    """(x - offset) * scale, one pair a feature or one for all."""
    x, features = _features(builder, call)
    for name in ("offset", "scale"):
        values = _floats(call, name)
        if values.size not in (1, features):
            raise call.error(f"{values.size} values of {name} for {features} features")
        entries = builder.constant(-values if name == "offset" else values, name=f"{call.name}/{name}")
        x = builder.emit("Add" if name == "offset" else "Mul", [x, entries])
    return x


def _scores(builder: Builder, call: Call, targets: int) -> str:
    """x @ coefficients^T + intercepts, (samples, targets)."""
    x, features = _features(builder, call)
    coefficients, intercepts = _floats(call, "coefficients"), _floats(call, "intercepts")
    if coefficients.size != targets * features or intercepts.size not in (0, targets):
        raise call.error(
            f"{coefficients.size} coefficients and {intercepts.size} intercepts for {targets} x {features}"
        )
    weight = builder.stored(f"{call.name}/coefficients", coefficients.reshape(targets, features).T)
    scores = builder.emit("MatMul", [x, weight])
    if intercepts.size:
        scores = builder.emit("Add", [scores, builder.stored(f"{call.name}/intercepts", intercepts)])
    return scores


def _transform(builder: Builder, call: Call, scores: str) -> str:
    name = str(call.attrs.get("post_transform", "NONE"))
    if name == "NONE":
        return scores
    if name == "LOGISTIC":
        return builder.emit("Sigmoid", [scores])
    if name == "SOFTMAX":
        return builder.emit("Softmax", [scores], axis=1)
    raise call.error(f"post_transform {name}", "use NONE, LOGISTIC or SOFTMAX")


@onnx_operator("LinearRegressor", domain=ML)
def import_linear_regressor(builder: Builder, call: Call) -> str:
    return _transform(builder, call, _scores(builder, call, int(call.attrs.get("targets", 1))))


@onnx_operator("LinearClassifier", domain=ML)
def import_linear_classifier(builder: Builder, call: Call) -> list[str]:
    """Scores or probabilities (samples, classes); labels that count from 0 are the ArgMax of the scores."""
    labels = list(call.attrs.get("classlabels_ints", []))
    classes = len(labels) or len(call.attrs.get("classlabels_strings", []))
    if classes < 2:
        raise call.error(f"{classes} class labels")
    scores = _scores(builder, call, classes)
    probabilities = _transform(builder, call, scores)
    transform = str(call.attrs.get("post_transform", "NONE"))
    # The logistic function of opposite scores: the two probabilities of a binary classifier.
    if transform == "SOFTMAX" or (transform == "LOGISTIC" and classes == 2 and _opposite(call)):
        builder.unit_sum.add(probabilities)
    if not call.wants(0):
        return [probabilities, probabilities]
    if labels != list(range(classes)):
        raise call.error("class labels that do not count from 0", "ask for the probabilities only")
    label = builder.emit("ArgMax", [scores], axis=1, keepdims=0, select_last_index=0)
    return [label, probabilities]


def _opposite(call: Call) -> bool:
    """Whether the two rows of coefficients and intercepts are each other's negative."""
    pairs = (_floats(call, "coefficients").reshape(2, -1), _floats(call, "intercepts").reshape(2, -1))
    return all(np.array_equal(pair[0], -pair[1]) for pair in pairs)


@onnx_operator("Normalizer", domain=ML)
def import_normalizer(builder: Builder, call: Call) -> str:
    """The L1 norm of probabilities that sum to 1 is 1: nothing to do. Other norms divide by a computed number."""
    x, _ = _features(builder, call)
    if call.attrs.get("norm", "MAX") == "L1" and x in builder.unit_sum:
        return x
    raise call.error("division by a computed norm", "normalise the features before the model")


@onnx_operator("LpNormalization")
def import_lp_normalization(builder: Builder, call: Call) -> str:
    """As :func:`import_normalizer`, for p = 1 along the last axis."""
    x = builder.tensor(call.inputs[0])
    last = int(call.attrs.get("axis", -1)) in (-1, len(builder.shapes[x]) - 1)
    if int(call.attrs.get("p", 2)) == 1 and last and x in builder.unit_sum:
        return x
    raise call.error("division by a computed norm", "normalise the features before the model")


@onnx_operator("ArrayFeatureExtractor", domain=ML)
def import_array_feature_extractor(builder: Builder, call: Call) -> str:
    """Columns of the last axis by constant indices."""
    x = builder.tensor(call.inputs[0])
    indices = builder.value(call, 1, "the indices")
    if len(builder.shapes[x]) == 1:
        x = builder.emit("Reshape", [x], shape=(1, *builder.shapes[x]))
    return gather(builder, call, x, indices, len(builder.shapes[x]) - 1)


@onnx_operator("Imputer", domain=ML)
def import_imputer(builder: Builder, call: Call) -> str:
    """Replacing NaN does nothing to inputs that are numbers, and only those can be proven about."""
    if not np.isnan(float(call.attrs.get("replaced_value_float", 0.0))) or "replaced_value_int64" in call.attrs:
        raise call.error("it replaces a number", "replace missing values before the model")
    return builder.tensor(call.inputs[0])


@onnx_operator("FeatureVectorizer", domain=ML)
def import_feature_vectorizer(builder: Builder, call: Call) -> str:
    """The inputs side by side."""
    pieces = [builder.tensor(name) for name in call.inputs]
    if any(len(builder.shapes[piece]) != 2 for piece in pieces):
        raise call.error("an input that is not (samples, features)")
    return pieces[0] if len(pieces) == 1 else builder.emit("Concat", pieces, axis=1)
