"""Architectures to train: descriptions, estimators and files as float graphs of one record."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tacit.data.limits import is_whole
from tacit.errors import InputError, ModelError
from tacit.graph.builder import GraphBuilder
from tacit.graph.nodes import Array, Graph
from tacit.importers import load, sklearn, torch

#: What a hidden layer may be followed by, and the operator that does it.
ACTIVATIONS = {"relu": "Relu", "sigmoid": "Sigmoid", "logistic": "Sigmoid", "tanh": "Tanh", "gelu": "Gelu"}


def mlp(*widths: int, activation: str = "relu", seed: int = 0) -> Graph:
    """Dense layers of these widths, inputs first, scores last; an activation between them.

    Weights are drawn from the seed, normal with variance 2 / inputs; biases are 0. Two widths: a linear model.
    Raises InputError (slugs widths, activation, type).
    """
    if len(widths) < 2 or any(not is_whole(n) or not 1 <= n < 1 << 20 for n in widths):
        raise InputError(f"expected two widths or more, each 1 to 2^20, got {widths}", slug="widths", place="mlp")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"expected a whole number of 0 or more, got {seed!r}", slug="type", place="seed")
    rng = np.random.default_rng(seed)
    pairs = list(pairwise(map(int, widths)))
    layers = [(rng.normal(size=pair) * (2 / pair[0]) ** 0.5, np.zeros(pair[1])) for pair in pairs]
    return dense(layers, activation)


def dense(layers: list[tuple[Array, Array]], activation: str) -> Graph:
    """A graph of (weights, biases), an activation between them; each w and b has its number."""
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InputError(f"expected one of {known}, got {activation!r}", slug="activation", place="activation")
    builder = GraphBuilder()
    value = "x"
    builder.reserve([value])
    builder.shapes[value], builder.kinds[value] = (1, int(layers[0][0].shape[0])), "float"
    for i, (w, b) in enumerate(layers):
        product = builder.emit("MatMul", [value, builder.constant(w, name=f"w{i}")])
        value = builder.emit("Add", [product, builder.constant(b, name=f"b{i}")])
        if i < len(layers) - 1:
            op = ACTIVATIONS[activation]
            value = builder.emit(op, [value], **({"approximate": "none"} if op == "Gelu" else {}))
    return Graph(
        "mlp", ("x",), (value,), tuple(builder.nodes), builder.constants, builder.shapes, builder.sources, builder.kinds
    )


def graph_of(model: Any, features: tuple[int, ...], targets: int) -> Graph:
    """The graph of a model: one of `mlp`, an ONNX file, a torch module, or a scikit-learn estimator, fitted or not.

    scikit-learn: MLPClassifier, MLPRegressor, LogisticRegression, linear models; what is not fitted starts from a seed (an MLP:
    its random_state) or from 0 (a linear model). Raises ModelError, InputError.
    """
    if isinstance(model, Graph):
        return model
    if sklearn.is_estimator(model):
        return _estimator(model, features, targets)
    example = np.zeros((1, *features), dtype=np.float32) if torch.is_module(model) else None
    # Nothing that looks at weights: the architecture decides the program alone. And nothing that computes of them: what is
    # trained are the weights of the model as it was given.
    return load(model, batch=1, example=example, apart=True)


def untrained(model: Any, graph: Graph) -> frozenset[str]:
    """Constants of a model's graph that its training leaves as they are, as the model itself says.

    Raises ModelError (slug weights) for a parameter that would be trained, and stands in the program as a public factor.
    """
    if not torch.is_module(model) or graph.given is None:
        return frozenset()
    stays = torch.untrained(model)
    for node in graph.nodes:
        for name in node.inputs:
            if (
                node.operator.shown.one_number
                and name in graph.given
                and np.prod(graph.shapes[name]) == 1
                and not stays(graph.given[name])
            ):
                raise ModelError(
                    "a factor of one number is public and is not trained",
                    slug="weights",
                    place=graph.given[name],
                    remedy="call requires_grad_(False) of it, or take it into the weights of a layer",
                )
    return frozenset(name for name, of in graph.given.items() if stays(of))


def _estimator(model: Any, features: tuple[int, ...], targets: int) -> Graph:
    inputs = int(np.prod(features))
    _check_link(model)
    hidden = getattr(model, "hidden_layer_sizes", None)
    if hidden is not None:
        coefficients = getattr(model, "coefs_", None)
        if coefficients is not None:
            layers = list(zip(coefficients, model.intercepts_, strict=True))
            return dense(_checked(layers, inputs, targets, model), model.activation)
        widths = tuple(np.atleast_1d(np.asarray(hidden)).tolist())
        seed = model.random_state if isinstance(model.random_state, int) else 0
        return mlp(inputs, *widths, targets, activation=model.activation, seed=seed)
    if not type(model).__module__.startswith("sklearn.linear_model"):
        raise ModelError(
            f"{type(model).__name__} is not trained by gradients of a network",
            slug="model_type",
            place="model",
            remedy="pass an MLP, a LogisticRegression, a linear model, a graph, ONNX or a torch module",
        )
    found: Any = getattr(model, "coef_", None)
    found = found.toarray() if hasattr(found, "toarray") else found  # sparse
    w = np.zeros((inputs, targets)) if found is None else np.atleast_2d(np.asarray(found)).T
    b = np.zeros(targets) if found is None else np.broadcast_to(np.asarray(model.intercept_), (w.shape[1],))
    return dense(_checked([(w, b)], inputs, targets, model), "relu")


def _check_link(model: Any) -> None:
    """The model's numbers are its scores, and not a function of them. Raises ModelError (slug model_type)."""
    linked = ("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
    if type(model).__name__ in linked or getattr(model, "loss", None) == "poisson":
        raise ModelError(
            f"{type(model).__name__} predicts a function of its scores (a link), which is not trained",
            slug="model_type",
            place="model",
            remedy="pass a model of squared errors, or a linear one of the logarithm",
        )


def _checked(layers: list[tuple[Any, Any]], inputs: int, targets: int, model: Any) -> list[tuple[Array, Array]]:
    if layers[0][0].shape[0] != inputs or layers[-1][0].shape[1] != targets:
        raise ModelError(
            f"expected {inputs} features and {targets} scores, as the schema has them, got {layers[0][0].shape[0]} and "
            f"{layers[-1][0].shape[1]}",
            slug="shape",
            place=type(model).__name__,
            remedy="fit it on data of this schema, or pass it unfitted",
        )
    return [(np.asarray(w, dtype=np.float64), np.asarray(b, dtype=np.float64)) for w, b in layers]
