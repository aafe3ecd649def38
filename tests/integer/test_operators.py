"""Every operator: what its relations force is its integer meaning, and both are the float operator up to rounding."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from compiled_graphs import check, samples
from execution import execute
from nets import Net
from operator_cases import CASES, uneven

from tacit.compiler.pipeline import compile_model
from tacit.errors import WitnessError
from tacit.graph import evaluate
from tacit.program.builder import Settings
from tacit.quantize import Options
from tacit.quantize.quantizer import RULES

#: Operators with tests of their own below.
APART = ("Greater", "Less", "GreaterOrEqual", "LessOrEqual", "ArgMax")


def test_every_operator_with_a_rule_has_a_case() -> None:
    made = {node.op for case in CASES.values() for node in case().nodes}
    assert made == set(RULES) - set(APART)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("limb", [4, 8, 16])
def test_operator(name: str, limb: int) -> None:
    graph = CASES[name]()
    x = samples(graph, 8)
    options = Options(activation_bits=14, least_weight_bits=11, align=limb)
    settings = Settings(limb, 16 if limb == 16 else limb)
    compiled, weights = compile_model(graph, calibration=x, options=options, settings=settings)
    check(graph, compiled, weights, x)
    assert compiled.accuracy.refused == 0


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "erf", "gelu", "gelu_tanh"])
@pytest.mark.parametrize("limb", [4, 8])
def test_lines_between_rows(name: str, limb: int) -> None:
    """A small table with lines is as good as a large one."""
    graph = CASES[name]()
    x = samples(graph, 16)
    options = Options(activation_bits=16, least_weight_bits=12, align=limb, table_bits=8, interpolate=True)
    compiled, weights = compile_model(graph, calibration=x, options=options, settings=Settings(limb, limb))
    check(graph, compiled, weights, x)
    assert compiled.accuracy.worst_relative < 1e-3
    rough = replace(options, interpolate=False)
    coarse, _ = compile_model(graph, calibration=x, options=rough, settings=Settings(limb, limb))
    assert coarse.accuracy.worst_relative > 2 * compiled.accuracy.worst_relative


@pytest.mark.parametrize("op", APART[:4])
@pytest.mark.parametrize("wide", [False, True])
def test_comparison(op: str, wide: bool) -> None:
    net = Net(9, x=(1, 5))
    bound = net.random(4, scale=0.3) if wide else net.constant(np.array(0.25))
    graph = net.graph(net.add(op, [net.dense("x", 4), bound], (1, 4)))
    x = samples(graph, 8)
    compiled, weights = compile_model(
        graph, calibration=x, settings=Settings(8, 8), options=Options(activation_bits=16)
    )
    check(graph, compiled, weights, x, runs=8)


def test_comparison_of_equal_integers() -> None:
    """At the bound itself > and >= differ."""
    for op, expected in (("Greater", 0), ("GreaterOrEqual", 1), ("Less", 0), ("LessOrEqual", 1)):
        net = Net(9, x=(1, 2))
        graph = net.graph(net.add(op, ["x", net.constant(np.array(0.5))], (1, 2)))
        x = {"x": np.array([[[0.5, 0.5]], [[1.0, -1.0]]])}
        compiled, weights = compile_model(graph, calibration=x, settings=Settings(8, 8))
        check(graph, compiled, weights, x)
        result = compiled.ints.results(compiled.ints.run({"x": compiled.quantize("x", x["x"][0])}))
        assert result[graph.outputs[0]].tolist() == [[expected, expected]]


@pytest.mark.parametrize(("axis", "keep"), [(1, 0), (2, 1)])
def test_argmax(axis: int, keep: int) -> None:
    net = Net(10, x=(1, 5, 3))
    shape = tuple(1 if i == axis else n for i, n in enumerate((1, 5, 3)) if keep or i != axis)
    graph = net.graph(net.add("ArgMax", ["x"], shape, axis=axis, keepdims=keep))
    x = samples(graph, 8)
    x["x"][0] = 0.25  # all equal: the first wins
    compiled, weights = compile_model(graph, calibration=x, settings=Settings(8, 8))
    check(graph, compiled, weights, x, runs=8)


@pytest.mark.parametrize("last", ["", "Sigmoid", "Softmax"])
def test_threshold(last: str) -> None:
    net = Net(11, x=(2, 5))
    out = net.dense("x", 3)
    if last:
        out = net.add(last, [out], (2, 3), axis=1)
    graph = net.graph(out)
    x = samples(graph, 8)
    settings, options = Settings(8, 8), Options(activation_bits=16)
    compiled, weights = compile_model(graph, calibration=x, threshold=(out, 1, 0.3), settings=settings, options=options)
    assert [port.name for port in compiled.program.outputs] == [out]
    publics = [t for t in compiled.program.tensors if type(t.place).__name__ == "Public"]
    assert [(t.shape, t.lo, t.hi) for t in publics] == [((2,), 0, 1)]
    assert compiled.accuracy.outputs[out].largest == 0
    for i in range(8):
        q = {"x": compiled.quantize("x", x["x"][i])}
        run = execute(compiled.program, dict(weights.tensors) | q)
        exact = evaluate(graph, {"x": x["x"][i : i + 1]})[out][0]
        assert run.named(f"output {out}[1] >= 0.3").tolist() == (exact[:, 1] >= 0.3).astype(int).tolist()
    if last == "Sigmoid":
        assert not any(type(table.kind).__name__ == "Values" for table in compiled.program.tables)


@pytest.mark.parametrize("inputs", ["private", "committed", "public"])
@pytest.mark.parametrize("scaler", [True, False])
def test_columns_of_different_magnitudes(scaler: bool, inputs: str) -> None:
    graph, x = uneven(scaler)
    compiled, weights = compile_model(graph, calibration=x, inputs=inputs)
    check(graph, compiled, weights, x)
    assert compiled.accuracy.worst_relative < 1e-3
    assert compiled.accuracy.refused == 0


def test_a_column_out_of_its_range_is_refused() -> None:
    """A value that the input's interval admits, but not its column's."""
    graph, x = uneven(scaler=False)
    compiled, weights = compile_model(graph, calibration=x, settings=Settings(8, 8), overflow="refuse")
    x["x"][0, 0, 1] = 5000.0
    given = {"x": compiled.quantize("x", x["x"][0])}
    with pytest.raises(WitnessError, match=r"x\.columns"):
        compiled.ints.run(given)
    with pytest.raises(WitnessError):
        execute(compiled.program, dict(weights.tensors) | given)
