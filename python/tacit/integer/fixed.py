"""Values that are one number, whatever the inputs and the weights are: a reader would take their layers for part of a model.

Bounds, shifts, tables and parameters' intervals can each throw everything away. What is left follows from the intervals of
inputs and parameters, step by step; it may miss such a value, and calls none so that is not.
"""

from __future__ import annotations

from tacit.integer.graph import IntGraph, Operator
from tacit.integer.operators.selection import AtLeast
from tacit.integer.operators.tables import RoundTable
from tacit.integer.reach import Interval, Reach, rounded

#: What is beyond may be anything: no program has such values, and a chain of squares has more digits than there is memory.
MOST = 1 << 64


def fixed(graph: IntGraph) -> dict[str, int]:
    """The number that a value's every entry is, by the value's name."""
    reaches = {name: Reach(spec.shape, spec.lo, spec.hi) for name, spec in graph.inputs.items()}
    for name, parameter in graph.parameters.items():
        reaches[name] = Reach(graph.values[name].shape, parameter.lo, parameter.hi)
    for step in graph.steps:
        ends = _reach(step.op, [reaches[name] for name in step.inputs])
        if max(map(abs, ends)) > MOST:
            ends = -MOST, MOST
        reaches[step.output] = Reach(graph.values[step.output].shape, *ends)
    return {name: reach.lo for name, reach in reaches.items() if reach.lo == reach.hi}


def fixed_outputs(graph: IntGraph) -> dict[str, int]:
    """The same of the outputs, which are rounded once more."""
    values = fixed(graph)
    found = {n: rounded((values[o.value],) * 2, o.shift)[0] for n, o in graph.outputs.items() if o.value in values}
    return found | {name: output.lo for name, output in graph.outputs.items() if output.lo == output.hi}


def _reach(op: Operator, args: list[Reach]) -> Interval:
    """Of the operands' own intervals, also where `Operator.reach` takes all that a result may be."""
    lo, hi = args[0].ends
    if isinstance(op, AtLeast) and (lo >= 0 or hi < 0):
        return (int(lo >= 0),) * 2
    if isinstance(op, RoundTable):
        first, last = (end - op.lo for end in rounded((lo, hi), op.shift))
        rows = op.outs[max(first, 0) : max(last + 1, 0)] or op.outs
        return min(rows), max(rows)
    return op.reach(*args)
