"""Inputs in range that take a value inside the network out of its calibrated range."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.errors import InputError

#: Opposite entries: their sum, which the network takes, is small in calibration and nowhere else.
SAMPLES = np.array([[t, 0.01 - t] for t in np.linspace(-1, 1, 32)])


def network() -> onnx.ModelProto:
    """y = relu(x0 + x1) / 2."""
    graph = helper.make_graph(
        [
            helper.make_node("Gemm", ["x", "w"], ["sum"]),
            helper.make_node("Relu", ["sum"], ["positive"]),
            helper.make_node("Gemm", ["positive", "half"], ["y"]),
        ],
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 2])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])],
        [
            numpy_helper.from_array(np.ones((2, 1), np.float32), "w"),
            numpy_helper.from_array(np.full((1, 1), 0.5, np.float32), "half"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("outputs", ["public", "committed"])
def test_a_value_inside_that_leaves_its_range(outputs: str) -> None:
    program, weights = tacit.compile(
        network(), calibration=SAMPLES, outputs=outputs, proofs=3, security=100, overflow="refuse"
    )
    secret = tacit.commit_model(program, weights)
    low, high = program.inputs["x"].range
    assert low <= 0.9 <= high
    with pytest.raises(InputError) as caught:
        tacit.prove(program, secret, {"x": np.array([[0.9, 0.9]])}, detail=True)
    assert caught.value.slug == "execution"
    hidden = caught.value.details["hidden"]
    assert hidden["where"] == "positive", "the tensor of the model, not a limb of it"
    found = re.fullmatch(
        r"expected a value in \[(-?\d+), (\d+)\], got (\d+) at 0, (\d+\.\d+) times the range", hidden["reason"]
    )
    assert found, hidden["reason"]
    low, high, value, times = (float(n) for n in found.groups())
    assert value > high > 0 > low
    assert times == pytest.approx(value / high, rel=1e-2)
    assert "overflow" in caught.value.remedy
    assert secret.remaining == 3, "what has no proof spends nothing"


def test_a_secret_of_another_program_spends_nothing() -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES, proofs=3, security=100)
    other, _ = tacit.compile(network(), calibration=SAMPLES, proofs=200, security=128)
    secret = tacit.commit_model(program, weights)
    with pytest.raises(InputError) as caught:
        tacit.prove(other, secret, {"x": SAMPLES[:1]})
    assert caught.value.slug == "header"
    assert "commit" in caught.value.remedy
    assert "Geometry" not in str(caught.value)
    assert secret.remaining == 3
