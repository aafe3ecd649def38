"""Rules for products and sums: MatMul, Add, Sub, Mul, Div."""

from __future__ import annotations

from dataclasses import replace
from math import floor, log2

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.lowering.contraction import Contract
from tacit.lowering.views import Affine, Permute, Reshape
from tacit.quantize import Array, Quantizer, QValue, Shape, rule

_LABELS = "abcdefghijlmopqrstuvwxyz"


@rule("MatMul")
def matmul(q: Quantizer, node: Node) -> QValue:
    """x @ y; a constant side is a weight."""
    out = node.outputs[0]
    names, fracs = ["", ""], [0.0, 0.0]
    constants = [name in q.graph.constants for name in node.inputs]
    for side in sorted((0, 1), key=lambda i: constants[i]):
        tensor = node.inputs[side]
        if constants[side]:
            x = q.settled(node.inputs[1 - side])
            values = x.absorb(q.graph.constants[tensor], -2)
            names[side] = q.weight(tensor, values, x, q.rounding_tensor(out))
        else:
            names[side] = q.settled(tensor).name
        fracs[side] = q.ints.fracs[names[side]]
    frac = sum(fracs)
    labels = _matmul_labels(q, names, [q.graph.shapes[t] for t in node.inputs])
    name = q.emit(Contract(*labels), names, frac, out)
    return q.new(name, frac, True, out)


def _matmul_labels(q: Quantizer, names: list[str], shapes: list[Shape]) -> tuple[str, str, str]:
    """Labels of both sides and the result; the side that is broadcast along an axis loses its axis of extent one."""
    rank = max(len(shape) for shape in shapes) - 2
    lead = _LABELS[:rank]
    sides = []
    for side, shape in enumerate(shapes):
        own = lead[rank - (len(shape) - 2) :]
        other = shapes[1 - side][:-2]
        wide = dict(zip(lead[rank - len(other) :], other, strict=True))
        kept = [label for label, n in zip(own, shape[:-2], strict=True) if n >= wide.get(label, n)]
        if len(kept) < len(own):
            extents = tuple(n for label, n in zip(own, shape, strict=False) if label in kept)
            names[side] = q.emit(
                Reshape((*extents, *shape[-2:])), [names[side]], q.ints.fracs[names[side]], names[side]
            )
        sides.append("".join(kept))
    return sides[0] + "yk", sides[1] + "kz", lead + "yz"


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
    v = q.value(tensor)
    shape = q.graph.shapes[out]
    if q.graph.shapes[tensor] != shape:
        v = q.settled(tensor)
        v = replace(v, name=q.expanded(v.name, shape))
        v = replace(v, perm=tuple(range(len(shape))))
    if v.columns is not None:
        constant = constant * 2.0 ** -np.array(v.columns)
    # The constant's axes in logical order, then in the order of the integer value.
    full = constant.reshape((1,) * (len(shape) - constant.ndim) + constant.shape)
    inverse = tuple(v.perm.index(i) for i in range(len(shape)))
    base = np.transpose(full, inverse)
    trimmed = base.reshape(base.shape[next((i for i, n in enumerate(base.shape) if n != 1), base.ndim - 1) :])
    name = q.parameter(label, trimmed, v.frac)
    wide = q.expanded(name, q.ints.shapes[v.name])
    summed = q.emit(Affine((sign, 1)), [v.name, wide], v.frac, out)
    return replace(q.new(summed, v.frac, v.raw, out, v.perm), columns=v.columns)


def _sum(q: Quantizer, node: Node, x: str, y: str, sign: int) -> QValue:
    """x + sign y at the finer of the two scales; raw values stay raw where their axis orders agree."""
    out = node.outputs[0]
    shape = q.graph.shapes[out]
    for tensor in (x, y):
        if q.value(tensor).raw and q.graph.shapes[tensor] != shape:
            q.settled(tensor)
    if q.value(x).raw and q.value(y).raw and q.value(x).perm != q.value(y).perm:
        q.settled(y)
    vs = [q.value(x), q.value(y)]
    lead = next((v for v in vs if v.raw), None)
    perm = lead.perm if lead is not None else tuple(range(len(shape)))
    names = [_in_order(q, v, tensor, perm, shape) for v, tensor in zip(vs, (x, y), strict=True)]
    frac = max(v.frac for v in vs)
    terms = [replace(v, name=name) for v, name in zip(vs, names, strict=True)]
    coefs = tuple(s << round(frac - v.frac) for s, v in zip((1, sign), terms, strict=True))
    name = q.emit(Affine(coefs), names, frac, out)
    return q.new(name, frac, any(v.raw for v in vs), out, perm)


def _in_order(q: Quantizer, v: QValue, tensor: str, perm: tuple[int, ...], shape: Shape) -> str:
    """The integer value broadcast to the logical shape and in the base order of perm."""
    if v.perm == perm and q.graph.shapes[tensor] == shape:
        return v.name
    v = q.settled(tensor)
    name = q.expanded(v.name, shape)
    inverse = tuple(perm.index(i) for i in range(len(perm)))
    if inverse == tuple(range(len(perm))):
        return name
    return q.emit(Permute(inverse), [name], v.frac, f"{tensor}.order")


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
        v = q.settled(x)
        name = q.weight(y, v.absorb(constant), v, q.rounding_tensor(out))
        return _entrywise(q, v.name, q.graph.shapes[x], name, q.ints.shapes[name], out)
    if node.op == "Div":
        raise QuantizationError("a division by a computed tensor", place=node.name)
    a, b = q.settled(x), q.settled(y)
    return _entrywise(q, a.name, q.graph.shapes[x], b.name, q.graph.shapes[y], out)


def _scale(q: Quantizer, tensor: str, factor: float, out: str) -> QValue:
    """A power of two only moves the scale; otherwise an integer coefficient of 12 bits."""
    v = q.value(tensor)
    if factor == 0.0:
        return replace(v, name=q.emit(Affine((0,)), [v.name], v.frac, out), bound=0.0)
    exponent = floor(log2(abs(factor)))
    mantissa = factor / 2.0**exponent
    bits = 0 if abs(mantissa) == 1.0 else 14
    coefficient = round(mantissa * 2**bits)
    while coefficient % 2 == 0:
        coefficient, bits = coefficient // 2, bits - 1
    frac = v.frac + bits - exponent
    name = v.name if coefficient == 1 else q.emit(Affine((coefficient,)), [v.name], frac, out)
    return replace(v, name=name, frac=frac, bound=q.bound(out, frac))


def _entrywise(q: Quantizer, a: str, a_shape: Shape, b: str, b_shape: Shape, out: str) -> QValue:
    """Axes of extent one that are broadcast lose their label."""
    shape = q.graph.shapes[out]
    labels = _LABELS[: len(shape)]
    frac = q.ints.fracs[a] + q.ints.fracs[b]
    sides, names = [], []
    for name, own in ((a, a_shape), (b, b_shape)):
        lead = len(shape) - len(own)
        kept = [i for i, n in enumerate(own) if n == shape[lead + i]]
        if len(kept) < len(own):
            name = q.emit(Reshape(tuple(own[i] for i in kept)), [name], q.ints.fracs[name], f"{name}.squeeze")
        sides.append("".join(labels[lead + i] for i in kept))
        names.append(name)
    name = q.emit(Contract(sides[0], sides[1], labels), names, frac, out)
    return q.new(name, frac, True, out)
