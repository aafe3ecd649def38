"""Every network of the compiler's tests: with its weights and a sample as numbers there is one witness output, the right one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from execution import execute
from judge import holds
from nets import Net, mlp
from test_columns import NETS, table
from test_operators import CASES, uneven
from test_pipeline import samples

from tacit.compiler.pipeline import compile_model
from tacit.graph import Graph
from tacit.program.builder import Settings
from tacit.quantize import Options
from tacit.uniqueness import second_witness

#: Seconds for a search, most of which need one: on a busy machine.
SECONDS = 600.0
#: Digits of five bits, or of four and activations of one lookup; few bits, so that there are few digits.
NARROW = {
    "settings": Settings(5, 5),
    "options": Options(activation_bits=9, least_weight_bits=7, align=5, table_bits=7),
}
WIDE = {
    "settings": Settings(4, 10),
    "options": Options(activation_bits=9, least_weight_bits=7, align=4, table_bits=7),
}
LINES = {
    "settings": Settings(6, 6),
    "options": Options(activation_bits=11, least_weight_bits=9, align=6, table_bits=7, interpolate=True),
}


def one_answer(graph: Graph, x: dict[str, Any], **options: Any) -> None:
    compiled, weights = compile_model(graph, calibration=x, **options)
    given = dict(weights.tensors) | {name: compiled.quantize(name, values[0]) for name, values in x.items()}
    run = execute(compiled.program, given)
    verdict = second_witness(compiled.program, givens=given, seconds=SECONDS)
    assert verdict.unique, verdict.reason
    assert holds(compiled.program, verdict.witness)
    for port in compiled.program.outputs:
        name = compiled.program.tensors[port.tensor].name
        assert np.array_equal(verdict.witness[name], run.tensors[port.tensor]), name
    assert {compiled.program.tensors[port.tensor].name for port in compiled.program.outputs} == set(verdict.outputs)


@pytest.mark.parametrize("name", CASES)
def test_operator(name: str) -> None:
    graph = CASES[name]()
    one_answer(graph, samples(graph, 4), **NARROW)


@pytest.mark.parametrize("name", ["relu", "leaky", "clip", "softmax", "conv_pool_relu", "max_pool_overlapping"])
def test_operator_of_one_lookup(name: str) -> None:
    graph = CASES[name]()
    one_answer(graph, samples(graph, 4), **WIDE)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "erf", "gelu"])
def test_lines_between_rows(name: str) -> None:
    graph = CASES[name]()
    one_answer(graph, samples(graph, 4), **LINES)


@pytest.mark.parametrize("overflow", ["widen", "refuse"])
def test_other_overflows(overflow: str) -> None:
    graph = CASES["conv_relu_pool"]()
    one_answer(graph, samples(graph, 4), overflow=overflow, **NARROW)


@pytest.mark.parametrize("op", ["Greater", "Less", "GreaterOrEqual", "LessOrEqual"])
@pytest.mark.parametrize("wide", [False, True])
def test_comparison(op: str, wide: bool) -> None:
    net = Net(9, x=(1, 5))
    bound = net.random(4, scale=0.3) if wide else net.constant(np.array(0.25))
    graph = net.graph(net.add(op, [net.dense("x", 4), bound], (1, 4)))
    one_answer(graph, samples(graph, 8), **NARROW)


@pytest.mark.parametrize(("axis", "keep"), [(1, 0), (2, 1)])
@pytest.mark.parametrize("equal", [False, True])
def test_argmax(axis: int, keep: int, equal: bool) -> None:
    net = Net(10, x=(1, 5, 3))
    shape = tuple(1 if i == axis else n for i, n in enumerate((1, 5, 3)) if keep or i != axis)
    graph = net.graph(net.add("ArgMax", ["x"], shape, axis=axis, keepdims=keep))
    x = samples(graph, 8)
    if equal:
        x["x"][0] = 0.25
    one_answer(graph, x, **NARROW)


@pytest.mark.parametrize("last", ["", "Sigmoid", "Softmax"])
def test_threshold(last: str) -> None:
    net = Net(11, x=(2, 5))
    out = net.dense("x", 3)
    if last:
        out = net.add(last, [out], (2, 3), axis=1)
    graph = net.graph(out)
    one_answer(graph, samples(graph, 8), threshold=(out, 1, 0.3), **NARROW)


@pytest.mark.parametrize(
    ("scaler", "inputs", "outputs"),
    [
        (True, "private", "public"),
        (True, "committed", "committed"),
        (False, "public", "committed"),
        (False, "committed", "public"),
    ],
)
def test_columns_of_different_magnitudes(scaler: bool, inputs: str, outputs: str) -> None:
    graph, x = uneven(scaler)
    one_answer(graph, x, inputs=inputs, outputs=outputs)


@pytest.mark.parametrize("build", NETS)
def test_columns(build: Callable[[Net], str]) -> None:
    net = Net(4, x=(1, 7))
    one_answer(net.graph(build(net)), table())


@pytest.mark.parametrize("weights", ["private", "public"])
def test_mlp(weights: str) -> None:
    graph = mlp(batch=2)
    one_answer(graph, samples(graph), weights=weights)
