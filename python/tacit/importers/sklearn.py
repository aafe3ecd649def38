"""scikit-learn estimators, through skl2onnx."""

from __future__ import annotations

from typing import Any

from onnx import ModelProto

from tacit.errors import MissingDependency, ModelError

Options = dict[int, dict[str, bool]] | None
TARGET = {"": 17, "ai.onnx.ml": 1}


def is_estimator(model: Any) -> bool:
    """Whether the object looks like a scikit-learn estimator (without importing scikit-learn)."""
    return hasattr(model, "get_params") and hasattr(model, "fit") and not isinstance(model, type)


def _options(model: Any) -> list[Options]:
    """skl2onnx options to try in turn: an estimator refuses those it does not know.

    Maps of class names to probabilities (zipmap) are not tensors; classifiers without probabilities give raw scores.
    """
    if not hasattr(model, "classes_"):
        return [None]
    final = model.steps[-1][1] if hasattr(model, "steps") else model
    plain, raw = {"zipmap": False}, {"raw_scores": True}
    if hasattr(model, "predict_proba"):
        return [{id(model): plain}, None]
    return [{id(final): {**raw, **plain}}, {id(final): raw}, {id(model): plain}, None]


def to_onnx(model: Any) -> ModelProto:
    """A fitted estimator as ONNX: float input ``input`` (batch, features), probabilities as one tensor."""
    name = type(model).__name__
    try:
        from skl2onnx import to_onnx as convert
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError as error:
        raise MissingDependency("skl2onnx is not installed", place=name, remedy="pip install skl2onnx") from error
    features = getattr(model, "n_features_in_", None)
    if features is None:
        raise ModelError("the estimator is not fitted", slug="not_fitted", place=name, remedy="call fit first")
    types = [("input", FloatTensorType([None, int(features)]))]
    choices = _options(model)
    converted = None
    while converted is None:
        options = choices.pop(0)
        try:
            converted = convert(model, initial_types=types, options=options, target_opset=TARGET)
        except Exception as error:  # skl2onnx raises many types
            if choices and isinstance(error, NameError):
                continue
            raise ModelError(
                f"skl2onnx cannot convert it: {error}",
                slug="conversion",
                place=name,
                remedy="use an estimator that skl2onnx supports, or export ONNX yourself",
            ) from error
    if not isinstance(converted, ModelProto):
        raise ModelError("skl2onnx returned no model", slug="conversion", place=name)
    return converted
