"""MatMul; Gemm, which becomes MatMul and Add."""

from __future__ import annotations

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.arithmetic import binary, scale
from tacit.importers.onnx.registry import onnx_operator


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
