"""Weights of one number, and what is computed of weights: each is trained as the weight that it is, or refused by its name.

One number is no weight where the file has it as a factor; it is one wherever it could be trained. Values that do nothing (a
factor of 1, a bias of 0) are values like others: what is trained does not depend on them.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from given_models import OnnxModel, node
from given_steps import check_step, compiled
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tacit.errors import ModelError, QuantizationError, TacitError
from tacit.graph.nodes import Node
from tacit.graph.rewriting import Rewriter

RNG = np.random.default_rng(6)


def random(*shape: int) -> Any:
    return RNG.normal(size=shape) * 0.4


def number(value: float) -> Any:
    return np.array([value])


HEAD = [node("MatMul", ["in", "w"], ["a"])]
W = {"w": random(3, 2)}
GELU = [
    node("Mul", ["a", "c"], ["q"]), node("Erf", ["q"], ["e"]), node("Add", ["e", "one"], ["f"]),
    node("Mul", ["a", "f"], ["g"]), node("Mul", ["g", "half"], ["k"]),
]  # fmt: skip
ROOT = np.array(2**-0.5)
LITERALS = {"one": np.array(1.0), "half": np.array(0.5)}


def of(nodes: list[Any], weights: dict[str, Any], constants: dict[str, Any] | None = None, **more: Any) -> OnnxModel:
    """x W, and then these nodes."""
    return OnnxModel([*HEAD, *nodes], {**W, **weights}, (3,), 2, constants=constants, **more)


KEPT = {
    "a factor of 1 is no weight": of([node("Mul", ["a", "s"], ["out"])], {"s": number(1)}, numbers=["s"]),
    "nor two of product 1": of(
        [node("Mul", ["a", "s"], ["b"]), node("Mul", ["b", "r"], ["out"])], {"s": number(2), "r": number(0.5)},
        numbers=["s", "r"],
    ),
    "nor one in two places": of(
        [node("Mul", ["a", "s"], ["b"]), node("Tanh", ["b"], ["c"]), node("Mul", ["c", "s"], ["out"])], {"s": number(0.5)},
        numbers=["s"],
    ),
    "a bias of 0": of([node("Add", ["a", "s"], ["out"])], {"s": number(0)}),
    "a bias of 0 taken away": of([node("Sub", ["a", "s"], ["out"])], {"s": number(0)}),
    "a bias of 0 behind a GELU": of(
        [*GELU, node("Add", ["k", "s"], ["out"])], {"s": number(0)}, {**LITERALS, "c": ROOT},
    ),
    "one number in a constant node": of([node("Add", ["a", "s"], ["out"])], {}, {"s": number(0.25)}),
    "a padding of ones": of(
        [node("Pad", ["a", "p", "c"], ["d"]), node("Tanh", ["d"], ["f"]), node("MatMul", ["f", "v"], ["out"])],
        {"v": random(4, 2)}, {"p": np.array([0, 1, 0, 1]), "c": np.array(1.0)},
    ),
    "a bias that is taken away, reshaped": of(
        [node("Reshape", ["b", "i"], ["c"]), node("Sub", ["a", "c"], ["out"])], {"b": random(1, 2)}, {"i": np.array([2])},
    ),
    "a weight like its transpose": OnnxModel(
        [node("Transpose", ["w"], ["u"], perm=[1, 0]), node("MatMul", ["in", "u"], ["out"])], {"w": np.eye(2)}, (2,), 2,
    ),
    "weights of zeros, transposed": OnnxModel(
        [node("Transpose", ["w"], ["u"], perm=[1, 0]), node("MatMul", ["in", "u"], ["out"])], {"w": np.zeros((2, 3))}, (3,), 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_a_step_is_down_the_files_own_gradient(name: str) -> None:
    check_step(KEPT[name])


def test_names_say_sign_and_order_whatever_the_values_are() -> None:
    names = {
        "a bias that is taken away, reshaped": "b/negated/reordered",
        "a weight like its transpose": "w/transposed",
        "weights of zeros, transposed": "w/transposed",
    }
    for model, wanted in names.items():
        assert wanted in compiled(KEPT[model])[0].initial


BN = node("BatchNormalization", ["a", "g", "b", "m", "s"], ["c"])
REFUSED = {
    "a square of a factor": ("s", of([node("Mul", ["s", "s"], ["r"]), node("Mul", ["a", "r"], ["out"])], {"s": number(1)})),
    "a sigmoid of a factor": ("s", of([node("Sigmoid", ["s"], ["r"]), node("Mul", ["a", "r"], ["out"])], {"s": number(0)})),
    "a divisor and 1": (
        "s", of([node("Add", ["s", "one"], ["r"]), node("Div", ["a", "r"], ["out"])], {"s": number(1)}, LITERALS)
    ),
    "a clipped divisor": (
        "s", of([node("Clip", ["s", "half"], ["r"]), node("Div", ["a", "r"], ["out"])], {"s": number(1)}, LITERALS)
    ),
    "a negated bias": ("s", of([node("Neg", ["s"], ["r"]), node("Add", ["a", "r"], ["out"])], {"s": number(0)})),
    "half a bias": ("s", of([node("Mul", ["s", "half"], ["r"]), node("Add", ["a", "r"], ["out"])], {"s": number(0)}, LITERALS)),
    "a product as a bias": ("r", of([node("Mul", ["s", "r"], ["t"]), node("Add", ["a", "t"], ["out"])],
                                    {"s": number(0), "r": number(1)})),
    "a mean as a bias": ("b", of([node("ReduceMean", ["b"], ["r"]), node("Add", ["a", "r"], ["out"])], {"b": random(4)})),
    "a sum as a bias": ("b", of([node("ReduceSum", ["b"], ["r"]), node("Add", ["a", "r"], ["out"])], {"b": random(4)})),
    "an entry as a bias": (
        "b", of([node("Gather", ["b", "i"], ["r"]), node("Add", ["a", "r"], ["out"])], {"b": random(4)}, {"i": np.array(0)})
    ),
    "a sum of the weights as a divisor": (
        "w", of([node("ReduceSum", ["w"], ["r"]), node("Div", ["a", "r"], ["out"])], {"w": 1 + random(3, 2)})
    ),
    "a product of two vectors": (
        "b", of([node("MatMul", ["b", "d"], ["r"]), node("Add", ["a", "r"], ["out"])], {"b": random(4), "d": random(4)})
    ),
    "a factor and a bias": ("s", of([node("Mul", ["a", "s"], ["b"]), node("Add", ["b", "s"], ["out"])], {"s": number(1)})),
    "a factor and a bias taken away": (
        "s", of([node("Mul", ["a", "s"], ["b"]), node("Sub", ["b", "s"], ["out"])], {"s": number(1)})
    ),
    "a divisor and a bias": ("s", of([node("Div", ["a", "s"], ["b"]), node("Add", ["b", "s"], ["out"])], {"s": number(1)})),
    "a bias in two places": (
        "s",
        of([node("Add", ["a", "s"], ["b"]), node("Tanh", ["b"], ["c"]), node("Sub", ["c", "s"], ["out"])], {"s": number(0)}),
    ),
    "a twice of one weight": (
        "v",
        OnnxModel([node("MatMul", ["in", "w"], ["a"]), node("Gemm", ["a", "v"], ["b"], alpha=2.0),
                   node("MatMul", ["b", "u"], ["out"])],
                  {"w": random(3, 1), "v": number(0.5)[None], "u": random(1, 2)}, (3,), 2),
    ),
    "twice a bias of one score": (
        "b",
        OnnxModel([node("Gemm", ["in", "w", "b"], ["a"], beta=2.0), node("MatMul", ["a", "u"], ["out"])],
                  {"w": random(3, 1), "b": number(0), "u": random(1, 2)}, (3,), 2),
    ),
    "a batch normalisation of one channel": (
        "g",
        OnnxModel([*HEAD, BN, node("MatMul", ["c", "u"], ["out"])],
                  {"w": random(3, 1), "g": number(1), "b": number(0), "m": number(0), "s": number(1), "u": random(1, 2)},
                  (3,), 2),
    ),
    "a bias that has no effect": ("b", of([node("Gemm", ["a", "u", "b"], ["out"], beta=0.0)],
                                          {"u": random(2, 2), "b": random(2)})),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_weight_by_itself_is_refused_by_name(name: str) -> None:
    weight, model = REFUSED[name]
    with pytest.raises(ModelError) as caught:
        compiled(model)
    assert caught.value.slug == "weights"
    assert weight in re.split(r"[ ,()]+", f"{caught.value.place} {caught.value.reason}")
    assert caught.value.remedy


@pytest.mark.parametrize(
    "name", ["a square of a factor", "half a bias", "a mean as a bias", "a batch normalisation of one channel"]
)
def test_of_what_is_frozen_anything_may_be_computed(name: str) -> None:
    model = REFUSED[name][1]
    frozen = [own for own in model.weights if own not in ("w", "u")]
    made, _ = compiled(model, frozen=frozen)
    moving = set(made.initial) - made.description.plan.network.frozen
    assert moving == {own for own in model.weights if own in ("w", "u")}


def test_a_learnable_gelu_is_none() -> None:
    """Its factor starts at the one of GELU; the same in a file's constant is GELU."""

    def operators(model: OnnxModel, **options: Any) -> set[str]:
        return {found.op for found in compiled(model, **options)[0].description.plan.network.nodes}

    ends = [*GELU[:-1], node("Mul", ["g", "half"], ["out"])]
    assert operators(of(ends, {}, {**LITERALS, "c": ROOT})) == {"MatMul", "Gelu"}
    learnable = of(ends, {"c": ROOT}, LITERALS)
    with pytest.raises(QuantizationError, match="Erf is not trained through"):
        compiled(learnable)
    assert operators(learnable, frozen=["c"]) == {"MatMul", "Gelu"}


