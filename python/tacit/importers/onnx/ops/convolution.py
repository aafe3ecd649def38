"""Conv."""

from __future__ import annotations

from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.windows import window_of
from tacit.importers.onnx.registry import onnx_operator


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
