"""Rules for operators that round: activations, tables, means, Softmax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, floor, log2

import numpy as np

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.graph.functions import FUNCTIONS
from tacit.integer.graph import MOST_SHIFT
from tacit.integer.lookups import signed
from tacit.integer.operators.activation import RoundClip, RoundLeaky, RoundRelu, Within
from tacit.integer.operators.tables import RoundLine, RoundTable
from tacit.quantize.grids import octave, rows
from tacit.quantize.quantizer import Quantizer, QValue, rule


@rule("Relu")
def relu(q: Quantizer, node: Node) -> QValue:
    """Fused with the rounding of its input."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    return q.new(q.emit(RoundRelu(*q.narrowing(v.frac, tensor, out)), [v.value], out), False, out, v.perm)


#: Fractional bits of a slope, at most.
MOST_SLOPE = 24


@rule("LeakyRelu")
def leaky_relu(q: Quantizer, node: Node) -> QValue:
    """The slope is a coefficient of as few fractional bits as its part of the result's error allows.

    Of the samples that depends on one bit alone: whether what is not scaled down is about as large as what is.
    """
    tensor, out = node.inputs[0], node.outputs[0]
    v, alpha = q.value(tensor), float(node.attrs["alpha"])
    small = 2 * q.calibration.magnitude(out) < -q.calibration.ranges[tensor][0]
    off = 2.0**-q.bits * (min(abs(alpha), 0.5) if small else 0.5)
    power = next((p for p in range(MOST_SLOPE) if abs(round(alpha * 2**p) - alpha * 2**p) <= off * 2**p), MOST_SLOPE)
    slope = round(alpha * 2**power)
    if abs(slope) > 1 << 24:
        raise QuantizationError(f"a slope of {node.attrs['alpha']}", place=node.name)
    op = RoundLeaky(*q.narrowing(v.frac, tensor, out), slope, power)
    return q.new(q.emit(op, [v.value], out), False, out, v.perm)


@rule("Clip")
def clip(q: Quantizer, node: Node) -> QValue:
    """Bounds are rounded to the scale of what is left; there is room for x less its lower bound."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    low, high = (float(node.attrs[key]) for key in ("min", "max"))
    room = q.calibration.room(tensor, q.options.headroom)
    # A bound beyond everything that x may be does nothing.
    bounds = [low if low > -room else None, high if high < room else None]
    base = next((abs(bound) for bound in bounds if bound is not None), None)
    if base is None:
        ends = _integers((low, high), v.frac)
        if ends == (None, None):
            return v
        return replace(v, value=q.emit(Within(*ends, v.frac), [v.value], out))
    v = q.fine(v, out)
    reach = (max(abs(low), abs(high)) or None) if None not in bounds else None
    shift, bits = q.narrowing(v.frac, tensor, out, reach)
    frac = v.frac - shift
    (lo, hi), far = _integers(bounds, frac), _integers((low, high), frac)
    bits = max(bits, ceil(log2((room + base) * 2.0**frac + 1)) + 1)
    return q.new(q.emit(RoundClip(shift, bits, lo, hi, frac, far), [v.value], out), False, out, v.perm)


def _integers(bounds: Sequence[float | None], frac: float) -> tuple[int | None, int | None]:
    """Lower and upper bound at this scale; None for one that is beyond the field, or absent."""
    lo, hi = (
        None if bound is None or abs(bound) * 2.0**frac >= 2.0**MOST_SHIFT else floor(bound * 2.0**frac + 0.5)
        for bound in bounds
    )
    return lo, hi


#: Bits of the position between two rows.
LINE_BITS = 7


def table(q: Quantizer, node: Node, name: str) -> QValue:
    """A function by its table of at most 2^table_bits rows over an interval that holds the calibrated one with headroom.

    The rounding of the input goes straight to the table's scale; with `interpolate` to `LINE_BITS` more, and the function
    is linear between rows. An input beyond the table is an error at execution, unless the function is constant there and
    most of the interval would be such rows: then the input is clipped first. A sigmoid whose interval is `far` below all that,
    leaves a table of the one value there.
    """
    tensor, out = node.inputs[0], node.outputs[0]
    function = FUNCTIONS[name]
    v = q.value(tensor)
    low, high = q.calibration.ranges[tensor]
    room = (q.options.headroom - 1) * q.calibration.magnitude(tensor)
    low, high = low - room, high + room
    most = q.options.table_bits or 12
    flat, far = node.operator.flat or float("inf"), None
    if high - low > 4 * flat:
        v = _clipped(q, v, tensor, (max(abs(low), abs(high)), flat))
        # What is next to nothing there keeps bits of its own.
        far = min(-flat, octave(high)) if high < -flat and node.op == "Sigmoid" else None
        low, high = -flat, flat
    first, last, frac = rows(low, high, most, floor(v.frac))
    part = min(LINE_BITS, floor(v.frac) - frac) if q.options.interpolate else 0
    reals = np.arange(first, last + 2) * 2.0**-frac
    values = function(reals if far is None else np.full_like(reals, far))
    scale = floor(log2(((1 << (q.bits - 1)) - 1) / (float(np.abs(values).max()) or 1.0)))
    outs = tuple(np.clip(np.floor(values * 2.0**scale + 0.5), *signed(q.bits)).astype(np.int64).tolist())
    # Half way between rows: off the chord, or half a step off either.
    middle = function((np.arange(first, last + 1) + 0.5) * 2.0**-frac)
    away = np.abs(middle - (values[:-1] + values[1:]) / 2) if part else np.abs(np.diff(values)) / 2
    if v.frac > frac:  # else every input is a row
        q.ints.rough = max(q.ints.rough, float(away.max()) / q.calibration.magnitude(out))
    known = name if far is None else None
    if part:
        line = RoundLine(round(v.frac - frac - part), part, first, outs, frac, scale, known)
        return q.new(q.emit(line, [v.value], out), True, out, v.perm)
    op = RoundTable(round(v.frac - frac), first, outs[:-1], frac, scale, known)
    return q.new(q.emit(op, [v.value], out), False, out, v.perm)


def _clipped(q: Quantizer, v: QValue, tensor: str, ends: tuple[float, float]) -> QValue:
    """v, of magnitudes up to the first of the ends, clipped to the second at a scale that is fine for it."""
    reach, flat = ends
    shift = max(0, floor(v.frac) - (q.bits - 1 - ceil(log2(flat))))
    frac = v.frac - shift
    bound = ceil(flat * 2.0**frac)  # 1 at least: a coarse scale still tells the ends apart
    bits = ceil(log2((reach + flat) * 2.0**frac + 1)) + 1
    op = RoundClip(shift, max(bits, q.bits), -bound, bound, frac)
    return replace(v, value=q.emit(op, [v.value], f"{tensor}.clip"), raw=False, bound=float(bound))


@rule("Sigmoid")
def sigmoid(q: Quantizer, node: Node) -> QValue:
    return table(q, node, "sigmoid")


@rule("Tanh")
def tanh(q: Quantizer, node: Node) -> QValue:
    return table(q, node, "tanh")


@rule("Erf")
def erf_rule(q: Quantizer, node: Node) -> QValue:
    return table(q, node, "erf")


@rule("Gelu")
def gelu(q: Quantizer, node: Node) -> QValue:
    return table(q, node, "gelu_tanh" if node.attrs.get("approximate") == "tanh" else "gelu")
