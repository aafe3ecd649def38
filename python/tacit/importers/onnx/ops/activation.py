"""Functions of one number: Relu, LeakyRelu, Clip, Sigmoid, Tanh, Erf, Gelu; and what is written with them."""

from __future__ import annotations

import numpy as np

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.arithmetic import scale
from tacit.importers.onnx.registry import onnx_operator


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
