"""ReduceSum, ReduceMean, ReduceSumSquare."""

from __future__ import annotations

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.axes import axes_of, integers
from tacit.importers.onnx.registry import onnx_operator


def _axes(builder: Builder, call: Call, since: int, rank: int) -> tuple[int, ...] | None:
    """Axes of a reduction, an attribute before opset ``since`` and an input from then on; None: nothing to reduce."""
    given: tuple[int, ...] = ()
    if call.version < since:
        given = integers(call, "axes", [])
    elif call.has(1):
        given = builder.integers(call, 1, "axes")
    if not given and call.attrs.get("noop_with_empty_axes", 0):
        return None
    return axes_of(call, given or range(rank), rank)


@onnx_operator("ReduceSum", "ReduceMean", "ReduceSumSquare")
def import_reduce(builder: Builder, call: Call) -> str:
    if call.op == "ReduceMean" and call.inputs[0] in builder.integral:
        raise call.error("the mean of integers rounds", "cast to float before the mean")
    x = builder.tensor(call.inputs[0])
    if call.op == "ReduceSumSquare":
        x = builder.emit("Mul", [x, x])
    axes = _axes(builder, call, 13 if call.op == "ReduceSum" else 18, len(builder.shapes[x]))
    if not axes:
        return x
    op = "ReduceMean" if call.op == "ReduceMean" else "ReduceSum"
    return builder.emit(op, [x], axes=axes, keepdims=int(call.attrs.get("keepdims", 1)))
