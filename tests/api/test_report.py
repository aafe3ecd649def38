"""What compile says of its own accuracy: against the original model, not against what was imported of it."""

from __future__ import annotations

import numpy as np
import pytest
from nets import mlp
from onnx import ModelProto, TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

import tacit
from tacit.compiler.accuracy import OutputError, Report
from tacit.compiler.pipeline import compile_model, refuse_gross
from tacit.errors import AccuracyWarning, InputError, QuantizationError
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.registry import IMPORTERS
from tacit.quantize import Options

SAMPLES = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


def one(op: str, weight: np.ndarray | None = None, **attrs: float) -> ModelProto:
    """A model of one node on x (n, 4)."""
    constants = [] if weight is None else [numpy_helper.from_array(weight, "w")]
    graph = helper.make_graph(
        [helper.make_node(op, ["x", *("w" for _ in constants)], ["y"], **attrs)],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", None])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def notes(program: tacit.Program) -> tuple[str, ...]:
    assert program.report is not None
    return program.report.notes


def test_a_mistake_of_the_import_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(builder: Builder, call: Call) -> str:
        return builder.emit("LeakyRelu", [builder.tensor(call.inputs[0])], alpha=0.5)

    right, _ = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    assert right.report is not None
    assert right.report.against == "onnxruntime"
    assert right.report.outputs["y"].relative < 1e-3
    assert not any("above the aim" in note for note in right.report.notes)
    monkeypatch.setitem(IMPORTERS, ("", "LeakyRelu"), wrong)
    with pytest.raises(QuantizationError, match=r"expected a relative error of at most 0\.05") as refused:
        tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    assert (refused.value.slug, refused.value.place) == ("accuracy", "output y")
    assert "noisiest layer is" in refused.value.reason
    with pytest.warns(AccuracyWarning, match=r"output y: a relative error of .*, above the aim of 0\.001"):
        program, _ = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES, max_error=1.0)
    assert program.report is not None
    worst = np.abs(SAMPLES[SAMPLES < 0] * 0.4).max()
    assert program.report.outputs["y"].largest == pytest.approx(worst, rel=1e-2)
    assert any("above the aim" in note for note in program.report.notes)


def test_without_an_original_the_evaluation_is_named() -> None:
    graph = mlp()
    x = {name: np.random.default_rng(1).normal(size=(4, *graph.shapes[name])) for name in graph.inputs}
    compiled, _ = compile_model(graph, calibration=x)
    assert compiled.accuracy.against == "float64"


def test_a_dropped_label_is_told() -> None:
    labels = (SAMPLES.sum(1) > 0).astype(np.int64)
    program, _ = tacit.compile(LogisticRegression().fit(SAMPLES, labels), calibration=SAMPLES)
    assert list(program.outputs) == ["probabilities"]
    assert any("class labels" in note for note in notes(program))


def test_numbers_that_are_not_hidden_are_told() -> None:
    """A gain of one entry is a coefficient of the public program; a learned slope of one entry is not."""
    gain = np.float32(1.37)
    program, _ = tacit.compile(one("Mul", gain), calibration=SAMPLES)
    assert notes(program) == ("not hidden, since a constant of one number is part of the program: Mul_0",)
    bounds = {"lo": np.float32(-0.25), "hi": np.float32(0.37)}
    nodes = [helper.make_node("Clip", ["x", "lo", "hi"], ["y"])]
    clip = one("Relu")
    clip.graph.node[0].CopyFrom(nodes[0])
    clip.graph.initializer.extend(numpy_helper.from_array(np.array(value), name) for name, value in bounds.items())
    for model, name in ((clip, "Clip_0"), (one("LeakyRelu", alpha=0.3), "LeakyRelu_0")):
        assert any(note.endswith(f"program: {name}") for note in notes(tacit.compile(model, calibration=SAMPLES)[0]))
    for hidden, options in ((gain, {"weights": "public"}), (np.float32(-1), {}), (np.ones(4, np.float32) * gain, {})):
        assert notes(tacit.compile(one("Mul", hidden), calibration=SAMPLES, **options)[0]) == ()


