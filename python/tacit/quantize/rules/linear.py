"""Rules for products and sums: MatMul, Add, Sub, Mul, Div."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, log2

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.integer.operators.layout import Added, Permute, Reshape, Times
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.rounding import Round
from tacit.integer.scale import Value
from tacit.quantize.columns import by_columns, product_by_columns, reach, uneven
from tacit.quantize.quantizer import WIDEST, Array, Quantizer, QValue, Shape, rule

_LABELS = "abcdefghijlmopqrstuvwxyz"
#: Bits by which the scales of two terms may differ.
MOST_APART = 28


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
    lead = _LABELS[:rank]
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


@rule("Add")
def add(q: Quantizer, node: Node) -> QValue:
    """x + y, or x + constant at x's own scale (an accumulator's, mostly)."""
    x, y = node.inputs
    if y in q.graph.constants:
        return _add_constant(q, node, x, q.graph.constants[y], y, 1)
    return _sum(q, node, x, y, 1)


@rule("Sub")
def sub(q: Quantizer, node: Node) -> QValue:
    """x - y, or constant - y."""
    x, y = node.inputs
    if x in q.graph.constants:
        return _add_constant(q, node, y, q.graph.constants[x], x, -1)
    if y in q.graph.constants:
        return _add_constant(q, node, x, -q.graph.constants[y], y, 1)
    return _sum(q, node, x, y, -1)


def _add_constant(q: Quantizer, node: Node, tensor: str, constant: Array, label: str, sign: int) -> QValue:
    """sign * x + constant, in x's base order."""
    out = node.outputs[0]
    _brought_near(q, tensor, q.target(out))
    v = q.value(tensor)
    shape = q.graph.shapes[out]
    if q.graph.shapes[tensor] != shape:
        v = q.laid(tensor)
        v = replace(v, value=q.expanded(v.value, shape), perm=tuple(range(len(shape))))
    v = q.fine(v, out)
    # The constant's axes in logical order, then in the order of the integer value.
    full = constant.reshape((1,) * (len(shape) - constant.ndim) + constant.shape)
    inverse = tuple(v.perm.index(i) for i in range(len(shape)))
    base = np.transpose(full, inverse)
    trimmed = base.reshape(base.shape[next((i for i, n in enumerate(base.shape) if n != 1), base.ndim - 1) :])
    wide = q.expanded(q.parameter(label, trimmed, v.frac, q.offset_bits(out, v.frac)), v.value.shape)
    return q.new(q.emit(Added((sign, 1), (0, 0)), [v.value, wide], out), v.raw, out, v.perm)


def _sum(q: Quantizer, node: Node, x: str, y: str, sign: int) -> QValue:
    """x + sign y at the finer of the two scales; raw values stay raw where their axis orders agree."""
    out = node.outputs[0]
    shape = q.graph.shapes[out]
    for tensor in (x, y):
        if q.value(tensor).raw and q.graph.shapes[tensor] != shape:
            q.settled(tensor)
    if q.value(x).raw and q.value(y).raw and q.value(x).perm != q.value(y).perm:
        q.settled(y)
    for tensor, other in ((x, y), (y, x)):
        _brought_near(q, tensor, q.value(other).frac)
    vs = [q.value(x), q.value(y)]
    lead = next((v for v in vs if v.raw), None)
    perm = lead.perm if lead is not None else tuple(range(len(shape)))
    terms = [_in_order(q, tensor, perm, shape) for tensor in (x, y)]
    frac = max(term.frac for term in terms)
    op = Added((1, sign), tuple(round(frac - term.frac) for term in terms))
    return q.new(q.emit(op, terms, out), any(v.raw for v in vs), out, perm)


