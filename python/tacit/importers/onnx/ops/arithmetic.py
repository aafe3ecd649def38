"""Add, Sub, Mul; and what is written with them: Div by constants, Neg, Sum, Mean, Pow, Max, Min, Abs."""

from __future__ import annotations

import numpy as np

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.registry import onnx_operator

MAX_POWER = 8


def _legacy_broadcast(call: Call) -> None:
    if call.version < 7:
        raise call.error("its broadcasting rules before opset 7 differ", "convert the model to opset 13 or later")


def binary(builder: Builder, op: str, x: str, y: str) -> str:
    """Add or Mul of two canonical tensors with a constant second."""
    if builder.is_constant(x) and not builder.is_constant(y):
        x, y = y, x
    return builder.emit(op, [x, y])


def scale(builder: Builder, x: str, factor: float) -> str:
    """x * factor, a number of the architecture: an attribute, or what an operator means."""
    return builder.emit("Mul", [x, builder.constant(factor, made_of=frozenset())])


def subtract(builder: Builder, x: str, y: str) -> str:
    """x - y in canonical form."""
    if builder.is_constant(y):
        given = builder.given.get(y)
        negated = builder.constant(
            -builder.constants[y],
            name=f"{y}/negated",
            kind=builder.kinds[y],
            given=None if given is None else given.negated(),
            made_of=builder.made_of[y],
        )
        return builder.emit("Add", [x, negated])
    return builder.emit("Sub", [x, y])


@onnx_operator("Add", "Mul")
def import_binary(builder: Builder, call: Call) -> str:
    _legacy_broadcast(call)
    return binary(builder, call.op, builder.tensor(call.inputs[0]), builder.tensor(call.inputs[1]))


@onnx_operator("Sub")
def import_sub(builder: Builder, call: Call) -> str:
    _legacy_broadcast(call)
    return subtract(builder, builder.tensor(call.inputs[0]), builder.tensor(call.inputs[1]))


@onnx_operator("Div")
def import_div(builder: Builder, call: Call) -> str:
    """x / c = x * (1/c)."""
    _legacy_broadcast(call)
    if call.inputs[0] in builder.integral:
        raise call.error("integer division rounds", "cast to float before dividing")
    divisor = np.asarray(builder.value(call, 1, "the divisor"), dtype=np.float64)
    if (divisor == 0).any():
        raise call.error("the divisor has a zero", "repair the weights")
    inverse = builder.constant(1.0 / divisor, name=f"{call.inputs[1]}/inverse")
    if divisor.size == 1 and call.inputs[1] in builder.origins:
        builder.shown[inverse] = builder.origins[call.inputs[1]].of
    return builder.emit("Mul", [builder.tensor(call.inputs[0]), inverse])


@onnx_operator("Neg")
def import_neg(builder: Builder, call: Call) -> str:
    return scale(builder, builder.tensor(call.inputs[0]), -1.0)


@onnx_operator("Sum", "Mean")
def import_sum(builder: Builder, call: Call) -> str:
    """A sum of n tensors from left to right; the mean divides by n."""
    _legacy_broadcast(call)
    total = builder.tensor(call.inputs[0])
    for name in call.inputs[1:]:
        total = binary(builder, "Add", total, builder.tensor(name))
    return total if call.op == "Sum" else scale(builder, total, 1.0 / len(call.inputs))


@onnx_operator("Pow")
def import_pow(builder: Builder, call: Call) -> str:
    """x^n for a small whole n by squaring: x^2 = x*x, x^3 = x^2*x, ..."""
    power = builder.scalar(call, 1, "the exponent")
    if power not in range(1, MAX_POWER + 1):
        raise call.error(f"exponent {power:g}", f"whole exponents from 1 to {MAX_POWER} are supported")
    x = builder.tensor(call.inputs[0])
    axes = np.asarray(builder.value(call, 1, "the exponent")).ndim - len(builder.shapes[x])
    if axes > 0:  # the result has as many axes as the exponent
        x = builder.emit("Reshape", [x], shape=(*(1,) * axes, *builder.shapes[x]))
    square = x
    result: str | None = None
    remaining = int(power)
    while remaining:
        if remaining % 2:
            result = square if result is None else builder.emit("Mul", [result, square])
        remaining //= 2
        if remaining:
            square = builder.emit("Mul", [square, square])
    return result or x


@onnx_operator("Max", "Min")
def import_extremum(builder: Builder, call: Call) -> str:
    """max(x, y) = y + relu(x - y) and min(x, y) = y - relu(y - x)."""
    result = builder.tensor(call.inputs[0])
    for name in call.inputs[1:]:
        other = builder.tensor(name)
        if builder.is_constant(result):
            result, other = other, result
        if call.op == "Max":
            result = binary(builder, "Add", builder.emit("Relu", [subtract(builder, result, other)]), other)
        else:
            negative = scale(builder, builder.emit("Relu", [builder.emit("Sub", [other, result])]), -1.0)
            result = binary(builder, "Add", negative, other)
    return result


@onnx_operator("Abs")
def import_abs(builder: Builder, call: Call) -> str:
    """|x| = relu(x) + relu(-x)."""
    x = builder.tensor(call.inputs[0])
    return builder.emit("Add", [builder.emit("Relu", [x]), builder.emit("Relu", [scale(builder, x, -1.0)])])
