"""Functions of one number: rounded forward; back, the error signal times the slope.

A ReLU's slope is 1 where its result is at least one step, else 0; those of sigmoid and tanh follow from their results,
y (1 - y) and 1 - y^2, by a table; that of GELU from its operand.
"""

from __future__ import annotations

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
    function = FUNCTIONS[node.op.lower()]
    table = RoundTable(
        tape.shift(x, frac, out), -half, _rows(function(np.arange(-half, half) * 2.0**-frac), frac), frac, frac,
        node.op.lower(),
    )  # fmt: skip
    y = tape.values[out] = tape.entrywise(table, [x], out)

    def backward(d: Held) -> None:
        lo = 0 if node.op == "Sigmoid" else -(1 << frac)
        at = np.arange(lo, (1 << frac) + 1) * 2.0**-frac
        slope = at * (1 - at) if node.op == "Sigmoid" else 1 - at**2
        _times_slope(tape, node, d, y, RoundTable(0, lo, _rows(slope, frac), frac, frac))

    return backward


@rule("Gelu")
def gelu(tape: Tape, node: Node) -> Backward:
    """The operand rounded, then two tables of it: value and slope."""
    tensor, out, scales = node.inputs[0], node.outputs[0], tape.scales
    frac, (lo, hi) = scales.activations, signed(scales.activation_bits)
    name = "gelu_tanh" if node.attrs["approximate"] == "tanh" else "gelu"
    x = tape.rounded(tape.values[tensor], frac, scales.activation_bits, f"{out}.operand")
    at = np.arange(lo, hi + 1) * 2.0**-frac
    tape.values[out] = tape.entrywise(RoundTable(0, lo, _rows(FUNCTIONS[name](at), frac), frac, frac, name), [x], out)

    def backward(d: Held) -> None:
        rows = _rows(FUNCTIONS[f"{name}_slope"](at), frac)
        _times_slope(tape, node, d, x, RoundTable(0, lo, rows, frac, frac, f"{name}_slope"))

    return backward


def _times_slope(tape: Tape, node: Node, d: Held, of: Held, table: RoundTable) -> None:
    """The error signal times a table of `of`, raw."""
    tensor, out = node.inputs[0], node.outputs[0]
    if not tape.network.needs(tensor):
        return
    slope = tape.entrywise(table, [of], f"{out}.slope")
    tape.flow(tensor, tape.product(tape.error(d, out), slope, f"{out}.sloped"))


def _rows(values: npt.NDArray[Any], frac: int) -> tuple[int, ...]:
    return tuple(int(v) for v in np.floor(values * 2.0**frac + 0.5))
