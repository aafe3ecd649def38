"""Rules for operators that round: activations, tables, means, Softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, erf, floor, log2

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.lowering.rounding import RoundDivide, RoundLine, RoundRelu, RoundTable, signed
from tacit.lowering.signs import RoundClip, RoundLeaky
from tacit.lowering.softmax import SoftmaxLast
from tacit.lowering.views import Affine, Permute
from tacit.quantize import Array, Quantizer, QValue, rule


@rule("Relu")
def relu(q: Quantizer, node: Node) -> QValue:
    """Fused with the rounding of its input."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    shift = q.shift(v, tensor)
    frac = v.frac - shift
    name = q.emit(RoundRelu(shift, q.bits), [v.name], frac, out)
    return q.new(name, frac, False, out, v.perm)


@rule("LeakyRelu")
def leaky_relu(q: Quantizer, node: Node) -> QValue:
    """The slope is a coefficient of `power` fractional bits."""
    tensor, out = node.inputs[0], node.outputs[0]
    v, power = q.value(tensor), 12
    shift = q.shift(v, tensor)
    frac = v.frac - shift + power
    slope = round(float(node.attrs["alpha"]) * 2**power)
    if abs(slope) > 1 << 24:
        raise QuantizationError(f"a slope of {node.attrs['alpha']}", place=node.name)
    name = q.emit(RoundLeaky(shift, q.bits, slope, power), [v.name], frac, out)
    return q.new(name, frac, False, out, v.perm)


@rule("Clip")
def clip(q: Quantizer, node: Node) -> QValue:
    """Exact: bounds are rounded to the activation's scale, which leaves room for x less its lower bound."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    low, high = (float(node.attrs[key]) for key in ("min", "max"))
    room = q.calibration.magnitude(tensor) * q.options.headroom
    # A bound beyond everything that x may be does nothing.
    bounds = [low if low > -room else None, high if high < room else None]
    base = next((abs(bound) for bound in bounds if bound is not None), None)
    if base is None:
        return v
    shift = q.shift(v, tensor)
    if base:
        shift = max(shift, ceil(v.frac - log2(((1 << (q.bits - 1)) - 1) / (room + base))))
    frac = v.frac - shift
    lo, hi = (None if bound is None else floor(bound * 2.0**frac + 0.5) for bound in bounds)
    name = q.emit(RoundClip(shift, q.bits, lo, hi), [v.name], frac, out)
    return q.new(name, frac, False, out, v.perm)


def _gelu(x: Array, tanh: bool) -> Array:
    if tanh:
        return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))
    return np.asarray(0.5 * x * (1 + _erf(x / np.sqrt(2))))


def _erf(x: Array) -> Array:
    return np.asarray(np.vectorize(erf, otypes=[np.float64])(x))


#: Float operators that become tables.
TABLES = ("Sigmoid", "Tanh", "Erf", "Gelu")
#: Bits of the position between two rows.
LINE_BITS = 7


def table(q: Quantizer, node: Node, function: Callable[[Array], Array]) -> QValue:
    """A function by its table of at most 2^table_bits rows over the calibrated interval with headroom.

    The rounding of the input goes straight to the table's scale; with `interpolate` to `LINE_BITS` more, and the function
    is linear between rows. An input beyond the table is an error at execution, saturating functions included: raise
    `headroom` where inputs may go further than the calibration samples.
    """
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    low, high = q.calibration.ranges[tensor]
    room = (q.options.headroom - 1) * max(abs(low), abs(high), 2.0**-8)
    low, high = low - room, high + room
    rows = 1 << (q.options.table_bits or 12)
    frac = min(floor(v.frac), floor(log2((rows - 2) / (high - low))))
    part = min(LINE_BITS, floor(v.frac) - frac) if q.options.interpolate else 0
    first, last = floor(low * 2.0**frac), ceil(high * 2.0**frac)
    values = function(np.arange(first, last + 2) * 2.0**-frac)
    scale = floor(log2(((1 << (q.bits - 1)) - 1) / max(float(np.abs(values).max()), 2.0**-20)))
    outs = tuple(np.clip(np.floor(values * 2.0**scale + 0.5), *signed(q.bits)).astype(np.int64).tolist())
    if part:
        line = RoundLine(round(v.frac - frac - part), part, first, outs)
        return q.new(q.emit(line, [v.name], scale + part, out), scale + part, True, out, v.perm)
    name = q.emit(RoundTable(round(v.frac - frac), first, outs[:-1]), [v.name], scale, out)
    return q.new(name, scale, False, out, v.perm)


@rule("Sigmoid")
def sigmoid(q: Quantizer, node: Node) -> QValue:
    return table(q, node, lambda x: 0.5 + 0.5 * np.tanh(0.5 * x))


@rule("Tanh")
def tanh(q: Quantizer, node: Node) -> QValue:
    return table(q, node, np.tanh)


@rule("Erf")
def erf_rule(q: Quantizer, node: Node) -> QValue:
    return table(q, node, _erf)


@rule("Gelu")
def gelu(q: Quantizer, node: Node) -> QValue:
    return table(q, node, lambda x: _gelu(x, node.attrs.get("approximate") == "tanh"))


@rule("Softmax")
def softmax(q: Quantizer, node: Node) -> QValue:
    """Along the last axis of a view. The input's scale is its own; shares have the bits of an activation."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.settled(tensor, narrow=True)
    rank, axis = len(v.perm), node.attrs["axis"] % len(v.perm)
    order = (*(i for i in range(rank) if i != axis), axis)
    name = v.name if axis == rank - 1 else q.emit(Permute(order), [v.name], v.frac, f"{out}.rows")
    share = q.bits - 2
    name = q.emit(SoftmaxLast(v.frac, q.bits, share), [name], share, out)
    return q.new(name, share, False, out, tuple(order.index(i) for i in range(rank)))


def mean(q: Quantizer, total: QValue, count: int, out: str) -> QValue:
    """total / count: a power of two only moves the scale, any other count is a rounding division."""
    power = (count & -count).bit_length() - 1
    odd, frac = count >> power, total.frac + power
    if odd == 1:
        return replace(total, frac=frac, bound=q.bound(out, frac))
    k = floor(q.target(out) - frac)
    name = total.name if k <= 0 else q.emit(Affine((1 << k,)), [total.name], frac + k, f"{out}.scale")
    divisor = odd << max(0, -k)
    if divisor > 1 << 16:
        raise QuantizationError(f"a mean of {count} entries", place=out, hint="use a power of two")
    result = q.emit(RoundDivide(divisor, q.bits), [name], frac + k, out)
    return q.new(result, frac + k, False, out, total.perm)
