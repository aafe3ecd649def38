"""One training step as an integer graph: inputs x, y and the weights before; outputs the weights after.

    forward   values of the network's nodes, in order
    loss      d = prediction - y at the scores
    back      the nodes in reverse: error signals of their operands, gradients of their weights
    update    after = before - c * gradient, exactly; with momentum M' = M - q(M) + gradient, after = before - c * M'

The graph's leading axis is the step: T steps side by side, tied to each other by the program alone (`tacit.train.emit`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tacit.errors import QuantizationError
from tacit.integer.graph import InputSpec, IntGraph, OutputSpec
from tacit.integer.operators.arithmetic import Added, Times
from tacit.integer.operators.layout import Reshape
from tacit.integer.operators.rounding import Round
from tacit.integer.reach import rounded, signed_bits
from tacit.program.room import Room
from tacit.train import rules as _rules  # noqa: F401 - registers the rules
from tacit.train.loss import Loss
from tacit.train.network import Network
from tacit.train.optimizer import Factor, dyadic
from tacit.train.pieces import Signal, joined
from tacit.train.tape import RULES, Backward, Scales, Shape, Tape, before_of, speed_of

#: Names of a step's inputs and outputs.
X, Y, AFTER, SPEED_AFTER = "x", "y", "after", "speed after"
#: How near a share of a momentum or of a weight is met, and what its c is below.
NEAR_SHARE, MOST_SHARE = 1 / 32, 1 << 16


@dataclass(frozen=True)
class Record:
    """What one record is: the integers of x (shape, interval, fx) and of y (targets, interval, fractional bits)."""

    features: Shape
    interval: tuple[int, int]
    frac: int
    targets: int
    label_interval: tuple[int, int] = (0, 1)
    label_frac: int = 0


@dataclass(frozen=True)
class Plan:
    """All that decides a step's integers. `cs`: c of every chunk, `power`: k; `chunks`: steps of each, one after the other."""

    network: Network
    record: Record
    loss: Loss
    scales: Scales
    batch: int
    cs: tuple[int, ...]
    power: int
    chunks: tuple[int, ...]
    momentum: float = 0.0
    decay: float = 0.0

    @property
    def steps(self) -> int:
        return sum(self.chunks)


@dataclass(frozen=True)
class Step:
    """The graph, the scale of every weight, and of momenta those of gradients."""

    ints: IntGraph
    fracs: Mapping[str, int]


#: By a step's input (`before_of`, `speed_of`): names of weights alone would meet, for a weight may be called like an input.
Bounds = Mapping[str, tuple[int, int]]


def forward(
    plan: Plan, steps: int, batch: int, bounds: Bounds, boxing: bool = False, room: Room | None = None
) -> tuple[Tape, list[tuple[str, Backward]]]:
    """The tape after the network's nodes; the ways back, last first, by the tensor whose error signal each takes."""
    network, record = plan.network, plan.record
    tape = Tape(network, plan.scales, steps, batch, plan.power, boxing, dict(bounds), room)
    shape = network.graph.shapes[network.input][1:]
    spec = InputSpec((steps, batch, *record.features), *record.interval, record.frac)
    x = Signal(tape.ints.input(X, spec))
    tape.values[network.input] = tape.emit(Reshape((steps, batch, *shape)), [x], "records")
    ways: list[tuple[str, Backward]] = []
    for node in network.nodes:
        made = RULES.get(node.op)
        if made is None:
            raise QuantizationError(
                f"{node.op} is not trained through",
                place=node.name,
                remedy=f"these are: {', '.join(sorted(RULES))}",
            )
        ways.append((node.outputs[0], made(tape, node)))
    return tape, ways[::-1]


