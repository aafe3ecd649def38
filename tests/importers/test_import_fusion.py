"""Rewrites: what they produce, and that they keep the values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx_models import agree, model, operators, random

from tacit.importers.onnx import translate as onnx

node = helper.make_node
HALF, ONE, ROOT2 = np.float32(0.5), np.float32(1.0), np.float32(np.sqrt(2))
CUBE, ROOT = np.float32(0.044715), np.float32(0.7978845608)


@pytest.fixture(autouse=True)
def no_simplifier(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rewrites are ours: without this, the library would do some of them first."""
    monkeypatch.setattr(onnx, "simplify", lambda proto: proto)


ERF_FORMS: list[list[Any]] = [
    [("Div", "x", "r", "a"), ("Erf", "a", "b"), ("Add", "b", "1", "c"), ("Mul", "x", "c", "d"), ("Mul", "d", "h", "y")],
    [("Div", "x", "r", "a"), ("Erf", "a", "b"), ("Add", "1", "b", "c"), ("Mul", "x", "h", "d"), ("Mul", "d", "c", "y")],
    [("Mul", "x", "i", "a"), ("Erf", "a", "b"), ("Add", "b", "1", "c"), ("Mul", "c", "h", "d"), ("Mul", "x", "d", "y")],
]


@pytest.mark.parametrize("form", ERF_FORMS)
@pytest.mark.parametrize("before", [False, True])
def test_gelu_from_erf(form: list[Any], before: bool) -> None:
    """``before``: the GELU's input is itself an elementwise function of the model's input."""
    nodes = [node(entry[0], list(entry[1:-1]), [entry[-1]]) for entry in form]
    if before:
        nodes.insert(0, node("Mul", ["input", "r"], ["x"]))
    constants = {"r": ROOT2, "i": np.float32(1 / np.sqrt(2)), "1": ONE, "h": HALF}
    graph = agree(model(nodes, {"input" if before else "x": (3, 4)}, {"y": 2}, constants=constants))
    assert operators(graph) == (["Mul", "Gelu"] if before else ["Gelu"])
    assert graph.nodes[-1].attrs == {"approximate": "none"}


@pytest.mark.parametrize("power", [True, False])
def test_gelu_from_tanh(power: bool) -> None:
    cube = [node("Pow", ["x", "3"], ["p"])]
    if not power:
        cube = [node("Mul", ["x", "x"], ["q"]), node("Mul", ["q", "x"], ["p"])]
    nodes = [
        *cube,
        node("Mul", ["p", "c"], ["s"]),
        node("Add", ["x", "s"], ["t"]),
        node("Mul", ["t", "r"], ["u"]),
        node("Tanh", ["u"], ["v"]),
        node("Add", ["v", "1"], ["w"]),
        node("Mul", ["x", "h"], ["z"]),
        node("Mul", ["z", "w"], ["y"]),
    ]
    constants = {"3": np.float32(3), "c": CUBE, "r": ROOT, "1": ONE, "h": HALF}
    graph = agree(model(nodes, {"x": (3, 4)}, {"y": 2}, constants=constants))
    assert operators(graph) == ["Gelu"]
    assert graph.nodes[0].attrs == {"approximate": "tanh"}


def test_almost_gelu_stays() -> None:
    nodes = [node(entry[0], list(entry[1:-1]), [entry[-1]]) for entry in ERF_FORMS[0]]
    constants = {"r": np.float32(1.5), "1": ONE, "h": HALF}
    graph = agree(model(nodes, {"x": (3, 4)}, {"y": 2}, constants=constants))
    assert "Gelu" not in operators(graph)


def test_gelu_whose_inside_is_an_output() -> None:
    nodes = [node(entry[0], list(entry[1:-1]), [entry[-1]]) for entry in ERF_FORMS[0]]
    constants = {"r": ROOT2, "1": ONE, "h": HALF}
    graph = agree(model(nodes, {"x": (3, 4)}, {"y": 2, "b": 2}, constants=constants))
    assert sorted(operators(graph)) == ["Erf", "Gelu", "Mul"]


def normalization(channels: int) -> dict[str, Any]:
    return {
        "s": random(channels, seed=5),
        "o": random(channels, seed=6),
        "m": random(channels, seed=7),
        "v": np.abs(random(channels, seed=8)) + 0.1,
    }


@pytest.mark.parametrize("bias", [False, True])
def test_batch_normalization_into_convolution(bias: bool) -> None:
    inputs = ["x", "w", "b"] if bias else ["x", "w"]
    nodes = [node("Conv", inputs, ["c"]), node("BatchNormalization", ["c", "s", "o", "m", "v"], ["y"])]
    constants = {"w": random(4, 3, 3, 3), **({"b": random(4)} if bias else {}), **normalization(4)}
    graph = agree(model(nodes, {"x": (1, 3, 6, 6)}, {"y": 4}, constants=constants))
    assert operators(graph) == ["Conv"]
    assert len(graph.nodes[0].inputs) == 3
    assert graph.sources[graph.nodes[0].name] == "Conv_0, BatchNormalization_1"


def test_batch_normalization_into_dense_layer() -> None:
    nodes = [node("Gemm", ["x", "w", "b"], ["c"]), node("BatchNormalization", ["c", "s", "o", "m", "v"], ["y"])]
    constants = {"w": random(3, 4), "b": random(4), **normalization(4)}
    graph = agree(model(nodes, {"x": (2, 3)}, {"y": 2}, constants=constants))
    assert operators(graph) == ["MatMul", "Add"]


