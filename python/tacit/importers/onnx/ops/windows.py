"""The windows of convolutions and pools, as ONNX writes them."""

from __future__ import annotations

from collections.abc import Sequence

from tacit.graph.windows import Window
from tacit.importers.onnx.calls import Call
from tacit.importers.onnx.ops.axes import integers


def window_of(call: Call, kernel: Sequence[int], spatial: Sequence[int]) -> Window:
    """The window of a convolution or pooling node: defaults filled in, auto_pad and ceil_mode resolved into pads."""
    rank = len(spatial)
    if len(kernel) != rank or rank not in (1, 2):
        raise call.error(f"{rank} spatial axes with a kernel of {len(kernel)}", "use 1-D or 2-D windows")
    strides = integers(call, "strides", [1] * rank)
    dilations = integers(call, "dilations", [1] * rank)
    pads = list(integers(call, "pads", [0] * (2 * rank)))
    if len(strides) != rank or len(dilations) != rank or len(pads) != 2 * rank:
        raise call.error("strides, dilations or pads do not match the number of spatial axes")
    if min(*kernel, *strides, *dilations) < 1 or min(pads) < 0:
        raise call.error("kernel, strides and dilations must be at least 1 and pads at least 0")
    auto_pad = call.attrs.get("auto_pad", "NOTSET")
    for axis in range(rank):
        reach = dilations[axis] * (kernel[axis] - 1) + 1
        if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
            count = -(-spatial[axis] // strides[axis])
            total = max((count - 1) * strides[axis] + reach - spatial[axis], 0)
            small, large = total // 2, total - total // 2
            pads[axis], pads[rank + axis] = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
            continue
        if auto_pad == "VALID":
            pads[axis] = pads[rank + axis] = 0
        elif auto_pad != "NOTSET":
            raise call.error(f"auto_pad {auto_pad} is unknown")
        if call.attrs.get("ceil_mode", 0):
            pads[rank + axis] = _ceil_pad(spatial[axis], reach, strides[axis], pads[axis], pads[rank + axis])
    return Window(tuple(int(k) for k in kernel), strides, dilations, tuple(pads))


def _ceil_pad(extent: int, reach: int, stride: int, begin: int, end: int) -> int:
    """End padding under which rounding down gives what ceil_mode asks for."""
    count = -(-(extent + begin + end - reach) // stride) + 1
    if (count - 1) * stride >= extent + begin:
        count -= 1  # a window may not start in the end padding
    return max((count - 1) * stride + reach - extent - begin, 0)
