"""MatMul and Conv; Gemm becomes MatMul and Add."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, Shape, canonical, kind_arithmetic, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.arithmetic import binary, scale
from tacit.importers.onnx.ops.common import Window, window_of


def _matmul_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    x, y = shapes
    if len(x) < 2 or len(y) < 2:
        raise ValueError("a matrix product needs two axes on both sides")
    if x[-1] != y[-2]:
        raise ValueError(f"inner extents {x[-1]} and {y[-2]} differ")
    batch = tuple(int(extent) for extent in np.broadcast_shapes(x[:-2], y[:-2]))
    return (*batch, x[-2], y[-1])


@canonical("MatMul", _matmul_shape, kind=kind_arithmetic)
def matmul(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x @ y as numpy.matmul, both with at least two axes, leading axes broadcast; either may be a constant."""
    return np.asarray(np.matmul(inputs[0], inputs[1]))


def _window(attrs: Attrs, weight: Shape) -> Window:
    return Window(weight[2:], attrs["strides"], attrs["dilations"], attrs["pads"])


def _conv_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    x, weight = shapes[0], shapes[1]
    group = attrs["group"]
    if len(x) != len(weight):
        raise ValueError(f"weights with {len(weight)} axes")
    if group < 1 or weight[0] % group or x[1] != weight[1] * group:
        raise ValueError(f"{x[1]} channels with weights {list(weight)} in {group} groups")
    if len(shapes) == 3 and shapes[2] != (weight[0],):
        raise ValueError(f"a bias of shape {list(shapes[2])} for {weight[0]} channels")
    return (x[0], weight[0], *_window(attrs, weight).extents(x[2:]))


def patches(x: Array, window: Window) -> Array:
    """(n, c, spatial...) -> (n, c, kernel..., out...): what each window sees, zero in the padding."""
    rank = len(window.kernel)
    extents = window.extents(x.shape[2:])
    padding = [(0, 0), (0, 0)] + [(window.pads[axis], window.pads[rank + axis]) for axis in range(rank)]
    padded = np.pad(x, padding)
    step = padded.strides
    shape = (*x.shape[:2], *window.kernel, *extents)
    strides = (
        *step[:2],
        *(step[2 + axis] * window.dilations[axis] for axis in range(rank)),
        *(step[2 + axis] * window.strides[axis] for axis in range(rank)),
    )
    return np.lib.stride_tricks.as_strided(padded, shape, strides, writeable=False)


@canonical("Conv", _conv_shape, kind=kind_arithmetic)
def conv(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Cross-correlation of x (n, c, spatial...) with a constant weight (o, c/group, kernel...), 1-D or 2-D.

    Third input, optional: a constant bias (o). Attributes: ``strides``, ``dilations`` (one a spatial axis), ``pads``
    ([begin..., end...], zeros), ``group``.
    """
    x, weight = inputs[0], inputs[1]
    group = attrs["group"]
    window = _window(attrs, weight.shape)
    seen = patches(x, window)
    extents = window.extents(x.shape[2:])
    columns = seen.reshape(x.shape[0], group, -1, int(np.prod(extents)))  # (n, g, c/g * kernel, out)
    rows = weight.reshape(1, group, weight.shape[0] // group, -1)  # (1, g, o/g, c/g * kernel)
    result = np.matmul(rows, columns).reshape(x.shape[0], weight.shape[0], *extents)
    if len(inputs) == 3:
        result = result + inputs[2].reshape(1, -1, *([1] * len(extents)))
    return np.asarray(result)


@onnx_operator("MatMul")
def import_matmul(builder: Builder, call: Call) -> str:
    """One-axis operands get a second axis, which is taken away from the result."""
    x, y = builder.tensor(call.inputs[0]), builder.tensor(call.inputs[1])
    x_shape, y_shape = builder.shapes[x], builder.shapes[y]
    if not x_shape or not y_shape:
        raise call.error("a scalar operand", "use Mul")
    if len(x_shape) == 1:
        x = builder.emit("Reshape", [x], shape=(1, x_shape[0]))
    if len(y_shape) == 1:
        y = builder.emit("Reshape", [y], shape=(y_shape[0], 1))
    product = builder.emit("MatMul", [x, y])
    full = builder.shapes[product]
    dropped = {len(full) - 2} if len(x_shape) == 1 else set()
    if len(y_shape) == 1:
        dropped.add(len(full) - 1)
    if not dropped:
        return product
    return builder.emit("Reshape", [product], shape=tuple(full[a] for a in range(len(full)) if a not in dropped))


def _gemm_operand(builder: Builder, call: Call, index: int, transpose: bool, factor: float) -> str:
    """factor * operand, transposed if asked; both are folded into a constant operand."""
    name = call.inputs[index]
    x = builder.tensor(name)
    if len(builder.shapes[x]) != 2:
        raise call.error(f"operand {name} has {len(builder.shapes[x])} axes, not 2")
    if transpose:
        x = builder.emit("Transpose", [x], perm=(1, 0))
    return x if factor == 1.0 else scale(builder, x, factor)


@onnx_operator("Gemm")
def import_gemm(builder: Builder, call: Call) -> str:
    """alpha * A' @ B' + beta * C, where ' is the transpose if transA, transB."""
    alpha, beta = float(call.attrs.get("alpha", 1.0)), float(call.attrs.get("beta", 1.0))
    on_left = call.inputs[0] in builder.values
    left = _gemm_operand(builder, call, 0, bool(call.attrs.get("transA", 0)), alpha if on_left else 1.0)
    right = _gemm_operand(builder, call, 1, bool(call.attrs.get("transB", 0)), 1.0 if on_left else alpha)
    product = builder.emit("MatMul", [left, right])
    if not call.has(2) or beta == 0.0:
        return product
    addend = builder.tensor(call.inputs[2])
    return binary(builder, "Add", product, addend if beta == 1.0 else scale(builder, addend, beta))


@onnx_operator("Conv")
def import_conv(builder: Builder, call: Call) -> str:
    weight = builder.value(call, 1, "the weight")
    inputs = [builder.tensor(name) for name in call.inputs if name]
    if len(inputs) == 3:
        builder.value(call, 2, "the bias")
    spatial = builder.shapes[inputs[0]][2:]
    declared = tuple(call.attrs.get("kernel_shape", weight.shape[2:]))
    if declared != weight.shape[2:]:
        raise call.error(f"kernel_shape {list(declared)} but weights of shape {list(weight.shape)}")
    window = window_of(call, weight.shape[2:], spatial)
    return builder.emit(
        "Conv",
        inputs,
        strides=window.strides,
        dilations=window.dilations,
        pads=window.pads,
        group=int(call.attrs.get("group", 1)),
    )
