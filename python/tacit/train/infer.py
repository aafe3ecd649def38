"""The inference program at training's own scales: it opens the commitment that training made."""

from __future__ import annotations

from collections.abc import Container, Mapping

from tacit import program as pg
from tacit.integer.architecture import Architecture
from tacit.integer.emit import Visibility
from tacit.integer.graph import InputSpec, IntGraph, OutputSpec, Parameter
from tacit.integer.operators.layout import Reshape
from tacit.integer.reach import Overflow
from tacit.integer.total import total
from tacit.program.builder import Settings
from tacit.program.room import Room
from tacit.train.emit import SETTINGS
from tacit.train.pieces import joined
from tacit.train.rooms import room_of
from tacit.train.step import Plan, X, forward
from tacit.train.tape import before_of

#: Names of the input and the output.
INPUT, OUTPUT = "x", "prediction"


def inference_graph(plan: Plan, parameters: Mapping[str, Parameter], batch: int, room: Room | None = None) -> IntGraph:
    """`batch` records to their predictions (probabilities, or numbers), weights as parameters: the step's forward half."""
    bounds = {before_of(name): (p.lo, p.hi) for name, p in parameters.items()}
    tape, _ = forward(plan, 1, batch, bounds, room=room)
    prediction = plan.loss.predicted(tape, joined(tape, tape.values[plan.network.scores], "scores"))
    return _with_parameters(tape.ints, parameters, plan, batch, prediction.value.name)


def _with_parameters(
    step: IntGraph, parameters: Mapping[str, Parameter], plan: Plan, batch: int, prediction: str
) -> IntGraph:
    """The same steps, the weights before a step in the place of its inputs, the axis of steps taken away."""
    made = IntGraph(plan.network.graph.name)
    record = plan.record
    # Weights have their own names in every program of a deployment: what else has a name here makes way for them.
    values = {name: made.parameter(name, parameters[name]) for name in plan.network.parameters}
    x = made.input(_free(INPUT, values), InputSpec((batch, *record.features), *record.interval, record.frac))
    names = {X: made.emit(Reshape((1, batch, *record.features)), [x], "records of a step").name}
    for name, value in values.items():
        names[before_of(name)] = made.emit(Reshape((1, *value.shape)), [value], f"{name} of a step").name
    for old in step.steps:
        args = [made.values[names[name]] for name in old.inputs]
        names[old.output] = made.emit(old.op, args, old.output).name
    end = made.emit(Reshape((batch, record.targets)), [made.values[names[prediction]]], OUTPUT)
    frac = round(end.frac)
    ends = (0, (2 << frac) - 1) if plan.loss.classes else (-(1 << 19), (1 << 19) - 1)
    made.outputs[OUTPUT] = OutputSpec(end.name, *ends, frac)
    return made


def _free(name: str, taken: Container[str]) -> str:
    """The name, or one like it that is not taken."""
    while name in taken:
        name = f"{name}~"
    return name


def inference_program(
    plan: Plan,
    parameters: Mapping[str, Parameter],
    visibility: Visibility,
    overflow: Overflow | None,
    batch: int = 1,
    settings: Settings = SETTINGS,
    given: pg.Program | None = None,
) -> tuple[pg.Program, bytes]:
    """The program, and the architecture that it names: `tacit check` reads its layers. Raises OutOfField.

    `given`: what it is compared with, if no more than belongs to that may be made.
    """
    ints = inference_graph(plan, parameters, batch, room_of(given))
    if overflow is not None:
        ints = total(ints, overflow)[0]
    architecture = Architecture(ints, settings, visibility)
    return architecture.lowered(room_of(given)), architecture.encode()
