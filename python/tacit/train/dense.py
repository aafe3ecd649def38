"""Dense layers as a float graph of one record."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tacit.data.limits import is_whole
from tacit.errors import InputError
from tacit.graph.builder import GraphBuilder
from tacit.graph.nodes import Array, Graph

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
    layers: list[tuple[Array, Array | None]] = [
        (rng.normal(size=pair) * (2 / pair[0]) ** 0.5, np.zeros(pair[1])) for pair in pairs
    ]
    return dense(layers, activation)


def dense(layers: Sequence[tuple[Array, Array | None]], activation: str) -> Graph:
    """A graph of (weights, biases or none), an activation between them; each w and b has its number."""
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise InputError(f"expected one of {known}, got {activation!r}", slug="activation", place="activation")
    builder = GraphBuilder()
    value = "x"
    builder.reserve([value])
    builder.shapes[value], builder.kinds[value] = (1, int(layers[0][0].shape[0])), "float"
    for i, (w, b) in enumerate(layers):
        value = builder.emit("MatMul", [value, builder.constant(w, name=f"w{i}")])
        if b is not None:
            value = builder.emit("Add", [value, builder.constant(b, name=f"b{i}")])
        if i < len(layers) - 1:
            op = ACTIVATIONS[activation]
            value = builder.emit(op, [value], **({"approximate": "none"} if op == "Gelu" else {}))
    return Graph(
        "mlp", ("x",), (value,), tuple(builder.nodes), builder.constants, builder.shapes, builder.sources, builder.kinds
    )
