"""Whole small networks, simplifiers, evaluation over samples, and random graphs against onnxruntime."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx_models import agree, model, operators, random

from tacit.compiler.pipeline import compile_model
from tacit.errors import InputError, ModelError
from tacit.graph import evaluate, evaluate_samples
from tacit.graph.registry import CANONICAL
from tacit.importers import load
from tacit.importers.onnx import simplify
from tacit.importers.onnx import translate as importer
from tacit.importers.onnx.registry import IMPORTERS
from tacit.importers.original import Original, run_original
from tacit.importers.torch import example_of

node = helper.make_node


def convolutional_network() -> onnx.ModelProto:
    """Convolutions, normalisation, pooling, a residual sum, a dense head, and shapes computed as exporters do."""
    nodes = [
        node("Conv", ["image", "w1"], ["c1"], pads=[1, 1, 1, 1], name="conv1"),
        node("BatchNormalization", ["c1", "g", "b", "m", "v"], ["n1"], name="norm1"),
        node("Relu", ["n1"], ["r1"], name="relu1"),
        node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1], name="conv2"),
        node("Add", ["c2", "r1"], ["sum"], name="residual"),
        node("MaxPool", ["sum"], ["p"], kernel_shape=[2, 2], strides=[2, 2], name="pool"),
        node("Shape", ["p"], ["shape"], name="shape"),
        node("Gather", ["shape", "zero"], ["first"], name="first"),
        node("Unsqueeze", ["first", "axis"], ["batch"], name="batch"),
        node("Concat", ["batch", "rest"], ["target"], axis=0, name="target"),
        node("Reshape", ["p", "target"], ["flat"], name="flatten"),
        node("Gemm", ["flat", "w3", "b3"], ["logits"], transB=1, name="head"),
        node("Softmax", ["logits"], ["probabilities"], axis=-1, name="softmax"),
    ]
    constants = {
        "w1": random(4, 1, 3, 3),
        "g": random(4),
        "b": random(4, seed=1),
        "m": random(4, seed=2),
        "v": np.abs(random(4, seed=3)) + 0.5,
        "w2": random(4, 4, 3, 3, seed=4) * np.float32(0.2),
        "b2": random(4, seed=5),
        "zero": np.array(0, dtype=np.int64),
        "axis": np.array([0], dtype=np.int64),
        "rest": np.array([-1], dtype=np.int64),
        "w3": random(3, 64, seed=6) * np.float32(0.2),
        "b3": random(3, seed=7),
    }
    return model(nodes, {"image": ("n", 1, 8, 8)}, {"probabilities": 2}, constants=constants)


EXPECTED = ["Conv", "Relu", "Conv", "Add", "MaxPool", "Reshape", "MatMul", "Add", "Softmax"]


def broken(proto: onnx.ModelProto) -> onnx.ModelProto:
    print("this goes nowhere")
    raise RuntimeError("no simplifier")


ATTEMPTS = ["_by_onnxsim", "_folded_by_onnxsim", "_by_onnxslim"]


@pytest.mark.parametrize("missing", [ATTEMPTS[:count] for count in range(4)])
def test_network_with_and_without_simplifiers(
    missing: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in missing:
        monkeypatch.setattr(simplify, name, broken)
    graph = agree(convolutional_network())
    assert operators(graph) == EXPECTED
    assert graph.inputs == ("image",)
    assert graph.outputs == ("probabilities",)
    assert missing == ATTEMPTS[:2] or "conv1" in graph.sources[graph.nodes[0].name]  # onnxslim renames nodes
    assert capfd.readouterr().out == ""


def test_simplifier_that_changes_the_interface_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(proto: onnx.ModelProto) -> onnx.ModelProto:
        return model([node("Relu", ["other"], ["y"])], {"other": (1,)}, {"y": 1})

    monkeypatch.setattr(simplify, "_by_onnxsim", rename)
    assert operators(agree(convolutional_network())) == EXPECTED


def test_loading_does_not_change_the_model() -> None:
    proto = convolutional_network()
    before = proto.SerializeToString(deterministic=True)
    load(proto)
    assert proto.SerializeToString(deterministic=True) == before


def test_loading_twice_gives_the_same_graph() -> None:
    first, second = load(convolutional_network()), load(convolutional_network())
    assert first.nodes == second.nodes
    assert list(first.constants) == list(second.constants)
    assert all(np.array_equal(first.constants[name], second.constants[name]) for name in first.constants)
    assert load(first) is first


def test_constants_are_read_only_copies() -> None:
    graph = load(convolutional_network())
    with pytest.raises(ValueError, match="read-only"):
        next(iter(graph.constants.values()))[...] = 0


def test_samples() -> None:
    graph = load(convolutional_network())
    images = random(5, 1, 8, 8)
    stacked = evaluate(graph, {"image": images})
    assert stacked["probabilities"].shape == (5, 1, 3)
    assert set(stacked) == set(graph.shapes) - set(graph.constants)
    same = evaluate(graph, {"image": images[:, np.newaxis]})
    np.testing.assert_array_equal(same["probabilities"], stacked["probabilities"])
    single = evaluate(graph, {"image": images[:1]})
    np.testing.assert_array_equal(single["probabilities"], stacked["probabilities"][:1])
    for index, sample in enumerate(evaluate_samples(graph, {"image": images})):
        np.testing.assert_array_equal(sample["probabilities"], stacked["probabilities"][index])


def test_batches() -> None:
    graph = load(convolutional_network(), batch=2)
    images = random(3, 2, 1, 8, 8)
    found, wanted = evaluate(graph, {"image": images}), run_original(graph, {"image": images})
    assert found["probabilities"].shape == (3, 2, 3)
    np.testing.assert_allclose(found["probabilities"], wanted["probabilities"], atol=1e-5)


def test_the_original_of_a_model_that_is_not_a_graph() -> None:
    images = {"image": random(2, 1, 8, 8)}
    direct = run_original(convolutional_network(), images)
    np.testing.assert_array_equal(
        direct["probabilities"], run_original(load(convolutional_network()), images)["probabilities"]
    )


def test_several_inputs_and_outputs() -> None:
    nodes = [node("Add", ["a", "b"], ["s"]), node("Relu", ["s"], ["r"]), node("MatMul", ["r", "w"], ["m"])]
    graph = agree(model(nodes, {"a": (2, 3), "b": (1, 3)}, {"m": 2, "s": 2}, constants={"w": random(3, 3)}))
    assert (graph.inputs, graph.outputs) == (("a", "b"), ("m", "s"))


def test_local_functions_are_inlined() -> None:
    proto = model([node("Twice", ["x"], ["y"], domain="mine")], {"x": (3,)}, {"y": 1})
    body = [node("Add", ["a", "a"], ["b"])]
    proto.functions.append(helper.make_function("mine", "Twice", ["a"], ["b"], body, [helper.make_opsetid("", 17)]))
    proto.opset_import.append(helper.make_opsetid("mine", 1))
    assert operators(agree(proto)) == ["Add"]


def test_weights_in_half_precision() -> None:
    for kind in (TensorProto.FLOAT16, TensorProto.BFLOAT16):
        nodes = [node("Cast", ["w"], ["f"], to=TensorProto.FLOAT), node("MatMul", ["x", "f"], ["y"])]
        proto = model(nodes, {"x": (1, 2)}, {"y": 2})
        proto.graph.initializer.append(helper.make_tensor("w", kind, (2, 2), [1.0, -0.5, 0.25, 3.0]))
        agree(proto)


def test_torch_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls into torch, with a stand-in for it: evaluation mode for the export, the old mode afterwards."""
    modes: list[bool] = []

    class Module:
        training = True

        def eval(self) -> None:
            self.training = False

        def modules(self) -> list[Any]:
            return [self]

        def named_parameters(self, remove_duplicate: bool = True) -> list[Any]:
            return []

        named_buffers = named_parameters

        def forward(self, x: Any, z: Any = None) -> Any:
            return x

        __call__ = forward

    def export(module: Module, tensors: tuple[Any, ...], buffer: Any, *, dynamo: bool = True, **options: Any) -> None:
        modes.append(module.training)
        names = [options["input_names"][0], "output"]
        assert (dynamo, options) == (False, {"input_names": names[:1], "output_names": names[1:], "opset_version": 17})
        if tensors[0].shape != (1, 3):
            raise RuntimeError("shape")
        buffer.write(
            model([node("Relu", *[[n] for n in names])], {names[0]: (1, 3)}, {names[1]: 2}).SerializeToString()
        )

    torch = SimpleNamespace(
        nn=SimpleNamespace(Module=Module),
        onnx=SimpleNamespace(export=export),
        Tensor=np.ndarray,
        as_tensor=np.asarray,
        no_grad=contextlib.nullcontext,
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    module = Module()
    assert operators(load(module, example=np.zeros((1, 3), np.float32))) == ["Relu"]
    assert (modes, module.training) == ([False], True)
    assert load(module, example={"x": np.zeros((1, 3))}).inputs == ("x",)
    # The first calibration sample is the example.
    samples = random(5, 3)
    program, _ = compile_model(module, calibration={"x": samples})
    assert (list(program.ints.inputs), list(program.ints.outputs)) == (["x"], ["output"])
    assert example_of(random(2, 4, 3), 4).shape == (4, 3)
    for wrong in (np.zeros(()), np.zeros((0, 3))):
        with pytest.raises(InputError) as refused:
            compile_model(module, calibration=wrong)
        assert refused.value.slug == "shape"
    for example, slug in ((None, "example"), (np.zeros(2), "conversion")):
        with pytest.raises(ModelError) as caught:
            load(module, example=example)
        assert caught.value.slug == slug


def test_torch_module() -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 3), torch.nn.BatchNorm2d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(108, 4)
    )
    example = torch.zeros(1, 1, 8, 8)
    graph = load(module, example=example)
    assert operators(graph) == ["Conv", "Relu", "Reshape", "MatMul", "Add"]
    images = random(4, 1, 8, 8)
    with torch.no_grad():
        wanted = module.eval()(torch.from_numpy(images)).numpy()
    np.testing.assert_allclose(evaluate(graph, {"input": images})[graph.outputs[0]][:, 0], wanted, atol=1e-4)
    with pytest.raises(ModelError) as caught:
        load(module)
    assert caught.value.slug == "example"
    program, _ = compile_model(module, calibration=images)
    assert program.accuracy.top1["output"] == 1.0


