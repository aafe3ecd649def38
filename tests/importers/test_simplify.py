"""What the simplifying libraries may do to a model: fold and rewrite, but not fuse, and not change what it computes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_models import agree, model, random

from tacit.importers.onnx import simplify
from tacit.importers.onnx.simplify import operators

node = helper.make_node
Nodes = list[onnx.NodeProto]
Pattern = tuple[Nodes, dict[str, np.ndarray], int]


def attention(opset: int = 17) -> Pattern:
    """Two heads of width 4 over 3 positions, in plain operators, as exporters write it."""
    nodes, constants = [], {"heads": np.array([0, 0, 2, 4]), "flat": np.array([0, 0, 8]), "scale": np.float32(0.5)}
    for index, name in enumerate("qkv"):
        constants[f"w{name}"] = random(8, 8, seed=index) * np.float32(0.3)
        nodes += [
            node("MatMul", ["x", f"w{name}"], [f"{name}0"]),
            node("Reshape", [f"{name}0", "heads"], [f"{name}1"]),
            node("Transpose", [f"{name}1"], [f"{name}2"], perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3]),
        ]
    nodes += [
        node("MatMul", ["q2", "k2"], ["s0"]),
        node("Mul", ["s0", "scale"], ["s1"]),
        node("Softmax", ["s1"], ["s2"], axis=-1),
        node("MatMul", ["s2", "v2"], ["o0"]),
        node("Transpose", ["o0"], ["o1"], perm=[0, 2, 1, 3]),
        node("Reshape", ["o1", "flat"], ["y"]),
    ]
    return nodes, constants, opset


def layer_norm(skip: bool) -> Pattern:
    """Normalisation over the last axis, perhaps of a sum."""
    source = "sum" if skip else "x"
    nodes = [node("Mul", ["x", "two"], ["twice"]), node("Add", ["x", "twice"], ["sum"])] if skip else []
    nodes += [
        node("ReduceMean", [source], ["mean"], axes=[-1], keepdims=1),
        node("Sub", [source, "mean"], ["d"]),
        node("Pow", ["d", "two"], ["dd"]),
        node("ReduceMean", ["dd"], ["var"], axes=[-1], keepdims=1),
        node("Add", ["var", "eps"], ["v"]),
        node("Sqrt", ["v"], ["root"]),
        node("Div", ["d", "root"], ["n"]),
        node("Mul", ["n", "g"], ["ng"]),
        node("Add", ["ng", "b"], ["y"]),
    ]
    constants = {"two": np.float32(2), "eps": np.float32(1e-5), "g": random(8, seed=1), "b": random(8, seed=2)}
    return nodes, constants, 17


def rms_norm() -> Pattern:
    nodes = [
        node("Mul", ["x", "x"], ["xx"]),
        node("ReduceMean", ["xx", "last"], ["m"], keepdims=1),
        node("Add", ["m", "eps"], ["v"]),
        node("Sqrt", ["v"], ["root"]),
        node("Div", ["x", "root"], ["n"]),
        node("Mul", ["n", "g"], ["y"]),
    ]
    return nodes, {"last": np.array([-1]), "eps": np.float32(1e-5), "g": random(8, seed=1)}, 23


def gelu(kind: str, opset: int) -> Pattern:
    """By erf or tanh, of the input with a bias."""
    nodes = [node("Add", ["x", "b"], ["t"])]
    if kind == "erf":
        nodes += [node("Div", ["t", "root2"], ["u"]), node("Erf", ["u"], ["e"])]
    else:
        nodes += [
            node("Mul", ["t", "t"], ["t2"]),
            node("Mul", ["t2", "t"], ["t3"]),
            node("Mul", ["t3", "cubic"], ["c"]),
            node("Add", ["t", "c"], ["i"]),
            node("Mul", ["i", "outer"], ["o"]),
            node("Tanh", ["o"], ["e"]),
        ]
    nodes += [node("Add", ["e", "one"], ["f"]), node("Mul", ["t", "f"], ["h"]), node("Mul", ["h", "half"], ["y"])]
    constants = {
        "b": random(8, seed=1),
        "root2": np.float32(np.sqrt(2)),
        "cubic": np.float32(0.044715),
        "outer": np.float32(np.sqrt(2 / np.pi)),
        "one": np.float32(1),
        "half": np.float32(0.5),
    }
    return nodes, constants, opset


def conv_relu() -> Pattern:
    nodes = [
        node("Unsqueeze", ["x", "first"], ["image"]),
        node("Conv", ["image", "k"], ["c"], pads=[1, 1, 1, 1]),
        node("Add", ["c", "b"], ["cb"]),
        node("Relu", ["cb"], ["y"]),
    ]
    return nodes, {"first": np.array([1]), "k": random(2, 1, 3, 3), "b": random(2, 1, 1, seed=1)}, 17


def matmul_scale() -> Pattern:
    nodes = [
        node("Transpose", ["x"], ["t"], perm=[0, 2, 1]),
        node("MatMul", ["x", "t"], ["p"]),
        node("Mul", ["p", "s"], ["y"]),
    ]
    return nodes, {"s": np.float32(0.25)}, 17


def l2_norm() -> Pattern:
    return [node("ReduceL2", ["x"], ["n"], axes=[-1], keepdims=1), node("Div", ["x", "n"], ["y"])], {}, 17


#: Pattern, and whether every operator in it is supported.
PATTERNS: dict[str, tuple[Callable[[], Pattern], bool]] = {
    "attention": (attention, True),
    "attention, opset 23": (lambda: attention(23), True),
    "layer norm": (lambda: layer_norm(skip=False), False),
    "layer norm of a sum": (lambda: layer_norm(skip=True), False),
    "rms norm": (rms_norm, False),
    "l2 norm": (l2_norm, False),
    "gelu": (lambda: gelu("erf", 17), True),
    "gelu, opset 20": (lambda: gelu("erf", 20), True),
    "gelu by tanh": (lambda: gelu("tanh", 17), True),
    "conv and relu": (conv_relu, True),
    "product and scale": (matmul_scale, True),
}


def built(pattern: Pattern) -> onnx.ModelProto:
    nodes, constants, opset = pattern
    used = {name for entry in nodes for name in entry.input}
    kept = {name: value for name, value in constants.items() if name in used}
    return model(
        nodes, {"x": (2, 3, 8)}, {"y": 4 if nodes[0].op_type == "Unsqueeze" else 3}, opset=opset, constants=kept
    )


def run(proto: onnx.ModelProto, feed: dict[str, np.ndarray]) -> np.ndarray:
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, feed)[0])


def same_values(before: onnx.ModelProto, after: onnx.ModelProto, *shape: int) -> None:
    feed = {"x": random(*shape, seed=7)}
    wanted, found = run(before, feed), run(after, feed)
    assert found.shape == wanted.shape
    assert np.allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("held_back", [True, False])
@pytest.mark.parametrize("name", PATTERNS)
def test_nothing_is_fused(name: str, held_back: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the fusions switched off, and where the library has no such switch."""
    if not held_back:
        monkeypatch.setattr(simplify, "UNWANTED_FUSIONS", [])
    pattern, supported = PATTERNS[name]
    proto = built(pattern())
    result = simplify.simplify(proto)
    assert {domain for domain, _ in operators(result)} == {""}
    fused = {"Attention", "LayerNormalization", "RMSNormalization", "RotaryEmbedding"}
    assert not fused & {op for _, op in operators(result)}
    assert [(entry.domain, entry.version) for entry in result.opset_import] == [("", proto.opset_import[0].version)]
    same_values(proto, result, 2, 3, 8)
    if supported:
        agree(proto)


