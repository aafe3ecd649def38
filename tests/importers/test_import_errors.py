"""What the importers refuse: which error, where, and what it advises."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import model, random

from tacit.errors import InputError, ModelError, TacitError
from tacit.graph import evaluate
from tacit.importers import load
from tacit.importers.onnx import translate as importer
from tacit.importers.original import run_original

node = helper.make_node


def refusal(source: Any, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load(source, **options)
    return caught.value


def dense(weight: np.ndarray) -> onnx.ModelProto:
    return model([node("MatMul", ["x", "w"], ["y"], name="layer")], {"x": (1, 4)}, {"y": 2}, constants={"w": weight})


@pytest.mark.parametrize(
    ("nodes", "shape", "word"),
    [
        ([node("Div", ["x", "x"], ["y"])], (3,), "divisor"),
        ([node("Pow", ["x", "c"], ["y"])], (3,), "exponent"),
        ([node("Conv", ["x", "x"], ["y"])], (1, 1, 3, 3), "weight"),
        ([node("Conv", ["x", "w5"], ["y"])], (1, 1, 3, 3, 3), "spatial"),
        ([node("Pad", ["x", "p"], ["y"], mode="around")], (3,), "mode around"),
        ([node("Pad", ["x", "p"], ["y"], mode="reflect")], (1,), "mode reflect"),
        (
            [node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2]), node("Cast", ["i"], ["z"], to=1)],
            (1, 1, 3, 3),
            "indices",
        ),
        ([node("MaxPool", ["x"], ["y"], kernel_shape=[2, 2], pads=[2, 2, 2, 2])], (1, 1, 3, 3), "padding"),
        ([node("Cast", ["x"], ["y"], to=TensorProto.INT64)], (3,), "cast"),
        ([node("Cast", ["x"], ["y"], to=TensorProto.BOOL)], (3,), "cast"),
        ([node("Dropout", ["x", "r", "t"], ["y"])], (3,), "training_mode"),
        ([node("Clip", ["x", "one", "c"], ["y"])], (3,), "above"),
        ([node("Gather", ["x", "far"], ["y"])], (3,), "out of range"),
    ],
)
def test_unsupported_use(
    nodes: list[onnx.NodeProto], shape: tuple[int, ...], word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "simplify", lambda proto: proto)  # the library rewrites some of these uses
    constants = {
        "c": np.float32(0.5),
        "one": np.float32(1),
        "w5": random(1, 1, 2, 2, 2),
        "p": np.array([1, 1], dtype=np.int64),
        "r": np.float32(0.5),
        "t": np.array(True),
        "far": np.array([9], dtype=np.int64),
    }
    used = {name for entry in nodes for name in entry.input}
    outputs = {nodes[0].output[0]: 0} if len(nodes) == 1 else {"y": 0, "z": 0}
    proto = model(nodes, {"x": shape}, outputs, constants={name: constants[name] for name in constants if name in used})
    error = refusal(proto)
    assert error.slug == "unsupported_operator"
    assert word in error.reason
    assert error.place.startswith("node ")


def test_dynamic_shapes() -> None:
    relu = [node("Relu", ["x"], ["y"])]
    error = refusal(model(relu, {"x": (1, "length")}, {"y": 2}))
    assert (error.slug, error.place) == ("dynamic_shape", "input x")
    assert "axis 1 (length)" in error.reason
    assert refusal(model(relu, {"x": (1, None)}, {"y": 2})).slug == "dynamic_shape"
    proto = model(relu, {"x": (1, 2)}, {"y": 2})
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    assert refusal(proto).slug == "dynamic_shape"
    assert refusal(model(relu, {"x": (1, 2)}, {"y": 2}), batch=0).slug == "dynamic_shape"


def test_an_output_that_is_an_input() -> None:
    error = refusal(model([node("Relu", ["x"], ["y"])], {"x": (1, 2)}, {"y": 2, "x": 2}))
    assert (error.slug, error.place) == ("structure", "output x")
    assert "Identity" in error.remedy


def test_a_batch_that_no_axis_takes() -> None:
    relu = [node("Relu", ["x"], ["y"])]
    error = refusal(model(relu, {"x": (1, 2)}, {"y": 2}), batch=4)
    assert (error.slug, error.place) == ("batch", "option batch")
    assert "x [1, 2]" in error.reason
    assert load(model(relu, {"x": (4, 2)}, {"y": 2}), batch=4).shapes["y"] == (4, 2)
    assert load(model(relu, {"x": ("n", 2)}, {"y": 2}), batch=4).shapes["y"] == (4, 2)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite(value: float) -> None:
    weight = random(4, 2)
    weight[1, 1] = value
    error = refusal(dense(weight))
    assert (error.slug, error.place) == ("not_finite", "node layer (MatMul)")
    assert "w" in error.reason


def test_cycle() -> None:
    nodes = [node("Add", ["x", "b"], ["a"], name="first"), node("Relu", ["a"], ["b"], name="second")]
    error = refusal(model(nodes, {"x": (3,)}, {"b": 1}))
    assert (error.slug, error.place) == ("cycle", "node first (Add)")


def test_nodes_out_of_order_are_sorted() -> None:
    nodes = [node("Tanh", ["a"], ["y"]), node("Sigmoid", ["x"], ["a"])]
    assert [entry.op for entry in load(model(nodes, {"x": (3,)}, {"y": 1})).nodes] == ["Sigmoid", "Tanh"]


def test_missing_input() -> None:
    error = refusal(model([node("Add", ["x", "ghost"], ["y"], name="sum")], {"x": (3,)}, {"y": 1}))
    assert (error.slug, error.place) == ("missing_input", "node sum (Add)")
    assert "ghost" in error.reason
    error = refusal(model([node("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": 1, "z": 1}))
    assert (error.slug, error.place) == ("missing_input", "output z")


def test_duplicates() -> None:
    nodes = [node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"], name="again")]
    error = refusal(model(nodes, {"x": (3,)}, {"y": 1}))
    assert (error.slug, error.place) == ("duplicate", "node again (Tanh)")
    proto = model([node("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": 1})
    proto.graph.input.append(proto.graph.input[0])
    assert refusal(proto).slug == "duplicate"
    proto = dense(random(4, 2))
    proto.graph.initializer.append(proto.graph.initializer[0])
    assert refusal(proto).slug == "duplicate"


def test_equal_node_names_are_told_apart() -> None:
    nodes = [node("Sigmoid", ["x"], ["a"], name="n"), node("Tanh", ["a"], ["y"], name="n")]
    assert len({entry.name for entry in load(model(nodes, {"x": (3,)}, {"y": 1})).nodes}) == 2


def test_shapes_that_do_not_fit() -> None:
    error = refusal(dense(random(5, 2)))
    assert (error.slug, error.place) == ("shape", "node layer (MatMul)")
    assert "[1, 4]" in error.reason


def test_zero_size_and_huge_tensors() -> None:
    assert refusal(dense(np.zeros((4, 0), dtype=np.float32))).slug == "zero_size"
    relu = [node("Relu", ["x"], ["y"])]
    error = refusal(model(relu, {"x": (1, 2**31)}, {"y": 2}))
    assert (error.slug, error.place) == ("too_large", "input x")
    outer = [node("Mul", ["x", "t"], ["y"])]
    error = refusal(model([node("Transpose", ["x"], ["t"]), *outer], {"x": (1, 2**17)}, {"y": 2}))
    assert error.slug == "too_large"
    proto = dense(random(4, 2))
    proto.graph.initializer[0].dims[0] = 2**40
    assert refusal(proto).slug == "too_large"
    proto.graph.initializer[0].dims[0] = -1
    assert refusal(proto).slug == "structure"


def test_a_huge_constant_is_not_made() -> None:
    nodes = [
        node("ConstantOfShape", ["s"], ["c"]),
        node("ReduceSum", ["c"], ["r"], keepdims=0),
        node("Add", ["x", "r"], ["y"]),
    ]
    proto = model(nodes, {"x": (3,)}, {"y": 1}, constants={"s": np.array([2**20, 2**20], dtype=np.int64)})
    error = refusal(proto)
    assert (error.slug, error.place) == ("too_large", "node ConstantOfShape_0 (ConstantOfShape)")


def test_weights_cut_off() -> None:
    proto = dense(random(4, 2))
    proto.graph.initializer[0].raw_data = proto.graph.initializer[0].raw_data[:-4]
    error = refusal(proto)
    assert (error.slug, error.place) == ("structure", "tensor w")
    proto = dense(random(4, 2))
    del proto.graph.initializer[:]
    proto.graph.initializer.append(helper.make_tensor("w", TensorProto.FLOAT, (4, 2), np.zeros(8)))
    del proto.graph.initializer[0].float_data[-1]
    assert refusal(proto).slug == "structure"


def test_sparse_weights() -> None:
    proto = dense(random(4, 2))
    values = numpy_helper.from_array(np.ones(1, dtype=np.float32), "s")
    indices = numpy_helper.from_array(np.zeros(1, dtype=np.int64), "i")
    proto.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [4]))
    assert refusal(proto).slug == "structure"


@pytest.mark.parametrize("version", [1, 6, 99])
def test_operator_set_versions(version: int) -> None:
    error = refusal(model([node("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": 1}, opset=version))
    assert (error.slug, error.place) == ("opset", "model")


def test_operator_set_missing_or_twice() -> None:
    proto = model([node("Relu", ["x"], ["y"])], {"x": (3,)}, {"y": 1})
    proto.opset_import.append(helper.make_opsetid("ai.onnx", 13))
    assert refusal(proto).slug == "opset"
    del proto.opset_import[:]
    assert refusal(proto).slug == "opset"


def test_input_types() -> None:
    proto = model([node("Identity", ["x"], ["y"])], {"x": (3,)}, {"y": 1}, input_type=TensorProto.STRING)
    assert refusal(proto).slug == "input_type"
    proto.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, [3]))
    assert refusal(proto).slug == "input_type"


def test_nothing_to_prove() -> None:
    constants = {"c": random(3)}
    proto = model([node("Relu", ["c"], ["y"])], {}, {"y": 1}, constants=constants)
    assert refusal(proto).slug == "no_input"
    nodes = [node("Relu", ["c"], ["y"]), node("Relu", ["x"], ["z"])]
    error = refusal(model(nodes, {"x": (3,)}, {"y": 1, "z": 1}, constants=constants))
    assert (error.slug, error.place) == ("constant_output", "output y")


def test_subgraphs_are_not_supported() -> None:
    branch = helper.make_graph(
        [node("Relu", ["x"], ["b"])], "branch", [], [helper.make_tensor_value_info("b", TensorProto.FLOAT, [3])]
    )
    nodes = [
        node("ReduceSum", ["x"], ["s"], keepdims=0),
        node("Cast", ["s"], ["c"], to=TensorProto.BOOL),
        node("If", ["c"], ["y"], then_branch=branch, else_branch=branch, name="choice"),
    ]
    error = refusal(model(nodes, {"x": (3,)}, {"y": 1}))
    assert error.slug == "unsupported_operator"


def test_what_onnx_itself_refuses() -> None:
    error = refusal(model([node("Concat", ["x", "x"], ["y"])], {"x": (3,)}, {"y": 1}))
    assert (error.slug, error.place) == ("structure", "model")


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x00" * 64, bytes(range(256))])
def test_not_onnx(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    error = refusal(path)
    assert (error.slug, error.place) == ("not_onnx", str(path))
    assert refusal(content).slug == "not_onnx"


def test_every_truncation_is_refused() -> None:
    content = dense(random(4, 2)).SerializeToString()
    assert load(content).outputs == ("y",)
    for length in range(len(content)):
        with pytest.raises(ModelError) as caught:
            load(content[:length])
        assert caught.value.slug in {"not_onnx", "onnx_invalid", "opset", "no_output", "wrong_type"}, length


def test_wrong_files(tmp_path: Path) -> None:
    assert refusal(tmp_path / "absent.onnx").slug == "file"
    assert refusal(str(tmp_path)).slug == "file"
    assert refusal(onnx.ModelProto()).slug == "not_onnx"
    assert refusal(42).slug == "model_type"


def external(folder: Path, location: str, **entries: Any) -> Path:
    """A model in ``folder`` whose weight is said to be at ``location``."""
    proto = dense(random(4, 2))
    tensor = proto.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    folder.mkdir(exist_ok=True)
    path = folder / "model.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_external_data(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    path = external(folder, "weights.bin", offset=8, length=32)
    (folder / "weights.bin").write_bytes(bytes(8) + random(4, 2).tobytes())
    graph = load(path)
    np.testing.assert_array_equal(graph.constants["w"], random(4, 2).astype(np.float64))
    data = {"x": random(3, 4)}
    np.testing.assert_allclose(evaluate(graph, data)["y"], run_original(graph, data)["y"], rtol=1e-5)


@pytest.mark.parametrize("location", ["../secret", "a/../../secret", "", "..", "c:secret", "a\\..\\secret", "absolute"])
def test_external_data_outside_the_folder(location: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(32))
    error = refusal(external(tmp_path / "model", str(secret) if location == "absolute" else location))
    assert (error.slug, error.place) == ("external_data", "tensor w")


def test_external_data_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(32))
    path = external(tmp_path / "model", "weights.bin")
    (tmp_path / "model" / "weights.bin").symlink_to(tmp_path / "secret")
    assert refusal(path).slug == "external_data"


@pytest.mark.parametrize("entries", [{"length": 31}, {"offset": 1}, {"offset": -1}, {"length": "x"}, {"length": 64}])
def test_external_data_of_the_wrong_size(entries: dict[str, Any], tmp_path: Path) -> None:
    path = external(tmp_path / "model", "weights.bin", **entries)
    (tmp_path / "model" / "weights.bin").write_bytes(bytes(32))
    assert refusal(path).slug == "external_data"


def test_external_data_without_a_folder(tmp_path: Path) -> None:
    path = external(tmp_path / "model", "weights.bin")
    error = refusal(path.read_bytes())
    assert (error.slug, error.remedy) == ("external_data", "load the model by its path")
    assert refusal(path).slug == "external_data"  # the file is missing


def test_bad_data_for_evaluation() -> None:
    graph = load(dense(random(4, 2)))
    cases: list[tuple[dict[str, Any], str]] = [
        ({}, "missing"),
        ({"x": random(1, 4), "z": random(4)}, "extra"),
        ({"x": random(1, 5)}, "shape"),
        ({"x": random(4)}, "shape"),
        ({"x": np.array([["a", "b", "c", "d"]])}, "dtype"),
        ({"x": np.array([[1, 2, 3, np.nan]])}, "not_finite"),
        ({"x": random(0, 4)}, "shape"),
    ]
    for data, slug in cases:
        for function in (evaluate, run_original):
            with pytest.raises(InputError) as caught:
                function(graph, data)
            assert caught.value.slug == slug


def test_overflow_names_the_node() -> None:
    nodes = [node("Pow", ["x", "e"], ["p"], name="power"), node("Neg", ["p"], ["y"])]
    graph = load(model(nodes, {"x": (2,)}, {"y": 1}, constants={"e": np.float32(8)}))
    with pytest.raises(InputError) as caught:
        evaluate(graph, {"x": np.array([1e300, 1.0])})
    assert caught.value.slug == "not_finite"
    assert "power" in caught.value.place


def test_errors_keep_their_fields_when_pickled() -> None:
    error = ModelError("reason", slug="cycle", place="here", remedy="do this")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.slug, copy.place, copy.remedy) == ("here: reason (do this)", "cycle", "here", "do this")
    assert isinstance(copy, TacitError)