def training_step(
    plan: Plan, steps: int, c: int, bounds: Bounds, boxing: bool = False, room: Room | None = None
) -> Step:
    """`steps` steps side by side; `boxing`: in boxes, for a program; `room`: what may be made for it.

    Raises QuantizationError naming what is not trained.
    """
    tape, ways = forward(plan, steps, plan.batch, bounds, boxing, room)
    record, shape = plan.record, (steps, plan.batch, plan.record.targets)
    y = tape.labels(record.targets, record.label_interval, record.label_frac)
    scores = tape.values[plan.network.scores]
    scores = scores if isinstance(scores, Signal) else tape.settled(plan.network.scores)
    if scores.shape != shape:
        raise QuantizationError(
            f"expected {record.targets} scores a record, got values of shape {list(scores.shape[2:])}",
            place=plan.network.scores,
            remedy="the schema's labels decide how many scores a network has",
        )
    tape.flow(plan.network.scores, tape.added([(1, plan.loss.predicted(tape, scores)), (-1, y)], "error"))
    for tensor, way in ways:
        d = tape.arrived(tensor)
        if d is not None:
            way(d)
    for name in plan.network.parameters:
        if name not in plan.network.frozen:
            _update(tape, plan, name, c)
    return Step(tape.ints, dict(tape.fracs))


def _update(tape: Tape, plan: Plan, name: str, c: int) -> None:
    """after = before - c * (gradient, or the momentum that holds it), and less its decay."""
    before = Signal(tape.ints.values[before_of(name)])
    moved = tape.gradients.get(name)
    if moved is None:
        raise QuantizationError("nothing comes back to it: it moves nothing", place=name, remedy="freeze it")
    if plan.decay:
        # rate (mean gradient + decay W) is rate / batch (gradient + decay * batch * W).
        lost = _share(tape, before, dyadic(plan.decay * plan.batch, NEAR_SHARE, MOST_SHARE), moved, f"{name}.decay")
        moved = joined(tape, tape.added([(1, moved), (1, lost)], f"{name}.decayed"), name)
    if plan.momentum:
        moved = _momentum(tape, plan, name, moved)
    part = Signal(tape.ints.emit(Times(c, plan.power), [moved.value], part_of(name)), moved.raw)
    after = tape.emit(Added((1, -1), (0, 0)), [before, part], f"{AFTER} {name}")
    _given_back(tape, f"{AFTER} {name}", after)


def part_of(name: str) -> str:
    """What a step takes off a weight: the name of that value."""
    return f"part {name}"


def _momentum(tape: Tape, plan: Plan, name: str, gradient: Signal) -> Signal:
    """M' = round(momentum * M) + gradient, at the gradient's scale."""
    lo, hi = tape.bounds.get(speed_of(name), (-1, 0))
    spec = InputSpec(gradient.shape, lo, hi, tape.whole(gradient.frac, name))
    speed = Signal(tape.ints.input(speed_of(name), spec))
    kept = _share(tape, speed, kept_share(plan.momentum), gradient, f"{name}.kept")
    after = joined(tape, tape.added([(1, kept), (1, gradient)], f"{SPEED_AFTER} {name}"), name)
    _given_back(tape, f"{SPEED_AFTER} {name}", after)
    return after


def kept_share(momentum: float) -> Factor:
    """What is kept of a momentum adds up to 1 / (1 - momentum): that is what has to be near."""
    return dyadic(momentum, NEAR_SHARE * (1 - momentum), MOST_SHARE)


def _share(tape: Tape, x: Signal, factor: Factor, like: Signal, name: str) -> Signal:
    """round(c * 2^-k * x) at the scale of `like`, in as many bits as an input of the step can need."""
    spec = tape.ints.inputs[x.value.name]
    part = tape.emit(Times(factor.c, factor.power), [x], f"{name}.share") if factor.c != 1 or factor.power else x
    part = joined(tape, tape.at_least(part, tape.whole(like.frac, name), name), name)
    shift = tape.shift(part, tape.whole(like.frac, name), name)
    grown = factor.c << max(0, tape.whole(part.frac - x.frac - factor.power, name))
    bits = signed_bits(*rounded((spec.lo * grown, spec.hi * grown), shift))
    return tape.emit(Round(shift, bits), [part], name)


def _given_back(tape: Tape, name: str, value: Signal) -> None:
    """The graph's output, exactly as it is; its interval is the program's matter."""
    ends = (1 << 61) - 1
    tape.ints.outputs[name] = OutputSpec(value.value.name, -ends - 1, ends, tape.whole(value.frac, name))
