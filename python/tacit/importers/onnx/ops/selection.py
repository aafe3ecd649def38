"""Comparisons with a constant, And, Or, Xor, Not as arithmetic on 0 and 1; ArgMax, ArgMin."""

from __future__ import annotations

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.arithmetic import binary, scale
from tacit.importers.onnx.ops.axes import axis_of
from tacit.importers.onnx.registry import onnx_operator

MIRROR = {"Greater": "Less", "Less": "Greater", "GreaterOrEqual": "LessOrEqual", "LessOrEqual": "GreaterOrEqual"}


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


@onnx_operator("ArgMax", "ArgMin")
def import_argmax(builder: Builder, call: Call) -> str:
    """argmin(x) = argmax(-x); the last of n equal entries is n - 1 - the first one of x read backwards."""
    x = builder.tensor(call.inputs[0])
    axis = axis_of(call, int(call.attrs.get("axis", 0)), len(builder.shapes[x]))
    if call.op == "ArgMin":
        x = scale(builder, x, -1.0)
    last, extent = bool(call.attrs.get("select_last_index", 0)), builder.shapes[x][axis]
    if last and extent > 1:
        x = builder.emit("Slice", [x], starts=(extent - 1,), ends=(-1,), axes=(axis,), steps=(-1,))
    found = builder.emit("ArgMax", [x], axis=axis, keepdims=int(call.attrs.get("keepdims", 1)), select_last_index=0)
    if not last:
        return found
    back = builder.constant(float(extent - 1), kind="int")
    return builder.emit("Sub", [back, found])
