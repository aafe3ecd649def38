"""From a float graph to an integer graph: every node by its rule.

A value is integer * 2^-frac, one frac a value: an integer where scales must agree (inputs, outputs, sums of tensors,
tables), any real number where only weights see it, which then absorb the rest. The integer graph records it, and nothing
else does (`tacit.integer.scale`). Weights take `weight_bits`, activations
`activation_bits`; an activation's frac leaves room for `headroom` times the largest magnitude seen in calibration. Between
roundings everything is exact: products and sums carry the sum of their scales, and a `Round` (alone, or fused with the
operator after it) brings them back. A *raw* value has not been rounded since the last contraction; a *wide* one has more bits
than an activation (an input whose columns differ by magnitudes, a sum), and is rounded where it is used.

The rules for float operators are in `tacit.quantize.rules`, the integer operators in `tacit.integer.operators`.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

from tacit.errors import QuantizationError
from tacit.graph import Graph, Node
from tacit.integer.graph import MOST_SHIFT, InputSpec, IntGraph, OutputSpec, Threshold
from tacit.integer.lookups import signed
from tacit.quantize import rules as _rules  # noqa: F401 - registers the rules
from tacit.quantize.calibration import Calibration
from tacit.quantize.columns import input_scale
from tacit.quantize.options import Options
from tacit.quantize.quantizer import RULES, Quantizer
from tacit.quantize.threshold import compared_tensor, publish_threshold


def quantize(
    graph: Graph,
    calibration: Calibration,
    options: Options,
    threshold: Threshold | None = None,
    plan: IntGraph | None = None,
    excess: dict[str, float] | None = None,
) -> IntGraph:
    """The integer graph. With a threshold its only output is the answer. Raises QuantizationError naming the node.

    With a `plan`, what its weights do not fit is noted in `excess` (see `Quantizer`).
    """
    compared = compared_tensor(graph, threshold) if threshold is not None else None
    outputs = graph.outputs if compared is None else (compared[0],)
    q = Quantizer(graph, calibration, options, IntGraph(graph.name), outputs=outputs, plan=plan)
    q.excess = q.excess if excess is None else excess
    nodes = needed(graph, outputs)
    for node in nodes:
        for tensor in dict.fromkeys(node.inputs):
            q.users.setdefault(tensor, []).append(node)
    for tensor in graph.inputs:
        _input(q, tensor)
    for node in nodes:
        if node.name in q.skipped:
            continue
        if node.op not in RULES:
            place = graph.sources.get(node.name, node.name)
            raise QuantizationError(f"the operator {node.op} has no rule", place=place, slug="unsupported_operator")
        q.values[node.outputs[0]] = RULES[node.op](q, node)
    q.ints.tensors = {t: (v.value.name, v.perm) for t, v in q.values.items() if t not in q.absorbed}
    if threshold is not None and compared is not None:
        publish_threshold(q, threshold, *compared)
    else:
        for tensor in graph.outputs:
            _output(q, tensor)
    q.ints.check()
    return q.ints


def _input(q: Quantizer, tensor: str) -> None:
    """At the scale of its finest column where some user can tell columns apart, else at that of the whole."""
    frac, bits = input_scale(q, tensor)
    lo, hi = signed(bits)
    if tensor in q.calibration.declared:  # from its least value on, in a width that is a power of two
        least, greatest = (floor(end * 2.0**frac + 0.5) for end in q.calibration.ranges[tensor])
        lo, hi = least, least + (1 << (greatest - least).bit_length()) - 1
    q.values[tensor] = q.new(q.ints.input(tensor, InputSpec(q.graph.shapes[tensor], lo, hi, frac)), False, tensor)


def needed(graph: Graph, outputs: Sequence[str]) -> list[Node]:
    """The nodes that these tensors depend on."""
    wanted, nodes = set(outputs), list[Node]()
    for node in reversed(graph.nodes):
        if wanted & set(node.outputs):
            wanted |= set(node.inputs)
            nodes.append(node)
    return nodes[::-1]


def _output(q: Quantizer, tensor: str) -> None:
    """An output is rounded on its way out: its integers are public, so no limbs are needed."""
    if tensor in q.graph.constants:
        raise QuantizationError("a constant output", place=tensor)
    v = q.value(tensor)
    if not v.in_order:
        v = q.settled(tensor)
    frac = round(v.frac)
    if frac != v.frac:
        raise QuantizationError(
            f"expected a scale that is a power of two, got 2^{v.frac}", place=tensor, remedy="report it with the model"
        )
    shift = max(0, frac - q.target(tensor, q.options.output_bits))
    if shift > MOST_SHIFT:
        raise QuantizationError(
            "expected a magnitude that 64 bits hold beside what it is made of, got one far below", place=tensor
        )
    lo, hi = signed(q.options.output_bits)
    q.ints.outputs[tensor] = OutputSpec(v.value.name, lo, hi, frac - shift, shift)