def drops_factors(rewriter: Rewriter, node: Node) -> bool:
    return node.op == "Mul" and rewriter.constant(node.inputs[1]) is not None and rewriter.forward(node, node.inputs[0])


def doubles_biases(rewriter: Rewriter, node: Node) -> bool:
    """The same scores, by half the bias twice."""
    value = rewriter.constant(node.inputs[1]) if node.op == "Add" else None
    if value is None or node.inputs[1].endswith("half"):
        return False
    half = rewriter.builder.constant(value / 2, name=f"{node.inputs[1]}/half")
    tensor = rewriter.builder.fresh("once")
    rewriter.builder.shapes[tensor], rewriter.builder.kinds[tensor] = rewriter.shape(node.outputs[0]), "float"
    first = Node(rewriter.builder.fresh("first", node=True), "Add", (node.inputs[0], half), (tensor,), {})
    rewriter.builder.sources[first.name] = ""
    rewriter.replace(node, Node(node.name, "Add", (tensor, half), node.outputs, {}))
    rewriter.nodes = {first.name: first, **rewriter.nodes}
    rewriter._link(first)
    rank = {"MatMul": 0, "Add": 1}
    ordered = sorted(rewriter.nodes.values(), key=lambda n: (rank.get(n.op, 2), n.name == node.name))
    rewriter.nodes = {found.name: found for found in ordered}
    return True


