"""Operators that are not supported: every one of a model is named at once, with what to do about it, and no other."""

from __future__ import annotations

import pickle
import re

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from onnx_models import model, random

from tacit.errors import ModelError
from tacit.graph import evaluate
from tacit.importers import load
from tacit.importers.onnx import translate as importer
from tacit.importers.onnx.advice import ADVICE, advice
from tacit.importers.onnx.registry import IMPORTERS, operator_name
from tacit.importers.original import run_original

node = helper.make_node


def refusal(proto: onnx.ModelProto) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load(proto)
    assert caught.value.slug == "unsupported_operator"
    return caught.value


def listed(error: ModelError) -> dict[str, list[str]]:
    return {entry["operator"]: entry["nodes"] for entry in error.details["unsupported"]}


def test_a_single_node() -> None:
    error = refusal(model([node("Det", ["x"], ["y"], name="deep")], {"x": (3, 3)}, {"y": 0}))
    assert error.place == "node deep (Det)"
    assert error.reason == "operator Det is not supported"
    assert error.remedy.endswith("docs/reference/operators.md lists what is taken")
    assert listed(error) == {"Det": ["deep"]}


def test_every_operator_is_named_at_once() -> None:
    nodes = [
        node("Exp", ["x"], ["a"], name="/a/Exp"),
        node("Relu", ["a"], ["b"]),
        node("Exp", ["b"], ["c"], name="/b/Exp"),
        node("CumSum", ["c", "axis"], ["d"], name="sums"),
        node("Sin", ["x"], ["e"], name="wave"),
        node("Add", ["d", "e"], ["y"]),
    ]
    error = refusal(model(nodes, {"x": (1, 4)}, {"y": 2}, constants={"axis": np.array(1)}))
    assert error.place == "model"
    assert error.reason == "not supported: Exp (2 nodes: /a/Exp, /b/Exp); CumSum (node sums); Sin (node wave)"
    assert "Exp: powers of e have no spelling" in error.remedy
    assert "CumSum: a product (MatMul)" in error.remedy
    assert listed(error) == {"Exp": ["/a/Exp", "/b/Exp"], "CumSum": ["sums"], "Sin": ["wave"]}
    assert error.details["unsupported"][1]["advice"] == ADVICE["CumSum"]


def test_uses_that_are_not_supported_are_named_too() -> None:
    """A node that depends on none of the others is looked at; one that does, only its operator."""
    nodes = [
        node("Div", ["x", "x"], ["a"], name="ratio"),
        node("Gather", ["table", "i"], ["b"], name="embedding"),
        node("Sin", ["a"], ["c"], name="wave"),
        node("Div", ["c", "a"], ["d"], name="later"),
        node("Cast", ["x"], ["i"], to=TensorProto.INT64, name="index"),
        node("Add", ["d", "b"], ["y"]),
    ]
    error = refusal(model(nodes, {"x": (4,)}, {"y": 1}, constants={"table": random(9)}))
    entries = {entry["operator"]: entry for entry in error.details["unsupported"]}
    assert {name: entry["nodes"] for name, entry in entries.items()} == {
        "Sin": ["wave"],
        "Div": ["ratio"],
        "Cast": ["index"],
    }
    assert "divisor" in entries["Div"]["why"]
    assert "divisor" in error.reason
    assert "why" not in entries["Sin"]