def test_numbers_that_became_structure_are_told() -> None:
    """A factor of 0 or 4 makes another program; so do the entries that a Gather takes."""
    for factor in (0, 4):
        program, _ = tacit.compile(one("Mul", np.float32(factor)), calibration=SAMPLES)
        assert notes(program) == ("not hidden, since a factor of 0 or a power of two becomes structure: Mul_0",)
    program, _ = tacit.compile(one("Gather", np.array([2, 0, 1]), axis=1), calibration=SAMPLES)
    assert notes(program) == (
        "not hidden, since which entries are taken is part of the program: node Gather_0 (Gather)",
    )


def test_a_slope_of_one_number_is_committed() -> None:
    slopes = [np.array([value], np.float32) for value in (0.17, 0.23)]
    (a, one_slope), (b, other) = (tacit.compile(one("PRelu", slope), calibration=SAMPLES) for slope in slopes)
    assert a.report is not None
    assert a.report.notes == ()
    assert a.report.outputs["y"].relative < 1e-3
    assert any(not np.array_equal(values, other.tensors[name]) for name, values in one_slope.tensors.items())
    assert a.digest == b.digest


def test_an_aim_that_is_missed_is_told() -> None:
    weight = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    with pytest.warns(AccuracyWarning, match="output y: a relative error of"):
        program, _ = tacit.compile(one("MatMul", weight), calibration=SAMPLES, options=Options(activation_bits=8))
    assert program.report is not None
    assert 1e-3 < program.report.outputs["y"].relative < 0.05
    assert "output y: a relative error of" in program.report.notes[0]


def test_weights_of_any_magnitude_are_as_exact() -> None:
    for scale in (1e-9, 1e-3, 1e6):
        weight = (np.random.default_rng(2).normal(size=(4, 3)) * scale).astype(np.float32)
        program, _ = tacit.compile(one("MatMul", weight), calibration=SAMPLES)
        assert program.report is not None
        assert program.report.outputs["y"].relative < 1e-3


def test_too_many_refused_samples_are_an_error() -> None:
    found = report(samples=18, refused=2)
    with pytest.raises(
        QuantizationError, match="a proof for at least 95% of the 20 calibration samples, got one for 18"
    ) as refused:
        refuse_gross(found, 0.05)
    assert (refused.value.slug, refused.value.place) == ("accuracy", "calibration")
    refuse_gross(report(samples=19, refused=1), 0.05)


def report(*, samples: int, refused: int) -> Report:
    exact = OutputError(0.0, 0.0, 0.0, 0.0, 0.0)
    return Report(samples, refused, {"y": exact}, {"y": 1.0}, {"y": 70.0})


def test_the_report_prints_as_a_table() -> None:
    program, _ = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    lines = str(program.report).splitlines()
    assert lines[0] == "against onnxruntime on 12 calibration samples, 0 more without a proof"
    assert lines[1].split() == ["output", "largest", "error", "mean", "error", "relative", "top-1", "agreement"]
    assert lines[2].split()[0] == "y"
    assert lines[2].endswith("100.0 %")


@pytest.mark.parametrize("bound", [0.0, -1.0, float("nan")])
def test_a_bound_that_is_none(bound: float) -> None:
    with pytest.raises(InputError) as refused:
        tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES, max_error=bound)
    assert (refused.value.slug, refused.value.place) == ("max_error", "max_error")


def test_a_secret_in_place_of_its_commitment() -> None:
    program, weights = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, {"x": SAMPLES[:1]})
    with pytest.raises(InputError) as refused:
        tacit.verify(program, proof, model=secret)  # type: ignore[arg-type]
    assert (refused.value.place, refused.value.slug) == ("model", "type")
    assert "`commitment` of a secret" in refused.value.remedy


def test_columns_that_are_too_far_apart_are_named() -> None:
    x = np.stack([np.linspace(-1, 1, 20) * 1e-6, np.linspace(1, -2, 20), np.linspace(0, 2, 20) * 1e9], 1)
    weight = np.diag([1e6, 1.0, 1e-9]).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Slice", ["h", "s", "e", "a"], ["y"])],
        "far",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(weight, "w")]
        + [numpy_helper.from_array(np.array([n]), name) for name, n in (("s", 0), ("e", 1), ("a", 1))],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(QuantizationError) as refused:
        tacit.compile(model, calibration=x.astype(np.float32))
    assert refused.value.slug == "accuracy"
    assert refused.value.remedy.startswith("columns 0 (up to 1e-06) and 2 (up to 2e+09) of input x are too far apart")


