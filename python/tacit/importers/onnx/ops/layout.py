"""Operators that move values: Reshape, Transpose, Concat, Pad.

Flatten, Squeeze, Unsqueeze become Reshape; Identity, Dropout and harmless Casts disappear.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import onnx

from tacit.graph.registry import Array, Attrs, Shape, canonical, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.common import axes_of, axis_of, integers


def _reshape_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    shape: Shape = attrs["shape"]
    if math.prod(shape) != math.prod(shapes[0]):
        raise ValueError(f"{math.prod(shapes[0])} entries cannot have shape {list(shape)}")
    return shape


@canonical("Reshape", _reshape_shape)
def reshape(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The same entries in row-major order. Attribute ``shape``: the output's, complete (no 0 or -1)."""
    return inputs[0].reshape(attrs["shape"])


def _transpose_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    perm = attrs["perm"]
    if sorted(perm) != list(range(len(shapes[0]))):
        raise ValueError(f"perm {list(perm)} does not permute {len(shapes[0])} axes")
    return tuple(shapes[0][axis] for axis in perm)


@canonical("Transpose", _transpose_shape)
def transpose(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Axis i of the output is axis perm[i] of the input. Attribute ``perm``."""
    return inputs[0].transpose(attrs["perm"])


def _concat_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    axis, first = attrs["axis"], shapes[0]
    for shape in shapes:
        if len(shape) != len(first) or any(shape[i] != first[i] for i in range(len(first)) if i != axis):
            raise ValueError(f"the pieces differ outside axis {axis}")
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


@canonical("Concat", _concat_shape)
def concat(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The inputs one after the other along ``axis``; some may be constants."""
    return np.concatenate(inputs, axis=attrs["axis"])


def _pad_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    pads, rank = attrs["pads"], len(shapes[0])
    if len(pads) != 2 * rank:
        raise ValueError(f"{len(pads)} pads for {rank} axes")
    return tuple(pads[i] + shapes[0][i] + pads[rank + i] for i in range(rank))


@canonical("Pad", _pad_shape)
def pad(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Zeros around the input. Attribute ``pads``: [begin..., end...], one each for every axis, at least 0.

    Another value c is written as pad(x - c) + c, so that every use of padding means zeros.
    """
    pads, rank = attrs["pads"], inputs[0].ndim
    return np.pad(inputs[0], [(pads[i], pads[rank + i]) for i in range(rank)])


def reshape_to(builder: Builder, x: str, shape: Sequence[int]) -> str:
    """x with the given complete shape; x itself when it has it."""
    target = tuple(int(extent) for extent in shape)
    return x if builder.shapes[x] == target else builder.emit("Reshape", [x], shape=target)


@onnx_operator("Reshape")
def import_reshape(builder: Builder, call: Call) -> str:
    """0 copies the input's extent (unless allowzero), one -1 takes what is left."""
    x = builder.tensor(call.inputs[0])
    old = builder.shapes[x]
    asked = list(integers(call, "shape", [])) if call.version < 5 else list(builder.integers(call, 1, "the shape"))
    if not call.attrs.get("allowzero", 0):
        for axis, extent in enumerate(asked):
            if extent == 0:
                if axis >= len(old):
                    raise call.error(f"shape {asked} copies axis {axis} of {len(old)} axes")
                asked[axis] = old[axis]
    if asked.count(-1) > 1 or any(extent < -1 for extent in asked):
        raise call.error(f"shape {asked} is not a shape")
    if -1 in asked:
        rest = math.prod(extent for extent in asked if extent != -1)
        if rest < 1 or math.prod(old) % rest:
            raise call.error(f"{math.prod(old)} entries cannot have shape {asked}")
        asked[asked.index(-1)] = math.prod(old) // rest
    return reshape_to(builder, x, asked)


@onnx_operator("Flatten")
def import_flatten(builder: Builder, call: Call) -> str:
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    axis = int(call.attrs.get("axis", 1))
    if not -len(shape) <= axis <= len(shape):
        raise call.error(f"axis {axis} is out of range for {len(shape)} axes")
    axis = axis + len(shape) if axis < 0 else axis
    return reshape_to(builder, x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def _axes_argument(builder: Builder, call: Call) -> tuple[int, ...] | None:
    """Axes: an attribute before opset 13, an optional input since."""
    if call.version < 13:
        return integers(call, "axes", []) if "axes" in call.attrs else None
    return builder.integers(call, 1, "axes") if call.has(1) else None


@onnx_operator("Squeeze")
def import_squeeze(builder: Builder, call: Call) -> str:
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    given = _axes_argument(builder, call)
    ones = [axis for axis, extent in enumerate(shape) if extent == 1]
    axes = axes_of(call, ones if given is None else given, len(shape))
    if any(shape[axis] != 1 for axis in axes):
        raise call.error(f"axes {list(axes)} of shape {list(shape)} are not all of extent 1")
    return reshape_to(builder, x, [extent for axis, extent in enumerate(shape) if axis not in axes])


@onnx_operator("Unsqueeze")
def import_unsqueeze(builder: Builder, call: Call) -> str:
    x = builder.tensor(call.inputs[0])
    shape = list(builder.shapes[x])
    given = _axes_argument(builder, call) or ()
    for axis in axes_of(call, given, len(shape) + len(given)):
        shape.insert(axis, 1)
    return reshape_to(builder, x, shape)


@onnx_operator("Transpose")
def import_transpose(builder: Builder, call: Call) -> str:
    x = builder.tensor(call.inputs[0])
    rank = len(builder.shapes[x])
    perm = integers(call, "perm", range(rank - 1, -1, -1))
    return x if perm == tuple(range(rank)) else builder.emit("Transpose", [x], perm=perm)


@onnx_operator("Concat")
def import_concat(builder: Builder, call: Call) -> str:
    pieces = [builder.tensor(name) for name in call.inputs]
    if len(pieces) == 1:
        return pieces[0]
    axis = axis_of(call, int(call.attrs["axis"]), len(builder.shapes[pieces[0]]))
    return builder.emit("Concat", pieces, axis=axis)


@onnx_operator("Expand")
def import_expand(builder: Builder, call: Call) -> str:
    """Broadcasting: x + zeros of the asked shape."""
    x = builder.tensor(call.inputs[0])
    asked = builder.integers(call, 1, "the shape")
    try:
        shape = np.broadcast_shapes(builder.shapes[x], asked)
    except ValueError as error:
        raise call.error(f"shape {list(builder.shapes[x])} does not expand to {list(asked)}") from error
    if shape == builder.shapes[x]:
        return x
    if math.prod(shape) > 2**24:
        raise call.error(f"expansion to {list(shape)}", "broadcast in the arithmetic instead")
    return builder.emit("Add", [x, builder.constant(np.zeros(shape), kind=builder.kinds[x])])


@onnx_operator("Identity", "Dropout")
def import_identity(builder: Builder, call: Call) -> str:
    """Dropout at inference is the identity; its mask is not computed."""
    if call.wants(1):
        raise call.error("its mask output is used", "export the model in inference mode")
    if call.has(2) and bool(np.asarray(builder.value(call, 2, "training_mode")).any()):
        raise call.error("training_mode is true", "export the model in inference mode")
    return builder.tensor(call.inputs[0])


@onnx_operator("Cast")
def import_cast(builder: Builder, call: Call) -> str:
    """A cast that keeps every value is the identity; one that rounds or wraps is refused."""
    x = builder.tensor(call.inputs[0])
    target = int(call.attrs["to"])
    kind = builder.kinds[x]
    types = onnx.TensorProto
    if target == types.STRING:
        raise call.error("text is not supported", "drop this output")
    if target in (types.FLOAT, types.DOUBLE, types.FLOAT16, types.BFLOAT16):
        return x
    if kind == "bool" or (kind == "int" and target in (types.INT64, types.INT32)):
        return x
    name = types.DataType.Name(target) if target in types.DataType.values() else str(target)
    raise call.error(f"a cast from {kind} to {name} does not keep every value", "keep the computation in float")
