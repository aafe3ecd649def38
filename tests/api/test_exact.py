"""Whole numbers that would become others on the way to float64 or int64 are refused by name, wherever they come in."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import NodeProto, TensorProto, helper, numpy_helper

import tacit
from tacit.api.scores import Labels
from tacit.errors import InputError, ModelError, TacitError
from tacit.exact import EXACT, as_floats, as_integers, inexact
from tacit.graph import evaluate
from tacit.importers import load
from tacit.importers.original import run_original

SAMPLES = np.random.default_rng(5).normal(size=(32, 3))
Compiled = tuple[tacit.Program, tacit.Weights]


def model(nodes: list[NodeProto], kind: int = TensorProto.FLOAT, **constants: np.ndarray) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "exact",
        [helper.make_tensor_value_info("x", kind, ["n", 3])],
        [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    weight = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    layer = model([helper.make_node("MatMul", ["x", "w"], ["y"])], w=weight)
    return tacit.compile(layer, calibration=SAMPLES, proofs=2, headroom=2.0, weights="public")


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (np.array([EXACT, -EXACT]), None),
        (np.array([1, EXACT + 1]), EXACT + 1),
        (np.array([-EXACT - 1]), -EXACT - 1),
        (np.array([np.iinfo(np.int64).min]), -(2**63)),
        (np.array([2**64 - 1], dtype=np.uint64), 2**64 - 1),
        (np.array([1, 2**70], dtype=object), 2**70),
        (np.array([1e300, 2.0**60]), None),
        (np.array([2**32 - 1], dtype=np.uint32), None),
        (np.array([], dtype=np.uint64), None),
    ],
)
def test_which_are_inexact(values: np.ndarray, wrong: int | None) -> None:
    assert inexact(values) == wrong
    if wrong is None:
        assert np.array_equal(as_floats(values, "x"), values)


def is_inexact(error: TacitError, place: str) -> None:
    assert (error.slug, error.place) == ("inexact", place)
    assert "2^53" in error.reason
    assert error.remedy


@pytest.mark.parametrize("dtype", [np.uint64, np.int64, object])
def test_inputs_and_samples(compiled: Compiled, dtype: Any) -> None:
    program, weights = compiled
    values = np.full((1, 3), EXACT + 1).astype(dtype)
    layer = model([helper.make_node("Relu", ["x"], ["y"])])
    for call in (
        lambda: tacit.run(program, weights, {"x": values}),
        lambda: tacit.evaluate(program, weights, {"x": values}),
        lambda: program.inputs["x"].quantize(values),
        lambda: tacit.compile(layer, calibration=values, proofs=2),
        lambda: tacit.compile(layer, calibration=SAMPLES, proofs=2, ranges={"x": (-(2**60) - 1, 2**60 + 1)}),
    ):
        with pytest.raises(InputError) as refused:
            call()
        is_inexact(refused.value, "x")


def test_weights_do_not_wrap(compiled: Compiled) -> None:
    program, weights = compiled
    name = next(name for name, values in weights.tensors.items() if np.any(values < 0))
    for values, slug, said in (
        (weights.tensors[name].view(np.uint64), "range", "expected integers below 2^63, got 1844"),
        (weights.tensors[name] + 0.5, "dtype", "expected integers, got float64"),
    ):
        changed = dataclasses.replace(weights, tensors={**weights.tensors, name: values})
        assert changed != weights
        for call in (
            lambda changed=changed: tacit.commit_model(program, changed),
            lambda changed=changed: tacit.run(program, changed, {"x": SAMPLES[:1]}),
            lambda changed=changed: changed.to_bytes(),
        ):
            with pytest.raises(InputError) as refused:
                call()
            assert (refused.value.slug, refused.value.place) == (slug, name)
            assert said in refused.value.reason
    assert np.array_equal(as_integers(np.array([2**63 - 1], dtype=np.uint64), "w"), [2**63 - 1])


def test_labels() -> None:
    labels = Labels.of(np.array([0, 2**64 - 1], dtype=np.uint64), 2, ["y"], None)
    with pytest.raises(InputError) as refused:
        labels.numbers(labels.arrays["y"], None)
    is_inexact(refused.value, "y")
    # As float64 this label would be the first class.
    named = Labels.of(np.array([EXACT + 1], dtype=np.uint64), 1, ["y"], np.array([EXACT, EXACT + 2]))
    with pytest.raises(InputError) as refused:
        named.numbers(named.arrays["y"], 2)
    assert refused.value.slug == "inexact"
    same = Labels.of(np.array([EXACT + 2]), 1, ["y"], np.array([EXACT, EXACT + 2]))
    assert same.numbers(same.arrays["y"], 2).tolist() == [1]


@pytest.mark.parametrize("value", [np.array([2**53 + 1]), np.array([2**64 - 1], dtype=np.uint64)])
def test_constants(value: np.ndarray) -> None:
    kind = TensorProto.INT64 if value.dtype == np.int64 else TensorProto.UINT64
    with pytest.raises(ModelError) as refused:
        load(model([helper.make_node("Mul", ["x", "c"], ["y"])], kind, c=value), simplified=False)
    is_inexact(refused.value, "node Mul_0 (Mul)")


@pytest.mark.parametrize("wrong", [-1.0, 256.0, 0.5])
def test_the_original_gets_what_its_type_holds(wrong: float) -> None:
    """A number of type uint8 that wraps would be another sample."""
    graph = load(model([helper.make_node("Mul", ["x", "x"], ["y"])], TensorProto.UINT8))
    assert run_original(graph, {"x": np.array([[0.0, 1.0, 2.0]])})["y"].tolist() == [[[0, 1, 4]]]
    with pytest.raises(InputError) as refused:
        run_original(graph, {"x": np.array([[0.0, 1.0, wrong]])})
    assert (refused.value.slug, refused.value.place) == ("range", "input x")
    assert f"from 0 to 255, got {wrong}" in refused.value.reason


def folded(nodes: list[NodeProto], **constants: np.ndarray) -> np.ndarray:
    """c of x + c, computed while importing."""
    graph = load(model([*nodes, helper.make_node("Add", ["x", "c"], ["y"])], **constants), simplified=False)
    return evaluate(graph, {"x": np.zeros((1, 3))})["y"].reshape(-1)


def test_folding_is_exact() -> None:
    ends = helper.make_node("Cast", ["q"], ["c"], to=TensorProto.FLOAT)
    divide = [helper.make_node("Div", ["a", "b"], ["p"]), helper.make_node("Sub", ["p", "near"], ["q"]), ends]
    far = 3 * (2**60 + 1)
    near = np.array([2**60, -2, 2])
    assert folded(divide, a=np.array([far, -7, -7]), b=np.array([3, 2, -2]), near=near).tolist() == [1, -1, 1]
    with pytest.raises(ModelError, match="division by zero"):
        folded(divide, a=np.array([far, 1, 1]), b=np.array([3, 0, 1]), near=near)
    three = {
        name: np.array(values, np.float32) for name, values in {"a": [1, 5, 9], "b": [2, 4, 6], "d": [7, 3, 8]}.items()
    }
    for op, wanted in (("Min", [1, 3, 6]), ("Max", [7, 5, 9])):
        assert folded([helper.make_node(op, ["a", "b", "d"], ["c"])], **three).tolist() == wanted
        assert folded([helper.make_node(op, ["a"], ["c"])], a=three["a"]).tolist() == [1, 5, 9]
    cast = [helper.make_node("Cast", ["a"], ["i"], to=TensorProto.INT32), helper.make_node("Cast", ["i"], ["c"], to=1)]
    assert folded(cast, a=np.array([-(2.0**31), 1.7, 2.0**31 - 128])).tolist() == [-(2.0**31), 1, 2.0**31 - 128]
    for value in (2.0**31, np.nan, -np.inf):
        with pytest.raises(ModelError, match="a number that int32 does not hold"):
            folded(cast, a=np.array([0, 1, value]))
