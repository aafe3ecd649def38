"""Rules for sums and means along axes."""

from __future__ import annotations

from dataclasses import replace
from math import floor, prod

from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.integer.operators.arithmetic import Times
from tacit.integer.operators.layout import Reshape
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.rounding import Round, RoundDivide
from tacit.integer.scale import Value
from tacit.quantize.quantizer import Quantizer, QValue, rule

#: A division has a table as long as its divisor. Bits that a sum may have below the scale of its mean, before it is rounded.
MOST_DIVISOR, SLACK = 1 << 12, 3


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


def mean(q: Quantizer, total: QValue, count: int, out: str) -> QValue:
    """total / count: a power of two only moves the scale, any other count is a rounding division."""
    power = (count & -count).bit_length() - 1
    odd = count >> power
    if odd == 1:
        return replace(total, value=q.emit(Times(1, power), [total.value], out), bound=q.bound(out, total.frac + power))
    parts = divisors(odd)
    if parts is None:
        raise QuantizationError(f"a mean of {count} entries", place=out, remedy="use a power of two")
    value, frac = total.value, q.target(out)
    for i, part in enumerate(parts):
        value = _divided(q, value, part, power if i == len(parts) - 1 else 0, frac, out)
    return q.new(value, False, out, total.perm)


def _divided(q: Quantizer, value: Value, divisor: int, power: int, frac: float, out: str) -> Value:
    """The real value by divisor * 2^power, about at scale `frac`: brought near it, then divided with a rounding."""
    k = floor(frac - value.frac - power)
    if k < -SLACK:
        value = q.emit(Round(-k - SLACK, q.bits + SLACK + divisor.bit_length()), [value], f"{out}.round")
        k = -SLACK
    value = q.finer(value, value.frac + max(0, k), f"{out}.scale")
    return q.emit(RoundDivide(divisor << max(0, -k), q.bits, power - max(0, -k)), [value], out)


def divisors(odd: int) -> list[int] | None:
    """Factors of at most MOST_DIVISOR, as few as are found by going down; None where a prime is larger."""
    found = []
    while odd > 1:
        part = next((d for d in range(min(odd, MOST_DIVISOR), 2, -1) if odd % d == 0), None)
        if part is None:
            return None
        found.append(part)
        odd //= part
    return found