def test_what_folding_removes_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = [
        node("Shape", ["z"], ["s"]),
        node("Gather", ["s", "zero"], ["n"]),
        node("Range", ["zero", "n", "one"], ["r"]),
        node("ConstantOfShape", ["s"], ["o"]),
        node("Trilu", ["o"], ["t"]),
        node("Cast", ["r"], ["f"], to=TensorProto.FLOAT),
        node("Sqrt", ["f"], ["g"], name="of constants"),
        node("Add", ["z", "t"], ["u"]),
        node("Add", ["u", "g"], ["y"]),
    ]
    constants = {"zero": np.array(0), "one": np.array(1)}
    proto = model([node("Sin", ["x"], ["z"], name="wave"), *shapes], {"x": (3, 3)}, {"y": 2}, constants=constants)
    assert listed(refusal(proto)) == {"Sin": ["wave"]}
    monkeypatch.setattr(importer, "simplify", lambda proto: proto)
    assert listed(refusal(proto)) == {"Sin": ["wave"]}
    load(model([node("Relu", ["x"], ["z"]), *shapes], {"x": (3, 3)}, {"y": 2}, constants=constants))


def test_what_no_output_needs_is_not_named() -> None:
    nodes = [node("Sin", ["x"], ["unused"]), node("Relu", ["x"], ["y"])]
    load(model(nodes, {"x": (3,)}, {"y": 1}))
    error = refusal(model([*nodes, node("Cos", ["x"], ["z"])], {"x": (3,)}, {"y": 1, "z": 1}))
    assert list(listed(error)) == ["Cos"]


def test_operators_that_onnx_does_not_know() -> None:
    """Neither checked nor simplified: the other nodes are named all the same, but not what would have been folded."""
    nodes = [
        node("Magic", ["x"], ["a"], name="m", domain="me"),
        node("BiasGelu", ["a", "c"], ["b"], name="fused", domain="com.microsoft"),
        node("QGemm", ["b", "c"], ["d"], name="bytes", domain="com.microsoft"),
        node("Sin", ["c"], ["e"], name="of constants"),
        node("Sin", ["d"], ["f"], name="wave"),
        node("Add", ["e", "f"], ["y"]),
    ]
    error = refusal(model(nodes, {"x": (3,)}, {"y": 1}, constants={"c": random(3)}))
    names = ["me.Magic", "com.microsoft.BiasGelu", "com.microsoft.QGemm", "Sin"]
    assert listed(error) == dict(zip(names, [["m"], ["fused"], ["bytes"], ["wave"]], strict=True))
    assert "com.microsoft.BiasGelu: an operator of onnxruntime's own: export without optimisation" in error.remedy
    assert "com.microsoft.QGemm: give the float model" in error.remedy
    alone = refusal(model(nodes[:1], {"x": (3,)}, {"a": 1}))
    assert (alone.place, alone.reason) == ("node m (Magic)", "operator me.Magic is not supported")


def test_a_name_that_is_nearly_one() -> None:
    assert "is Softmax meant?" in refusal(model([node("SoftMax", ["x"], ["y"])], {"x": (3,)}, {"y": 1})).remedy
    assert "its own Relu is supported" in advice("me", "Relu")
    assert "meant" not in advice("", "Qwertyuiop")


def test_subgraphs_and_local_functions() -> None:
    branch = helper.make_graph(
        [node("Sin", ["x"], ["i"], name="inside"), node("Relu", ["i"], ["b"])],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [3])],
    )
    nodes = [
        node("ReduceSum", ["x"], ["s"], keepdims=0),
        node("Greater", ["s", "zero"], ["c"]),
        node("If", ["c"], ["d"], then_branch=branch, else_branch=branch, name="choice"),
        node("Twice", ["d"], ["y"], domain="local", name="call"),
    ]
    proto = model(nodes, {"x": (3,)}, {"y": 1}, constants={"zero": np.float32(0)})
    opsets = [helper.make_opsetid("", 17)]
    body = [node("Cos", ["v"], ["w"], name="cosine"), node("Exp", ["w"], ["u"])]
    proto.functions.append(helper.make_function("local", "Twice", ["v"], ["u"], body, opsets))
    proto.opset_import.append(helper.make_opsetid("local", 1))
    found = listed(refusal(proto))
    assert list(found) == ["If", "Sin", "Cos", "Exp"]
    assert found["If"] == ["choice"]
    assert found["Sin"][0] == "inside"


