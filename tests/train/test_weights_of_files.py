"""What is a weight of an ONNX file: single numbers in Constant nodes, whole numbers, and what stands in local functions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from onnx import FunctionProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile

DRAWN = np.random.default_rng(0)
node = helper.make_node


def drawn(*shape: int) -> Any:
    return (DRAWN.normal(size=shape) * 0.5).astype(np.float32)


def constant(name: str, values: Any) -> NodeProto:
    return node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(values, np.float32)))


def file(
    nodes: Sequence[NodeProto], stored: Mapping[str, Any], targets: int = 2, features: int = 3, functions: Any = ()
) -> ModelProto:
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", n])
        for name, n in (("in", features), ("out", targets))
    ]
    tensors = [numpy_helper.from_array(values, name) for name, values in stored.items()]
    graph = helper.make_graph(list(nodes), "g", ends[:1], ends[1:], tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def compiled(model: ModelProto, targets: int = 2, features: int = 3, **options: Any) -> Deployment:
    numbers = [Column.number(f"y{i}", -2, 2, center=0, scale=1) for i in range(targets)]
    schema = Schema.array((features,), -2, 2, Label.numbers("y", numbers), id="id")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(0.25, 4, 1, order="committed")
        return compile(model, schema=schema, optimizer=optimizer, records=4, evaluate=0, **options)


def refused(model: ModelProto, *names: str, **options: Any) -> None:
    with pytest.raises(ModelError) as caught:
        compiled(model, **options)
    assert caught.value.slug == "weights"
    assert all(name in caught.value.place for name in names)
    assert caught.value.remedy


GEMM = node("Gemm", ["in", "w", "b"], ["out"])


@pytest.mark.parametrize(
    ("nodes", "name", "targets", "features"),
    [
        ([constant("b", [0.3]), GEMM], "b", 1, 3),
        ([constant("b0", [0.3]), node("Reshape", ["b0", "one"], ["b"]), GEMM], "b0", 1, 3),
        ([constant("w", [[0.3]]), GEMM], "w", 1, 1),
        ([node("Constant", [], ["b"], value_floats=[0.3]), node("MatMul", ["in", "w"], ["h"]), node("Add", ["h", "b"], ["out"])],
         "b", 1, 3),
        ([node("Constant", [], ["b0"], value_int=1), node("Cast", ["b0"], ["b"], to=1), GEMM], "b0", 1, 3),
    ],
    ids=["bias", "of another shape", "matrix", "value_floats", "cast"],
)  # fmt: skip
def test_single_numbers_as_weights(nodes: list[NodeProto], name: str, targets: int, features: int) -> None:
    made = {made for one in nodes for made in one.output}
    own = {"w": drawn(features, targets), "b": drawn(targets), "one": np.array([1], np.int64)}
    model = file(nodes, {key: value for key, value in own.items() if key not in made}, targets, features)
    refused(model, name, targets=targets, features=features)
    moving = {"w", "b"} - made
    if moving:
        assert set(compiled(model, targets, features, frozen=[name]).description.plan.network.parameters) >= moving


def test_single_numbers_of_the_architecture() -> None:
    nodes = [
        node("Gemm", ["in", "w", "b"], ["h"]), constant("half", 0.5), node("Mul", ["h", "half"], ["k"]),
        constant("one", 1.0), node("Add", ["k", "one"], ["out"]),
    ]  # fmt: skip
    network = compiled(file(nodes, {"w": drawn(3, 2), "b": drawn(2)})).description.plan.network
    assert {name for name in network.parameters if name not in network.frozen} == {"w", "b"}


@pytest.mark.parametrize("kind", [np.bool_, np.int64, np.int8])
def test_whole_numbers_are_no_weights(kind: Any) -> None:
    model = file([node("Cast", ["q"], ["w"], to=1), GEMM], {"q": np.eye(3, 2).astype(kind), "b": drawn(2)})
    refused(model, "q")
    made = compiled(model, frozen=["q"])
    assert made.description.plan.network.frozen
    rng = np.random.default_rng(0)
    data = rng.integers(-256, 256, (4, 3)), rng.integers(-256, 256, (4, 2))
    after = made.fit(made.initial, *data).weights
    moved = {name for name, values in made.initial.items() if not np.array_equal(values, after[name])}
    assert moved == {"b"}


def layer(*weights: NodeProto, name: str = "F") -> FunctionProto:
    nodes = [*weights, node("MatMul", ["x", "W"], ["z"]), node("Tanh", ["z"], ["y"])]
    return helper.make_function(
        "own", name, ["x"] if weights else ["x", "W"], ["y"], nodes, [helper.make_opsetid("", 17)]
    )


LAST = node("MatMul", ["k", "v"], ["out"])


def test_functions_that_are_called_more_than_once() -> None:
    own, v = layer(constant("W", drawn(3, 3))), {"v": drawn(3, 2)}
    twice = [node("F", ["in"], ["h"], domain="own"), node("F", ["h"], ["k"], domain="own"), LAST]
    refused(file(twice, v, functions=[own]), "W", "F")
    within = helper.make_function(
        "own", "G", ["x"], ["y"], [node("F", ["x"], ["y"], domain="own")], [helper.make_opsetid("own", 1)]
    )
    outer = [node("G", ["in"], ["h"], domain="own"), node("G", ["h"], ["k"], domain="own"), LAST]
    refused(file(outer, v, functions=[own, within]), "W", "F")


def test_functions_that_may_be_called() -> None:
    v = {"v": drawn(3, 2)}
    once = compiled(
        file([node("F", ["in"], ["k"], domain="own"), LAST], v, functions=[layer(constant("W", drawn(3, 3)))])
    )
    assert len(once.description.plan.network.parameters) == 2
    twice = [node("F", ["in", "a"], ["h"], domain="own"), node("F", ["h", "b"], ["k"], domain="own"), LAST]
    made = compiled(file(twice, {**v, "a": drawn(3, 3), "b": drawn(3, 3)}, functions=[layer()]))
    assert set(made.description.plan.network.parameters) == {"a", "b", "v"}