@pytest.mark.parametrize(("wrong", "value"), [(drops_factors, 1.0), (doubles_biases, 0.5)])
def test_a_rewriting_that_loses_a_weight_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: Any, value: float) -> None:
    """Whatever a later rewriting does: here are two that keep the scores of this model as they are."""
    from tacit.graph import rewriting

    monkeypatch.setattr(rewriting, "APART", (*rewriting.APART, wrong))
    kind = "Mul" if wrong is drops_factors else "Add"
    with pytest.raises(ModelError) as caught:
        compiled(of([node(kind, ["a", "s"], ["b"]), node("Tanh", ["b"], ["out"])], {"s": number(value)}))
    assert caught.value.slug == "weights"


def test_an_importer_that_depends_on_what_a_weight_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dependence that no record of a constant shows: the model is tried with other weights, too."""
    from tacit.importers.onnx.builder import Builder
    from tacit.importers.onnx.calls import Call
    from tacit.importers.onnx.registry import IMPORTERS

    def wrong(builder: Builder, call: Call) -> str:
        x, y = (builder.tensor(name) for name in call.inputs)
        wide = builder.emit("Add", [x, y])
        return builder.emit("Relu", [wide]) if (builder.constants[y] > 0).all() else wide

    monkeypatch.setitem(IMPORTERS, ("", "Add"), wrong)
    with pytest.raises(ModelError) as caught:
        compiled(of([node("Add", ["a", "b"], ["c"]), node("Relu", ["c"], ["out"])], {"b": np.ones(2)}))
    assert caught.value.slug == "import"


@st.composite
def expressions(draw: st.DrawFn) -> OnnxModel:
    """A layer, and numbers that are computed of its weights and of others, as factors and biases."""
    weights: dict[str, Any] = {"w": random(3, 2), "b": random(2)}
    nodes = [node("MatMul", ["in", "w"], ["a"]), node("Add", ["a", "b"], ["v0"])]
    counted = 0

    def put(op: str, *inputs: str, **attrs: Any) -> str:
        nonlocal counted
        counted += 1
        nodes.append(node(op, list(inputs), [f"e{counted}"], **attrs))
        return f"e{counted}"

    def leaf() -> str:
        kind = draw(st.sampled_from(["new", "new", "known", "literal", "sum", "entry"]))
        own = [name for name in weights if name.startswith("s")]
        if kind == "known" and own:
            return draw(st.sampled_from(own))
        if kind in ("sum", "entry"):
            of = draw(st.sampled_from(["w", "b"]))
            flat = put("Reshape", of, "all")
            return put("ReduceSum", flat) if kind == "sum" else put("Gather", flat, "first")
        if kind == "literal":
            return draw(st.sampled_from(["one", "half"]))
        weights[f"s{len(weights)}"] = np.full(
            draw(st.sampled_from([(), (1,), (1, 1)])), draw(st.sampled_from([0.0, 0.5, 1.0]))
        )
        return list(weights)[-1]

    def number(depth: int) -> str:
        kind = draw(st.sampled_from(["leaf", "leaf", "unary", "binary"])) if depth else "leaf"
        if kind == "leaf":
            return leaf()
        if kind == "unary":
            return put(draw(st.sampled_from(["Neg", "Sigmoid", "Relu", "Abs", "Identity", "Tanh"])), number(depth - 1))
        return put(draw(st.sampled_from(["Add", "Sub", "Mul"])), number(depth - 1), number(depth - 1))

    value = "v0"
    for i in range(draw(st.integers(1, 3))):
        op = draw(st.sampled_from(["Add", "Sub", "Mul", "Div", "Tanh"]))
        nodes.append(node(op, [value, *([] if op == "Tanh" else [number(2)])], [f"v{i + 1}"]))
        value = f"v{i + 1}"
    nodes.append(node("Reshape", [value, "rows"], ["out"]))
    constants = {**LITERALS, "all": np.array([-1]), "first": np.array(0), "rows": np.array([-1, 2])}
    return OnnxModel(nodes, weights, (3,), 2, constants=constants)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(expressions())
def test_random_numbers_are_trained_as_the_file_has_them_or_refused(model: OnnxModel) -> None:
    try:
        made, _ = compiled(model)
    except TacitError:
        return
    network = made.description.plan.network
    named = {name.split("/")[0] for name in network.parameters if name not in network.frozen}
    used = {name for item in model.nodes for name in item.input}
    # What is accepted without moving is a number that the program shows, as the file has it: nothing is computed of it.
    model.numbers = [name for name in model.weights if name not in named]
    for name in model.numbers:
        reads = [item.op_type for item in model.nodes if name in item.input]
        assert name not in used or set(reads) <= {"Mul", "Div", "Identity"}
    check_step(model)
