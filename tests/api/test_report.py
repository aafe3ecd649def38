"""What compile says of its own accuracy: against the original model, not against what was imported of it."""

from __future__ import annotations

import numpy as np
import pytest
from nets import mlp
from onnx import ModelProto, TensorProto, helper, numpy_helper
from sklearn.linear_model import LogisticRegression

import tacit
from tacit.compiler import compile_model
from tacit.errors import InputError
from tacit.importers.builder import Builder, Call
from tacit.importers.registry import IMPORTERS

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


def test_a_mistake_of_the_import_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(builder: Builder, call: Call) -> str:
        return builder.emit("LeakyRelu", [builder.tensor(call.inputs[0])], alpha=0.5)

    right, _ = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    assert right.report["against"] == "onnxruntime"
    assert right.report["outputs"]["y"]["relative"] < 1e-3
    assert not any("above the aim" in note for note in right.report["notes"])
    monkeypatch.setitem(IMPORTERS, ("", "LeakyRelu"), wrong)
    program, _ = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    worst = np.abs(SAMPLES[SAMPLES < 0] * 0.4).max()
    assert program.report["outputs"]["y"]["largest"] == pytest.approx(worst, rel=1e-2)
    assert any("above the aim" in note for note in program.report["notes"])


def test_without_an_original_the_evaluation_is_named() -> None:
    graph = mlp()
    x = {name: np.random.default_rng(1).normal(size=(4, *graph.shapes[name])) for name in graph.inputs}
    compiled, _ = compile_model(graph, calibration=x)
    assert compiled.accuracy.against == "float64"


def test_a_dropped_label_is_told() -> None:
    labels = (SAMPLES.sum(1) > 0).astype(np.int64)
    program, _ = tacit.compile(LogisticRegression().fit(SAMPLES, labels), calibration=SAMPLES)
    assert list(program.outputs) == ["probabilities"]
    assert any("class labels" in note for note in program.report["notes"])


def test_numbers_that_are_not_hidden_are_told() -> None:
    """A gain of one entry is a coefficient of the public program; a learned slope of one entry is not."""
    gain = np.float32(1.37)
    program, _ = tacit.compile(one("Mul", gain), calibration=SAMPLES)
    assert program.report["notes"] == ["not hidden, since a constant of one number is part of the program: Mul_0"]
    bounds = {"lo": np.float32(-0.25), "hi": np.float32(0.37)}
    nodes = [helper.make_node("Clip", ["x", "lo", "hi"], ["y"])]
    clip = one("Relu")
    clip.graph.node[0].CopyFrom(nodes[0])
    clip.graph.initializer.extend(numpy_helper.from_array(np.array(value), name) for name, value in bounds.items())
    for model, name in ((clip, "Clip_0"), (one("LeakyRelu", alpha=0.3), "LeakyRelu_0")):
        assert any(
            note.endswith(f"program: {name}") for note in tacit.compile(model, calibration=SAMPLES)[0].report["notes"]
        )
    for hidden, options in ((gain, {"weights": "public"}), (np.float32(2), {}), (np.ones(4, np.float32) * gain, {})):
        assert "notes" not in tacit.compile(one("Mul", hidden), calibration=SAMPLES, **options)[0].report


def test_a_slope_of_one_number_is_committed() -> None:
    slopes = [np.array([value], np.float32) for value in (0.17, 0.23)]
    (a, one_slope), (b, other) = (tacit.compile(one("PRelu", slope), calibration=SAMPLES) for slope in slopes)
    assert "notes" not in a.report
    assert a.report["outputs"]["y"]["relative"] < 1e-3
    assert any(not np.array_equal(values, other.tensors[name]) for name, values in one_slope.tensors.items())
    assert a.digest == b.digest


def test_an_aim_that_is_missed_is_told() -> None:
    tiny = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32) * np.float32(1e-9)
    program, _ = tacit.compile(one("MatMul", tiny), calibration=SAMPLES)
    assert program.report["outputs"]["y"]["relative"] > 1e-3
    assert "output y: a relative error of" in program.report["notes"][0]


def test_a_secret_in_place_of_its_commitment() -> None:
    program, weights = tacit.compile(one("LeakyRelu", alpha=0.1), calibration=SAMPLES)
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, {"x": SAMPLES[:1]})
    with pytest.raises(InputError) as refused:
        tacit.verify(program, proof, model=secret)  # type: ignore[arg-type]
    assert (refused.value.place, refused.value.slug) == ("model", "type")
    assert "`commitment` of a secret" in refused.value.hint
