"""Functions of one number: Relu, LeakyRelu, Clip, Sigmoid, Tanh, Erf, Gelu; and what is written with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, canonical, kind_float, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.arithmetic import scale
from tacit.importers.onnx.ops.common import same_shape


@canonical("Relu", same_shape, elementwise=True)
def relu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """max(x, 0)."""
    return np.maximum(inputs[0], 0.0)


@canonical("LeakyRelu", same_shape, kind=kind_float, elementwise=True)
def leaky_relu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x for x >= 0, else alpha * x. Attribute ``alpha``: float."""
    x = inputs[0]
    return np.where(x >= 0, x, attrs["alpha"] * x)


@canonical("Clip", same_shape, elementwise=True)
def clip(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """min(max(x, min), max). Attributes ``min``, ``max``: float, -inf and inf when there is no bound."""
    return np.clip(inputs[0], attrs["min"], attrs["max"])


@canonical("Sigmoid", same_shape, kind=kind_float, elementwise=True)
def sigmoid(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 / (1 + exp(-x)), written with tanh so that nothing overflows."""
    return 0.5 + 0.5 * np.tanh(0.5 * inputs[0])


@canonical("Tanh", same_shape, kind=kind_float, elementwise=True)
def tanh(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """tanh(x)."""
    return np.tanh(inputs[0])


@canonical("Erf", same_shape, kind=kind_float, elementwise=True)
def erf(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return error_function(inputs[0])


@canonical("Gelu", same_shape, kind=kind_float, elementwise=True)
def gelu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x * Phi(x). Attribute ``approximate``: "none" or "tanh".

    Phi(x) = (1 + erf(x / sqrt(2))) / 2, or approximately (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2.
    """
    x = inputs[0]
    if attrs["approximate"] == "tanh":
        inner = np.sqrt(2.0 / np.pi) * (x + 0.044715 * x**3)
        return np.asarray(0.5 * x * (1.0 + np.tanh(inner)))
    return 0.5 * x * (1.0 + error_function(x / np.sqrt(2.0)))


def error_function(x: Array) -> Array:
    """erf to about 1e-15: its Taylor series in the positive form for |x| < 3, the continued fraction of erfc beyond.

    erf(x)  = 2/sqrt(pi) * exp(-x^2) * sum over n of 2^n x^(2n+1) / (1*3*...*(2n+1))          (Abramowitz, Stegun 7.1.6)
    erfc(x) = exp(-x^2)/sqrt(pi) * 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))))            (7.1.14)
    """
    size = np.minimum(np.abs(x), 6.0)  # erf(6) is 1 in float64
    low = np.minimum(size, 3.0)
    term = low.copy()
    total = term.copy()
    for n in range(1, 60):
        term = term * (2.0 * low * low / (2 * n + 1))
        total = total + term
    series = 2.0 / np.sqrt(np.pi) * np.exp(-low * low) * total
    high = np.maximum(size, 3.0)
    tail = high.copy()
    for n in range(60, 0, -1):
        tail = high + (n / 2.0) / tail
    fraction = 1.0 - np.exp(-high * high) / np.sqrt(np.pi) / tail
    return np.asarray(np.sign(x) * np.where(size < 3.0, series, fraction))


@onnx_operator("Relu", "Sigmoid", "Tanh", "Erf")
def import_plain(builder: Builder, call: Call) -> str:
    return builder.emit(call.op, [builder.tensor(call.inputs[0])])


@onnx_operator("LeakyRelu")
def import_leaky_relu(builder: Builder, call: Call) -> str:
    return builder.emit("LeakyRelu", [builder.tensor(call.inputs[0])], alpha=float(call.attrs.get("alpha", 0.01)))


@onnx_operator("Gelu")
def import_gelu(builder: Builder, call: Call) -> str:
    approximate = str(call.attrs.get("approximate", "none"))
    if approximate not in ("none", "tanh"):
        raise call.error(f"approximate = {approximate}")
    return builder.emit("Gelu", [builder.tensor(call.inputs[0])], approximate=approximate)


@onnx_operator("Clip")
def import_clip(builder: Builder, call: Call) -> str:
    """Bounds are attributes before opset 11 and optional inputs since."""
    if call.version < 11:
        low, high = float(call.attrs.get("min", -np.inf)), float(call.attrs.get("max", np.inf))
    else:
        low = builder.scalar(call, 1, "min") if call.has(1) else -np.inf
        high = builder.scalar(call, 2, "max") if call.has(2) else np.inf
    x = builder.tensor(call.inputs[0])
    # The float32 extremes are how exporters write "no bound".
    largest = float(np.finfo(np.float32).max)
    low, high = (-np.inf if low <= -largest else low), (np.inf if high >= largest else high)
    if low > high:
        raise call.error(f"min {low:g} is above max {high:g}")
    if np.isinf(low) and np.isinf(high):
        return x
    if low == 0 and np.isinf(high):
        return builder.emit("Relu", [x])
    return builder.emit("Clip", [x], min=low, max=high)


def hard_sigmoid(builder: Builder, x: str, alpha: float, beta: float) -> str:
    """clip(alpha * x + beta, 0, 1)."""
    line = builder.emit("Add", [scale(builder, x, alpha), builder.constant(beta)])
    return builder.emit("Clip", [line], min=0.0, max=1.0)


@onnx_operator("HardSigmoid")
def import_hard_sigmoid(builder: Builder, call: Call) -> str:
    alpha, beta = float(call.attrs.get("alpha", 0.2)), float(call.attrs.get("beta", 0.5))
    return hard_sigmoid(builder, builder.tensor(call.inputs[0]), alpha, beta)


@onnx_operator("HardSwish")
def import_hard_swish(builder: Builder, call: Call) -> str:
    """x * clip(x/6 + 1/2, 0, 1)."""
    x = builder.tensor(call.inputs[0])
    return builder.emit("Mul", [x, hard_sigmoid(builder, x, 1.0 / 6.0, 0.5)])


@onnx_operator("PRelu")
def import_prelu(builder: Builder, call: Call) -> str:
    """relu(x) - slope * relu(-x), the slope broadcast to x.

    One number is repeated along the last axis: it was learned, and a constant of one entry would stand in the public program.
    """
    x = builder.tensor(call.inputs[0])
    slope = builder.value(call, 1, "the slope")
    if slope.size == 1:
        slope = np.broadcast_to(slope.reshape(-1), builder.shapes[x][-1:])
    negative = builder.emit("Relu", [scale(builder, x, -1.0)])
    weight = builder.constant(-np.asarray(slope, dtype=np.float64), name=f"{call.inputs[1]}/negated")
    return builder.emit("Add", [builder.emit("Relu", [x]), builder.emit("Mul", [negative, weight])])
