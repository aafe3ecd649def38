"""Operators that move values: Reshape, Transpose, Concat, Slice, Pad; and what is written with them.

Flatten, Squeeze, Unsqueeze become Reshape, Split and Gather with constant indices Slice and Concat; Identity, Dropout and
harmless Casts disappear. The canonical Pad pads with zeros: all else is slices, concatenations and sums.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import onnx

from tacit.graph.registry import Array
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.axes import axes_of, axis_of, integers
from tacit.importers.onnx.registry import onnx_operator


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
    return builder.emit("Add", [x, builder.constant(np.zeros(shape), kind=builder.kinds[x], made_of=frozenset())])


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


MAX_PIECES = 4096


def take_range(builder: Builder, x: str, axis: int, start: int, end: int, step: int = 1) -> str:
    """Entries range(start, end, step) of one axis; x itself when that is everything."""
    if (start, end, step) == (0, builder.shapes[x][axis], 1):
        return x
    return builder.emit("Slice", [x], starts=(start,), ends=(end,), axes=(axis,), steps=(step,))


@onnx_operator("Slice")
def import_slice(builder: Builder, call: Call) -> str:
    """Attributes before opset 10, inputs since; bounds count from the back when negative and are clamped."""
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    if call.version < 10:
        starts, ends = integers(call, "starts", []), integers(call, "ends", [])
        axes, steps = integers(call, "axes", range(len(starts))), (1,) * len(starts)
    else:
        starts, ends = builder.integers(call, 1, "starts"), builder.integers(call, 2, "ends")
        axes = builder.integers(call, 3, "axes") if call.has(3) else tuple(range(len(starts)))
        steps = builder.integers(call, 4, "steps") if call.has(4) else (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or 0 in steps:
        raise call.error("starts, ends, axes and steps do not match, or a step is 0")
    found = [axis_of(call, axis, len(shape)) for axis in axes]
    if len(set(found)) != len(found):
        raise call.error(f"axes {list(axes)} name an axis twice")
    order = sorted(range(len(found)), key=found.__getitem__)
    bounds = [slice(starts[i], ends[i], steps[i]).indices(shape[found[i]]) for i in order]
    kept = [i for i, bound in zip(order, bounds, strict=True) if bound != (0, shape[found[i]], 1)]
    if not kept:
        return x
    bounds = [bound for i, bound in zip(order, bounds, strict=True) if i in kept]
    return builder.emit(
        "Slice",
        [x],
        starts=tuple(bound[0] for bound in bounds),
        ends=tuple(bound[1] for bound in bounds),
        axes=tuple(found[i] for i in kept),
        steps=tuple(bound[2] for bound in bounds),
    )


@onnx_operator("Split")
def import_split(builder: Builder, call: Call) -> list[str]:
    """Pieces: given sizes, or equal parts (the last may be smaller since opset 18)."""
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    axis = axis_of(call, int(call.attrs.get("axis", 0)), len(shape))
    count = len(call.outputs)
    if call.version < 13 and "split" in call.attrs:
        sizes = integers(call, "split", [])
    elif call.version >= 13 and call.has(1):
        sizes = builder.integers(call, 1, "the sizes")
    else:
        part = -(-shape[axis] // count)
        sizes = (part,) * (count - 1) + (shape[axis] - part * (count - 1),)
    if len(sizes) != count or min(sizes) < 0 or sum(sizes) != shape[axis]:
        raise call.error(f"pieces {list(sizes)} of an axis of {shape[axis]} for {count} outputs")
    starts = np.cumsum([0, *sizes]).tolist()
    return [take_range(builder, x, axis, starts[i], starts[i + 1]) if call.wants(i) else x for i in range(count)]


def gather(builder: Builder, call: Call, x: str, indices: Array, axis: int) -> str:
    """Entries ``indices`` (one axis) along ``axis``: slices of equal steps, concatenated."""
    extent = builder.shapes[x][axis]
    wanted = [int(entry) for entry in indices.reshape(-1)]
    if any(not -extent <= entry < extent for entry in wanted):
        raise call.error(f"an index is out of range for an axis of {extent}")
    wanted = [entry % extent for entry in wanted]
    if len(wanted) > 1:
        builder.notes.append(f"not hidden, since which entries are taken is part of the program: {call.place}")
    pieces: list[str] = []
    position = 0
    while position < len(wanted):
        end = position + 1
        step = wanted[end] - wanted[position] if end < len(wanted) else 1
        while step != 0 and end < len(wanted) and wanted[end] - wanted[end - 1] == step:
            end += 1
        stop = wanted[end - 1] + (1 if step >= 0 else -1)
        pieces.append(take_range(builder, x, axis, wanted[position], stop, step or 1))
        position = end
        if len(pieces) > MAX_PIECES:
            raise call.error(f"more than {MAX_PIECES} separate pieces", "order the indices")
    return pieces[0] if len(pieces) == 1 else builder.emit("Concat", pieces, axis=axis)


@onnx_operator("Gather")
def import_gather(builder: Builder, call: Call) -> str:
    """Constant indices only: one slice a run of indices."""
    x = builder.tensor(call.inputs[0])
    shape = builder.shapes[x]
    axis = axis_of(call, int(call.attrs.get("axis", 0)), len(shape))
    indices = builder.value(call, 1, "the indices")
    if indices.size == 0:
        raise call.error("no indices")
    taken = gather(builder, call, x, indices, axis)
    return reshape_to(builder, taken, (*shape[:axis], *indices.shape, *shape[axis + 1 :]))


#: The modes that repeat entries, by their names in ONNX and in NumPy.
MODES: dict[str, Literal["reflect", "edge", "wrap"]] = {"reflect": "reflect", "edge": "edge", "wrap": "wrap"}


@onnx_operator("Pad")
def import_pad(builder: Builder, call: Call) -> str:
    """Negative pads cut; a constant c other than 0 is pad(x - c) + c; the other modes repeat entries of x."""
    x = builder.tensor(call.inputs[0])
    mode = str(call.attrs.get("mode", "constant"))
    if mode not in ("constant", *MODES):
        raise call.error(f"mode {mode}", f"use one of constant, {', '.join(MODES)}")
    rank = len(builder.shapes[x])
    if call.version < 11:
        pads, value = integers(call, "pads", integers(call, "paddings", [])), float(call.attrs.get("value", 0.0))
    else:
        pads = builder.integers(call, 1, "pads")
        value = builder.scalar(call, 2, "the value") if call.has(2) else 0.0
    if call.has(3):
        axes = [axis_of(call, axis, rank) for axis in builder.integers(call, 3, "axes")]
        if len(pads) != 2 * len(axes) or len(set(axes)) != len(axes):
            raise call.error(f"{len(pads)} pads for {len(axes)} axes")
        whole = [0] * (2 * rank)
        for position, axis in enumerate(axes):
            whole[axis], whole[rank + axis] = pads[position], pads[len(axes) + position]
        pads = tuple(whole)
    if len(pads) != 2 * rank:
        raise call.error(f"{len(pads)} pads for {rank} axes")
    return _pad(builder, call, x, pads, value) if mode == "constant" else _repeat(builder, call, x, pads, mode)


def _repeat(builder: Builder, call: Call, x: str, pads: Sequence[int], mode: str) -> str:
    """Axis by axis, the entries whose indices the mode puts into the padding."""
    shape = builder.shapes[x]
    for axis, extent in enumerate(shape):
        before, after = pads[axis], pads[len(shape) + axis]
        most = extent - 1 if mode == "reflect" else extent
        if min(before, after) < 0 or (mode != "edge" and max(before, after) > most):
            raise call.error(f"pads {before} and {after} of an axis of {extent} in mode {mode}", "use smaller pads")
        if before or after:
            x = gather(builder, call, x, np.pad(np.arange(extent), (before, after), mode=MODES[mode]), axis)
    return x


def _pad(builder: Builder, call: Call, x: str, pads: Sequence[int], value: float) -> str:
    shape = builder.shapes[x]
    rank = len(shape)
    cut = [axis for axis in range(rank) if min(pads[axis], pads[rank + axis]) < 0]
    if cut:
        starts = tuple(max(-pads[axis], 0) for axis in cut)
        ends = tuple(shape[axis] - max(-pads[rank + axis], 0) for axis in cut)
        if any(start >= end for start, end in zip(starts, ends, strict=True)):
            raise call.error("negative pads cut everything away")
        x = builder.emit("Slice", [x], starts=starts, ends=ends, axes=tuple(cut), steps=(1,) * len(cut))
    grown = tuple(max(entry, 0) for entry in pads)
    if not any(grown):
        return x
    if value == 0.0:
        return builder.emit("Pad", [x], pads=grown)
    shifted = builder.emit("Add", [x, builder.constant(-value)])
    return builder.emit("Add", [builder.emit("Pad", [shifted], pads=grown), builder.constant(value)])
