"""What is trained is the model as it was given: the integers' step is down the gradient of the file's own weights.

The gradients it is held against are central differences of the file in float64, which no part of the project computes.
A graph that has another parametrisation (two layers joined into one, a factor taken into a weight) gives the same scores
and another step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from given_models import OnnxModel, node
from given_steps import check_step, compiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, compile

RNG = np.random.default_rng(5)


def random(*shape: int) -> Any:
    return RNG.normal(size=shape) * 0.4


HEAD = [node("MatMul", ["in", "w"], ["a"])]
LAST = node("MatMul", ["f", "v"], ["out"])
CONV = node("Conv", ["in", "w", "b"], ["a"])
ENDS = [node("Relu", ["d"], ["t"]), node("Flatten", ["t"], ["f"]), LAST]
MODELS = {
    "two layers without an activation": OnnxModel(
        [*HEAD, node("Add", ["a", "b"], ["f"]), LAST], {"w": random(3, 4), "b": random(4), "v": random(4, 2)}, (3,), 2
    ),
    "a factor behind a layer": OnnxModel(
        [*HEAD, node("Mul", ["a", "s"], ["f"]), LAST],
        {"w": random(3, 3), "s": np.array(-0.75), "v": random(3, 2)}, (3,), 2, numbers=["s"],
    ),
    "a divisor behind a layer and its bias": OnnxModel(
        [*HEAD, node("Add", ["a", "b"], ["c"]), node("Div", ["c", "s"], ["out"])],
        {"w": random(3, 2), "b": random(2), "s": np.array([[3.0]])}, (3,), 2, numbers=["s"],
    ),
    "two factors": OnnxModel(
        [*HEAD, node("Mul", ["a", "s"], ["b"]), node("Mul", ["b", "r"], ["f"]), LAST],
        {"w": random(3, 3), "s": np.array(-0.75), "r": np.array([1.5]), "v": random(3, 2)}, (3,), 2, numbers=["s", "r"],
    ),
    "a factor with more axes": OnnxModel(
        [*HEAD, node("Mul", ["a", "s"], ["b"]), node("Relu", ["b"], ["c"]), node("Reshape", ["c", "z"], ["f"]), LAST],
        {"w": random(3, 3), "s": np.array([[[1.5]]]), "v": random(3, 2)}, (3,), 2,
        numbers=["s"], constants={"z": np.array([-1, 3])},
    ),
    "two biases": OnnxModel(
        [*HEAD, node("Add", ["a", "b"], ["c"]), node("Add", ["c", "e"], ["out"])],
        {"w": random(3, 2), "b": random(2), "e": random(1, 2)}, (3,), 2,
    ),
    "a bias of one number": OnnxModel(
        [*HEAD, node("Add", ["a", "b"], ["out"])], {"w": random(3, 2), "b": np.array(0.3)}, (3,), 2
    ),
    "a number that is no weight": OnnxModel(
        [*HEAD, node("Add", ["a", "one"], ["f"]), LAST], {"w": random(3, 3), "v": random(3, 2)}, (3,), 2,
        constants={"one": np.array(1.0)},
    ),
    "a bias that is taken away": OnnxModel(
        [*HEAD, node("Sub", ["a", "b"], ["c"]), node("Sub", ["e", "c"], ["out"])],
        {"w": random(3, 2), "b": random(2), "e": random(2)}, (3,), 2,
    ),
    "a bias with more axes": OnnxModel(
        [*HEAD, node("Add", ["a", "b"], ["c"]), node("Tanh", ["c"], ["d"]), node("Reshape", ["d", "z"], ["f"]), LAST],
        {"w": random(3, 4), "b": random(1, 1, 4), "v": random(4, 2)}, (3,), 2, constants={"z": np.array([-1, 4])},
    ),
    "transposed weights": OnnxModel(
        [
            node("Gemm", ["in", "w", "b"], ["a"], transB=1), node("Tanh", ["a"], ["t"]),
            node("Transpose", ["v"], ["u"], perm=[1, 0]), node("MatMul", ["t", "u"], ["out"]),
        ],
        {"w": random(4, 3), "b": random(4), "v": random(2, 4)}, (3,), 2,
    ),
    "weights in a constant node": OnnxModel(
        [node("Reshape", ["u", "z"], ["v"]), node("Tanh", ["in"], ["f"]), node("Identity", ["v"], ["i"]),
         node("MatMul", ["f", "i"], ["c"]), node("Add", ["c", "b"], ["out"])],
        {"u": random(6), "b": random(2)}, (3,), 2, constants={"z": np.array([3, 2])},
    ),
    "a convolution and a second bias": OnnxModel(
        [CONV, node("Add", ["a", "e"], ["d"]), *ENDS],
        {"w": random(2, 1, 3), "b": random(2), "e": random(2, 1), "v": random(6, 2)}, (1, 5), 2,
    ),
    "a convolution and a bias of one number": OnnxModel(
        [node("Conv", ["in", "w"], ["a"]), node("Add", ["a", "b"], ["d"]), *ENDS],
        {"w": random(2, 1, 3), "b": random(1), "v": random(6, 2)}, (1, 5), 2,
    ),
    "a convolution whose bias is added": OnnxModel(
        [node("Conv", ["in", "w"], ["a"]), node("Add", ["a", "b"], ["d"]), *ENDS],
        {"w": random(2, 1, 3), "b": random(1, 2, 1), "v": random(6, 2)}, (1, 5), 2,
    ),
    "a padding before a convolution": OnnxModel(
        [node("Pad", ["in", "p"], ["q"]), node("Conv", ["q", "w", "b"], ["d"]), *ENDS],
        {"w": random(2, 1, 3), "b": random(2), "v": random(10, 2)}, (1, 5), 2, constants={"p": np.array([0, 0, 1, 0, 0, 1])},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_step_is_down_the_files_own_gradient(name: str) -> None:
    check_step(MODELS[name])


@pytest.mark.parametrize("pattern", ["w", "w/transposed", "w*"])
def test_frozen_by_either_name(pattern: str) -> None:
    made, _ = compiled(MODELS["transposed weights"], frozen=[pattern])
    assert made.description.plan.network.frozen == {"w/transposed"}


@st.composite
def chains(draw: st.DrawFn) -> OnnxModel:
    """Dense layers with what exporters put between them."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    nodes, weights, numbers = [], dict[str, Any](), []
    width, value = 3, "in"

    def weight(*shape: int) -> str:
        name = f"p{len(weights)}"
        weights[name] = rng.normal(size=shape) * 0.5
        return name

    def put(op: str, *more: str, **attrs: Any) -> None:
        nonlocal value
        nodes.append(node(op, [value, *more], [f"t{len(nodes)}"], **attrs))
        value = f"t{len(nodes) - 1}"

    put("MatMul", weight(3, 3))
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["dense", "gemm", "bias", "minus", "factor", "act", "negated"]))
        if kind == "dense":
            wide = draw(st.integers(1, 4))
            put("MatMul", weight(width, wide))
            width = wide
        elif kind == "gemm":
            wide = draw(st.integers(1, 4))
            put("Gemm", weight(wide, width), *([weight(wide)] if draw(st.booleans()) else []), transB=1)
            width = wide
        elif kind in ("bias", "minus"):
            put("Add" if kind == "bias" else "Sub", weight(*draw(st.sampled_from([(width,), (1, width), (1,), ()]))))
        elif kind == "factor":
            numbers.append(weight(*draw(st.sampled_from([(), (1,), (1, 1)]))))
            weights[numbers[-1]] = np.full(np.shape(weights[numbers[-1]]), draw(st.sampled_from([0.5, -1.5, 3.0])))
            put(draw(st.sampled_from(["Mul", "Div"])), numbers[-1])
        else:
            put("Neg" if kind == "negated" else "Tanh")
    put("MatMul", weight(width, 2))
    nodes.append(node("Identity", [value], ["out"]))
    return OnnxModel(nodes, weights, (3,), 2, numbers=numbers)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(chains())
