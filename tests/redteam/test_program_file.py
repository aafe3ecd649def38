"""What the public program file tells of hidden weights: an attacker who has it and nothing else.

Tables, bounds and scales are chosen on hidden samples. Were they the calibrated numbers themselves, a model of two weights
could be read off its table's ends, and a hidden scale off the integer of a public bound.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.program import ClampTable, Program, Values
from tacit.quantize import Options
from tacit.quantize.grids import on_grid, rows

Array = Any
HEADROOM = 1.5


def model(nodes: list[Any], constants: dict[str, Array], width: int, out: tuple[str, int]) -> Any:
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, width])],
        [helper.make_tensor_value_info(out[0], TensorProto.FLOAT, [1, out[1]])],
        [numpy_helper.from_array(np.asarray(v, dtype=np.float32), name) for name, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def logistic(w: float, b: float) -> Any:
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["m"]),
        helper.make_node("Add", ["m", "b"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["p"]),
    ]
    return model(nodes, {"w": [[w]], "b": [b]}, 1, ("p", 1))


def relu6(seed: int, size: float) -> Any:
    rng = np.random.default_rng(seed)
    nodes = [
        helper.make_node("Gemm", ["x", "w0", "b0"], ["h"]),
        helper.make_node("Clip", ["h", "low", "high"], ["a"]),
        helper.make_node("Gemm", ["a", "w1", "b1"], ["y"]),
    ]
    constants = {
        "w0": rng.normal(size=(5, 8)) * size,
        "b0": rng.normal(size=8) * 0.3,
        "low": 0.0,
        "high": 6.0,
        "w1": rng.normal(size=(8, 2)),
        "b1": rng.normal(size=2),
    }
    return model(nodes, constants, 5, ("y", 2))


def read(network: Any, samples: Array, **options: Any) -> Program:
    """All that is public of a model."""
    program, _ = tacit.compile(network, calibration=samples.astype(np.float32), **options)
    return Program.decode(program._native.bytes())


def sigmoid_ends(program: Program) -> tuple[float, float]:
    """The ends of the sigmoid's table in real units: its rows are recognised by the values of the function."""
    found = []
    for table in program.tables:
        if not isinstance(table.kind, Values) or min(table.kind.outs) < 0:
            continue
        outs, first = np.array(table.kind.outs, dtype=float), table.kind.lo
        at = first + np.arange(len(outs))
        for frac in range(-2, 12):
            exact = 0.5 + 0.5 * np.tanh(at * 2.0 ** -(frac + 1))
            scale = 2.0 ** np.round(np.log2(outs.max() / exact.max()))
            found.append((np.abs(exact * scale - outs).max() / scale, first * 2.0**-frac, (at[-1] + 1) * 2.0**-frac))
    return min(found)[1:]


def undone(low: float, high: float) -> tuple[float, float]:
    """The calibrated range, if the ends were it and the room beside it."""
    if abs(high) >= abs(low):
        top = high / HEADROOM
        return low + (HEADROOM - 1) * top, top
    bottom = low / HEADROOM
    return bottom, high + (HEADROOM - 1) * bottom


def test_the_ends_of_a_table_do_not_give_a_small_model() -> None:
    """One feature of a known range 0 to 10: with the ends of the calibrated range, w and b follow up to w's sign."""
    samples = np.linspace(0, 10, 101).reshape(-1, 1)
    errors, ends = [], set()
    for seed in range(8):
        rng = np.random.default_rng(seed)
        w, b = rng.normal() * 1.5, rng.normal() * 2
        found = sigmoid_ends(read(logistic(w, b), samples, outputs="committed"))
        ends.add(found)
        low, high = undone(*found)
        errors.append(min(abs(abs(high - low) / 10 - abs(w)) / abs(w), 1.0))
    assert np.median(errors) > 0.2
    assert np.sort(errors)[1] > 0.05
    for low, high in ends:  # a power of two wide, in one of three places
        assert np.log2(high - low) % 1 == 0
        assert -low / (high - low) in (0.25, 0.5, 0.75)


def test_weights_of_an_octave_have_few_tables() -> None:
    """From w to 2 w: the octave above or below, about zero or to one side."""
    samples = np.linspace(0, 10, 101).reshape(-1, 1)
    found = {sigmoid_ends(read(logistic(w, 0.3), samples)) for w in np.geomspace(0.75, 1.5, 12)}
    assert len(found) <= 4


@pytest.mark.filterwarnings("ignore::tacit.errors.AccuracyWarning")
def test_a_public_bound_does_not_give_the_hidden_scale() -> None:
    """The bound 6 of a ReLU6, an integer in units of a hidden scale: the largest of its bits, whatever the weights."""
    samples = np.random.default_rng(1).normal(size=(200, 5))
    for size in np.geomspace(4.0, 7.9, 9):
        program = read(relu6(3, float(size)), samples, options=Options(activation_bits=14))
        bounds = {-zero.expr.constant for zero in program.zeros if zero.name == "a.high"}
        for lookup in program.lookups:  # of a clamp: the end of its table
            kind = program.tables[lookup.table].kind
            if lookup.name == "a.clamp" and isinstance(kind, ClampTable):
                bounds.add(kind.high)
            if lookup.name == "a.base" and isinstance(kind, Values):
                bounds.add(kind.outs[-1])
        assert bounds == {(1 << 13) - 1}


def test_table_rows_hold_what_they_are_asked_to() -> None:
    rng = np.random.default_rng(7)
    for _ in range(2000):
        low, high = np.sort(rng.normal(size=2) * 10.0 ** rng.uniform(-3, 3, size=2))
        room = 0.5 * max(abs(low), abs(high))
        low, high = low - room, high + room
        most, finest = int(rng.integers(3, 12)), int(rng.integers(-4, 14))
        first, last, frac = rows(low, high, most, finest)
        assert frac <= finest
        assert last - first < 1 << most
        assert first <= np.floor(low * 2.0**frac + 0.5)
        assert np.floor(high * 2.0**frac + 0.5) <= last


def test_a_scale_on_the_grid_is_the_anchor_less_whole_bits() -> None:
    assert on_grid(3.2, 0.7) == 2.7
    assert on_grid(3.7, 0.7) == 3.7
    assert on_grid(-1.0, 0.0) == -1.0
