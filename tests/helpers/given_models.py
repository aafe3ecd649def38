"""ONNX models of few nodes, and the gradients of what they are: central differences of the model in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Array = npt.NDArray[Any]
node = helper.make_node


@dataclass
class OnnxModel:
    """Nodes from "in" (n, features..) to "out" (n, targets), and their initializers; `numbers` are no weights."""

    nodes: Sequence[NodeProto]
    weights: Mapping[str, Array]
    features: tuple[int, ...]
    targets: int
    numbers: Sequence[str] = ()
    constants: Mapping[str, Array] | None = None

    def proto(self, kind: Any = np.float32, weights: Mapping[str, Array] | None = None) -> onnx.ModelProto:
        """In single precision, as files have it, or in double."""
        chosen = self.weights if weights is None else weights
        element = TensorProto.FLOAT if kind is np.float32 else TensorProto.DOUBLE
        ends = [
            helper.make_tensor_value_info(name, element, ["n", *shape])
            for name, shape in (("in", self.features), ("out", (self.targets,)))
        ]
        initializers = [numpy_helper.from_array(np.asarray(v, kind), name) for name, v in chosen.items()]
        constants = [
            node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(v, kind)))
            if np.asarray(v).dtype.kind == "f"
            else node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(v)))
            for name, v in (self.constants or {}).items()
        ]
        graph = helper.make_graph([*constants, *self.nodes], "given", [ends[0]], [ends[1]], initializers)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(made)
        return made

    def scores(self, weights: Mapping[str, Array], x: Array) -> Array:
        """(n, targets), in float64."""
        found: Any = ReferenceEvaluator(self.proto(np.float64, weights)).run(None, {"in": x})
        return np.asarray(found[0]).reshape(len(x), self.targets)

    def gradients(self, x: Array, y: Array) -> dict[str, Array]:
        """Of half the mean squared error of the records, by every weight."""
        exact = {name: np.asarray(v, np.float32).astype(np.float64) for name, v in self.weights.items()}

        def loss(weights: Mapping[str, Array]) -> float:
            return float(((self.scores(weights, x) - y) ** 2).sum() / 2 / len(x))

        found = {}
        for name, values in exact.items():
            if name in self.numbers:
                continue
            gradient, step = np.zeros(values.shape), 1e-5
            for at in np.ndindex(*values.shape):
                more, less = values.copy(), values.copy()
                more[at] += step
                less[at] -= step
                gradient[at] = (loss({**exact, name: more}) - loss({**exact, name: less})) / 2 / step
            found[name] = gradient
        return found


def as_in_file(name: str, moved: Array, shape: tuple[int, ...]) -> tuple[str, Array]:
    """A parameter's name in the file, and its values in the file's order."""
    of, *words = name.split("/")
    signed = -moved if "negated" in words else moved
    return of, signed.T if "transposed" in words else signed.reshape(shape)
