"""A network behind a service: its weights are what attacks are after."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import tacit

WIDTHS = (6, 5, 3, 1)
RNG = np.random.default_rng(3)
SAMPLES = RNG.normal(size=(300, 6)).astype(np.float32)
QUERIES = 60


def network() -> onnx.ModelProto:
    """6-5-3-1 with ReLUs; its tensors' names are in no other text."""
    rng = np.random.default_rng(7)
    nodes, constants, last = [], [], "x"
    for layer, (n, m) in enumerate(pairwise(WIDTHS)):
        w, b = rng.normal(scale=1.5, size=(n, m)), rng.normal(size=m)
        constants += [numpy_helper.from_array(v.astype(np.float32), f"{k}{layer}") for k, v in (("w", w), ("b", b))]
        out = f"covert{layer}"
        nodes.append(helper.make_node("Gemm", [last, f"w{layer}", f"b{layer}"], [out]))
        last = out
        if layer < len(WIDTHS) - 2:
            nodes.append(helper.make_node("Relu", [out], [f"covert_relu{layer}"]))
            last = f"covert_relu{layer}"
    graph = helper.make_graph(
        nodes,
        "layers",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, ["n", 1])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def corners(program: tacit.Program) -> list[Any]:
    """Inputs in range, every entry at one of its ends: these go furthest inside."""
    low, high = program.inputs["x"].range
    return [np.where(signs, high, low).reshape(1, 6) for signs in np.random.default_rng(3).random((QUERIES, 6)) < 0.5]
