"""Constants that a small file asks for: counted by shapes before a library or the importer makes one."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper
from onnx_models import model

from tacit.errors import ModelError
from tacit.graph import evaluate
from tacit.importers import load
from tacit.importers.onnx import census, simplify

node = helper.make_node
Case = tuple[list[NodeProto], dict[str, Any]]
HUGE = 2**24


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def grown(op: str, *inputs: str, **attrs: Any) -> list[NodeProto]:
    """k = op(..), a huge constant."""
    return [node(op, list(inputs), ["k"], **attrs)]


def doubled(steps: int) -> Case:
    """A constant of one entry, put beside itself over and over: no step alone is large."""
    nodes = [node("Concat", [f"c{i}", f"c{i}"], [f"c{i + 1}"], axis=0) for i in range(steps)]
    return [*nodes, node("Identity", [f"c{steps}"], ["k"])], {"c0": np.ones(1, np.float32)}


def summed(count: int) -> Case:
    """Many constants, each within bounds."""
    nodes = [node("ConstantOfShape", ["n"], [f"c{i}"]) for i in range(count)]
    nodes += [node("ReduceSum", [f"c{i}"], [f"s{i}"], keepdims=0) for i in range(count)]
    return [*nodes, node("Sum", [f"s{i}" for i in range(count)], ["k"])], {"n": ints(2**20)}


def multiplied() -> Case:
    """Entries that are few, of very many products."""
    nodes = [node("Expand", ["one", "s"], ["a"]), node("Transpose", ["a"], ["t"]), node("MatMul", ["a", "t"], ["k"])]
    return nodes, {"one": np.ones(1, np.float32), "s": ints(1024, 2048)}


def arithmetic() -> Case:
    """The size is computed, as exporters do."""
    nodes = [
        node("Shape", ["x"], ["n"]),
        node("Mul", ["n", "factor"], ["m"]),
        node("ReduceSum", ["m"], ["most"], keepdims=1),
        node("ConstantOfShape", ["most"], ["k"]),
    ]
    return nodes, {"factor": ints(HUGE)}


def hidden() -> Case:
    """In a branch."""
    branch = helper.make_graph(
        [node("ConstantOfShape", ["n"], ["b"])],
        "branch",
        [],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, None)],
    )
    return [node("If", ["yes"], ["k"], then_branch=branch, else_branch=branch)], {
        "yes": np.array(True),
        "n": ints(HUGE),
    }


one = np.ones(1, np.float32)
CASES: dict[str, tuple[Case, int]] = {
    "ConstantOfShape": ((grown("ConstantOfShape", "n"), {"n": ints(HUGE)}), 17),
    "Expand": ((grown("Expand", "one", "n"), {"one": one, "n": ints(HUGE)}), 17),
    "Tile": ((grown("Tile", "one", "n"), {"one": one, "n": ints(HUGE)}), 17),
    "Range": ((grown("Range", "a", "n", "d"), {"a": np.int64(0), "n": np.int64(HUGE), "d": np.int64(1)}), 17),
    "Pad": ((grown("Pad", "one", "n"), {"one": one, "n": ints(0, HUGE)}), 17),
    "Resize": (
        (grown("Resize", "cube", "", "", "n"), {"cube": np.ones((1, 1, 2), np.float32), "n": ints(1, 1, HUGE)}),
        17,
    ),
    "Upsample": ((grown("Upsample", "one", "f"), {"one": one, "f": np.array([HUGE], np.float32)}), 9),
    "OneHot": (
        (grown("OneHot", "i", "n", "v"), {"i": ints(0), "n": np.int64(HUGE), "v": np.array([0, 1], np.float32)}),
        17,
    ),
    "EyeLike": (
        ([node("Expand", ["one", "s"], ["a"]), *grown("EyeLike", "a")], {"one": one, "s": ints(4096, 4096)}),
        17,
    ),
    "RandomNormal": ((grown("RandomNormal", shape=[HUGE]), {}), 17),
    "RandomUniformLike": (
        ([node("Tile", ["one", "n"], ["a"]), *grown("RandomUniformLike", "a")], {"one": one, "n": ints(HUGE)}),
        17,
    ),
    "HannWindow": ((grown("HannWindow", "n"), {"n": np.int64(HUGE)}), 17),
    "Gather of an expanded": (
        (
            [node("Expand", ["one", "n"], ["a"]), node("Expand", ["zero", "n"], ["i"]), *grown("Gather", "a", "i")],
            {"one": one, "zero": ints(0), "n": ints(2**22)},
        ),
        17,
    ),
    "Concat, doubling": (doubled(24), 17),
    "many": (summed(9), 17),
    "MatMul": (multiplied(), 17),
    "computed size": (arithmetic(), 17),
    "a branch": (hidden(), 17),
}


def built(case: Case, opset: int = 17) -> onnx.ModelProto:
    """y = x + the mean of k."""
    nodes, constants = case
    kept = [
        *nodes,
        node("Cast", ["k"], ["float"], to=TensorProto.FLOAT),
        node("ReduceMean", ["float"], ["mean"], keepdims=0),
    ]
    return model([*kept, node("Add", ["x", "mean"], ["y"])], {"x": (3,)}, {"y": 1}, opset=opset, constants=constants)


@pytest.fixture
def nothing_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def started(*_: object) -> None:
        raise AssertionError("a simplifier was started")

    monkeypatch.setattr("tacit.importers.onnx.translate.simplify", started)


@pytest.mark.usefixtures("nothing_started")
@pytest.mark.parametrize("name", CASES)
def test_too_much(name: str) -> None:
    """Refused by name, with less memory than the constant would take."""
    case, opset = CASES[name]
    proto = built(case, opset)
    tracemalloc.start()
    try:
        with pytest.raises(ModelError) as refused:
            load(proto)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refused.value.slug == "too_large"
    assert refused.value.place.startswith("node ")
    assert "constants that are computed would cost" in refused.value.reason
    assert refused.value.remedy
    assert peak < 2**22


def test_a_size_that_no_shape_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """It hangs on the values of a large constant: no library is asked, and the importer does not compute it either."""
    monkeypatch.setattr("tacit.importers.onnx.translate.simplify", lambda _: pytest.fail("a simplifier was started"))
    nodes = [
        node("ConstantOfShape", ["n"], ["a"]),
        node("Cast", ["a"], ["whole"], to=TensorProto.INT64),
        node("ReduceProd", ["whole"], ["size"], keepdims=1),
        node("ConstantOfShape", ["size"], ["k"]),
    ]
    proto = built((nodes, {"n": ints(2**16)}))
    with pytest.raises(ModelError, match="cannot be told beforehand") as refused:
        load(proto)
    assert (refused.value.slug, refused.value.place) == (
        "unsupported_operator",
        "node ConstantOfShape_3 (ConstantOfShape)",
    )
    proto.graph.node[-1].input[1] = "x"  # nothing needs it now, but onnxruntime would compute it
    with pytest.raises(ModelError, match="nothing needs it") as refused:
        load(proto)
    assert refused.value.slug == "too_large"


def test_models_with_weights_may_fold_more() -> None:
    """Every weight may be turned and scaled a few times: 2^20 of them, folded at a cost of more than a bare model has."""
    size = 2**10
    nodes: list[NodeProto] = []
    last = "w"
    for step in range(6):
        nodes += [node("Transpose", [last], [f"t{step}"]), node("Mul", [f"t{step}", "half"], [f"w{step}"])]
        last = f"w{step}"
    weight = np.eye(size, dtype=np.float32)
    proto = model(
        [*nodes, node("MatMul", ["x", last], ["y"])],
        {"x": (1, size)},
        {"y": 2},
        constants={"w": weight, "half": np.float32(0.5)},
    )
    assert census.take_census(proto, census.most_folded(proto)).total > census.FREE
    graph = load(proto, simplified=False)
    assert [entry.op for entry in graph.nodes] == ["MatMul"]
    x = np.arange(size, dtype=np.float64).reshape(1, 1, size)
    assert np.array_equal(evaluate(graph, {"x": x})["y"], x / 64)


def test_what_a_library_leaves_is_counted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def worse(_: onnx.ModelProto) -> onnx.ModelProto:
        return built(CASES["Tile"][0])

    monkeypatch.setattr("tacit.importers.onnx.translate.simplify", worse)
    with pytest.raises(ModelError) as refused:
        load(model([node("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": 1}))
    assert (refused.value.slug, refused.value.place) == ("too_large", "node Tile_0 (Tile)")


def test_small_constants_are_still_folded() -> None:
    """Shape arithmetic as exporters write it has a known size at every step, and a library folds it."""
    nodes = [
        node("Shape", ["x"], ["s"]),
        node("Equal", ["s", "three"], ["q"]),
        node("Where", ["q", "s", "one"], ["w"]),
        node("Mod", ["w", "five"], ["n"]),
        node("ConstantOfShape", ["n"], ["k"]),
    ]
    proto = built((nodes, {"three": ints(3), "one": ints(1), "five": ints(5)}))
    found = census.take_census(proto, census.most_folded(proto))
    assert not found.unsized
    assert found.total < 64
    assert "ConstantOfShape" not in {entry.op_type for entry in simplify.simplify(proto).graph.node}
