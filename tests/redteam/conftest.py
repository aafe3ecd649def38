"""A small network, compiled once; the helpers of this folder are importable."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit

sys.path.insert(0, str(Path(__file__).parent))

SAMPLES = np.random.default_rng(5).normal(size=(64, 4))
#: Proofs that a commitment is made for.
PROOFS = 3


def network() -> Any:
    """A 4-3 layer with a ReLU."""
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w", "b"], ["h"]), helper.make_node("Relu", ["h"], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(values.astype(np.float32), name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="session")
def compiled() -> tuple[tacit.Program, tacit.Weights]:
    """The program with private weights and private input, for PROOFS proofs."""
    return tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS, headroom=2.0)


@pytest.fixture(scope="session")
def public() -> tuple[tacit.Program, tacit.Weights]:
    """The same with public weights."""
    return tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS, headroom=2.0, weights="public")


@pytest.fixture(scope="session")
def sample() -> dict[str, Any]:
    """One input."""
    return {"x": SAMPLES[:1]}
