"""Rules for operators that round: activations and means."""

from __future__ import annotations

from dataclasses import replace

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.lowering.rounding import RoundDivide, RoundRelu
from tacit.lowering.views import Affine
from tacit.quantize import QValue, Quantizer, rule


@rule("Relu")
def relu(q: Quantizer, node: Node) -> QValue:
    """Fused with the rounding of its input."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    shift = max(0, v.frac - q.target(tensor))
    frac = v.frac - shift
    name = q.emit(RoundRelu(shift, q.bits), [v.name], frac, out)
    return q.new(name, frac, False, out, v.perm)


def mean(q: Quantizer, total: QValue, count: int, out: str) -> QValue:
    """total / count: a power of two only moves the scale, any other count is a rounding division to the target scale."""
    power = (count & -count).bit_length() - 1
    odd, frac = count >> power, total.frac + power
    if odd == 1:
        return replace(total, frac=frac, bound=q.bound(out, frac))
    k = q.target(out) - frac
    name = total.name if k <= 0 else q.emit(Affine((1 << k,)), [total.name], frac + k, f"{out}.scale")
    divisor = odd << max(0, -k)
    if divisor > 1 << 16:
        raise QuantizationError(f"a mean of {count} entries", place=out, hint="use a power of two")
    result = q.emit(RoundDivide(divisor, q.bits), [name], frac + k, out)
    return q.new(result, frac + k, False, out, total.perm)
