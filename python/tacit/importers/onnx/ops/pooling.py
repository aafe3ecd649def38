"""MaxPool, AveragePool, GlobalAveragePool, GlobalMaxPool."""

from __future__ import annotations

import math

import numpy as np

from tacit.graph.windows import Window, patches
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.axes import integers
from tacit.importers.onnx.ops.windows import window_of
from tacit.importers.onnx.registry import onnx_operator


def _window_of(builder: Builder, call: Call, x: str) -> Window:
    window = window_of(call, integers(call, "kernel_shape", []), builder.shapes[x][2:])
    rank = len(window.kernel)
    for axis in range(rank):
        if max(window.pads[axis], window.pads[rank + axis]) > window.dilations[axis] * (window.kernel[axis] - 1):
            raise call.error("a window lies in the padding alone", "use pads smaller than the kernel")
    return window


def _emit(builder: Builder, op: str, x: str, window: Window, **attrs: int) -> str:
    return builder.emit(
        op,
        [x],
        kernel_shape=window.kernel,
        strides=window.strides,
        dilations=window.dilations,
        pads=window.pads,
        **attrs,
    )


@onnx_operator("MaxPool")
def import_max_pool(builder: Builder, call: Call) -> str:
    if call.wants(1):
        raise call.error("its second output (indices) is used", "drop the indices before the export")
    x = builder.tensor(call.inputs[0])
    window = _window_of(builder, call, x)
    if max(window.dilations) > 1:
        _check_dilated(builder, call, x, window)
    return _emit(builder, "MaxPool", x, window)


def _check_dilated(builder: Builder, call: Call, x: str, window: Window) -> None:
    """A dilated window can step over all of a small input: then its maximum would be that of padding."""
    ones = np.ones((1, 1, *builder.shapes[x][2:]))
    if (patches(ones, window).max(axis=tuple(range(2, 2 + len(window.kernel)))) == 0).any():
        raise call.error("a window lies in the padding alone", "use pads smaller than the kernel")


@onnx_operator("AveragePool")
def import_average_pool(builder: Builder, call: Call) -> str:
    """With count_include_pad = 0 the windows at the border are scaled by kernel size / entries met."""
    x = builder.tensor(call.inputs[0])
    window = _window_of(builder, call, x)
    plain = window_of(
        Call(call.name, call.op, "", call.version, call.inputs, call.outputs, {**call.attrs, "ceil_mode": 0}),
        window.kernel,
        builder.shapes[x][2:],
    )
    include = bool(call.attrs.get("count_include_pad", 0))
    if include and plain.pads != window.pads:
        raise call.error("ceil_mode together with count_include_pad", "pad before the pooling instead")
    pooled = _emit(builder, "AveragePool", x, window, count_include_pad=1)
    if include or not any(window.pads):
        return pooled
    ones = np.ones((1, 1, *builder.shapes[x][2:]))
    met = patches(ones, window).sum(axis=tuple(range(2, 2 + len(window.kernel))))
    if (met == 0).any():
        raise call.error("a window lies in the padding alone", "use pads smaller than the kernel")
    return builder.emit("Mul", [pooled, builder.constant(math.prod(window.kernel) / met)])


@onnx_operator("GlobalAveragePool")
def import_global_average_pool(builder: Builder, call: Call) -> str:
    return builder.emit("GlobalAveragePool", [builder.tensor(call.inputs[0])])


@onnx_operator("GlobalMaxPool")
def import_global_max_pool(builder: Builder, call: Call) -> str:
    """A MaxPool whose window is the whole input."""
    x = builder.tensor(call.inputs[0])
    spatial = builder.shapes[x][2:]
    if len(spatial) not in (1, 2):
        raise call.error(f"{len(spatial)} spatial axes", "use 1-D or 2-D windows")
    ones = (1,) * len(spatial)
    return _emit(builder, "MaxPool", x, Window(spatial, ones, ones, (0,) * (2 * len(spatial))))