def test_entries_that_are_decided_otherwise_are_told() -> None:
    """Seven bits are steps of four: 49.1 and 49.2 are 48, which is not above 49."""
    x = np.concatenate([np.full((1, 4), 100.0), [[49.1, 49.2, 60.0, 60.0]], SAMPLES * 10])
    model = one("Greater", np.array(49.0, np.float32))
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.BOOL
    with pytest.warns(AccuracyWarning, match=r"output y: 0\.0\d+ of its entries are decided otherwise, near ties"):
        program, _ = tacit.compile(model, calibration=x.astype(np.float32), options=Options(activation_bits=7))
    assert program.report is not None
    assert 0 < program.report.outputs["y"].decided < 0.05


def wide(*columns: tuple[str, str], output: str = "y", constants: dict[str, np.ndarray] | None = None) -> ModelProto:
    """Nodes (operator, input names joined by commas) one after the other on x (n, 4), the last of them the output."""
    nodes, names = [], []
    for i, (op, inputs) in enumerate(columns):
        names.append(output if i == len(columns) - 1 else f"t{i}")
        attrs = {"axis": 1} if op == "Concat" else {"to": TensorProto.FLOAT} if op == "Cast" else {}
        nodes.append(helper.make_node(op, inputs.split(","), [names[-1]], **attrs))
    graph = helper.make_graph(
        nodes,
        "wide",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_comparison_elsewhere_excuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One column is wrong and nine are right, behind comparisons: it is the worst that counts."""

    def wrong(builder: Builder, call: Call) -> str:
        return builder.emit("LeakyRelu", [builder.tensor(call.inputs[0])], alpha=0.5)

    gate = [("Greater", "x,zero"), ("Cast", "t0"), ("Mul", "x,t1")]
    joined = [*gate, ("LeakyRelu", "x"), ("Concat", ",".join(["t2"] * 39 + ["t3"]))]
    model = wide(*joined, constants={"zero": np.array(0.0)})
    tacit.compile(model, calibration=SAMPLES)
    monkeypatch.setitem(IMPORTERS, ("", "LeakyRelu"), wrong)
    with pytest.raises(QuantizationError, match="expected a relative error of at most") as refused:
        tacit.compile(model, calibration=SAMPLES)
    assert (refused.value.slug, refused.value.place) == ("accuracy", "output y")


@pytest.mark.parametrize("factor", [1e-25, 1e-13, 1.0, 1e13])
def test_the_error_of_an_output_is_relative_at_any_magnitude(factor: float) -> None:
    model = wide(("Tanh", "x"), ("Mul", "t0,c"), constants={"c": np.array(factor)})
    program, _ = tacit.compile(model, calibration=SAMPLES)
    assert program.report is not None
    found = tacit.run(program, _, {"x": SAMPLES}).outputs["y"]
    exact = np.tanh(SAMPLES.astype(float)) * float(np.float32(factor))
    true = np.abs(found - exact).max() / np.abs(exact).max()
    assert true < 1e-3
    assert program.report.outputs["y"].relative == pytest.approx(true, rel=0.2, abs=1e-6)


def test_an_entry_that_is_small_beside_others_is_told() -> None:
    model = wide(("Mul", "x,c"), ("Sigmoid", "x"), ("Concat", "t0,t1"), constants={"c": np.array(1e7)})
    with pytest.warns(AccuracyWarning, match="an entry is off by .* of its own largest magnitude"):
        tacit.compile(model, calibration=SAMPLES)


@pytest.mark.parametrize(("op", "number"), [("Add", -3.4e38), ("Mul", 1e-44), ("Greater", -1e30)])
def test_constants_beyond_all_measure_are_no_bug(op: str, number: float) -> None:
    nodes = [(op, "x,c"), ("Cast", "t0")] if op == "Greater" else [(op, "x,c")]
    with pytest.raises(QuantizationError, match=r"expected .* that 64 bits hold|too large for its scale") as refused:
        tacit.compile(wide(*nodes, constants={"c": np.array(number)}), calibration=SAMPLES)
    assert refused.value.place
    assert refused.value.remedy