def test_random_chains(model: OnnxModel) -> None:
    check_step(model)


REFUSED = {
    "a product of two weights": (
        OnnxModel(
            [node("Mul", ["w", "s"], ["p"]), node("MatMul", ["in", "p"], ["out"])],
            {"w": random(3, 2), "s": random(3, 2)}, (3,), 2,
        ),
        "weights",
    ),
    "a part of a weight": (
        OnnxModel([node("Abs", ["w"], ["p"]), node("MatMul", ["in", "p"], ["out"])], {"w": random(3, 2)}, (3,), 2),
        "weights",
    ),
    "a factor of a Gemm": (
        OnnxModel([node("Gemm", ["in", "w"], ["out"], alpha=0.5)], {"w": random(3, 2)}, (3,), 2), "weights"
    ),
    "a factor of its bias": (
        OnnxModel([node("Gemm", ["in", "w", "b"], ["out"], beta=2.0)], {"w": random(3, 2), "b": np.zeros(2)}, (3,), 2),
        "weights",
    ),
    "a batch normalisation": (
        OnnxModel(
            [*HEAD, node("BatchNormalization", ["a", "g", "b", "m", "s"], ["f"]), LAST],
            {"w": random(3, 3), "g": np.ones(3), "b": np.zeros(3), "m": np.zeros(3), "s": np.ones(3), "v": random(3, 2)},
            (3,), 2,
        ),
        "weights",
    ),
    "a weight in two orders": (
        OnnxModel(
            [*HEAD, node("Transpose", ["w"], ["u"], perm=[1, 0]), node("MatMul", ["a", "u"], ["out"])],
            {"w": random(3, 4)}, (3,), 3,
        ),
        "weights",
    ),
    "records that are mixed": (
        OnnxModel(
            [node("ReduceMean", ["in"], ["m"], axes=[0]), node("Sub", ["in", "m"], ["a"]), node("MatMul", ["a", "w"], ["out"])],
            {"w": random(3, 2)}, (3,), 2,
        ),
        "batch",
    ),
}  # fmt: skip