def test_a_hundred_nodes_stay_readable() -> None:
    names = sorted({name for name in ADVICE if "." not in name and name.startswith(tuple("ACS"))})
    nodes = [
        node(op, ["x"], [f"{op}{index}"], name=f"{'long/' * 40}{op}{index}", domain="me")
        for op in names
        for index in range(5)
    ]
    proto = model(nodes, {"x": (3,)}, {entry.output[0]: 1 for entry in nodes})
    error = refusal(proto)
    assert len(nodes) >= 100
    assert len(str(error)) < 6000
    assert f"and {len(names) - 12} more" in error.reason
    assert "and 2 more)" in error.reason
    assert sum(len(entry["nodes"]) for entry in error.details["unsupported"]) == len(nodes)
    assert pickle.loads(pickle.dumps(error)).details == error.details


def test_other_errors_do_not_hide_it() -> None:
    weight = random(3, 3)
    weight[0, 0] = np.nan
    nodes = [
        node("Sin", ["x"], ["a"]),
        node("Cast", ["x"], ["i"], to=TensorProto.INT64, name="index"),
        node("MatMul", ["x", "w"], ["b"]),
    ]
    error = refusal(model(nodes, {"x": (3, 3)}, {"a": 2, "b": 2}, constants={"w": weight}))
    assert list(listed(error)) == ["Sin"]


def test_advice_is_on_operators_that_exist_and_are_not_supported() -> None:
    for name, sentence in ADVICE.items():
        domain, _, op = name.rpartition(".")
        assert onnx.defs.has(op, domain), name
        assert (domain, op) not in IMPORTERS, f"{name} is supported: its advice can go"
        words = {word for word in re.findall(r"\b[A-Z]\w+", sentence) if onnx.defs.has(word)}
        assert not {word for word in words if ("", word) not in IMPORTERS}, name
    assert all(operator_name(*key) not in ADVICE for key in IMPORTERS)


