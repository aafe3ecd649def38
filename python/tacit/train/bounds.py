"""What weights, momenta and steps can be, whatever is trained on: what intervals of a proof of T steps are made from.

A step takes c * G off a weight, and the tables bound G: |c G| <= e whatever W is. So after t steps a weight that started in
[-2^(w-1), 2^(w-1)) lies within t e of that interval, which grows by a line and not by a power (docs/protocol/program.md, rule 3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tacit.integer.graph import IntGraph
from tacit.integer.lookups import signed
from tacit.integer.reach import Overflow, Reach
from tacit.integer.total import total
from tacit.program.room import Room
from tacit.train.step import Plan, Step, kept_share, part_of, training_step
from tacit.train.tape import before_of, speed_of

Interval = tuple[int, int]
#: A weight has room for this magnitude at least, whatever the scales are.
LEAST_REACH = 8.0
#: Bits of a weight's interval are a multiple of this.
STEP_BITS = 4
#: Passes until decays and momenta, whose bits follow from bounds, move no bound.
PASSES = 6


@dataclass(frozen=True)
class Bounds:
    """`ends`: the interval of every weight before the first and after the last step. `steps`: for a chunk after so many steps,
    those of a step's inputs; `parts`: the most that one step takes off, for c = 1 of each chunk.
    """

    ends: dict[str, Interval]
    grown: dict[str, Interval]
    speeds: dict[str, Interval]

    def inputs(self) -> dict[str, Interval]:
        """Of a step's inputs, by the names that the tape takes."""
        found = {before_of(name): ends for name, ends in self.grown.items()}
        return found | {speed_of(name): ends for name, ends in self.speeds.items()}


def reaches(ints: IntGraph, wanted: Iterable[str]) -> dict[str, Interval]:
    """What values of a total graph can be. Raises OutOfField where one is beyond the field."""
    found: dict[str, Reach] = {name: Reach(s.shape, s.lo, s.hi) for name, s in ints.inputs.items()}
    for step in ints.steps:
        found[step.output] = Reach(
            ints.values[step.output].shape, *step.op.reach(*(found[name] for name in step.inputs))
        )
    return {name: found[name].ends for name in wanted}


def made_total(step: Step, overflow: Overflow | None) -> IntGraph:
    """The same step, defined for all that its inputs can be; None: as it is. Raises OutOfField."""
    return step.ints if overflow is None else total(step.ints, overflow)[0]


def bounds(plan: Plan, overflow: Overflow | None, room: Callable[[], Room | None] = lambda: None) -> Bounds:
    """Of all chunks together. `room`: what may be made for one look at a step. Raises OutOfField, QuantizationError."""
    ends: dict[str, Interval] = {}
    grown: dict[str, Interval] = {}
    speeds: dict[str, Interval] = {}
    c = max(plan.cs)
    for _ in range(PASSES):
        step = training_step(plan, 1, c, Bounds(ends, grown, speeds).inputs(), room=room())
        ends = {name: _ends(plan, frac) for name, frac in step.fracs.items()}
        moving = [name for name in plan.network.parameters if name not in plan.network.frozen]
        try_bounds = {name: grown.get(name, ends[name]) for name in step.fracs}
        again = training_step(plan, 1, c, Bounds(ends, try_bounds, speeds).inputs(), room=room())
        ints = made_total(again, overflow)
        parts = reaches(ints, [part_of(name) for name in moving])
        before = (grown, speeds)
        grown = {name: ends[name] for name in step.fracs}
        speeds = {}
        for name in moving:
            most = max(abs(end) for end in parts[part_of(name)])
            lo, hi = ends[name]
            grown[name] = (lo - plan.steps * most, hi + plan.steps * most)
            if plan.momentum:
                speeds[name] = _speed(plan, most // c + 1, before[1].get(name))
        if before == (grown, speeds):
            break
    return Bounds(ends, grown, speeds)


def _ends(plan: Plan, frac: int) -> Interval:
    """2^w values around 0, at least LEAST_REACH on both sides."""
    bits = plan.scales.weights or max(32, frac + int(LEAST_REACH).bit_length())
    return signed(-(-bits // STEP_BITS) * STEP_BITS)


def _speed(plan: Plan, most: int, before: Interval | None) -> Interval:
    """M = round(mu M) + G lies within (|G| + 1) / (1 - mu) for the mu that is taken: the interval is fixed at the first look."""
    if before is not None:
        return before
    top = 1 << (int((most + 1) / (1 - kept_share(plan.momentum).real)) + 1).bit_length()
    return -top, top - 1
