"""Rules for products and sums: MatMul, Add, Sub, Mul, Div."""

from __future__ import annotations

from tacit.graph import Node
from tacit.integer.operators.layout import Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.scale import Value
from tacit.quantize.columns import by_columns, reach
from tacit.quantize.quantizer import Quantizer, QValue, Shape, rule

LABELS = "abcdefghijlmopqrstuvwxyz"


@rule("MatMul")
def matmul(q: Quantizer, node: Node) -> QValue:
    """x @ y; a constant side is a weight."""
    out = node.outputs[0]
    constants = [name in q.graph.constants for name in node.inputs]
    if constants[1] and (raw := by_columns(q, node.inputs[0], q.graph.constants[node.inputs[1]], node.inputs[1], out)):
        return q.new(raw, True, out)
    values: list[Value] = [
        q.settled(t).value for t, constant in zip(node.inputs, constants, strict=True) if not constant
    ]
    for side in (0, 1):
        if constants[side]:
            tensor = node.inputs[side]
            x = q.settled(node.inputs[1 - side])
            weight = q.graph.constants[tensor]
            seen = weight * reach(q, node.inputs[0])[:, None] if side and weight.ndim == 2 else None
            values.insert(side, q.weight(tensor, weight, x, q.rounding_tensor(out), seen))
    return q.new(contract(q, values, [q.graph.shapes[t] for t in node.inputs], out), True, out)


def contract(q: Quantizer, values: list[Value], shapes: list[Shape], out: str) -> Value:
    """The raw matrix product; the side that is broadcast along a leading axis loses its axis of extent one."""
    rank = max(len(shape) for shape in shapes) - 2
    lead = LABELS[:rank]
    sides, operands = [], []
    for side, shape in enumerate(shapes):
        own, value = lead[rank - (len(shape) - 2) :], values[side]
        other = shapes[1 - side][:-2]
        wide = dict(zip(lead[rank - len(other) :], other, strict=True))
        kept = [label for label, n in zip(own, shape[:-2], strict=True) if n >= wide.get(label, n)]
        if len(kept) < len(own):
            extents = tuple(n for label, n in zip(own, shape, strict=False) if label in kept)
            value = q.emit(Reshape((*extents, *shape[-2:])), [value], value.name)
        sides.append("".join(kept))
        operands.append(value)
    return q.emit(Contract(sides[0] + "yk", sides[1] + "kz", lead + "yz"), operands, out)
