"""A small trained network, compiled once in every way that the calls know, and committed."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.neural_network import MLPClassifier

import tacit

Floats = npt.NDArray[Any]
#: Proofs that the commitments of these tests are made for.
PROOFS = 3


@dataclass(frozen=True)
class Trained:
    """Weights and samples (n, 4) of y = W2 relu(W1 x + b1) + b2."""

    parameters: tuple[Floats, ...]
    samples: Floats

    def __call__(self, x: Floats) -> Floats:
        """The float model."""
        w1, b1, w2, b2 = self.parameters
        return np.asarray(np.maximum(x @ w1 + b1, 0) @ w2 + b2)

    def onnx(self) -> onnx.ModelProto:
        """The same network by its nodes."""
        names = ("w1", "b1", "w2", "b2")
        nodes = [
            helper.make_node("Gemm", ["x", "w1", "b1"], ["h"]),
            helper.make_node("Relu", ["h"], ["a"]),
            helper.make_node("Gemm", ["a", "w2", "b2"], ["y"]),
        ]
        graph = helper.make_graph(
            nodes,
            "mlp 4-6-1",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
            [numpy_helper.from_array(a, n) for a, n in zip(self.parameters, names, strict=True)],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def train(seed: int) -> Trained:
    rng = np.random.default_rng(seed)
    samples = rng.normal(size=(200, 4)).astype(np.float32)
    labels = (samples[:, 0] * samples[:, 1] > 0).astype(np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it need not converge
        fitted = MLPClassifier((6,), max_iter=60, random_state=seed).fit(samples, labels)
    (w1, w2), (b1, b2) = fitted.coefs_, fitted.intercepts_
    return Trained(tuple(np.asarray(a, dtype=np.float32) for a in (w1, b1, w2, b2)), samples)


@cache
def compiled(seed: int, options: tuple[tuple[str, Any], ...]) -> tuple[tacit.Program, tacit.Weights]:
    trained = train(seed)
    return tacit.compile(trained.onnx(), calibration={"x": trained.samples}, proofs=PROOFS, **dict(options))


@dataclass(frozen=True)
class Case:
    """A program with the weights it was compiled from, and inputs for it."""

    program: tacit.Program
    weights: tacit.Weights
    trained: Trained

    @property
    def inputs(self) -> dict[str, Floats]:
        """As many samples as the program takes."""
        return {"x": self.trained.samples[: self.program.inputs["x"].shape[0]]}

    def commit(self, **options: Any) -> tacit.Secret:
        """A fresh commitment to the weights."""
        return tacit.commit_model(self.program, self.weights, **options)
