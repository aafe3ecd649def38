"""Small ONNX models for the importers' tests, and the comparison with onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tacit.graph import Graph, evaluate
from tacit.importers import load
from tacit.importers.original import run_original

FLOAT = TensorProto.FLOAT


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    outputs: Mapping[str, int],
    *,
    opset: int = 17,
    constants: Mapping[str, Any] | None = None,
    input_type: int = FLOAT,
    output_type: int = FLOAT,
    ml: int | None = None,
) -> onnx.ModelProto:
    """A model; ``inputs``: name -> shape, ``outputs``: name -> number of axes."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(name, input_type, list(shape)) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, output_type, [None] * rank) for name, rank in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in (constants or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid("ai.onnx.ml", ml)] if ml else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def agree(proto: onnx.ModelProto, data: Mapping[str, np.ndarray] | None = None, *, tolerance: float = 1e-4) -> Graph:
    """Import and evaluate; every output must agree with onnxruntime on the original. Returns the graph."""
    graph = load(proto)
    if data is None:
        data = {name: random(4, *graph.shapes[name], seed=index) for index, name in enumerate(graph.inputs)}
    found, wanted = evaluate(graph, data), run_original(graph, data)
    assert set(wanted) == set(graph.outputs)
    for name, values in wanted.items():
        assert found[name].shape == values.shape
        assert np.abs(found[name] - values).max() <= tolerance * max(1.0, float(np.abs(values).max()))
    well_formed(graph)
    for node in graph.nodes:
        assert found[node.outputs[0]].shape[1:] == graph.shapes[node.outputs[0]]
    return graph


def well_formed(graph: Graph) -> None:
    """What the quantiser relies on."""
    known = {*graph.inputs, *graph.constants}
    assert len({node.name for node in graph.nodes}) == len(graph.nodes)
    for node in graph.nodes:
        assert set(node.inputs) <= known
        assert len(node.outputs) == 1
        assert node.outputs[0] not in known
        assert any(name not in graph.constants for name in node.inputs)
        assert graph.sources[node.name]
        if node.op in ("Add", "Mul"):
            assert node.inputs[0] not in graph.constants
        if node.op == "Sub":
            assert node.inputs[1] not in graph.constants
        known.update(node.outputs)
    assert set(graph.outputs) <= known - set(graph.inputs) - set(graph.constants)
    assert set(graph.shapes) == set(graph.kinds) == known
    for name, value in graph.constants.items():
        assert value.dtype == np.float64
        assert np.isfinite(value).all()
        assert value.shape == graph.shapes[name]


def operators(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]
