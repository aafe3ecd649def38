"""The readable architecture of a program: the public part of the integer graph that it was lowered from.

A program is relations, and relations do not say which layers they are. The architecture does: inputs, parameters (without
their values), every step with its operator and attributes, outputs, and what the lowering was told. `lowered` makes the
program from it again; it is the same, byte by byte, for the architecture of what `compile` makes, and for nothing else.

The scale of a weight, and of what only weights see, is not in it (ADR 0010): such a scale is HIDDEN here. Bytes: canonical
JSON (program.md, section 7).
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from tacit import hashing
from tacit.errors import CompilerBug, ProgramError, TacitError
from tacit.foreign_json import parse, said
from tacit.graph.functions import FUNCTIONS
from tacit.integer.emit import INPUT_PLACES, OUTPUT_PLACES, Visibility, emit
from tacit.integer.graph import OPERATORS, InputSpec, IntGraph, Operator, OutputSpec, Parameter, Threshold
from tacit.integer.operators.tables import RoundLine, RoundTable
from tacit.integer.scale import HIDDEN, MOST_SCALE
from tacit.integer.thresholds import OtherQuestion, compared
from tacit.program import NO_ARCHITECTURE, Program
from tacit.program.builder import Settings
from tacit.program.room import Room

#: Of these bytes.
VERSION = 1
#: Of the relations that operators make: a change of any of them is a new one (tests/integer/test_lowering_version.py).
LOWERING = 2
#: Bits of a digit, at most; a shape's axes, a parameter's axes and an extent, at most.
MOST_LIMB, MOST_AXES, MOST_STORED, MOST_EXTENT = 20, 16, 8, 1 << 30
#: A table's row is its function's, rounded: off by half a unit of its results, and by what a mathematics library may be off,
#: as a share of the row.
HALF_A_UNIT, LIBRARY = 0.5 + 2.0**-20, 2.0**-44
#: What a hostile architecture may raise while it is read or lowered, beside our own errors.
FAULTS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RecursionError,
    MemoryError,
)

Json = Any


@dataclass(frozen=True)
class Architecture:
    """An integer graph without its parameters' values, and how it is lowered."""

    graph: IntGraph
    settings: Settings
    visibility: Visibility
    lowering: int = LOWERING

    def encode(self) -> bytes:
        """Its canonical bytes."""
        g, needed = self.graph, self.graph.needed()
        found = {
            "tacit-architecture": VERSION,
            "lowering": self.lowering,
            "name": g.name,
            "inputs": self.visibility.inputs,
            "weights": self.visibility.weights,
            "outputs": self.visibility.outputs,
            "limb": self.settings.limb,
            "wide": self.settings.wide,
            "ports": [[n, list(s.shape), s.lo, s.hi, s.frac] for n, s in g.inputs.items()],
            "parameters": [
                [n, [int(e) for e in p.real.shape], p.lo, p.hi] for n, p in g.parameters.items() if n in needed
            ],
            "steps": [
                [s.output, type(s.op).__name__, _attributes(s.op), list(s.inputs)]
                for s in g.steps
                if s.output in needed
            ],
            "results": [
                [n, o.value, o.lo, o.hi, o.frac, o.shift, _threshold(o.threshold)] for n, o in g.outputs.items()
            ],
        }
        return json.dumps(found, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()

    @property
    def digest(self) -> bytes:
        """What a program names it by."""
        return digest_of(self.encode())

    def lowered(self, room: Room | None = None) -> Program:
        """The program of it, naming it. Raises TacitError. `room`: what may be made for it."""
        program = emit(self.graph, self.settings, self.visibility, room=room).program
        return replace(program, architecture=self.digest)


def digest_of(architecture: bytes) -> bytes:
    """What a program names it by: keccak256(T(11, 0) || bytes); zeros for none."""
    if not architecture:
        return NO_ARCHITECTURE
    return hashing.digest(hashing.tag(11), architecture)


def decode(data: bytes) -> Architecture:
    """The architecture of these bytes. Raises ProgramError (slug architecture) unless they are canonical and well formed."""
    try:
        found = parse(data)
        if not isinstance(found, dict):
            raise ValueError("expected an object")
        if found.get("tacit-architecture") != VERSION:
            raise _refused(
                f"expected version {VERSION}, got {found.get('tacit-architecture')!r}",
                "the file was written by another version of this software",
            )
        made = _read(found)
        if (idle := unused(made.graph)) is not None:
            raise ValueError(f"{idle}: no output depends on it")
        if made.encode() != data:
            raise ValueError("bytes that are written differently")
    except ProgramError:
        raise
    except TacitError as error:
        raise _refused(f"expected a well-formed architecture: {error}") from None
    except CompilerBug as error:  # it names the layer
        raise _refused(f"expected a well-formed architecture: {error}"[:300]) from None
    except FAULTS as error:
        raise _refused(f"expected a well-formed architecture: {said(error)}") from None
    return made


def check(program: Program, data: bytes) -> Architecture:
    """The architecture, if the program is what it is lowered to. Raises ProgramError (slug architecture).

    Every table of a named function holds that function, and a threshold's question is the one that is answered. Work: that of
    lowering so many steps, with no more constants than the program has.
    """
    if not data:
        raise _refused(
            "expected a program that carries its architecture, got one that carries none",
            "ask its maker for one that does, or compile the model yourself",
        )
    if digest_of(data) != program.architecture:
        raise _refused("expected the architecture that the program names, got another")
    found = decode(data)
    if found.lowering != LOWERING:
        raise _refused(
            f"expected a program of lowering {LOWERING}, got one of lowering {found.lowering}",
            "check it with the version of this software that made it",
        )
    _check_words(found.graph)
    try:
        again = found.lowered(Room.of(program))
    except TacitError as error:
        raise _refused(f"expected layers that have a program: {error}") from None
    except CompilerBug as error:  # it names the layer
        raise _refused(f"expected layers that have a program: {error}"[:300]) from None
    except FAULTS as error:
        raise _refused(f"expected layers that have a program: {said(error)}") from None
    if again != program:
        raise _refused(
            f"expected the program of these layers, got another {difference(again, program)}",
            "the program does not compute what it says: do not rely on its proofs",
        )
    return found


def _check_words(graph: IntGraph) -> None:
    """What names a function or asks a question does so truly. Raises ProgramError."""
    for step in graph.steps:
        if isinstance(step.op, RoundTable | RoundLine):
            _check_rows(step.output, step.op)
    for name, output in graph.outputs.items():
        if output.threshold is not None:
            try:
                compared(graph, name, output)
            except OtherQuestion as error:
                raise _refused(f"expected the question that is answered, got another: {error}"[:300]) from None


def _check_rows(place: str, table: RoundTable | RoundLine) -> None:
    """Every row of a table is its function's, rounded; a table of no function holds one value. Raises ProgramError."""
    outs = np.array(table.outs, dtype=np.float64)
    if table.function is None:
        if np.any(outs != outs[:1]):
            raise _refused(f"expected a table of a named function, got rows of none in {place}"[:300])
        return
    if table.function not in FUNCTIONS:
        raise _refused(f"expected a function of {', '.join(FUNCTIONS)}, got {table.function!r} in {place}"[:300])
    reals = np.arange(table.lo, table.lo + len(outs)) * 2.0**-table.at
    exact = FUNCTIONS[table.function](reals) * 2.0**table.gives
    wrong = ~(np.abs(exact - outs) <= HALF_A_UNIT + LIBRARY * np.abs(exact))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise _refused(f"expected the rows of {table.function}, got another row {table.lo + row} in {place}"[:300])


def unused(graph: IntGraph) -> str | None:
    """A parameter or step that no output depends on, if there is one: it would be read as a part of the model."""
    needed = graph.needed()
    names = [*(step.output for step in graph.steps), *graph.parameters]
    return next((name for name in names if name not in needed), None)


def difference(one: Program, other: Program) -> str:
    """The first part of two programs that is not the same, in words."""
    for part in fields(Program):
        a, b = getattr(one, part.name), getattr(other, part.name)
        if a == b:
            continue
        if not isinstance(a, tuple):
            return part.name
        if len(a) != len(b):
            return f"{part.name}: {len(a)} expected, {len(b)} found"
        x = next(x for x, y in zip(a, b, strict=True) if x != y)
        return f"{part.name}: {getattr(x, 'name', type(x).__name__)}"
    return "nothing"


def _refused(reason: str, remedy: str = "") -> ProgramError:
    return ProgramError(reason, slug="architecture", place="program", remedy=remedy)


# --- writing ----------------------------------------------------------------------------------------------------------


def _attributes(op: Operator) -> dict[str, Json]:
    """What differs from an attribute's default, in the order of the fields."""
    return {
        f.name: _plain(getattr(op, f.name), hint)
        for f, hint in _fields(type(op))
        if f.default is MISSING or getattr(op, f.name) != f.default
    }


@cache
def _fields(cls: type[Operator]) -> list[tuple[Any, Any]]:
    hints = get_type_hints(cls)
    return [(f, hints[f.name]) for f in fields(cls)]  # type: ignore[arg-type]  # every operator is a dataclass


def _plain(value: Any, hint: Any) -> Json:
    """A value of this type as JSON has it."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, tuple):
        inner = get_args(_tuple_of(hint))
        each = [inner[0]] * len(value) if inner[-1] is Ellipsis else inner
        return [_plain(v, h) for v, h in zip(value, each, strict=True)]
    return float(value) if _takes(hint, float) else int(value)


def _tuple_of(hint: Any) -> Any:
    return next((h for h in _choices(hint) if get_origin(h) is tuple), tuple[int, ...])


def _choices(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _takes(hint: Any, kind: type) -> bool:
    return kind in _choices(hint)


def _threshold(threshold: Threshold | None) -> Json:
    return None if threshold is None else [threshold.output, list(threshold.index), float(threshold.value)]


# --- reading ----------------------------------------------------------------------------------------------------------


def _read(found: Mapping[str, Json]) -> Architecture:
    """Raises ValueError, KeyError, TypeError, TacitError."""
    visibility = Visibility(*(_text(found[key]) for key in ("inputs", "weights", "outputs")))
    if (
        visibility.inputs not in INPUT_PLACES
        or visibility.weights not in ("private", "public")
        or visibility.outputs not in OUTPUT_PLACES
    ):
        raise ValueError(f"no such visibility: {visibility}")
    settings = Settings(*(_whole(found[key], 1, MOST_LIMB) for key in ("limb", "wide")))
    graph = IntGraph(_text(found["name"]))
    for name, shape, lo, hi, frac in found["ports"]:
        _new(graph, name)
        graph.input(name, InputSpec(_shape(shape), _whole(lo), _whole(hi), _whole(frac, -512, 512)))
    for name, shape, lo, hi in found["parameters"]:
        _new(graph, name)
        unknown = np.broadcast_to(np.float64(0), _shape(shape, MOST_STORED))
        graph.parameter(name, Parameter(unknown, _whole(lo), _whole(hi), HIDDEN))
    for output, operator, attributes, operands in found["steps"]:
        _new(graph, output)
        op = _operator(operator, attributes)
        value = graph.emit(op, [graph.values[name] for name in operands], output)
        _shape(list(value.shape))
    for name, value, lo, hi, frac, shift, threshold in found["results"]:
        if _text(name) in graph.outputs:
            raise ValueError(f"two outputs {name}")
        asked = None if threshold is None else _asked(*threshold)
        ends = _whole(lo), _whole(hi)
        graph.outputs[name] = OutputSpec(value, *ends, _whole(frac, -512, 512), _whole(shift, 0, 62), asked)
    graph.check()
    return Architecture(graph, settings, visibility, _whole(found["lowering"]))


def _asked(output: Json, index: Json, value: Json) -> Threshold:
    if not isinstance(value, float) or not math.isfinite(value):
        raise ValueError(f"expected a finite number, got {value!r}")
    return Threshold(_text(output), tuple(_whole(i) for i in index), value)


def _new(graph: IntGraph, name: Json) -> None:
    if _text(name) in graph.values:
        raise ValueError(f"two values {name}")


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a name, got {value!r}"[:100])
    return value


def _whole(value: Json, least: int = -(1 << 62), most: int = 1 << 62) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"expected a whole number in [{least}, {most}], got {value!r}"[:200])
    return value


def _shape(shape: Json, axes: int = MOST_AXES) -> tuple[int, ...]:
    if not isinstance(shape, list) or len(shape) > axes:
        raise ValueError("expected a shape")
    return tuple(_whole(n, 1, MOST_EXTENT) for n in shape)


def _operator(name: Json, attributes: Json) -> Operator:
    cls = OPERATORS.get(_text(name))
    if cls is None:
        raise ValueError(f"no operator {name!r}"[:100])
    known = {f.name: hint for f, hint in _fields(cls)}
    if not isinstance(attributes, dict) or not attributes.keys() <= known.keys():
        raise ValueError(f"{name}: expected attributes of {', '.join(known)}")
    make: Callable[..., Operator] = cls
    return make(**{key: _value(f"{name}.{key}", value, known[key]) for key, value in attributes.items()})


def _value(place: str, value: Json, hint: Any) -> Any:
    """The attribute's value, of exactly its type; integers fit 64 bits, and so do lists' entries."""
    for kind in _choices(hint):
        if kind is type(None) and value is None:
            return None
        if kind is int and type(value) is int:
            return _whole(value)
        if kind is float and type(value) is float and abs(value) <= MOST_SCALE:  # every one is a scale
            return value
        if kind in (str, bool) and type(value) is kind:
            return value
        if get_origin(kind) is tuple and isinstance(value, list):
            inner = get_args(kind)
            each = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
            return tuple(_value(place, v, h) for v, h in zip(value, each, strict=True))
    raise ValueError(f"{place}: {value!r} is no such attribute"[:200])