def test_shared_weights_are_not_copied() -> None:
    nodes = [
        node("MatMul", ["x", "w"], ["a"]),
        node("Mul", ["a", "k"], ["b"]),
        node("MatMul", ["b", "w"], ["y"]),
    ]
    graph = agree(model(nodes, {"x": (2, 4)}, {"y": 2}, constants={"w": random(4, 4), "k": random(4)}))
    assert operators(graph) == ["MatMul", "Mul", "MatMul"]
    assert set(graph.constants) == {"w", "k"}


def test_used_twice_is_not_absorbed() -> None:
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Mul", ["a", "k"], ["b"]), node("Add", ["a", "b"], ["y"])]
    graph = agree(model(nodes, {"x": (2, 4)}, {"y": 2}, constants={"w": random(4, 4), "k": random(4)}))
    assert operators(graph) == ["MatMul", "Mul", "Add"]


def test_an_intermediate_output_is_not_absorbed() -> None:
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Mul", ["a", "k"], ["y"])]
    graph = agree(model(nodes, {"x": (2, 4)}, {"y": 2, "a": 2}, constants={"w": random(4, 4), "k": random(4)}))
    assert operators(graph) == ["MatMul", "Mul"]


def test_constants_together() -> None:
    nodes = [
        node("Add", ["x", "a"], ["1"]),
        node("Sub", ["1", "b"], ["2"]),
        node("Add", ["zero", "2"], ["3"]),
        node("Mul", ["3", "c"], ["4"]),
        node("Div", ["4", "d"], ["y"]),
    ]
    constants = {
        "a": random(4),
        "b": random(3, 1),
        "zero": np.float32(0),
        "c": random(1, 4, seed=1),
        "d": np.float32(3),
    }
    graph = agree(model(nodes, {"x": (3, 4)}, {"y": 2}, constants=constants))
    assert operators(graph) == ["Add", "Mul"]
    assert len(graph.constants) == 2


def test_a_constant_that_widens_stays_right() -> None:
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("Mul", ["a", "k"], ["b"]), node("Add", ["b", "o"], ["y"])]
    constants = {"w": random(4, 4), "k": random(3, 1, 1), "o": random(2, 1, 1, 4)}
    graph = agree(model(nodes, {"x": (2, 4)}, {"y": 4}, constants=constants))
    assert operators(graph) == ["MatMul", "Mul", "Add"]


def test_one_number_before_a_layer() -> None:
    nodes = [node("Div", ["x", "k"], ["a"]), node("Conv", ["a", "w", "b"], ["y"], pads=[1, 1, 1, 1])]
    constants = {"k": np.float32(255), "w": random(2, 3, 3, 3), "b": random(2)}
    graph = agree(model(nodes, {"x": (1, 3, 5, 5)}, {"y": 4}, constants=constants))
    assert operators(graph) == ["Conv"]


def test_padding_into_convolution_and_average() -> None:
    pads = np.array([0, 0, 1, 2, 0, 0, 3, 4], dtype=np.int64)
    for last in (
        node("Conv", ["a", "w"], ["y"], pads=[1, 0, 0, 1]),
        node("AveragePool", ["a"], ["y"], kernel_shape=[5, 5]),
    ):
        constants = {"p": pads, "w": random(2, 3, 3, 3)} if last.op_type == "Conv" else {"p": pads}
        graph = agree(model([node("Pad", ["x", "p"], ["a"]), last], {"x": (1, 3, 5, 5)}, {"y": 4}, constants=constants))
        assert operators(graph) == [last.op_type]


def test_layout_chains() -> None:
    nodes = [
        node("Transpose", ["x"], ["a"], perm=[2, 0, 1]),
        node("Transpose", ["a"], ["b"], perm=[1, 2, 0]),
        node("Reshape", ["b", "s"], ["c"]),
        node("Reshape", ["c", "t"], ["d"]),
        node("Relu", ["d"], ["y"]),
    ]
    constants = {"s": np.array([4, 6], dtype=np.int64), "t": np.array([2, 12], dtype=np.int64)}
    assert operators(agree(model(nodes, {"x": (2, 3, 4)}, {"y": 2}, constants=constants))) == ["Reshape", "Relu"]


def test_dead_nodes_go() -> None:
    nodes = [node("Relu", ["x"], ["y"]), node("MatMul", ["x", "w"], ["unused"])]
    graph = agree(model(nodes, {"x": (2, 3)}, {"y": 2}, constants={"w": random(3, 3)}))
    assert operators(graph) == ["Relu"]
    assert not graph.constants


@pytest.mark.parametrize("offset", [None, (), (1,), (8,), (2, 1)])
def test_two_linear_layers(offset: tuple[int, ...] | None) -> None:
    middle = [node("Add", ["a", "o"], ["b"])] if offset is not None else [node("Identity", ["a"], ["b"])]
    nodes = [node("MatMul", ["x", "w"], ["a"]), *middle, node("MatMul", ["b", "u"], ["y"])]
    constants = {"w": random(4, 8), "u": random(8, 3), "o": random(*(offset or ()))}
    graph = agree(model(nodes, {"x": (2, 4)}, {"y": 2}, constants=constants))
    assert operators(graph) == (["MatMul"] if offset is None else ["MatMul", "Add"])


def test_a_bottleneck_stays() -> None:
    nodes = [node("MatMul", ["x", "w"], ["a"]), node("MatMul", ["a", "u"], ["y"])]
    graph = agree(model(nodes, {"x": (2, 8)}, {"y": 2}, constants={"w": random(8, 1), "u": random(1, 8)}))
    assert operators(graph) == ["MatMul", "MatMul"]
