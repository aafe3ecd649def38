"""Columns of different magnitudes, among them constant ones: what they multiply may be of any size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_graphs import check
from nets import Net

from tacit.compiler.pipeline import compile_model
from tacit.errors import WitnessError
from tacit.graph import Graph, evaluate
from tacit.quantize import Options
from tacit.quantize.calibration import calibrate
from tacit.quantize.translate import quantize

#: Incomes, flags, prices, ages, rates, a column that never changes, and one that is zero.
SCALES = np.array([4e4, 0.5, 2e5, 20.0, 0.01, 1.0, 1.0])
CONSTANT, ZERO = 5, 6


def table(count: int = 40) -> dict[str, Any]:
    x = (2 + np.random.default_rng(3).normal(size=(count, 1, 7))) * SCALES
    x[..., CONSTANT], x[..., ZERO] = 7.25, 0.0
    return {"x": x}


def scaled(net: Net) -> str:
    """As a scaler has it: less the mean, by the deviation; by 1 where that is 0."""
    mean = table()["x"].mean((0, 1))
    moved = net.add("Add", ["x", net.constant(-mean)], (1, 7))
    return net.add("Mul", [moved, net.constant(1 / np.where(SCALES == 1, 1, SCALES))], (1, 7))


def constant_columns(net: Net) -> str:
    return net.dense(net.relu(net.dense(scaled(net), 6)), 2)


def constant_columns_without_scaler(net: Net) -> str:
    weight = net.rng.normal(size=(7, 3)) / SCALES[:, None]
    weight[ZERO] = 1e3
    return net.add("MatMul", ["x", net.constant(weight)], (1, 3))


def weights_of_zero(net: Net) -> str:
    """A linear model that has left out most columns: those that are left keep their bits."""
    weight = np.array([1e-6, 0, 3e-6, 0, 0, 0, 0]).reshape(7, 1)
    return net.add("MatMul", ["x", net.constant(weight)], (1, 1))


def factors_of_one_column(net: Net) -> str:
    """A column taken out, by a number, plus a number; and joined again, as column transformers do it."""
    columns = []
    for i in (2, 0, 1):
        taken = net.add("Slice", ["x"], (1, 1), starts=(i,), ends=(i + 1,), axes=(1,), steps=(1,))
        factor = net.add("Mul", [taken, net.constant(np.array(0.9 / SCALES[i]))], (1, 1))
        columns.append(net.add("Add", [factor, net.constant(np.array([-0.3]))], (1, 1)))
    return net.dense(net.add("Concat", columns, (1, 3), axis=1), 2)


def one_factor(net: Net) -> str:
    """All columns by one number, then each by its own."""
    value = net.add("Mul", ["x", net.constant(np.array(0.01))], (1, 7))
    return net.dense(net.add("Mul", [value, net.constant(100 / SCALES)], (1, 7)), 3)


NETS = (constant_columns, constant_columns_without_scaler, weights_of_zero, factors_of_one_column, one_factor)


@pytest.mark.parametrize("build", NETS)
def test_columns(build: Any) -> None:
    net = Net(4, x=(1, 7))
    graph = net.graph(build(net))
    x = table()
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)
    assert compiled.accuracy.refused == 0
    assert compiled.accuracy.worst_relative < 1e-3


@pytest.mark.parametrize("bits", [16, 24])
def test_more_bits_are_no_worse(bits: int) -> None:
    """The finest input stays within what is laid out before it is rounded."""
    net = Net(4, x=(1, 7))
    graph = net.graph(constant_columns(net))
    options = Options(activation_bits=bits, weight_bits=bits)
    compiled, _ = compile_model(graph, calibration=table(), options=options)
    assert compiled.accuracy.worst_relative < 1e-3


def test_a_flag_that_no_sample_had() -> None:
    """A column that was zero in calibration: 1 is answered as well as anything else, and what has no room is told apart."""
    net = Net(4, x=(1, 7))
    graph = net.graph(constant_columns(net))
    compiled, _ = compile_model(graph, calibration=table(), overflow="refuse")
    x = table(1)["x"][0]
    x[0, ZERO] = 1.0
    values = compiled.ints.run({"x": compiled.quantize("x", x)})
    exact = evaluate(graph, {"x": x})
    for name, integers in compiled.ints.results(values).items():
        assert np.abs(compiled.dequantize(name, integers) - exact[name][0]).max() < 1e-2 * np.abs(exact[name]).max()
    x[0, ZERO] = 1e5
    with pytest.raises(WitnessError, match="columns"):
        compiled.ints.run({"x": compiled.quantize("x", x)})


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh", "Erf"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_function_that_is_constant_on_all_samples(op: str, sign: int) -> None:
    net = Net(5, x=(1, 4))
    moved = net.add("Add", ["x", net.constant(np.full(4, 3000.0 * sign))], (1, 4))
    graph: Graph = net.graph(net.add(op, [moved], (1, 4)))
    x = {"x": np.random.default_rng(0).normal(size=(20, 1, 4)) * 100}
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)
    assert compiled.accuracy.outputs[graph.outputs[0]].largest < 1e-4


@pytest.mark.parametrize("op", ["Sigmoid", "Tanh"])
def test_a_function_of_values_whose_unit_is_beyond_its_curve(op: str) -> None:
    """Of numbers in the billions only the sign counts."""
    net = Net(6, x=(1, 4))
    graph = net.graph(net.add(op, [net.add("MatMul", ["x", net.random(4, 3)], (1, 3))], (1, 3)))
    x = {"x": np.random.default_rng(0).normal(size=(20, 1, 4)) * 1e9}
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)
    assert compiled.accuracy.worst_relative < 1e-3


def test_branches_that_meet_again_are_looked_at_once() -> None:
    """Forty of them have 2^40 ways from the input to the output."""
    net, value = Net(0, x=(1, 4)), "x"
    for _ in range(40):
        moved = net.add("Add", [value, net.constant(np.arange(1.0, 5.0))], (1, 4))
        value = net.add("Mul", [net.add("Add", [value, moved], (1, 4)), net.constant(np.array(0.5))], (1, 4))
    graph = net.graph(value)
    x = {"x": np.random.default_rng(0).normal(size=(4, 1, 4)) * np.array([1, 1e3, 1e3, 1e3])}
    ints = quantize(graph, calibrate(graph, x), Options(activation_bits=14))
    assert len(ints.steps) < 400
