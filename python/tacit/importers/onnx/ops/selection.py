"""Greater, Less, GreaterOrEqual, LessOrEqual with a constant; And, Or, Xor, Not as arithmetic on 0 and 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, canonical, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.arithmetic import binary, scale
from tacit.importers.onnx.ops.common import broadcast_shape

MIRROR = {"Greater": "Less", "Less": "Greater", "GreaterOrEqual": "LessOrEqual", "LessOrEqual": "GreaterOrEqual"}


def kind_bool(kinds: Sequence[str]) -> str:
    return "bool"


@canonical("Greater", broadcast_shape, kind=kind_bool, elementwise=True)
def greater(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x > c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] > inputs[1], dtype=np.float64)


@canonical("Less", broadcast_shape, kind=kind_bool, elementwise=True)
def less(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x < c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] < inputs[1], dtype=np.float64)


@canonical("GreaterOrEqual", broadcast_shape, kind=kind_bool, elementwise=True)
def greater_or_equal(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x >= c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] >= inputs[1], dtype=np.float64)


@canonical("LessOrEqual", broadcast_shape, kind=kind_bool, elementwise=True)
def less_or_equal(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x <= c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] <= inputs[1], dtype=np.float64)


@onnx_operator("Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def import_comparison(builder: Builder, call: Call) -> str:
    """The constant goes to the right; two tensors are compared as x - y with 0."""
    if call.version < 7:
        raise call.error("its broadcasting rules before opset 7 differ", "convert the model to opset 13 or later")
    x, y = builder.tensor(call.inputs[0]), builder.tensor(call.inputs[1])
    if builder.is_constant(x) and not builder.is_constant(y):
        return builder.emit(MIRROR[call.op], [y, x])
    if builder.is_constant(y):
        return builder.emit(call.op, [x, y])
    return builder.emit(call.op, [builder.emit("Sub", [x, y]), builder.constant(0.0)])


def _as_bool(builder: Builder, tensor: str) -> str:
    """Products of bools and 1 - b are bools although arithmetic calls them integers."""
    builder.kinds[tensor] = "bool"
    return tensor


@onnx_operator("And", "Or", "Xor")
def import_logic(builder: Builder, call: Call) -> str:
    """x and y = xy, x or y = x + y - xy, x xor y = x + y - 2xy."""
    x, y = builder.tensor(call.inputs[0]), builder.tensor(call.inputs[1])
    both = binary(builder, "Mul", x, y)
    if call.op == "And":
        return _as_bool(builder, both)
    either = binary(builder, "Add", x, y)
    minus = scale(builder, both, -1.0 if call.op == "Or" else -2.0)
    return _as_bool(builder, binary(builder, "Add", either, minus))


@onnx_operator("Not")
def import_not(builder: Builder, call: Call) -> str:
    """1 - x."""
    one = builder.constant(1.0, kind="int")
    return _as_bool(builder, builder.emit("Sub", [one, builder.tensor(call.inputs[0])]))
