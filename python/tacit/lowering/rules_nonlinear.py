"""Rules for operators that round."""

from __future__ import annotations

from tacit.graph import Node
from tacit.lowering.rounding import RoundRelu
from tacit.quantize import Quantizer, QValue, rule


@rule("Relu")
def relu(q: Quantizer, node: Node) -> QValue:
    """Fused with the rounding of its input."""
    tensor, out = node.inputs[0], node.outputs[0]
    v = q.value(tensor)
    shift = max(0, v.frac - q.target(tensor))
    frac = v.frac - shift
    name = q.emit(RoundRelu(shift, q.options.activation_bits), [v.name], frac, out)
    return q.new(name, frac, False, out, v.perm)
