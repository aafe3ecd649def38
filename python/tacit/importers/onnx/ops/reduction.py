"""ReduceSum, ReduceMean, ArgMax; and ArgMin, ReduceSumSquare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, Shape, canonical, kind_arithmetic, kind_float, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.arithmetic import scale
from tacit.importers.onnx.ops.common import axes_of, axis_of, integers


def _reduced_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    axes = attrs["axes"]
    return tuple(
        1 if axis in axes else extent for axis, extent in enumerate(shapes[0]) if attrs["keepdims"] or axis not in axes
    )


@canonical("ReduceSum", _reduced_shape, kind=kind_arithmetic)
def reduce_sum(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Sum over ``axes`` (ascending, at least one); ``keepdims``: 1 keeps them with extent 1, 0 drops them."""
    return np.asarray(inputs[0].sum(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))


@canonical("ReduceMean", _reduced_shape, kind=kind_float)
def reduce_mean(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Mean over ``axes`` (ascending, at least one); ``keepdims`` as in ReduceSum."""
    return np.asarray(inputs[0].mean(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))


def _argmax_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    return _reduced_shape({"axes": (attrs["axis"],), "keepdims": attrs["keepdims"]}, shapes)


def _kind_int(kinds: Sequence[str]) -> str:
    return "int"


@canonical("ArgMax", _argmax_shape, kind=_kind_int)
def argmax(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Index of the first largest entry along ``axis``. Attributes ``axis``, ``keepdims``, ``select_last_index`` = 0."""
    found = np.argmax(inputs[0], axis=attrs["axis"], keepdims=bool(attrs["keepdims"]))
    return np.asarray(found, dtype=np.float64)


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