#: What a refusal names: the file's own, and never a constant that the importer made.
NAMED = {
    "a product of two weights": ("MatMul", "w, s"),
    "a factor of a Gemm": ("Gemm", "computed of w of"),
    "a factor of its bias": ("Gemm", "w, b"),
    "a batch normalisation": ("BatchNormalization", "g, b, m, s"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_refusal_names_what_stands_in_the_file(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        compiled(REFUSED[name][0])
    operator, weights = NAMED[name]
    assert f"({operator})" in caught.value.place
    assert weights in caught.value.reason
    assert ("normalisation" in caught.value.remedy) == (operator == "BatchNormalization")


def test_the_advice_of_a_normalisation_is_none_that_training_refuses() -> None:
    """It recommended a batch normalisation alone, which a model that is trained may not have."""
    from tacit.importers.onnx.advice import advice

    said = advice("", "LayerNormalization")
    assert "trained" in said
    assert "center and a scale" in said


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_be_another_model_is_refused(name: str) -> None:
    model, slug = REFUSED[name]
    with pytest.raises(ModelError) as caught:
        compiled(model)
    assert caught.value.slug == slug
    assert caught.value.remedy


def test_steps_that_clamp_are_warned_of() -> None:
    """Weights so large that error signals leave their bits: gradients are clamped, and the integers go elsewhere."""
    model = OnnxModel(
        [*HEAD, node("Tanh", ["a"], ["t"]), node("MatMul", ["t", "v"], ["f"]), node("MatMul", ["f", "u"], ["out"])],
        {"w": random(3, 4), "v": 12 * random(4, 3), "u": 12 * random(3, 2)}, (3,), 2,
    )  # fmt: skip
    columns = [Column.number(f"y{i}", -2, 2, center=0, scale=1) for i in range(2)]
    schema = Schema.array((3,), -2, 2, Label.numbers("y", columns), id="id")
    with pytest.warns(AccuracyWarning, match="clamped"):
        compile(model.proto(), schema=schema, optimizer=SGD(0.01, 4, 1, order="committed"), records=4)


def test_errors_of_numbers_have_room_for_their_labels() -> None:
    """Twice the largest label: a score of the other sign is still told how far it is off."""
    made, schema = compiled(MODELS["two biases"])
    scales = made.description.plan.scales
    most = max(abs(end) for end in schema.label_interval) * 2.0**-schema.label_frac
    assert 2.0 ** (scales.error_bits - 1 - scales.errors) >= 2 * most


def test_an_import_that_means_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of an importer's is no training of another model."""
    from tacit.importers.onnx.builder import Builder
    from tacit.importers.onnx.calls import Call
    from tacit.importers.onnx.registry import IMPORTERS

    def wrong(builder: Builder, call: Call) -> str:
        return builder.emit("Relu", [builder.tensor(call.inputs[0])])

    monkeypatch.setitem(IMPORTERS, ("", "Tanh"), wrong)
    with pytest.raises(ModelError) as caught:
        compiled(MODELS["transposed weights"])
    assert caught.value.slug == "import"
