"""The evaluation program: how well the committed model does on a committed shard, one public number for all of it.

    classes        correct = sum over records of [first largest score is the label's]
    one score      correct = sum over records of [(z >= 0) = y]
    numbers        squares = sum over records of |z - y|^2, at 2 fd fractional bits

The scores are those of inference, so what is counted is the model that predicts.
"""

from __future__ import annotations

from collections.abc import Mapping

from tacit import program as pg
from tacit.integer import storage
from tacit.integer.emit import lower_steps
from tacit.integer.graph import IntGraph, OutputSpec, Parameter
from tacit.integer.operators.arithmetic import Added, Offset, Times
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.reduction import Total
from tacit.integer.operators.selection import AtLeast, OneHotMaxLast
from tacit.integer.reach import Overflow
from tacit.integer.total import total
from tacit.program.builder import Builder, Settings
from tacit.program.room import Room
from tacit.train.emit import DATA, MODEL, SETTINGS, Slots
from tacit.train.pieces import Signal, joined
from tacit.train.rooms import room_of
from tacit.train.step import Plan, X, Y, forward
from tacit.train.tape import Tape, before_of

#: The public output.
CORRECT, SQUARES = "correct", "squares"


def evaluation_graph(
    plan: Plan, parameters: Mapping[str, Parameter], records: int, room: Room | None = None
) -> IntGraph:
    """Inputs x, y and the weights before a step, all with the step's axis of one; one output."""
    bounds = {before_of(name): (p.lo, p.hi) for name, p in parameters.items()}
    tape, _ = forward(plan, 1, records, bounds, room=room)
    y = tape.labels(plan.record.targets, plan.record.label_interval, plan.record.label_frac)
    z = joined(tape, tape.values[plan.network.scores], "scores")
    if not plan.loss.classes:
        _squares(tape, plan, z, y)
    elif plan.record.targets == 1:
        _halves(tape, z, y, records)
    else:
        scores = joined(tape, tape.rounded(z, tape.scales.activations, tape.scales.logit_bits, "scores"), "scores")
        best = tape.emit(OneHotMaxLast(tape.scales.logit_bits), [scores], "best")
        _published(tape, CORRECT, tape.emit(Contract("tbc", "tbc", ""), [best, y], CORRECT), records)
    return tape.ints


def _halves(tape: Tape, z: Signal, y: Signal, records: int) -> None:
    """[(z >= 0) = y] = 1 - e - y + 2 e y for e = [z >= 0], which is [floor(z) >= 0]: half a step off, then rounded."""
    scale = tape.scales.activations
    z = joined(tape, tape.at_least(z, scale, "scores"), "scores")
    shift = tape.shift(z, scale, "scores")
    if shift:
        z = tape.emit(Offset(1, -(1 << (shift - 1)), z.frac), [z], "scores.down")
    scores = joined(tape, tape.rounded(z, scale, tape.scales.logit_bits, "scores"), "scores")
    e = tape.emit(AtLeast(tape.scales.logit_bits), [scores], "positive")
    both = tape.emit(Times(2, 0), [tape.emit(Contract("tbc", "tbc", ""), [e, y], "both")], "twice both")
    sums = [tape.emit(Total((0, 1, 2)), [x], name) for x, name in ((e, "positives"), (y, "labels"))]
    found = tape.emit(Added((1, -1, -1), (0, 0, 0)), [both, *sums], "agreed")
    _published(tape, CORRECT, tape.emit(Offset(1, records, found.frac), [found], CORRECT), records)


def _squares(tape: Tape, plan: Plan, z: Signal, y: Signal) -> None:
    d = joined(tape, tape.added([(1, plan.loss.predicted(tape, z)), (-1, y)], "error"), "error")
    lo, hi = plan.record.label_interval
    most = (1 << 20) + (max(-lo, hi) << tape.scales.errors)
    _published(
        tape, SQUARES, tape.emit(Contract("tbc", "tbc", ""), [d, d], SQUARES), most * most * d.shape[1] * d.shape[2]
    )


def _published(tape: Tape, name: str, value: Signal, most: int) -> None:
    tape.ints.outputs[name] = OutputSpec(value.value.name, 0, most, tape.whole(value.frac, name))


def evaluation_program(
    plan: Plan,
    parameters: Mapping[str, Parameter],
    private: bool,
    data: Slots,
    overflow: Overflow | None,
    settings: Settings = SETTINGS,
    given: pg.Program | None = None,
) -> pg.Program:
    """Slabs: the model and a shard of as many records as `data` says. `given`: as for `inference_program`.

    Raises OutOfField, QuantizationError.
    """
    records = data[0][1][0]
    ints = evaluation_graph(plan, parameters, records, room_of(given))
    outputs = dict(ints.outputs)
    if overflow is not None:
        ints = total(ints, overflow)[0]
        ints.outputs = outputs  # a count's interval is what it can be
    builder = Builder(f"evaluation: {plan.network.graph.name}"[:120], settings, room_of(given))
    builder.slabs += [pg.SlabDecl(MODEL, private), pg.SlabDecl(DATA, True)]
    values = {}
    for name in plan.network.parameters:
        stored = storage.store(builder, name, parameters[name], {})
        values[before_of(name)] = builder.reshape(name, stored, (1, *stored.shape))
    for label, (name, shape, lo, hi) in zip((X, Y, ""), data, strict=True):
        whole = builder.whole(builder.tensor(name, shape, pg.Slab(1), (lo, hi)))
        if label:
            values[label] = builder.reshape(name, whole, (1, *shape))
    lower_steps(builder, ints, values)
    for name, spec in ints.outputs.items():
        value = values[spec.value]
        index = builder.tensor(name, value.shape, pg.Public(), (spec.lo, spec.hi))
        builder.outputs.append(pg.Port(name, index, spec.frac))
        builder.hints.append(pg.LinearHint(index, value.expr))
        builder.zero(name, value.shape, (1, value.expr), (-1, builder.whole(index).expr))
    return builder.build()
