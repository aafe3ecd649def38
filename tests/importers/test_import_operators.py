"""Every ONNX operator with an importer, in the forms that exporters write, against onnxruntime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import agree, model, operators, random

from tacit.importers import load
from tacit.importers.onnx import translate as importer

node = helper.make_node


def one(op: str, shape: tuple[int, ...], rank: int, *, opset: int = 17, constants: Any = None, **attrs: Any) -> Any:
    """A model of one node that reads ``x`` and the given constants."""
    names = list(constants or {})
    return model([node(op, ["x", *names], ["y"], **attrs)], {"x": shape}, {"y": rank}, opset=opset, constants=constants)


UNARY: list[tuple[str, int, dict[str, Any]]] = [
    ("Relu", 17, {}),
    ("LeakyRelu", 17, {}),
    ("LeakyRelu", 17, {"alpha": 0.3}),
    ("Sigmoid", 17, {}),
    ("Tanh", 17, {}),
    ("Erf", 17, {}),
    ("Neg", 17, {}),
    ("Abs", 17, {}),
    ("HardSigmoid", 17, {}),
    ("HardSigmoid", 17, {"alpha": 0.25, "beta": 0.4}),
    ("HardSwish", 17, {}),
    ("Gelu", 20, {}),
    ("Gelu", 20, {"approximate": "tanh"}),
    ("Clip", 10, {"min": -0.5, "max": 0.25}),
    ("Clip", 10, {"min": 0.1}),
    ("Softmax", 17, {}),
    ("Softmax", 17, {"axis": 0}),
    ("Softmax", 12, {"axis": 1}),
    ("Softmax", 11, {"axis": 2}),
    ("Softmax", 12, {"axis": -1}),
    ("Flatten", 17, {}),
    ("Flatten", 17, {"axis": 2}),
    ("Flatten", 17, {"axis": 0}),
    ("Flatten", 17, {"axis": -1}),
    ("Transpose", 17, {}),
    ("Transpose", 17, {"perm": [0, 2, 1]}),
    ("ReduceMean", 17, {}),
    ("ReduceMean", 17, {"axes": [-1], "keepdims": 0}),
    ("ReduceSum", 12, {"axes": [0, 2]}),
    ("ReduceSumSquare", 17, {"axes": [1]}),
    ("ArgMax", 17, {"axis": 1}),
    ("ArgMax", 17, {"axis": -1, "keepdims": 0}),
    ("ArgMin", 17, {"axis": 1, "keepdims": 0}),
]
RANKS = {"Flatten": 2}


@pytest.mark.parametrize(("op", "opset", "attrs"), UNARY)
def test_unary(op: str, opset: int, attrs: dict[str, Any]) -> None:
    rank = RANKS.get(op, 2 if attrs.get("keepdims") == 0 else 3)
    kind = TensorProto.INT64 if op in ("ArgMax", "ArgMin") else TensorProto.FLOAT
    agree(
        model([node(op, ["x"], ["y"], **attrs)], {"x": (2, 3, 4)}, {"y": rank}, opset=opset, output_type=kind),
    )


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Max", "Min"])
@pytest.mark.parametrize("form", ["tensors", "constant", "constant first", "broadcast"])
def test_binary(op: str, form: str) -> None:
    shape = (1, 4) if form == "broadcast" else (3, 4)
    inputs: dict[str, Any] = {"x": (3, 4)}
    constants = {}
    if form in ("tensors", "broadcast"):
        inputs["z"] = shape
    else:
        constants["z"] = random(3, 4, seed=7)
    order = ["z", "x"] if form == "constant first" else ["x", "z"]
    agree(model([node(op, order, ["y"])], inputs, {"y": 2}, constants=constants))


def test_division_by_constants_is_a_product() -> None:
    graph = agree(one("Div", (3, 4), 2, constants={"c": random(4) + 3}))
    assert operators(graph) == ["Mul"]


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0, 4.0, 7.0])
def test_power(exponent: float) -> None:
    agree(
        model(
            [node("Pow", ["x", "e"], ["p"]), node("Neg", ["p"], ["y"])],
            {"x": (3, 4)},
            {"y": 2},
            constants={"e": np.float32(exponent)},
        ),
    )


@pytest.mark.parametrize("op", ["Sum", "Mean"])
def test_variadic(op: str) -> None:
    agree(model([node(op, ["x", "z", "c"], ["y"])], {"x": (3, 4), "z": (1, 4)}, {"y": 2}, constants={"c": random(4)}))


def test_prelu() -> None:
    agree(one("PRelu", (1, 3, 4, 4), 4, constants={"s": random(3, 1, 1)}))
    graph = agree(one("PRelu", (1, 3), 2, constants={"s": random(1)}))
    assert "LeakyRelu" not in operators(graph), "an attribute is public, and the slope was learned"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-0.5, 0.5, "Clip"), (0.0, None, "Relu"), (None, 0.3, "Clip"), (None, None, "Reshape")],
)
def test_clip_bounds_as_inputs(low: float | None, high: float | None, expected: str) -> None:
    constants = {name: np.float32(value) for name, value in (("lo", low), ("hi", high)) if value is not None}
    inputs = ["x", "lo" if low is not None else "", "hi" if high is not None else ""]
    graph = agree(model([node("Clip", inputs, ["y"])], {"x": (3, 4)}, {"y": 2}, constants=constants))
    assert operators(graph) == [expected]


@pytest.mark.parametrize(
    "attrs",
    [
        {},
        {"transB": 1},
        {"transA": 1, "alpha": 0.5},
        {"transA": 1, "transB": 1, "alpha": 2.0, "beta": 0.25},
        {"beta": 0.0},
    ],
)
def test_gemm(attrs: dict[str, Any]) -> None:
    shape = (4, 2) if attrs.get("transA") else (2, 4)
    weight = random(3, 4) if attrs.get("transB") else random(4, 3)
    graph = agree(one("Gemm", shape, 2, constants={"w": weight, "b": random(3)}, **attrs))
    assert set(operators(graph)) <= {"MatMul", "Add", "Transpose"}


def test_gemm_with_constant_left() -> None:
    proto = model([node("Gemm", ["w", "x"], ["y"], alpha=0.5)], {"x": (4, 3)}, {"y": 2}, constants={"w": random(2, 4)})
    assert operators(agree(proto)) == ["MatMul"]


@pytest.mark.parametrize(
    ("left", "right"), [((2, 3, 4), (4, 5)), ((2, 3, 4), (2, 4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((4,), (4,))]
)
def test_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rank = np.matmul(np.zeros(left), np.zeros(right)).ndim
    agree(one("MatMul", left, rank, constants={"w": random(*right)}))
    agree(model([node("MatMul", ["x", "z"], ["y"])], {"x": left, "z": right}, {"y": rank}))


CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((1, 3, 8, 8), (4, 3, 3, 3), {}),
    ((2, 3, 8, 9), (4, 3, 3, 2), {"strides": [2, 1], "pads": [1, 0, 2, 1]}),
    ((1, 4, 8, 8), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
    ((1, 4, 8, 8), (6, 2, 3, 3), {"group": 2, "dilations": [2, 2]}),
    ((1, 3, 7, 8), (2, 3, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    ((1, 3, 7, 8), (2, 3, 4, 4), {"auto_pad": "SAME_LOWER"}),
    ((1, 3, 7, 8), (2, 3, 3, 3), {"auto_pad": "VALID"}),
    ((1, 3, 10), (5, 3, 4), {"strides": [3], "pads": [2, 1]}),
]


@pytest.mark.parametrize(("shape", "weight", "attrs"), CONVOLUTIONS)
@pytest.mark.parametrize("bias", [False, True])
def test_convolution(shape: tuple[int, ...], weight: tuple[int, ...], attrs: dict[str, Any], bias: bool) -> None:
    constants = {"w": random(*weight)} | ({"b": random(weight[0])} if bias else {})
    graph = agree(one("Conv", shape, len(shape), constants=constants, **attrs))
    assert set(graph.nodes[-1].attrs) == {"strides", "dilations", "pads", "group"}
    assert len(graph.nodes[-1].inputs) == 3 if bias else 2


POOLS: list[tuple[tuple[int, ...], dict[str, Any]]] = [
    ((1, 2, 8, 8), {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ((1, 2, 9, 7), {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 0, 1, 1]}),
    ((1, 2, 9, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
    ((1, 2, 6, 6), {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1}),
    ((1, 2, 7, 8), {"kernel_shape": [3, 3], "strides": [2, 2], "auto_pad": "SAME_UPPER"}),
    ((1, 2, 7, 8), {"kernel_shape": [2, 3], "auto_pad": "SAME_LOWER"}),
    ((1, 3, 11), {"kernel_shape": [3], "strides": [2]}),
]


@pytest.mark.parametrize(("shape", "attrs"), POOLS)
@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pool(op: str, shape: tuple[int, ...], attrs: dict[str, Any]) -> None:
    agree(one(op, shape, len(shape), **attrs))


def test_pool_variants() -> None:
    agree(one("MaxPool", (1, 2, 9, 9), 4, kernel_shape=[2, 2], dilations=[3, 2]))
    padded = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]}
    graph = agree(one("AveragePool", (1, 2, 8, 8), 4, count_include_pad=1, **padded))
    assert operators(graph) == ["AveragePool"]
    graph = agree(one("AveragePool", (1, 2, 8, 8), 4, **padded))
    assert operators(graph) == ["AveragePool", "Mul"]
    assert all(entry.attrs["count_include_pad"] == 1 for entry in graph.nodes if entry.op == "AveragePool")
    assert operators(agree(one("GlobalAveragePool", (2, 3, 4, 5), 4))) == ["GlobalAveragePool"]
    assert operators(agree(one("GlobalMaxPool", (2, 3, 4, 5), 4))) == ["MaxPool"]


@pytest.mark.parametrize("shape", [[2, 12], [-1, 4], [0, -1], [4, 3, 2], [0, 0, 2, 2]])
def test_reshape(shape: list[int]) -> None:
    graph = agree(one("Reshape", (2, 3, 4), len(shape), constants={"s": np.array(shape, dtype=np.int64)}))
    assert min(graph.nodes[-1].attrs["shape"]) > 0


@pytest.mark.parametrize("opset", [12, 17])
def test_squeeze_and_unsqueeze(opset: int) -> None:
    axes = np.array([0, -1], dtype=np.int64)
    for op, shape, rank in (("Squeeze", (1, 3, 1), 1), ("Unsqueeze", (3, 4), 4)):
        if opset < 13:
            agree(one(op, shape, rank, opset=opset, axes=axes.tolist()))
        else:
            agree(one(op, shape, rank, opset=opset, constants={"a": axes}))


SLICES: list[dict[str, list[int]]] = [
    {"starts": [1], "ends": [3]},
    {"starts": [-2, 0], "ends": [10**12, -1], "axes": [2, 0]},
    {"starts": [3, 4], "ends": [-(10**12), 0], "axes": [1, 2], "steps": [-1, -2]},
    {"starts": [0], "ends": [5], "axes": [-1], "steps": [2]},
]


@pytest.mark.parametrize("bounds", SLICES)
def test_slice(bounds: dict[str, list[int]]) -> None:
    constants = {name: np.array(value, dtype=np.int64) for name, value in bounds.items()}
    agree(one("Slice", (4, 5, 6), 3, constants=constants))


def test_slice_with_attributes() -> None:
    agree(one("Slice", (4, 5), 2, opset=9, starts=[1, -3], ends=[3, 100], axes=[0, 1]))


def test_split() -> None:
    sizes = np.array([1, 3, 2], dtype=np.int64)
    names = ["a", "b", "c"]
    outputs = dict.fromkeys(names, 2)
    agree(model([node("Split", ["x", "s"], names, axis=1)], {"x": (2, 6)}, outputs, constants={"s": sizes}))
    agree(model([node("Split", ["x"], names, axis=-1, split=[1, 3, 2])], {"x": (2, 6)}, outputs, opset=12))
    agree(model([node("Split", ["x"], names, axis=1)], {"x": (2, 6)}, outputs))
    agree(model([node("Split", ["x"], names, axis=1, num_outputs=3)], {"x": (2, 7)}, outputs, opset=18))


@pytest.mark.parametrize("indices", [2, [0], [3, 1, 0, 0, 4], [[0, 1], [2, -1]], [1, 3]])
def test_gather_constant_indices(indices: Any) -> None:
    index = np.array(indices, dtype=np.int64)
    graph = agree(one("Gather", (2, 5, 3), 2 + index.ndim, constants={"i": index}, axis=1))
    assert set(operators(graph)) <= {"Slice", "Concat", "Reshape"}


def test_concat() -> None:
    proto = model(
        [node("Concat", ["x", "c", "z"], ["y"], axis=-1)],
        {"x": (2, 3), "z": (2, 1)},
        {"y": 2},
        constants={"c": random(2, 2)},
    )
    assert operators(agree(proto)) == ["Concat"]


def test_expand() -> None:
    agree(one("Expand", (3, 1), 3, constants={"s": np.array([2, 1, 4], dtype=np.int64)}))


@pytest.mark.parametrize("value", [0.0, 1.5])
def test_pad(value: float) -> None:
    pads = np.array([0, 1, -1, 2, 0, 1], dtype=np.int64)
    agree(one("Pad", (2, 3, 4), 3, constants={"p": pads, "v": np.float32(value)}))
    agree(one("Pad", (2, 3, 4), 3, opset=10, pads=[1, 0, 0, 0, 2, 0], value=value))
    partial = {"p": np.array([1, 2], dtype=np.int64), "v": np.float32(value), "a": np.array([-1], dtype=np.int64)}
    agree(one("Pad", (2, 3, 4), 3, opset=18, constants=partial))


def test_reduce_with_axes_as_inputs() -> None:
    axes = {"a": np.array([-1, 0], dtype=np.int64)}
    agree(one("ReduceSum", (2, 3, 4), 1, constants=axes, keepdims=0))
    agree(one("ReduceMean", (2, 3, 4), 3, opset=18, constants=axes))
    nothing = {"a": np.array([], dtype=np.int64)}
    graph = agree(one("ReduceSum", (2, 3), 2, constants=nothing, noop_with_empty_axes=1))
    assert operators(graph) == ["Reshape"]


def test_argmax_takes_the_first() -> None:
    proto = model([node("ArgMax", ["x"], ["y"], axis=1)], {"x": (1, 4)}, {"y": 2}, output_type=TensorProto.INT64)
    graph = agree(proto, {"x": np.array([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0]], dtype=np.float32)})
    assert graph.kinds["y"] == "int"


@pytest.mark.parametrize(("mode", "opset"), [("reflect", 10), ("edge", 13), ("reflect", 17), ("wrap", 19)])
def test_pad_that_repeats_entries(mode: str, opset: int) -> None:
    pads = [0, 2, 1, 0, 0, 3]
    if opset == 10:
        agree(one("Pad", (2, 3, 4), 3, opset=opset, pads=pads, mode=mode))
    else:
        agree(one("Pad", (2, 3, 4), 3, opset=opset, constants={"p": np.array(pads, np.int64)}, mode=mode))


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("keepdims", [0, 1])
def test_the_last_of_equal_entries(op: str, keepdims: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "simplify", lambda proto: proto)  # the library has a rewriting of its own
    nodes = [node(op, ["x"], ["y"], axis=1, keepdims=keepdims, select_last_index=1)]
    proto = model(nodes, {"x": (2, 4)}, {"y": 1 + keepdims}, output_type=TensorProto.INT64)
    rows = np.array([[1, 0, 1, 0], [0, 1, 0, 1], [2, 2, 2, 2], [3, 1, 2, 1]], dtype=np.float32)
    agree(proto, {"x": np.stack([rows[:2], rows[2:]])})


@pytest.mark.parametrize("op", ["Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
@pytest.mark.parametrize("order", [["x", "c"], ["c", "x"], ["x", "z"]])
def test_comparison(op: str, order: list[str]) -> None:
    inputs: dict[str, Any] = {"x": (3, 4)} | ({"z": (3, 4)} if "z" in order else {})
    data = {name: np.round(random(5, 3, 4, seed=len(name) + ord(name))) for name in inputs}
    proto = model(
        [node(op, order, ["y"])],
        inputs,
        {"y": 2},
        constants={"c": np.float32([0, 1, -1, 2])} if "c" in order else None,
        output_type=TensorProto.BOOL,
    )
    graph = agree(proto, data)
    assert graph.nodes[-1].inputs[1] in graph.constants
    assert graph.kinds["y"] == "bool"


@pytest.mark.parametrize("op", ["And", "Or", "Xor"])
def test_logic(op: str) -> None:
    proto = model(
        [node(op, ["x", "z"], ["a"]), node("Not", ["a"], ["b"]), node("Cast", ["b"], ["y"], to=TensorProto.INT8)],
        {"x": (4,), "z": (4,)},
        {"y": 1},
        input_type=TensorProto.BOOL,
        output_type=TensorProto.INT8,
    )
    agree(proto, {"x": np.array([0, 0, 1, 1]), "z": np.array([0, 1, 0, 1])})


def test_harmless_casts_disappear() -> None:
    nodes = [
        node("Greater", ["x", "c"], ["g"]),
        node("Cast", ["g"], ["i"], to=TensorProto.INT32),
        node("Cast", ["i"], ["f"], to=TensorProto.FLOAT),
        node("Cast", ["f"], ["d"], to=TensorProto.DOUBLE),
        node("Identity", ["d"], ["y"]),
    ]
    proto = model(nodes, {"x": (5,)}, {"y": 1}, constants={"c": np.float32(0)}, output_type=TensorProto.DOUBLE)
    assert operators(agree(proto)) == ["Greater"]


def test_dropout_and_identity_disappear() -> None:
    nodes = [node("Relu", ["x"], ["a"]), node("Dropout", ["a"], ["b"]), node("Identity", ["b"], ["y"])]
    graph = agree(model(nodes, {"x": (5,)}, {"y": 1}))
    assert operators(graph) == ["Relu"]
    assert graph.outputs == ("y",)


def test_an_output_that_is_an_input_has_a_node() -> None:
    graph = agree(model([node("Identity", ["x"], ["y"])], {"x": (5,)}, {"y": 1}))
    assert (operators(graph), graph.outputs) == (["Reshape"], ("y",))


@pytest.mark.parametrize("opset", [8, 13, 15])
def test_batch_normalization_alone(opset: int) -> None:
    parameters = {"s": random(3), "b": random(3, seed=1), "m": random(3, seed=2), "v": np.abs(random(3, seed=3))}
    graph = agree(one("BatchNormalization", (2, 3, 4, 4), 4, opset=opset, constants=parameters))
    assert operators(graph) == ["Mul", "Add"]


def test_free_batch_axis() -> None:
    proto = model([node("Relu", ["x"], ["y"])], {"x": ("batch", 3)}, {"y": 2})
    assert load(proto).shapes["x"] == (1, 3)
    assert load(proto, batch=4).shapes["y"] == (4, 3)
    pair = model([node("Add", ["x", "z"], ["y"])], {"x": ("n", 3), "z": (3, "n")}, {"y": 2})
    assert load(pair, batch=3).shapes["z"] == (3, 3)
