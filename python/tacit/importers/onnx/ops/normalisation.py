"""Softmax; BatchNormalization, which is a Mul and an Add."""

from __future__ import annotations

import math

import numpy as np

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.axes import axis_of
from tacit.importers.onnx.ops.layout import reshape_to
from tacit.importers.onnx.registry import onnx_operator


@onnx_operator("Softmax")
def import_softmax(builder: Builder, call: Call) -> str:
    """Before opset 13 the axes from ``axis`` on are flattened into one."""
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    legacy = call.version < 13
    axis = axis_of(call, int(call.attrs.get("axis", 1 if legacy else -1)), len(shape))
    if legacy and math.prod(shape[axis + 1 :]) != 1:
        flat = reshape_to(builder, x, (math.prod(shape[:axis]), math.prod(shape[axis:])))
        return reshape_to(builder, builder.emit("Softmax", [flat], axis=1), shape)
    result = builder.emit("Softmax", [x], axis=axis)
    if axis == len(shape) - 1:
        builder.unit_sum.add(result)
    return result


@onnx_operator("BatchNormalization")
def import_batch_normalization(builder: Builder, call: Call) -> str:
    """y = x * s + (b - mean * s) with s = gamma / sqrt(variance + epsilon), one a channel (axis 1)."""
    if call.attrs.get("training_mode", 0) or any(call.wants(index) for index in range(1, len(call.outputs))):
        raise call.error("training mode", "export the model in inference mode")
    if call.version < 9 and not call.attrs.get("spatial", 1):
        raise call.error("spatial = 0", "convert the model to opset 13 or later")
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    names = ("scale", "bias", "mean", "variance")
    parameters = [
        np.asarray(builder.value(call, index + 1, name), dtype=np.float64) for index, name in enumerate(names)
    ]
    if len(shape) < 2 or any(parameter.shape != (shape[1],) for parameter in parameters):
        raise call.error(f"parameters {[p.shape for p in parameters]} for an input of shape {list(shape)}")
    gamma, beta, mean, variance = parameters
    denominator = variance + float(call.attrs.get("epsilon", 1e-5))
    if not (denominator > 0).all():
        raise call.error("a variance is negative", "repair the weights")
    factor = gamma / np.sqrt(denominator)
    per_channel = (shape[1], *([1] * (len(shape) - 2)))
    scaled = builder.emit("Mul", [x, builder.constant(factor.reshape(per_channel), name=f"{call.name}/scale")])
    offset = builder.constant((beta - mean * factor).reshape(per_channel), name=f"{call.name}/offset")
    return builder.emit("Add", [scaled, offset])
