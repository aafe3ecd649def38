"""Rules for comparisons and ArgMax: results are exact integers (frac 0)."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, log2

import numpy as np

from tacit.graph import Node
from tacit.integer.operators.arithmetic import Added, Offset
from tacit.integer.operators.layout import Permute, Reshape
from tacit.integer.operators.rounding import Commit
from tacit.integer.operators.selection import ArgMaxLast, AtLeast
from tacit.quantize.columns import uneven
from tacit.quantize.quantizer import Array, Quantizer, QValue, rule


@rule("Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compare(q: Quantizer, node: Node) -> QValue:
    """x against a constant at x's own scale, nothing rounded before.

    On integers x > c is x - floor(c) - 1 >= 0 and x >= c is x - ceil(c) >= 0; the others with both signs turned. A constant
    of one entry is public, any other is a weight.
    """
    tensor, label = node.inputs
    out = node.outputs[0]
    v = q.value(tensor)
    if q.graph.shapes[tensor] != q.graph.shapes[out] or not v.in_order:
        v = q.laid(tensor)
    constant = q.graph.constants[label]
    sign = 1 if node.op.startswith("Greater") else -1
    # sign * x >= bound, with the bound an integer at x's scale.
    exact = sign * constant * 2.0**v.frac
    bound = np.ceil(exact) if node.op.endswith("OrEqual") else np.floor(exact) + 1
    reach = (q.calibration.magnitude(tensor) + float(np.abs(constant).max())) * q.options.headroom
    bits = max(2, floor(reach * 2.0**v.frac).bit_length() + 2)
    return at_least(q, v, tensor, sign, bound, bits, out, label)


def at_least(q: Quantizer, v: QValue, tensor: str, sign: int, bound: Array, bits: int, out: str, label: str) -> QValue:
    """[sign * x >= bound]."""
    shape = q.graph.shapes[out]
    value = q.expanded(v.value, shape)
    if bound.size == 1:
        gap = q.emit(Offset(sign, -int(bound.reshape(-1)[0]), v.frac), [value], f"{out}.gap")
    else:
        weight = q.parameter(label, bound * 2.0**-v.frac, v.frac)
        gap = q.emit(Added((sign, -1), (0, 0)), [value, q.expanded(weight, shape)], f"{out}.gap")
    return replace(q.new(q.emit(AtLeast(bits), [gap], out), False, out), bound=1.0)


@rule("ArgMax")
def argmax(q: Quantizer, node: Node) -> QValue:
    """Of the rounded tensor; among equal entries the first. Of uneven columns that it does not run over, of the wide one."""
    tensor, out = node.inputs[0], node.outputs[0]
    rank = len(q.graph.shapes[tensor])
    axis = node.attrs["axis"] % rank
    wide = axis != rank - 1 and not q.value(tensor).raw and uneven(q, tensor, q.target(tensor))
    v = q.laid(tensor) if wide else q.settled(tensor, narrow=True)
    bits = max(q.bits, ceil(log2(v.bound + 1)) + 1) if wide else q.bits
    rows = v.value
    if axis != rank - 1:
        order = (*(i for i in range(rank) if i != axis), axis)
        rows = q.emit(Permute(order), [rows], f"{out}.rows")
    index = q.emit(ArgMaxLast(bits + 1), [rows], out)
    shape, raw = tuple(q.graph.shapes[out]), True
    if shape != index.shape:
        index, raw = q.emit(Reshape(shape), [q.emit(Commit(), [index], out)], out), False
    return replace(q.new(index, raw, out), bound=float(q.graph.shapes[tensor][axis]))