@pytest.mark.parametrize(
    ("domain", "op"), [("com.microsoft", "BiasGelu"), ("", "LayerNormalization"), ("com.microsoft", "Attention")]
)
def test_a_result_with_a_foreign_operator_is_not_taken(domain: str, op: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fusion a later version of a library has."""

    def fuse(proto: onnx.ModelProto) -> onnx.ModelProto:
        result = onnx.ModelProto()
        result.CopyFrom(proto)
        del result.graph.node[:]
        result.graph.node.append(node(op, ["x", "b"], ["y"], domain=domain))
        if domain:
            result.opset_import.append(helper.make_opsetid(domain, 1))
        tried.append(op)
        return result

    tried: list[str] = []
    monkeypatch.setattr(simplify, "_by_onnxsim", fuse)
    proto = built(gelu("erf", 17))
    assert (domain, op) not in operators(simplify.simplify(proto))
    assert tried == [op]
    agree(proto)


def test_an_operator_of_the_model_itself_stays() -> None:
    """What the model has from the start is named by the importer: the simplifier need not be held back."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Reshape", ["x", "s"], ["r"]),
        node("LayerNormalization", ["r", "g"], ["y"], axis=-1),
    ]
    result = simplify.simplify(model(nodes, {"x": (2, 8)}, {"y": 2}, constants={"g": random(8)}))
    assert [entry.op_type for entry in result.graph.node] == ["LayerNormalization"]


def test_a_result_of_an_unknown_operator_set_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(proto: onnx.ModelProto) -> onnx.ModelProto:
        result = onnx.ModelProto()
        result.CopyFrom(proto)
        result.opset_import[0].version = 6
        return result

    monkeypatch.setattr(simplify, "_by_onnxsim", old)
    result = simplify.simplify(model([node("Relu", ["x"], ["y"])], {"x": (2, 8)}, {"y": 2}))
    assert result.opset_import[0].version == 17


UNARY = ["Relu", "Tanh", "Sigmoid", "Neg", "Abs", "Erf", "Identity"]
BLOCKS = [*UNARY, "Add", "Mul", "Sub", "Div", "MatMul", "Gemm", "Softmax", "Reshape", "Transpose", "Concat", "Split"]
BLOCKS += ["ReduceMean", "Slice", "Pad", "Conv", "ArgMax", "Clip", "Where", "Pow", "Expand"]


