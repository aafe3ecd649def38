"""Rules for views: Reshape, Transpose, Concat, Slice, Pad, sums and means."""

from __future__ import annotations

from math import prod

from tacit.graph import Node
from tacit.integer.graph import Operator
from tacit.integer.operators.layout import Cut, Join, Permute, Reshape, Total
from tacit.quantize.quantizer import Quantizer, QValue, rule
from tacit.quantize.rules.activation import mean


def view(q: Quantizer, node: Node, op: Operator) -> QValue:
    """One view of the input, which stays as wide as it is."""
    return q.new(q.emit(op, [q.laid(node.inputs[0]).value], node.outputs[0]), False, node.outputs[0])


@rule("Reshape")
def reshape(q: Quantizer, node: Node) -> QValue:
    return view(q, node, Reshape(tuple(q.graph.shapes[node.outputs[0]])))


@rule("Transpose")
def transpose(q: Quantizer, node: Node) -> QValue:
    return view(q, node, Permute(tuple(node.attrs["perm"])))


@rule("Cast")
def cast(q: Quantizer, node: Node) -> QValue:
    """Between kinds whose values agree: nothing happens."""
    return q.value(node.inputs[0])


@rule("Slice")
def slice_(q: Quantizer, node: Node) -> QValue:
    rank = len(q.graph.shapes[node.inputs[0]])
    starts, steps = [0] * rank, [1] * rank
    for start, axis, step in zip(node.attrs["starts"], node.attrs["axes"], node.attrs["steps"], strict=True):
        starts[axis], steps[axis] = start, step
    return view(q, node, Cut(tuple(starts), tuple(steps), tuple(q.graph.shapes[node.outputs[0]])))


@rule("Pad")
def pad(q: Quantizer, node: Node) -> QValue:
    shape = tuple(q.graph.shapes[node.outputs[0]])
    starts = tuple(-n for n in node.attrs["pads"][: len(shape)])
    return view(q, node, Cut(starts, (1,) * len(shape), shape))


@rule("Concat")
def concat(q: Quantizer, node: Node) -> QValue:
    """All pieces at the finest of their scales; constant pieces are parameters."""
    out = node.outputs[0]
    computed = [q.laid(t) for t in node.inputs if t not in q.graph.constants]
    if len(computed) < len(node.inputs):
        computed = [q.fine(v, out) for v in computed]
    frac = max(v.frac for v in computed)
    pieces = []
    for tensor in node.inputs:
        if tensor in q.graph.constants:
            pieces.append(q.parameter(tensor, q.graph.constants[tensor], frac, q.offset_bits(out, frac)))
        else:
            pieces.append(q.finer(q.laid(tensor).value, frac, f"{tensor}.scale"))
    return q.new(q.emit(Join(node.attrs["axis"]), pieces, out), False, out)


def total(q: Quantizer, node: Node, axes: tuple[int, ...], keep: bool) -> QValue:
    """The sum over axes."""
    out = node.outputs[0]
    value = q.emit(Total(axes), [q.laid(node.inputs[0]).value], out)
    if keep:
        value = q.emit(Reshape(tuple(q.graph.shapes[out])), [value], out)
    return q.new(value, False, out)


@rule("ReduceSum")
def reduce_sum(q: Quantizer, node: Node) -> QValue:
    return total(q, node, tuple(node.attrs["axes"]), bool(node.attrs["keepdims"]))


@rule("ReduceMean")
def reduce_mean(q: Quantizer, node: Node) -> QValue:
    """The sum is affine; a rounding division by the number of entries follows."""
    summed = total(q, node, tuple(node.attrs["axes"]), bool(node.attrs["keepdims"]))
    shape = q.graph.shapes[node.inputs[0]]
    return mean(q, summed, prod(shape[i] for i in node.attrs["axes"]), node.outputs[0])
