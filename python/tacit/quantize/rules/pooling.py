"""Rules for pools."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from tacit.graph import Node
from tacit.integer.lookups import signed
from tacit.integer.operators.convolution import Windows, WindowSum
from tacit.integer.operators.layout import Reshape
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.reduction import Total
from tacit.quantize.quantizer import Quantizer, QValue, Shape, rule
from tacit.quantize.rules.reduction import mean


@rule("MaxPool")
def max_pool(q: Quantizer, node: Node) -> QValue:
    """Windows by links; padding holds the least integer, which never wins."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.settled(tensor, narrow=True)
    lo, _ = signed(q.bits)
    windows = replace(_pool_windows(node, q.graph.shapes[out]), fill=lo)
    patches = q.emit(windows, [v.value], f"{out}.windows")
    return q.new(q.emit(RoundMax(0, q.bits, len(windows.kernel)), [patches], out), False, out)


def _pool_windows(node: Node, shape: Shape) -> Windows:
    kernel, attrs = tuple(node.attrs["kernel_shape"]), node.attrs
    pads = tuple(attrs["pads"][: len(kernel)])
    return Windows(kernel, tuple(attrs["strides"]), tuple(attrs["dilations"]), pads, tuple(shape[2:]))


@rule("AveragePool")
def average_pool(q: Quantizer, node: Node) -> QValue:
    """A contraction of the windows with ones, then a rounding division by the kernel's size."""
    out = node.outputs[0]
    v = q.settled(node.inputs[0])
    windows = _pool_windows(node, q.graph.shapes[out])
    patches = q.emit(windows, [v.value], f"{out}.windows")
    total = q.emit(WindowSum(len(windows.kernel)), [patches], f"{out}.sum")
    raw = replace(q.new(total, True, out), bound=v.bound * prod(windows.kernel))
    return mean(q, raw, prod(windows.kernel), out)


@rule("GlobalAveragePool")
def global_average_pool(q: Quantizer, node: Node) -> QValue:
    """The sum is affine; a rounding division follows."""
    out = node.outputs[0]
    v = q.settled(node.inputs[0])
    shape = q.graph.shapes[node.inputs[0]]
    axes = tuple(range(2, len(shape)))
    total = q.emit(Total(axes), [v.value], f"{out}.sum")
    total = q.emit(Reshape(tuple(q.graph.shapes[out])), [total], f"{out}.sum")
    count = prod(shape[2:])
    return mean(q, replace(q.new(total, False, out), bound=v.bound * count), count, out)
