"""Models that crash the libraries, or unfold without bounds: refused by name before a library sees them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import FunctionProto, NodeProto, TensorProto, helper, numpy_helper

import tacit
from tacit.errors import ModelError
from tacit.graph import evaluate
from tacit.importers import load

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
SHAPE = (1, 2, 6)


def model(
    nodes: Sequence[NodeProto], functions: Sequence[FunctionProto] = (), **constants: np.ndarray
) -> onnx.ModelProto:
    """x of shape (1, 2, 6) to y, whose shape is not declared."""
    graph = helper.make_graph(
        list(nodes),
        "hostile",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
        [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=OPSETS, ir_version=8, functions=list(functions))


def function(name: str, nodes: Sequence[NodeProto]) -> FunctionProto:
    return helper.make_function("local", name, ["a"], ["b"], list(nodes), OPSETS)


def call(name: str, source: str, target: str) -> NodeProto:
    return helper.make_node(name, [source], [target], domain="local")


def refused(found: onnx.ModelProto) -> ModelError:
    with pytest.raises(ModelError) as error:
        load(found)
    assert error.value.remedy
    return error.value


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool", "LpPool", "Conv"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("strides", [0]),
        ("strides", [-1]),
        ("strides", [2**62]),
        ("dilations", [0]),
        ("kernel_shape", [0]),
        ("pads", [0, 2**40]),
    ],
)
def test_numbers_of_windows(operator: str, name: str, value: list[int]) -> None:
    attributes: dict[str, Any] = {"kernel_shape": [2], name: value}
    inputs = ["x", "w"] if operator == "Conv" else ["x"]
    node = helper.make_node(operator, inputs, ["y"], **attributes)
    error = refused(model([node], w=np.ones((1, 2, 2), np.float32)))
    assert (error.slug, error.place) == ("attribute", f"node {operator}_0 ({operator})")
    assert f"got {value[-1]}" in error.reason
    within = helper.make_node(operator, ["a"] * len(inputs), ["b"], **attributes)
    assert refused(model([call("f", "x", "y")], [function("f", [within])])).slug == "attribute"


@pytest.mark.parametrize("group", [0, -1])
def test_groups(group: int) -> None:
    node = helper.make_node("Conv", ["x", "w"], ["y"], group=group)
    assert refused(model([node], w=np.ones((1, 2, 2), np.float32))).slug == "attribute"


@pytest.mark.parametrize("alpha", [np.inf, np.nan])
def test_slopes_that_are_no_numbers(alpha: float) -> None:
    assert refused(model([helper.make_node("LeakyRelu", ["x"], ["y"], alpha=alpha)])).slug == "attribute"


def test_local_functions() -> None:
    """Calls within calls; their outputs need no declared shape."""
    inner = function("inner", [helper.make_node("Relu", ["a"], ["b"])])
    outer = function("outer", [call("inner", "a", "t"), helper.make_node("Neg", ["t"], ["b"])])
    graph = load(
        model(
            [call("outer", "x", "h"), call("inner", "x", "g"), helper.make_node("Add", ["h", "g"], ["y"])],
            [inner, outer],
        )
    )
    x = np.random.default_rng(0).normal(size=SHAPE)
    assert np.allclose(evaluate(graph, {"x": x[None]})["y"], 0)
    assert graph.shapes["y"] == SHAPE


def test_recursion() -> None:
    once = function("f", [call("f", "a", "b")])
    error = refused(model([call("f", "x", "y")], [once]))
    assert (error.place, error.reason) == ("function f", "it calls itself")
    there, back = function("f", [call("g", "a", "b")]), function("g", [call("f", "a", "b")])
    assert refused(model([call("f", "x", "y")], [there, back])).reason == "it calls itself"
    chain = [function(f"f{i}", [call(f"f{i + 1}", "a", "b")]) for i in range(200)]
    assert "deep" in refused(model([call("f0", "x", "y")], chain)).reason


def test_functions_that_double() -> None:
    """2^40 nodes in 40 functions: counted, not unfolded."""
    last = function("f0", [helper.make_node("Relu", ["a"], ["b"])])
    more = [function(f"f{i}", [call(f"f{i - 1}", "a", "t"), call(f"f{i - 1}", "t", "b")]) for i in range(1, 41)]
    error = refused(model([call("f40", "x", "y")], [last, *more]))
    assert (error.slug, error.place) == ("too_large", "functions")


def external(location: str) -> onnx.ModelProto:
    """y = x + c, with c outside the file, inside a function."""
    tensor = TensorProto(name="c", data_type=TensorProto.FLOAT, dims=[6], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value=location)
    add = [helper.make_node("Constant", [], ["c"], value=tensor), helper.make_node("Add", ["a", "c"], ["b"])]
    return model([call("f", "x", "y")], [function("f", add)])


def test_data_of_functions_lies_beside_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "elsewhere").mkdir()
    right, wrong = np.arange(6, dtype=np.float32), np.full(6, 9, np.float32)
    (tmp_path / "model" / "c.bin").write_bytes(right.tobytes())
    (tmp_path / "elsewhere" / "c.bin").write_bytes(wrong.tobytes())
    path = tmp_path / "model" / "m.onnx"
    path.write_bytes(external("c.bin").SerializeToString())
    monkeypatch.chdir(tmp_path / "elsewhere")
    graph = load(path)
    x = np.zeros((1, *SHAPE))
    assert np.array_equal(evaluate(graph, {"x": x})["y"].reshape(2, 6), [right, right])
    assert refused(external("c.bin")).slug == "external_data"


@pytest.mark.parametrize("location", ["c\0.bin", "x" * 5000, "", "none.bin", "../m.onnx"])
def test_places_of_data(tmp_path: Path, location: str) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(external(location).SerializeToString())
    with pytest.raises(ModelError) as error:
        load(path)
    assert error.value.slug == "external_data"
    assert error.value.remedy


def test_long_names() -> None:
    long = "n" * 70_000
    found = model([helper.make_node("Relu", ["x"], [long]), helper.make_node("Neg", [long], ["y"])])
    error = refused(found)
    assert error.slug == "structure"
    assert "got 70000" in error.reason
    assert len(error.place) < 100


def test_a_model_whose_name_is_no_text(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/m\xfe.onnx")
    try:
        Path(path).write_bytes(model([helper.make_node("Relu", ["x"], ["y"])]).SerializeToString())
    except OSError:
        pytest.skip("a file system of text only")
    samples = np.random.default_rng(0).normal(size=(4, *SHAPE))
    program, _ = tacit.compile(path, calibration=samples, proofs=2)
    assert str(program.report).startswith("against onnxruntime")


@pytest.mark.parametrize("part", ["op_type", "name", "domain", "input", "attribute", "axis", "data"])
def test_names_that_are_no_text(part: str, tmp_path: Path) -> None:
    """A file may hold any bytes where text belongs; the libraries raise errors of their own for them."""
    found = external("MARK") if part == "data" else model([helper.make_node("LeakyRelu", ["x"], ["y"], alpha=0.5)])
    node = found.graph.node[0]
    if part in ("op_type", "name", "domain"):
        setattr(node, part, "MARK")
    elif part == "input":
        node.input[0] = found.graph.input[0].name = "MARK"
    elif part == "attribute":
        node.attribute[0].name = "MARK"
    elif part == "axis":
        found.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "MARK"
    path = tmp_path / "m.onnx"
    path.write_bytes(found.SerializeToString().replace(b"MARK", b"\xff\xfe\xfd\xfc"))
    for source in (path, path.read_bytes()):
        with pytest.raises(ModelError, match="not UTF-8 text") as error:
            load(source)
        assert error.value.slug == "structure"
