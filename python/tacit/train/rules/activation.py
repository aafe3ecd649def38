"""Functions of one number: rounded forward; back, the error signal times the slope.

A ReLU's slope is 1 where its result is at least one step, else 0; those of sigmoid and tanh follow from their results,
y (1 - y) and 1 - y^2, by a table; that of GELU from its operand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.graph.functions import FUNCTIONS
from tacit.graph.nodes import Node
from tacit.integer.lookups import signed
from tacit.integer.operators.activation import RoundRelu
from tacit.integer.operators.arithmetic import Offset
from tacit.integer.operators.selection import AtLeast
from tacit.integer.operators.tables import RoundTable
from tacit.train.pieces import Held
from tacit.train.tape import Backward, Tape, rule

#: Real numbers at whose magnitude a table ends: beyond, the function is flat to within its own rounding.
REACH = {"Sigmoid": 8.0, "Tanh": 4.0}


@rule("Relu")
def relu(tape: Tape, node: Node) -> Backward:
    """max(x, 0); slope 0 at 0."""
    tensor, out, scales = node.inputs[0], node.outputs[0], tape.scales
    x = tape.at_least(tape.values[tensor], scales.activations, out)
    shift = tape.shift(x, scales.activations, out)
    y = tape.values[out] = tape.entrywise(RoundRelu(shift, scales.activation_bits), [x], out)

    def backward(d: Held) -> None:
        if tape.network.needs(tensor):
            less = tape.entrywise(Offset(1, -1, y.frac), [y], f"{out}.less")
            open_ = tape.entrywise(AtLeast(scales.activation_bits), [less], f"{out}.open")
            tape.flow(tensor, tape.gated(tape.error(d, out), open_, out))

    return backward


@rule("Sigmoid", "Tanh")
def squash(tape: Tape, node: Node) -> Backward:
    """A table of the rounded operand; the slope is a table of the result."""
    tensor, out, frac = node.inputs[0], node.outputs[0], tape.scales.activations
    half = int(REACH[node.op] * 2**frac)
    x = tape.at_least(tape.values[tensor], frac, out)
    name = node.op.lower()
    table = RoundTable(tape.shift(x, frac, out), -half, _rows(name, -half, half, frac), frac, frac, name)
    y = tape.values[out] = tape.entrywise(table, [x], out)

    def backward(d: Held) -> None:
        lo = 0 if node.op == "Sigmoid" else -(1 << frac)
        rows = _rows(f"{name} by result", lo, (1 << frac) + 1, frac)
        _times_slope(tape, node, d, y, RoundTable(0, lo, rows, frac, frac))

    return backward


@rule("Gelu")
def gelu(tape: Tape, node: Node) -> Backward:
    """The operand rounded, then two tables of it: value and slope."""
    tensor, out, scales = node.inputs[0], node.outputs[0], tape.scales
    frac, (lo, hi) = scales.activations, signed(scales.activation_bits)
    name = "gelu_tanh" if node.attrs["approximate"] == "tanh" else "gelu"
    x = tape.rounded(tape.values[tensor], frac, scales.activation_bits, f"{out}.operand")
    table = RoundTable(0, lo, _rows(name, lo, hi + 1, frac), frac, frac, name)
    tape.values[out] = tape.entrywise(table, [x], out)

    def backward(d: Held) -> None:
        rows = _rows(f"{name}_slope", lo, hi + 1, frac)
        _times_slope(tape, node, d, x, RoundTable(0, lo, rows, frac, frac, f"{name}_slope"))

    return backward


def _times_slope(tape: Tape, node: Node, d: Held, of: Held, table: RoundTable) -> None:
    """The error signal times a table of `of`, raw."""
    tensor, out = node.inputs[0], node.outputs[0]
    if not tape.network.needs(tensor):
        return
    slope = tape.entrywise(table, [of], f"{out}.slope")
    tape.flow(tensor, tape.product(tape.error(d, out), slope, f"{out}.sloped"))


#: Slopes by the result that they belong to.
BY_RESULT: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "sigmoid by result": lambda at: at * (1 - at),
    "tanh by result": lambda at: 1 - at**2,
}


@lru_cache(8)
def _rows(name: str, lo: int, end: int, frac: int) -> tuple[int, ...]:
    """A function's table; all nodes of a kind have the same, and every look at a step takes it again."""
    function = BY_RESULT.get(name) or FUNCTIONS[name]
    values = function(np.arange(lo, end) * 2.0**-frac)
    return tuple(int(v) for v in np.floor(values * 2.0**frac + 0.5))
