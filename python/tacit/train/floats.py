"""The same network trained in float64, by the operators' own meanings and chain rules: what integers are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.graph import operators as _operators  # noqa: F401 - fills the registry
from tacit.graph.nodes import Node
from tacit.train.loss import Loss
from tacit.train.network import Network

Array = npt.NDArray[Any]
Weights = Mapping[str, Array]


def scores(network: Network, weights: Weights, x: Array) -> dict[str, Array]:
    """Every tensor's value for records x (n, features..)."""
    shape = network.graph.shapes[network.input]
    values: dict[str, Array] = {**weights, network.input: np.asarray(x, dtype=np.float64).reshape(len(x), *shape[1:])}
    for node in network.nodes:
        arrays = [values[name] if name in values else network.graph.constants[name] for name in node.inputs]
        values[node.outputs[0]] = np.asarray(node.operator.evaluate(_attributes(node, len(x)), arrays))
    return values


def predictions(network: Network, loss: Loss, weights: Weights, x: Array) -> Array:
    """(n, targets): probabilities, or numbers."""
    return loss.real(scores(network, weights, x)[network.scores].reshape(len(x), -1))


def gradients(network: Network, loss: Loss, weights: Weights, x: Array, y: Array) -> dict[str, Array]:
    """Of the mean loss of the records by every weight that moves."""
    values = scores(network, weights, x)
    z = values[network.scores]
    back: dict[str, Array] = {network.scores: ((loss.real(z.reshape(len(x), -1)) - y) / len(x)).reshape(z.shape)}
    for node in reversed(network.nodes):
        out = node.outputs[0]
        if out not in back or node.operator.gradient is None:
            continue
        arrays = [values[name] if name in values else network.graph.constants[name] for name in node.inputs]
        found = node.operator.gradient(_attributes(node, len(x)), arrays, values[out], back[out])
        for name, part in zip(node.inputs, found, strict=True):
            if network.needs(name):
                back[name] = back[name] + part if name in back else part
    return {name: back[name] for name in weights if name in back and name not in network.frozen}


def _attributes(node: Node, records: int) -> Mapping[str, Any]:
    """A reshape's first extent counts records."""
    return {**node.attrs, "shape": (records, *node.attrs["shape"][1:])} if node.op == "Reshape" else node.attrs


def train(
    network: Network,
    loss: Loss,
    weights: Weights,
    batches: Sequence[tuple[Array, Array]],
    rates: Sequence[float],
    momentum: float = 0.0,
    decay: float = 0.0,
) -> dict[str, Array]:
    """The weights after one step a batch."""
    current = {name: np.asarray(values, dtype=np.float64) for name, values in weights.items()}
    speed = {name: np.zeros(values.shape) for name, values in current.items()}
    for (x, y), rate in zip(batches, rates, strict=True):
        found = gradients(network, loss, current, x, y)
        for name, gradient in found.items():
            speed[name] = momentum * speed[name] + gradient + decay * current[name]
            current[name] = current[name] - rate * speed[name]
    return current
