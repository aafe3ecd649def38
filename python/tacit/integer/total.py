"""Total programs: every value has a witness for every input inside the inputs' intervals.

One pass over the integer graph, in order: what the operands can be (`reach`) says what an operator must be defined for, and
`Operator.total` gives one that is, with the same result wherever the first one had one. All clamps take as many bits as the
largest reach among them: their tables are shared, and of the weights one number shows instead of one a layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tacit.errors import CompilerBug
from tacit.integer.graph import IntGraph, Operator, OutputSpec, Parameter, Step
from tacit.integer.lookups import signed
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.saturation import Saturate
from tacit.integer.reach import Overflow, Reach, power_above, rounded, signed_bits
from tacit.integer.scale import Value
from tacit.program.intervals import OutOfField

#: A value of more bits is as good as out of the field: products and sums of several are bounded together.
MOST_BITS = 62
#: Bits of an output's interval are a multiple of this: what they show of the weights is coarse.
OUTPUT_STEP = 4


@dataclass(frozen=True)
class Way:
    """How one rounding takes what is beyond its bits: "fits", "widened" or "clamped", to `bits` of `reach`."""

    value: str
    way: str
    bits: int
    reach: int


def total(ints: IntGraph, overflow: Overflow) -> tuple[IntGraph, list[Way]]:
    """The same network, defined for all inputs, and the way of every rounding. Raises OutOfField naming a value."""
    made = IntGraph(ints.name, rough=ints.rough)
    reaches: dict[str, Reach] = {}
    for name, spec in ints.inputs.items():
        made.input(name, spec)
        reaches[name] = Reach(spec.shape, spec.lo, spec.hi)
    for name, parameter in ints.parameters.items():
        made.parameter(name, parameter)
        reaches[name] = _of_parameter(parameter, overflow.declared)
    ways: list[Way] = []
    for step in ints.steps:
        args = [reaches[name] for name in step.inputs]
        operators = step.op.total(overflow, *args)
        ways += _ways(step, operators)
        values = [made.values[name] for name in step.inputs]
        for i, operator in enumerate(operators):
            last = i == len(operators) - 1
            value = made.emit(operator, values, step.output if last else _clear(f"{step.output}.clamp", ints))
            args, values = [_after(operator, value, args)], [value]
        if values[0].name != step.output:
            raise CompilerBug(f"{step.output}: made again as {values[0].name}")
        reaches[step.output] = args[0]
    made.tensors = dict(ints.tensors)
    made.outputs = {name: _output(name, spec, reaches) for name, spec in ints.outputs.items()}
    return _shared(made), ways


def _clear(name: str, ints: IntGraph) -> str:
    """A name that no value of the network has, which is still to be made again under its own."""
    while name in ints.values:
        name = f"{name}~"
    return name


def _of_parameter(parameter: Parameter, declared: bool) -> Reach:
    shape = tuple(int(n) for n in parameter.real.shape)
    if declared:
        return Reach(shape, parameter.lo, parameter.hi)
    # Rounding moves an integer by half a unit.
    weights = parameter.real * 2.0**parameter.frac
    weights = weights + 0.5 * (weights > 0) - 0.5 * (weights < 0)
    most = power_above(float(abs(weights).max(initial=0.0)))
    return Reach(shape, max(parameter.lo, -most), min(parameter.hi, most), weights)


def _after(operator: Operator, value: Value, args: list[Reach]) -> Reach:
    """What the result can be."""
    weights = [x.weights for x in args]
    if operator.moves and weights[0] is not None:
        return Reach(value.shape, *args[0].ends, operator.meaning(weights[0]))
    lo, hi = operator.reach(*args)
    if signed_bits(lo, hi) > MOST_BITS:
        raise OutOfField(f"{value.name} may reach [{lo}, {hi}], beyond the field")
    return Reach(value.shape, lo, hi)


def _ways(step: Step, operators: tuple[Operator, ...]) -> list[Way]:
    before, after = getattr(step.op, "bits", None), operators[0]
    if isinstance(after, Saturate):
        return [Way(step.output, "clamped", signed_bits(after.lo, after.hi), after.bits)]
    if isinstance(after, RoundMax) and after.most is not None:
        return [Way(step.output, "clamped", after.most, after.bits)]
    if isinstance(after, SoftmaxLast) and not after.exact:
        return [Way(step.output, "clamped", after.gap, after.bits)]
    bits = getattr(after, "bits", None)
    if before is None or bits is None:
        return []
    return [Way(step.output, "fits" if bits == before else "widened", before, bits)]


def _output(name: str, spec: OutputSpec, reaches: Mapping[str, Reach]) -> OutputSpec:
    """With an interval for all that it can be: it is public, or its slab's proof shows it."""
    need = signed_bits(*rounded(reaches[spec.value].ends, spec.shift))
    if spec.threshold is not None or (spec.lo <= signed(need)[0] and signed(need)[1] <= spec.hi):
        return spec
    if need > MOST_BITS - OUTPUT_STEP:
        raise OutOfField(f"output {name} may have {need} bits, beyond the field")
    lo, hi = signed(-(-need // OUTPUT_STEP) * OUTPUT_STEP)
    return replace(spec, lo=lo, hi=hi)


#: What has a clamp.
CLAMPS = (Saturate, RoundMax, SoftmaxLast)
#: Clamps of a reach up to this share one; for others a multiple of OUTPUT_STEP is near enough.
MOST_SHARED = 24


def _shared(ints: IntGraph) -> IntGraph:
    """Every clamp for the largest reach of any."""
    needs = [step.op.bits for step in ints.steps if isinstance(step.op, CLAMPS) and _clamps(step.op)]
    most = max((bits for bits in needs if bits <= MOST_SHARED), default=0)
    for i, step in enumerate(ints.steps):
        if isinstance(step.op, CLAMPS) and _clamps(step.op):
            bits = most if step.op.bits <= MOST_SHARED else -(-step.op.bits // OUTPUT_STEP) * OUTPUT_STEP
            ints.steps[i] = replace(step, op=replace(step.op, bits=bits))
    return ints


def _clamps(op: Operator) -> bool:
    return isinstance(op, Saturate) or (isinstance(op, RoundMax | SoftmaxLast) and op.most is not None)
