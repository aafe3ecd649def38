"""Whether an output that is a threshold's answer is the answer to the question that it is called by.

The name of such an output is a sentence (`Threshold.__str__`), which statements repeat. The steps that make it must say the
same: one entry less a bound, at least 0. Of an increasing function the bound is that of what goes into the function.
"""

from __future__ import annotations

from math import ceil, log

from tacit.integer.graph import IntGraph, Operator, OutputSpec, Step, Threshold
from tacit.integer.operators.arithmetic import Offset
from tacit.integer.operators.layout import Cut, Reshape
from tacit.integer.operators.selection import AtLeast


class OtherQuestion(ValueError):
    """The steps answer another question than the output's name asks."""


def compared(graph: IntGraph, name: str, output: OutputSpec) -> tuple[str, float]:
    """The value whose entry is compared, and with which number. Raises OtherQuestion.

    It is the number of the question, or the one at which a sigmoid reaches it: a program that stops before its last sigmoid
    compares with that.
    """
    threshold = output.threshold
    if threshold is None or threshold.output != name:
        raise OtherQuestion(f"expected a question of {name}, got {threshold}")
    if (output.lo, output.hi, output.frac, output.shift) != (0, 1, 0, 0):
        raise OtherQuestion(f"expected 0 or 1 for {threshold}")
    steps = {step.output: step for step in graph.steps}
    back = _back(steps, output.value, (Reshape, Cut, AtLeast, Offset)) or _back(
        steps, output.value, (Reshape, AtLeast, Offset, Cut)
    )
    if back is None:
        raise OtherQuestion(f"expected an entry less a bound, at least 0, for {threshold}")
    operators = {type(step.op): step.op for step in back}
    cut, offset = operators[Cut], operators[Offset]
    assert isinstance(cut, Cut)
    assert isinstance(offset, Offset)
    source = next(step for step in back if step.op is cut).inputs[0]
    _entry(threshold, cut, graph.values[source].shape[0])
    bounds = [value for value in (threshold.value, _before_sigmoid(threshold.value)) if value is not None]
    found = next((bound for bound in bounds if _is_bound(bound, offset, exact=bound == threshold.value)), None)
    if found is None:
        raise OtherQuestion(f"expected a bound for {threshold}, got {offset}")
    return back[-1].inputs[0], found


def _back(steps: dict[str, Step], value: str, kinds: tuple[type[Operator], ...]) -> list[Step] | None:
    """The steps that lead to a value, the last one first, if they are of these kinds."""
    found: list[Step] = []
    for kind in kinds:
        step = steps.get(value)
        if step is None or type(step.op) is not kind:
            return None
        found.append(step)
        value = step.inputs[0]
    return found


def _entry(threshold: Threshold, cut: Cut, batch: int) -> None:
    single = cut.to == (batch, *(1,) * len(threshold.index)) and all(step == 1 for step in cut.steps)
    if not single or cut.starts != (0, *threshold.index):
        raise OtherQuestion(f"expected the entry of {threshold}, got {cut}")


def _is_bound(bound: float, offset: Offset, *, exact: bool) -> bool:
    """x >= bound, of whole x 2^-at: x - ceil(bound 2^at) >= 0. The mathematics library's last bits may be others."""
    scaled = bound * 2.0**offset.at
    off = 0.0 if exact and offset.at == int(offset.at) else 2.0**-40 * (1 + abs(scaled))
    return offset.sign == 1 and ceil(scaled - off) <= -offset.constant <= ceil(scaled + off)


def _before_sigmoid(value: float) -> float | None:
    return log(value / (1 - value)) if 0 < value < 1 else None
