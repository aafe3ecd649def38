"""Slice; and Split, Gather with constant indices, which become slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, Shape, canonical, onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.common import axis_of, integers
from tacit.importers.onnx.ops.layout import reshape_to

MAX_PIECES = 4096


def _slice_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    shape = list(shapes[0])
    for start, end, axis, step in zip(attrs["starts"], attrs["ends"], attrs["axes"], attrs["steps"], strict=True):
        chosen = range(start, end, step)
        if chosen and not (0 <= chosen[0] < shape[axis] and 0 <= chosen[-1] < shape[axis]):
            raise ValueError(f"slice [{start}:{end}:{step}] leaves axis {axis}")
        shape[axis] = len(chosen)
    return tuple(shape)


@canonical("Slice", _slice_shape)
def slice_(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Entries range(start, end, step) of each listed axis. Attributes ``starts``, ``ends``, ``axes``, ``steps``.

    As in ``range``, an end of -1 with a negative step means "down to entry 0 inclusive"; nothing counts from the back.
    """
    x = inputs[0]
    for start, end, axis, step in zip(attrs["starts"], attrs["ends"], attrs["axes"], attrs["steps"], strict=True):
        x = np.take(x, range(start, end, step), axis=axis)
    return x


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
