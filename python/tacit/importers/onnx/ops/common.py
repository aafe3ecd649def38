"""Small rules that several operators share: axes, broadcasting, window geometry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tacit.graph.registry import Attrs, Shape
from tacit.importers.onnx.builder import Call


def same_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    """The output has the shape of the only input."""
    return shapes[0]


def broadcast_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    """NumPy's (and ONNX's multidirectional) broadcasting; ``ValueError`` when the shapes do not fit."""
    return tuple(int(extent) for extent in np.broadcast_shapes(*shapes))


def axis_of(call: Call, axis: int, rank: int) -> int:
    """An axis counted from the front: 0 <= axis < rank."""
    if not -rank <= axis < rank:
        raise call.error(f"axis {axis} is out of range for {rank} axes")
    return axis % rank


def axes_of(call: Call, axes: Sequence[int], rank: int) -> tuple[int, ...]:
    """Axes counted from the front, ascending, none twice."""
    found = sorted(axis_of(call, axis, rank) for axis in axes)
    if len(set(found)) != len(found):
        raise call.error(f"axes {list(axes)} name an axis twice")
    return tuple(found)


def integers(call: Call, name: str, default: Sequence[int]) -> tuple[int, ...]:
    """An attribute that is a list of integers."""
    return tuple(int(entry) for entry in call.attrs.get(name, default))


@dataclass(frozen=True)
class Window:
    """A sliding window over the spatial axes: kernel, strides, dilations, pads = [begin..., end...]."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    pads: tuple[int, ...]

    def extents(self, spatial: Sequence[int]) -> Shape:
        """floor((in + pads - dilation * (kernel - 1) - 1) / stride) + 1 per axis; ``ValueError`` when below 1."""
        rank = len(self.kernel)
        if not len(spatial) == len(self.strides) == len(self.dilations) == rank or len(self.pads) != 2 * rank:
            raise ValueError(f"a window over {rank} axes on {len(spatial)} spatial axes")
        result = []
        for axis in range(rank):
            reach = self.dilations[axis] * (self.kernel[axis] - 1) + 1
            room = spatial[axis] + self.pads[axis] + self.pads[rank + axis] - reach
            if room < 0:
                raise ValueError(f"a window of {reach} does not fit in {spatial[axis]} padded entries")
            result.append(room // self.strides[axis] + 1)
        return tuple(result)


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