def test_the_report_is_against_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs are compared with the model as it was given, not with what the importer made of it."""
    proto = model([node("MatMul", ["x", "w"], ["y"])], {"x": (1, 3)}, {"y": 2}, constants={"w": random(3, 4)})
    samples = random(8, 3)
    program, _ = compile_model(proto, calibration=samples)
    assert program.accuracy.against == "onnxruntime"
    assert program.accuracy.worst_relative < 1e-3
    run = Original.run
    monkeypatch.setattr(Original, "run", lambda self, sample: {name: 2 * y for name, y in run(self, sample).items()})
    doubled, _ = compile_model(proto, calibration=samples, max_error=1.0)
    assert doubled.accuracy.worst_relative == pytest.approx(0.5, abs=1e-3)
    # A graph without a model is compared with its own evaluation.
    graph = dataclasses.replace(load(proto), origin=None)
    assert compile_model(graph, calibration=samples)[0].accuracy.against == "float64"


def test_an_input_that_nothing_reads_is_no_trouble() -> None:
    proto = model([node("Relu", ["x"], ["y"])], {"x": (1, 3), "unread": (1, 2)}, {"y": 2})
    program, _ = compile_model(proto, calibration={"x": random(8, 3), "unread": random(8, 2)})
    assert program.accuracy.against == "onnxruntime"


def test_every_canonical_operator_is_documented() -> None:
    assert all(operator.doc for operator in CANONICAL.values())
    assert {("", name) for name in CANONICAL} <= set(IMPORTERS)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, tuple[int, ...], dict[str, Any]]:
    """A pooling or convolution with any geometry that ONNX allows."""
    op = draw(st.sampled_from(["Conv", "MaxPool", "AveragePool"]))
    rank = draw(st.sampled_from([1, 2]))
    lists = lambda low, high: st.lists(st.integers(low, high), min_size=rank, max_size=rank)  # noqa: E731
    kernel, spatial = draw(lists(1, 4)), draw(lists(1, 9))
    attrs: dict[str, Any] = {"kernel_shape": kernel, "strides": draw(lists(1, 4))}
    if op != "AveragePool" and draw(st.booleans()):
        attrs["dilations"] = draw(lists(1, 2))
    if draw(st.booleans()):
        attrs["pads"] = [draw(st.integers(0, size - 1)) for size in kernel + kernel]
    elif "dilations" not in attrs and all(k >= s for k, s in zip(kernel, attrs["strides"], strict=True)):
        # onnxruntime has no automatic padding with dilations or with strides above the kernel
        attrs["auto_pad"] = draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER", "VALID"]))
    if op != "Conv":
        attrs["ceil_mode"] = draw(st.integers(0, 1))
    if op == "AveragePool":
        attrs["count_include_pad"] = draw(st.integers(0, 1))
    return op, (1, 2, *spatial), attrs


# Geometries that are refused: no window fits, a window without an entry, and an average that onnxruntime weights unevenly.
REFUSED = ("does not fit", "padding alone", "ceil_mode together")


@settings(max_examples=80, deadline=None)
@given(windows())
def test_windows_of_any_geometry(case: tuple[str, tuple[int, ...], dict[str, Any]]) -> None:
    op, shape, attrs = case
    names = ["x", "w"] if op == "Conv" else ["x"]
    constants = {"w": random(3, 2, *attrs["kernel_shape"])} if op == "Conv" else {}
    proto = model([node(op, names, ["y"], **attrs)], {"x": shape}, {"y": len(shape)}, constants=constants)
    try:
        load(proto)
    except ModelError as error:
        if not any(reason in error.reason for reason in REFUSED):
            raise
    else:
        agree(proto)


ELEMENTWISE = ["Relu", "Tanh", "Sigmoid", "Neg", "Erf", "Abs", "HardSwish"]
STEPS = [*ELEMENTWISE, "Add", "Mul", "Sub", "MatMul"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([*ELEMENTWISE, "Add", "Mul", "Sub", "MatMul"]), st.integers(0, 5)), max_size=8)
)
def test_random_graphs(steps: list[tuple[str, int]]) -> None:
    """Chains with branches: constants of several shapes, tensors used more than once; the rewrites keep the values."""
    shapes = [(), (4,), (1, 4), (3, 1), (3, 4)]
    nodes, constants, current = [], {}, "x"
    for index, (op, choice) in enumerate(steps):
        inputs = [current]
        if op == "MatMul":
            constants[f"c{index}"] = random(4, 4, seed=index) * np.float32(0.5)
            inputs.append(f"c{index}")
        elif op in ("Add", "Mul", "Sub"):
            if choice == 5:
                inputs.append("x")
            else:
                constants[f"c{index}"] = random(*shapes[choice], seed=index)
                inputs.append(f"c{index}")
            if choice % 2:
                inputs.reverse()
        current = f"t{index}"
        nodes.append(node(op, inputs, [current]))
    nodes.append(node("Identity", [current], ["y"]))
    agree(model(nodes, {"x": (3, 4)}, {"y": 2}, constants=constants))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importer, "simplify", lambda proto: proto)
        agree(model(nodes, {"x": (3, 4)}, {"y": 2}, constants=constants))
