"""From an integer graph to a program: places of inputs, weights and outputs, and every step's relations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from tacit import program as pg
from tacit.errors import CompilerBug
from tacit.integer import storage
from tacit.integer.graph import InputSpec, IntGraph, OutputSpec
from tacit.integer.lookups import bounded, half, remainder
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.saturation import Saturate
from tacit.program import Program, slab_tensors
from tacit.program.builder import Array, Builder, Lazy, Settings
from tacit.program.room import Room

#: Who knows an input: only the prover, the prover under a commitment of its own ("data" slab), or everybody.
INPUT_PLACES = ("private", "committed", "public")
#: Who learns an output: everybody, or only the prover, under a commitment that is made for the proof ("output" slab).
OUTPUT_PLACES = ("public", "committed")

#: Bytes of a tensor's name (docs/protocol/program.md).
MOST_NAME = 128


@dataclass(frozen=True)
class Visibility:
    """Of the inputs (one of INPUT_PLACES), the weights ("private" or "public") and the outputs (one of OUTPUT_PLACES)."""

    inputs: str = "private"
    weights: str = "private"
    outputs: str = "public"


@dataclass(frozen=True)
class Emitted:
    """The program, and what its model slab holds."""

    program: Program
    pieces: Mapping[str, storage.Piece]

    def weights(self) -> list[tuple[str, Array]]:
        """The integers of the model slab, tensor by tensor in layout order."""
        names = [self.program.tensors[i].name for i in slab_tensors(self.program, 0)]
        return [(name, self.pieces[name].values()) for name in names]


def emit(ints: IntGraph, settings: Settings, visibility: Visibility, room: Room | None = None) -> Emitted:
    """Lower every step that an output needs, in order. The slabs are "model", for committed inputs "data", for committed
    outputs "output".

    `room`: what may be made for it.
    """
    builder = Builder(ints.name[:120], settings, room)
    builder.slabs.append(pg.SlabDecl("model", visibility.weights == "private"))
    if visibility.inputs == "committed":
        builder.slabs.append(pg.SlabDecl("data", True))
    place: pg.Place = pg.Public()
    if visibility.outputs == "committed":
        place = pg.Slab(len(builder.slabs))
        builder.slabs.append(pg.SlabDecl("output", True))
    values: dict[str, Lazy] = {}
    pieces: dict[str, storage.Piece] = {}
    for name, spec in ints.inputs.items():
        values[name] = _input(builder, name, spec, visibility.inputs)
    needed = ints.needed()
    for name, parameter in ints.parameters.items():
        if name in needed:
            values[name] = storage.store(builder, name, parameter, pieces)
    lower_steps(builder, ints, values)
    for name, output in ints.outputs.items():
        _publish(builder, name, output, values[output.value], place)
    return Emitted(builder.build(), pieces)


def lower_steps(builder: Builder, ints: IntGraph, values: dict[str, Lazy]) -> None:
    """Add to `values`, which has inputs and parameters, the result of every step that an output needs, in order."""
    needed = ints.needed()
    steps = [step for step in ints.steps if step.output in needed]
    for step in steps:
        clamp = step.op.clamp if isinstance(step.op, Saturate | RoundMax) else None
        if clamp is not None:
            builder.alike[clamp] = builder.alike.get(clamp, 0) + prod(ints.values[step.output].shape)
    for step in steps:
        made = step.op.lower(builder, step.output, *(values[name] for name in step.inputs))
        if made.shape != ints.values[step.output].shape:
            raise CompilerBug(f"{step.output}: lowered to {made.shape}, of shape {ints.values[step.output].shape}")
        values[step.output] = made


def _input(builder: Builder, name: str, spec: InputSpec, visibility: str) -> Lazy:
    """A private input is bounded by its digits; a committed one by its slab's validity proof; a public one by the verifier.

    x - lo = sum of digits, each in its range, so x lies in [lo, hi]: the interval has a power-of-two width.
    """
    places: dict[str, pg.Place] = {"private": pg.Witness(), "committed": pg.Slab(1), "public": pg.Public()}
    place = places[visibility]
    index = builder.tensor(name, spec.shape, place, (spec.lo, spec.hi))
    builder.inputs.append(pg.Port(name, index, spec.frac))
    value = builder.whole(index)
    if visibility != "private":
        return value
    bounded(builder, name, value, spec.lo, spec.hi)
    return value


def _publish(builder: Builder, name: str, spec: OutputSpec, value: Lazy, place: pg.Place) -> None:
    """value + half = 2^s y + r with y in [lo, hi], r in [0, 2^s) by its digits: y is the rounding of value.

    Who sees to y's interval: the verifier of a public y, the validity proof of a committed one (its width is a power of two).
    """
    called = f"output {name}"
    if spec.threshold is not None and len(f"output {spec.threshold}".encode()) <= MOST_NAME:
        called = f"output {spec.threshold}"  # the program's own bytes say what the bit means: its digest binds that
    index = builder.tensor(called, value.shape, place, (spec.lo, spec.hi))
    builder.outputs.append(pg.Port(name, index, spec.frac))
    rounded = builder.sum((1, value), constant=half(spec.shift))
    ids, widths = remainder(builder, f"output {name}", spec.shift, value.shape)
    builder.hints.append(pg.DigitsHint(value.shape, rounded.expr, tuple(zip(ids, widths, strict=True)), index))
    digits = [builder.whole(i) for i in (*ids, index)]
    whole = builder.joined(digits, [*widths, 0])
    builder.zero(f"output {name}", value.shape, (1, rounded.expr), (-1, whole.expr))
