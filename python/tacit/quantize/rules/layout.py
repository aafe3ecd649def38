"""Rules for views: Reshape, Transpose, Concat, Slice, Pad, sums and means."""

from __future__ import annotations

from tacit.graph import Node
from tacit.integer.graph import Operator
from tacit.integer.operators.layout import Cut, Join, Permute, Reshape
from tacit.quantize.quantizer import Quantizer, QValue, rule


def view(q: Quantizer, node: Node, op: Operator) -> QValue:
    """One view of the input, which stays as wide as it is."""
    return q.new(q.emit(op, [q.laid(node.inputs[0]).value], node.outputs[0]), False, node.outputs[0])


@rule("Reshape")
def reshape(q: Quantizer, node: Node) -> QValue:
    return view(q, node, Reshape(tuple(q.graph.shapes[node.outputs[0]])))


@rule("Transpose")
def transpose(q: Quantizer, node: Node) -> QValue:
    return view(q, node, Permute(tuple(node.attrs["perm"])))


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
