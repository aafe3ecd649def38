"""The rule for Softmax."""

from __future__ import annotations

from dataclasses import replace

from tacit.graph import Node
from tacit.integer.operators.layout import Permute
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.rounding import Round
from tacit.quantize.columns import SOFTMAX_FRAC
from tacit.quantize.quantizer import Quantizer, QValue, rule

#: Bits of what a softmax reads, at most.
MOST_SOFTMAX = 26


#: Fractional bits of a share and of the number of entries, at most.
MOST_SHARE = 28


@rule("Softmax")
def softmax(q: Quantizer, node: Node) -> QValue:
    """Along the last axis of a view. The largest share that was seen has the bits of an activation.

    The input has as many, or more where it takes more to see differences of 2^-SOFTMAX_FRAC, which change shares by that part.
    """
    tensor, out = node.inputs[0], node.outputs[0]
    more = min(MOST_SOFTMAX - q.bits, max(0, SOFTMAX_FRAC - q.target(tensor)))
    v = q.value(tensor)
    if more and v.frac > q.target(tensor):
        op = Round(max(0, q.shift(v.frac, tensor) - more), q.bits + more)
        v = replace(v, value=q.emit(op, [v.value], f"{tensor}.round"), raw=False)
    else:
        v, more = q.settled(tensor, narrow=True), 0
    rank, axis = len(v.perm), node.attrs["axis"] % len(v.perm)
    order = tuple(v.perm[i] for i in (*(i for i in range(rank) if i != axis), axis))
    ranked = v.value if order == tuple(range(rank)) else q.emit(Permute(order), [v.value], f"{out}.rows")
    share = max(q.bits - 2, min(q.target(out), MOST_SHARE - (q.graph.shapes[tensor][axis] - 1).bit_length()))
    shares = q.emit(SoftmaxLast(v.frac, q.bits + more, share), [ranked], out)
    logical = (*(i for i in range(rank) if i != axis), axis)
    return q.new(shares, False, out, tuple(logical.index(i) for i in range(rank)))
