"""Add and Sub of values and biases; Mul and Div by one public number."""

from __future__ import annotations

from math import prod

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph.nodes import Node
from tacit.integer.operators.arithmetic import Times
from tacit.integer.operators.layout import Expand, Reshape
from tacit.train.optimizer import dyadic
from tacit.train.pieces import Held, joined
from tacit.train.tape import Backward, Shape, Tape, rule


@rule("Add", "Sub")
def add(tape: Tape, node: Node) -> Backward:
    """x + y or x - y; a constant is a bias, and its gradient the sum of what comes back."""
    out, signs = node.outputs[0], (1, -1 if node.op == "Sub" else 1)
    shape = tape.shape(out)
    parts: list[tuple[int, Held]] = []
    for sign, name in zip(signs, node.inputs, strict=True):
        if tape.is_parameter(name):
            parts.append((sign, tape.spread(tape.bias(name), shape, name)))
            continue
        value = _raised(tape, name, shape)
        if value.shape != shape:
            value = tape.emit(Expand(shape), [tape.settled(name)], f"{name}.wide")
        parts.append((sign, value))
    tape.values[out] = tape.added(parts, out)

    def backward(d: Held) -> None:
        for sign, name in zip(signs, node.inputs, strict=True):
            own = d
            if tape.is_parameter(name):
                if not tape.trains(name):
                    continue
                own = tape.error(d, out)
            if sign < 0:
                own = tape.entrywise(Times(-1, 0), [own], f"{name}.minus")
            if tape.is_parameter(name):
                tape.gradient(name, tape.summed_like(joined(tape, own, out), name, name))
            elif prod(tape.shape(name)) == prod(shape):
                tape.flow(name, _lowered(tape, name, own, out))
            elif tape.network.needs(name):
                raise QuantizationError("expected values of one shape", place=node.name, remedy="expand them first")

    return backward


@rule("Mul", "Div")
def scale(tape: Tape, node: Node) -> Backward:
    """x times one public number, as c * 2^-k: a coefficient, not a weight."""
    tensor, name, out = node.inputs[0], node.inputs[1], node.outputs[0]
    constant = tape.network.graph.constants.get(name)
    if constant is None or name not in tape.network.coefficients or tape.is_parameter(tensor):
        raise QuantizationError(
            "expected a value times one public number",
            place=node.name,
            remedy="products with weights entry by entry, and of two values, are not trained through",
        )
    real = float(constant.reshape(-1)[0])
    if real == 0:
        raise QuantizationError("expected a factor other than 0", place=node.name)
    factor = dyadic(abs(1 / real if node.op == "Div" else real), near=2.0**-8)
    times = Times(int(np.sign(real)) * factor.c, factor.power)
    tape.values[out] = tape.entrywise(times, [_raised(tape, tensor, tape.shape(out))], out)

    def backward(d: Held) -> None:
        tape.flow(tensor, _lowered(tape, tensor, tape.entrywise(times, [d], f"{tensor}.back"), out))

    return backward


def _raised(tape: Tape, tensor: str, shape: Shape) -> Held:
    """A value with the axes of a result that has more, of one entry each: a constant operand had as many."""
    value = tape.values[tensor]
    if value.shape == shape or prod(value.shape) != prod(shape):
        return value
    return tape.emit(Reshape(shape), [tape.settled(tensor)], f"{tensor}.raised")


def _lowered(tape: Tape, tensor: str, d: Held, out: str) -> Held:
    """The error signal of such a result, for the value itself."""
    shape = tape.shape(tensor)
    return d if d.shape == shape else tape.emit(Reshape(shape), [tape.viewed(d, out)], f"{tensor}.lowered")