MASK = np.tril(np.ones((4, 4), np.float32))
SAME = {
    "CumSum": (node("CumSum", ["x", "one"], ["y"]), [node("MatMul", ["x", "upper"], ["y"])], (3, 4)),
    "Trilu": (node("Trilu", ["x"], ["y"], upper=0), [node("Mul", ["x", "lower"], ["y"])], (4, 4)),
    "Tile": (node("Tile", ["x", "twice"], ["y"]), [node("Concat", ["x", "x"], ["y"], axis=1)], (3, 4)),
    "DepthToSpace": (
        node("DepthToSpace", ["x"], ["y"], blocksize=2),
        [
            node("Reshape", ["x", "blocks"], ["a"]),
            node("Transpose", ["a"], ["b"], perm=[0, 3, 4, 1, 5, 2]),
            node("Reshape", ["b", "image"], ["y"]),
        ],
        (1, 8, 3, 5),
    ),
    "Einsum": (node("Einsum", ["x", "x"], ["y"], equation="ij,kj->ik"),
               [node("Transpose", ["x"], ["t"]), node("MatMul", ["x", "t"], ["y"])], (3, 4)),
    "ReduceL1": (
        node("ReduceL1", ["x"], ["y"], axes=[1], keepdims=0),
        [node("Abs", ["x"], ["a"]), node("ReduceSum", ["a", "axis"], ["y"], keepdims=0)],
        (3, 4),
    ),
    "ReduceMax": (
        node("ReduceMax", ["x"], ["y"], axes=[1], keepdims=1),
        [node("Split", ["x"], ["a", "b", "c", "d"], axis=1), node("Max", ["a", "b", "c", "d"], ["y"])],
        (3, 4),
    ),
    "Where": (
        node("Where", ["c", "x", "lower"], ["y"]),
        [
            node("Cast", ["c"], ["n"], to=TensorProto.FLOAT),
            node("Mul", ["n", "x"], ["a"]),
            node("Sub", ["unit", "n"], ["m"]),
            node("Mul", ["m", "lower"], ["b"]),
            node("Add", ["a", "b"], ["y"]),
        ],
        (4, 4),
    ),
    "Equal": (
        node("Equal", ["sign", "unit"], ["e"]),
        [
            node("GreaterOrEqual", ["sign", "unit"], ["f"]),
            node("LessOrEqual", ["sign", "unit"], ["g"]),
            node("And", ["f", "g"], ["e"]),
        ],
        (4, 4),
    ),
    "Sign": (
        node("Sign", ["x"], ["y"]),
        [
            node("Greater", ["x", "none"], ["p"]),
            node("Less", ["x", "none"], ["q"]),
            node("Cast", ["p"], ["pf"], to=TensorProto.FLOAT),
            node("Cast", ["q"], ["qf"], to=TensorProto.FLOAT),
            node("Sub", ["pf", "qf"], ["y"]),
        ],
        (4, 4),
    ),
    "Resize": (
        node("Resize", ["x", "", "scales"], ["y"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        [
            node("Unsqueeze", ["x", "after"], ["a"]),
            node("Expand", ["a", "repeated"], ["b"]),
            node("Reshape", ["b", "large"], ["y"]),
        ],
        (1, 2, 3, 5),
    ),
    "ConvTranspose": (
        node("ConvTranspose", ["x", "kernel"], ["y"], strides=[1, 2]),
        [
            node("Reshape", ["x", "split"], ["a"]),
            node("Pad", ["a", "behind"], ["b"]),
            node("Reshape", ["b", "joined"], ["c"]),
            node("Pad", ["c", "around"], ["d"]),
            node("Conv", ["d", "turned"], ["y"]),
        ],
        (1, 1, 3, 5),
    ),
}  # fmt: skip
KERNEL = random(1, 1, 1, 3, seed=3)
CONSTANTS = {
    "one": np.array(1),
    "axis": np.array([1]),
    "upper": MASK.T.copy(),
    "lower": MASK,
    "twice": np.array([1, 2]),
    "blocks": np.array([1, 2, 2, 2, 3, 5]),
    "image": np.array([1, 2, 6, 10]),
    "unit": np.float32(1),
    "none": np.float32(0),
    "scales": np.array([1, 1, 2, 3], np.float32),
    "after": np.array([3, 5]),
    "repeated": np.array([1, 2, 3, 2, 5, 3]),
    "large": np.array([1, 2, 6, 15]),
    "kernel": KERNEL,
    "turned": KERNEL[..., ::-1].copy(),
    "split": np.array([1, 1, 3, 5, 1]),
    "behind": np.array([0] * 9 + [1]),
    "joined": np.array([1, 1, 3, 10]),
    "around": np.array([0, 0, 0, 2, 0, 0, 0, 1]),
}
BEFORE = {
    "Where": [node("Greater", ["x", "lower"], ["c"])],
    "Equal": [node("Relu", ["x"], ["r"]), node("Clip", ["r", "none", "unit"], ["sign"])],
}
AFTER = {"Equal": [node("Cast", ["e"], ["y"], to=TensorProto.FLOAT)]}


@pytest.mark.parametrize("name", SAME)
def test_what_advice_calls_the_same_is_the_same(name: str) -> None:
    original, spelled, shape = SAME[name]
    before, after = BEFORE.get(name, []), AFTER.get(name, [])

    def built(nodes: list[onnx.NodeProto]) -> onnx.ModelProto:
        whole = [*before, *nodes, *after]
        used = {name for entry in whole for name in entry.input}
        kept = {name: value for name, value in CONSTANTS.items() if name in used}
        return model(whole, {"x": shape}, {"y": len(shape) - (name == "ReduceL1")}, constants=kept)

    data = {"x": random(*shape, seed=5)}
    graph = load(built(spelled))
    wanted, found = run_original(built([original]), data)["y"], evaluate(graph, data)["y"]
    assert np.allclose(found, wanted, atol=1e-5)
