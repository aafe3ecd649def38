"""Every integer operator's scale is that of its meaning on real numbers, and nothing else can change one.

A rule that moved a scale without an operation, under the old integers, once proved wrong answers: mean(x)^2 was off by 16.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from compiled_graphs import samples
from operator_cases import CASES

import tacit.quantize.rules  # noqa: F401  (defines every operator)
from tacit.errors import CompilerBug
from tacit.integer.graph import InputSpec, IntGraph, Operator
from tacit.integer.operators.activation import RoundClip, RoundLeaky, RoundRelu, Within
from tacit.integer.operators.arithmetic import Added, Offset, Times
from tacit.integer.operators.convolution import Windows, WindowSum
from tacit.integer.operators.layout import Cut, Expand, Join, Permute, Reshape, Spread, View
from tacit.integer.operators.linear import Contract, Take
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Commit, Round, RoundDivide
from tacit.integer.operators.saturation import Saturate
from tacit.integer.operators.selection import ArgMaxLast, AtLeast, OneHotMaxLast
from tacit.integer.operators.tables import RoundLine, RoundTable
from tacit.integer.scale import Value
from tacit.quantize import Options
from tacit.quantize.calibration import calibrate
from tacit.quantize.translate import quantize

Array = Any


@dataclass(frozen=True)
class Meaning:
    """An operator with what it means on real numbers: scales and shapes of its operands, and how near it must come."""

    op: Operator
    real: Callable[..., Array]
    fracs: tuple[float, ...] = (9.0,)
    shapes: tuple[tuple[int, ...], ...] = ((2, 3, 4),)
    near: float = 2.0**-6


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _windows(x: Array) -> Array:
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1)))
    return np.stack([padded[..., k : k + 4] for k in range(3)], -1)


def _viewed(x: Array) -> Array:
    """Axes swapped, and windows of two entries backwards, two apart."""
    return np.stack([np.stack([x[..., 1], x[..., 0]], -1), np.stack([x[..., 3], x[..., 2]], -1)], -2).transpose(
        1, 0, 2, 3
    )


def _rows(scale: int) -> tuple[int, ...]:
    """tanh at 2^-5 a row from -8 on, at `scale` bits."""
    return tuple(int(v) for v in np.floor(np.tanh(np.arange(-256, 257) / 32) * 2.0**scale + 0.5))


MEANINGS: dict[str, Meaning] = {
    "Round": Meaning(Round(2, 12), lambda x: x),
    "RoundRelu": Meaning(RoundRelu(2, 12), lambda x: np.maximum(x, 0)),
    "RoundTable": Meaning(RoundTable(4, -256, _rows(10), 5, 10), np.tanh, near=2.0**-5),
    "RoundLine": Meaning(RoundLine(1, 3, -256, _rows(10), 5, 10), np.tanh),
    "RoundDivide": Meaning(RoundDivide(6, 12, -1), lambda x: x / 3),
    "RoundMax": Meaning(RoundMax(2, 12, 1), lambda x: x.max(-1)),
    "RoundClip": Meaning(RoundClip(1, 14, -128, 64, 8), lambda x: np.clip(x, -0.5, 0.25)),
    "Within": Meaning(Within(-(1 << 20), 1 << 20, 9), lambda x: x),
    "Saturate": Meaning(Saturate(2, -128, 100, 14, 7), lambda x: np.clip(x, -1.0, 100 / 128)),
    "RoundLeaky": Meaning(RoundLeaky(2, 12, 512, 10), lambda x: np.where(x >= 0, x, 0.5 * x)),
    "AtLeast": Meaning(AtLeast(14), lambda x: (x >= 0) * 1.0),
    "Commit": Meaning(Commit(), lambda x: x),
    "ArgMaxLast": Meaning(ArgMaxLast(14), lambda x: x.argmax(-1) * 1.0),
    "OneHotMaxLast": Meaning(OneHotMaxLast(14), lambda x: (np.arange(4) == x.argmax(-1)[..., None]) * 1.0),
    "SoftmaxLast": Meaning(SoftmaxLast(9, 14, 10), _softmax),
    "Contract": Meaning(
        Contract("abk", "ck", "abc"),
        lambda x, y: np.einsum("abk,ck->abc", x, y),
        (9.0, 3.5),
        ((2, 3, 4), (5, 4)),
    ),
    "Take": Meaning(Take((3, 0, 1)), lambda x: x[..., [3, 0, 1]]),
    "WindowSum": Meaning(WindowSum(2), lambda x: x.sum((-1, -2))),
    "Permute": Meaning(Permute((2, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    "Reshape": Meaning(Reshape((4, 6)), lambda x: x.reshape(4, 6)),
    "Expand": Meaning(Expand((5, 2, 3, 4)), lambda x: np.broadcast_to(x, (5, 2, 3, 4))),
    "Cut": Meaning(Cut((0, 2, 1), (1, -1, 2), (2, 3, 2)), lambda x: np.stack([x[:, 2 - i, 1::2] for i in range(3)], 1)),
    "View": Meaning(View((((1, 1),), ((0, 1),), ((2, 2), (3, -1))), (0, 0, 1), (3, 2, 2, 2)), lambda x: _viewed(x)),
    "Spread": Meaning(Spread(2, 2), lambda x: np.stack([x, 0 * x], -1).reshape(2, 3, 8)[..., :7]),
    "Join": Meaning(Join(1), lambda x, y: np.concatenate([x, y], 1), (9.0, 9.0), ((2, 3, 4), (2, 1, 4))),
    "Windows": Meaning(Windows((3,), (1,), (1,), (1,), (4,)), _windows),
    "Total": Meaning(Total((0, 2)), lambda x: x.sum((0, 2))),
    "Added": Meaning(Added((1, -1), (0, 3)), lambda x, y: x - y, (9.0, 6.0), ((2, 3), (2, 3))),
    "Offset": Meaning(Offset(-1, 256, 9), lambda x: 0.5 - x),
    "Times": Meaning(Times(-3, 2), lambda x: -0.75 * x),
}


def operators(kind: type[Operator] = Operator) -> set[str]:
    """The names of all integer operators."""
    found = {kind.__name__} if kind.__module__.startswith("tacit.") and not kind.__subclasses__() else set()
    return found.union(*map(operators, kind.__subclasses__()))


def test_every_operator_has_a_meaning_here() -> None:
    assert operators() == set(MEANINGS)


@pytest.mark.parametrize("name", MEANINGS)
def test_scale_follows_the_meaning(name: str) -> None:
    case, rng = MEANINGS[name], np.random.default_rng(len(name))
    integers = [rng.integers(-700, 700, shape) for shape in case.shapes]
    graph = IntGraph(name)
    given = []
    for i, (x, frac) in enumerate(zip(integers, case.fracs, strict=True)):
        graph.inputs[f"x{i}"] = InputSpec(x.shape, -1024, 1023, frac)  # type: ignore[arg-type]  # real scales, too
        graph.values[f"x{i}"] = Value(f"x{i}", x.shape, frac)
        given.append(graph.values[f"x{i}"])
    value = graph.emit(case.op, given, "y")
    found = graph.run({f"x{i}": x for i, x in enumerate(integers)})["y"] * 2.0**-value.frac
    exact = case.real(*(x * 2.0**-frac for x, frac in zip(integers, case.fracs, strict=True)))
    assert value.shape == exact.shape == found.shape
    assert np.abs(found - exact).max() <= case.near
    assert np.abs(exact).max() > 4 * case.near, "else another power of two would do"
    graph.check()


@pytest.mark.parametrize(
    ("op", "fracs"),
    [
        (Added((1, 1), (0, 0)), (9.0, 8.0)),
        (Join(0), (9.0, 9.5)),
        (Offset(1, 5, 8), (9.0,)),
        (RoundClip(1, 14, -1, 1, 8), (10.0,)),
        (RoundTable(4, -256, _rows(10), 5, 10), (8.0,)),
        (Saturate(2, -128, 100, 14, 7), (8.0,)),
        (RoundLine(1, 3, -256, _rows(10), 5, 10), (9.5,)),
        (SoftmaxLast(9, 14, 10), (8.0,)),
    ],
)
def test_operands_at_another_scale_are_a_bug(op: Operator, fracs: tuple[float, ...]) -> None:
    graph = IntGraph("g")
    given = [graph.input(f"x{i}", InputSpec((2, 3), -8, 7, frac)) for i, frac in enumerate(fracs)]  # type: ignore[arg-type]
    with pytest.raises(CompilerBug, match=rf"y \({type(op).__name__}\): scales that must agree"):
        graph.emit(op, given, "y")


@pytest.mark.parametrize("name", ["attention", "average_pool", "channel_scale", "softmax_middle", "clip"])
def test_a_scale_that_is_changed_behind_the_graph_is_found(name: str) -> None:
    """Whichever value is recorded at another scale than its operator gives it: the last check names it, or one after it."""
    graph = CASES[name]()
    x = samples(graph, 4)
    ints = quantize(graph, calibrate(graph, x), Options(activation_bits=14))
    ints.check()
    for value in list(ints.values.values()):
        changed = replace(ints, values=ints.values | {value.name: replace(value, frac=value.frac + 1)})
        with pytest.raises(CompilerBug, match=r"recorded|must agree|scale"):
            changed.check()
    for output in ints.outputs:
        spec = ints.outputs[output]
        moved = replace(ints, outputs={output: replace(spec, frac=spec.frac + 1)})
        with pytest.raises(CompilerBug, match=f"output {output}"):
            moved.check()


def test_a_value_that_the_graph_did_not_make_is_refused() -> None:
    graph = IntGraph("g")
    x = graph.input("x", InputSpec((2, 3), -8, 7, 3))
    with pytest.raises(CompilerBug, match=r"y \(Commit\): .* is not what the graph made"):
        graph.emit(Commit(), [replace(x, frac=4)], "y")
