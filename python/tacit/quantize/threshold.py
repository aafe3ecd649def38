"""Publishing a predicate only: whether an output reaches a value."""

from __future__ import annotations

from math import floor

import numpy as np

from tacit.errors import InputError
from tacit.graph import Graph
from tacit.integer.graph import OutputSpec, Threshold
from tacit.integer.operators.arithmetic import Offset
from tacit.integer.operators.layout import Cut, Reshape
from tacit.integer.operators.selection import AtLeast
from tacit.quantize.quantizer import Quantizer


def compared_tensor(graph: Graph, threshold: Threshold) -> tuple[str, float]:
    """The tensor to compare and the bound for it: of an increasing function (a sigmoid) its input."""
    if threshold.output not in graph.outputs:
        raise InputError("no such output", place=threshold.output, remedy=f"outputs: {', '.join(graph.outputs)}")
    shape = graph.shapes[threshold.output]
    if len(threshold.index) != len(shape) - 1 or any(
        not 0 <= i < n for i, n in zip(threshold.index, shape[1:], strict=True)
    ):
        raise InputError(f"index {list(threshold.index)} of an output of shape {list(shape)}", place=threshold.output)
    node = next((n for n in graph.nodes if threshold.output in n.outputs), None)
    inverse = node.operator.inverse if node is not None else None
    bound = inverse(threshold.value) if inverse is not None else None
    if node is not None and bound is not None:
        return node.inputs[0], bound
    return threshold.output, threshold.value


def publish_threshold(q: Quantizer, threshold: Threshold, tensor: str, value: float) -> None:
    """The only output: 1 where the tensor's entry is at least the value, one bit a batch entry. Compared unrounded."""
    v = q.value(tensor)
    shape = q.graph.shapes[tensor]
    if not v.in_order:
        v = q.laid(tensor)
    starts, to = (0, *threshold.index), (shape[0], *(1,) * len(threshold.index))
    cut = Cut(starts, (1,) * len(shape), to)
    if not abs(value) * 2.0**v.frac < 2.0**60:  # also when it is not a number
        raise InputError(f"expected a value that the output could reach, got {value:g}", slug="threshold", place=tensor)
    bound = int(np.ceil(value * 2.0**v.frac))
    reach = (q.calibration.magnitude(tensor) + abs(value)) * q.options.headroom
    bits = max(2, floor(reach * 2.0**v.frac).bit_length() + 2)
    entry = v.value if v.raw else q.emit(cut, [v.value], f"{tensor}.entry")
    entry = q.emit(Offset(1, -bound, v.frac), [entry], f"{tensor}.gap")
    entry = q.emit(AtLeast(bits), [entry], f"{tensor}.reached")
    if v.raw:
        entry = q.emit(cut, [entry], f"{tensor}.entry")
    answer = q.emit(Reshape((shape[0],)), [entry], f"{tensor}.answer")
    q.ints.outputs[threshold.output] = OutputSpec(answer.name, 0, 1, 0, 0, threshold)