def _brought_near(q: Quantizer, tensor: str, frac: float) -> None:
    """A value whose scale is finer by more than MOST_APART bits is rounded: the sum could not tell, and might pass the field."""
    v = q.value(tensor)
    if v.frac > frac + MOST_APART and (v.raw or not uneven(q, tensor, q.target(tensor))):
        v = q.settled(tensor)
    if v.frac > frac + MOST_APART:
        shift = floor(v.frac - frac) - MOST_APART
        op = Round(shift, max(q.bits, ceil(log2(q.bound(tensor, v.frac - shift) + 1)) + 1))
        value = q.emit(op, [v.value], f"{tensor}.round")
        q.values[tensor] = replace(v, value=value, bound=q.bound(tensor, value.frac))


def _in_order(q: Quantizer, tensor: str, perm: tuple[int, ...], shape: Shape) -> Value:
    """The integer value broadcast to the logical shape and in the base order of perm."""
    v = q.value(tensor)
    if v.perm == perm and q.graph.shapes[tensor] == shape:
        return v.value
    value = q.expanded(q.laid(tensor).value, shape)
    inverse = tuple(perm.index(i) for i in range(len(perm)))
    return value if inverse == tuple(range(len(perm))) else q.emit(Permute(inverse), [value], f"{tensor}.order")


@rule("Mul", "Div")
def mul(q: Quantizer, node: Node) -> QValue:
    """x * y, entrywise.

    A constant of one entry is public structure, a coefficient of the program; any other is a weight.
    """
    x, y = node.inputs
    out = node.outputs[0]
    if x in q.graph.constants:
        raise QuantizationError("a constant first operand", place=node.name)
    if y in q.graph.constants:
        constant = q.graph.constants[y]
        if node.op == "Div":
            constant = 1.0 / constant
        if constant.size == 1:
            return _scale(q, x, float(constant.reshape(-1)[0]), out)
        if joined := product_by_columns(q, x, constant, y, out):
            return q.new(joined, False, out)
        v = q.settled(x)
        weight = q.weight(y, constant, v, q.rounding_tensor(out))
        return _entrywise(q, [v.value, weight], out)
    if node.op == "Div":
        raise QuantizationError("a division by a computed tensor", place=node.name)
    return _entrywise(q, [q.settled(x).value, q.settled(y).value], out)


def _scale(q: Quantizer, tensor: str, factor: float, out: str) -> QValue:
    """A power of two only moves the scale; otherwise an integer coefficient of at most 15 bits."""
    exponent = floor(log2(abs(factor))) if factor else 0
    mantissa = factor / 2.0**exponent
    bits = 0 if abs(mantissa) in (0.0, 1.0) else 14
    v, shape = q.value(tensor), q.graph.shapes[out]
    if bits and not v.raw and v.bound * 2.0**bits > WIDEST:
        if joined := product_by_columns(q, tensor, np.full(shape[-1:], factor), f"{out}.factor", out):
            return q.new(joined, False, out)
        v = q.settled(tensor)
    if q.graph.shapes[tensor] != shape:  # a constant of more axes than the tensor
        v = q.laid(tensor)
        v = replace(v, value=q.emit(Reshape(shape), [v.value], f"{out}.axes"), perm=tuple(range(len(shape))))
    if factor == 0.0:
        return replace(v, value=q.emit(Times(0, 0), [v.value], out), bound=0.0)
    coefficient = round(mantissa * 2**bits)
    while coefficient % 2 == 0:
        coefficient, bits = coefficient // 2, bits - 1
    value = q.emit(Times(coefficient, bits - exponent), [v.value], out)
    return replace(v, value=value, bound=q.bound(out, value.frac))


def _entrywise(q: Quantizer, values: list[Value], out: str) -> QValue:
    """Axes of extent one that are broadcast lose their label."""
    shape = q.graph.shapes[out]
    labels = _LABELS[: len(shape)]
    sides, operands = [], []
    for value in values:
        own, lead = value.shape, len(shape) - len(value.shape)
        kept = [i for i, n in enumerate(own) if n == shape[lead + i]]
        if len(kept) < len(own):
            value = q.emit(Reshape(tuple(own[i] for i in kept)), [value], f"{value.name}.squeeze")
        sides.append("".join(labels[lead + i] for i in kept))
        operands.append(value)
    return q.new(q.emit(Contract(sides[0], sides[1], labels), operands, out), True, out)