class Blocks:
    """Nodes that keep the shape (4, 6), after one another or beside the input; constants of several shapes."""

    def __init__(self) -> None:
        self.nodes: Nodes = []
        self.constants: dict[str, np.ndarray] = {}
        self.current = "x"

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def emit(self, op: str, *inputs: str, outputs: int = 1, **attrs: object) -> str:
        names = [f"t{len(self.nodes)}_{index}" for index in range(outputs)]
        self.nodes.append(node(op, list(inputs), names, **attrs))
        return names[0]

    def add(self, op: str, choice: int) -> None:
        if op in UNARY:
            self.current = self.emit(op, self.current)
        elif op in ("Reshape", "Transpose", "Concat", "Split", "Slice", "Pad", "Expand"):
            self.current = self.moved(op, choice)
        else:
            self.current = self.computed(op, choice)

    def moved(self, op: str, choice: int) -> str:
        source = self.current
        if op == "Reshape":
            shape = [[2, 12], [24], [-1, 3], [0, 2, 3]][choice % 4]
            return self.emit(op, self.emit(op, source, self.constant(shape)), self.constant([4, 6]))
        if op == "Transpose":
            return self.emit(op, self.emit("Relu", self.emit(op, source)))
        if op == "Concat":
            start, end = self.constant([choice % 3]), self.constant([choice % 3 + 6])
            return self.emit("Slice", self.emit(op, source, "x", axis=1), start, end, self.constant([1]))
        if op == "Split":
            first = self.emit(op, source, axis=1, outputs=2)
            return self.emit("Concat", first.replace("_0", "_1"), first, axis=1)
        if op == "Slice":  # backwards
            return self.emit(op, source, *(self.constant(value) for value in ([5], [-9], [1], [-1])))
        if op == "Pad":
            mode = ["constant", "reflect", "edge"][choice % 3]
            padded = self.emit(op, source, self.constant([0, 1, 0, 0]), mode=mode)
            return self.emit("Slice", padded, self.constant([0, 1]), self.constant([4, 7]))
        assert op == "Expand"
        filled = self.emit(op, self.constant(random(6, seed=choice)), self.emit("Shape", source))
        return self.emit("Add", source, filled)

    def computed(self, op: str, choice: int) -> str:
        source = self.current
        other = random(*[(), (6,), (1, 6), (4, 1), (4, 6)][choice % 5], seed=choice)
        if op in ("Add", "Mul", "Sub"):
            pair = [source, "x" if choice == 5 else self.constant(other)]
            return self.emit(op, *(pair[::-1] if choice % 2 else pair))
        if op == "Div":
            return self.emit(op, source, self.constant(np.abs(other) + np.float32(0.5)))
        if op in ("MatMul", "Gemm"):
            weight = self.constant(random(6, 6, seed=choice) * np.float32(0.4))
            if op == "Gemm":
                return self.emit(op, source, weight, self.constant(random(6, seed=9)), transB=choice % 2)
            return self.emit("Add", self.emit(op, source, weight), self.constant(other))
        if op == "Softmax":
            return self.emit(op, source, axis=choice % 2)
        if op == "ReduceMean":
            return self.emit("Sub", source, self.emit(op, source, axes=[choice % 2], keepdims=1))
        if op == "Conv":
            axes, kernel = self.constant([0, 1]), self.constant(random(1, 1, 3, 3, seed=choice))
            image = self.emit(op, self.emit("Unsqueeze", source, axes), kernel, pads=[1, 1, 1, 1])
            return self.emit("Squeeze", self.emit("Mul", image, self.constant(np.float32(0.5))), axes)
        if op == "ArgMax":
            index = self.emit(op, source, axis=1, keepdims=1, select_last_index=choice % 2)
            return self.emit("Add", source, self.emit("Cast", index, to=onnx.TensorProto.FLOAT))
        if op == "Clip":
            return self.emit(op, source, self.constant(np.float32(-0.5)), self.constant(np.float32(0.7)))
        if op == "Where":
            return self.emit(op, self.emit("Greater", source, self.constant(other)), source, "x")
        assert op == "Pow"
        return self.emit(op, source, self.constant(np.float32(2)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(BLOCKS), st.integers(0, 5)), min_size=1, max_size=7))
def test_the_values_stay(steps: list[tuple[str, int]]) -> None:
    blocks = Blocks()
    for op, choice in steps:
        blocks.add(op, choice)
    nodes = [*blocks.nodes, node("Identity", [blocks.current], ["y"])]
    proto = model(nodes, {"x": (4, 6)}, {"y": 2}, constants=blocks.constants)
    result = simplify.simplify(proto)
    same_values(proto, result, 4, 6)
    assert not operators(result) - operators(proto) - set(simplify.IMPORTERS) - simplify.FOLDED
