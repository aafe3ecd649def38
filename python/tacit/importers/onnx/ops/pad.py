"""Importing Pad: the canonical operator pads with zeros, all else is slices, concatenations and sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from tacit.graph.registry import onnx_operator
from tacit.importers.onnx.builder import Builder, Call
from tacit.importers.onnx.ops.common import axis_of, integers
from tacit.importers.onnx.ops.slices import gather

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
