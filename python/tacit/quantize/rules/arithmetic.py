"""Rules for sums and products, entry by entry: Add, Sub, Mul, Div."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, log2

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.integer.operators.arithmetic import Added, Times
from tacit.integer.operators.layout import Permute, Reshape
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.rounding import Round
from tacit.integer.scale import Value
from tacit.quantize.columns import product_by_columns, uneven
from tacit.quantize.quantizer import WIDEST, Array, Quantizer, QValue, Shape, rule
from tacit.quantize.rules.linear import LABELS

#: Bits by which the scales of two terms may differ.
MOST_APART = 28


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
    labels = LABELS[: len(shape)]
    sides, operands = [], []
    for value in values:
        own, lead = value.shape, len(shape) - len(value.shape)
        kept = [i for i, n in enumerate(own) if n == shape[lead + i]]
        if len(kept) < len(own):
            value = q.emit(Reshape(tuple(own[i] for i in kept)), [value], f"{value.name}.squeeze")
        sides.append("".join(labels[lead + i] for i in kept))
        operands.append(value)
    return q.new(q.emit(Contract(sides[0], sides[1], labels), operands, out), True, out)
