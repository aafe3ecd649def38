"""An architecture as a table of layers, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tacit.integer.fixed import fixed, fixed_outputs
from tacit.integer.graph import IntGraph, Operator, OutputSpec
from tacit.integer.thresholds import OtherQuestion, compared

#: Entries of a list that are written out.
MOST_SHOWN = 8


@dataclass(frozen=True)
class Layer:
    """One step: its name, what it computes, with which public numbers, of what, and its result's shape.

    `parameters`: the number of integers of the model that it reads, whose values are in no program.
    """

    name: str
    operator: str
    numbers: str
    reads: tuple[str, ...]
    shape: tuple[int, ...]
    parameters: int

    def as_dict(self) -> dict[str, Any]:
        """Plain lists and numbers."""
        return {f.name: list(v) if isinstance(v := getattr(self, f.name), tuple) else v for f in fields(self)}


def layers(graph: IntGraph) -> list[Layer]:
    """The steps in order. A result that is one number, whatever goes in, is said to be so."""
    sizes = {name: parameter.real.size for name, parameter in graph.parameters.items()}
    alike = fixed(graph)
    return [
        Layer(
            step.output,
            type(step.op).__name__,
            ", ".join(filter(None, (numbers(step.op), *(_always(n, alike) for n in (*step.inputs, step.output))))),
            step.inputs,
            graph.values[step.output].shape,
            sum(sizes.get(name, 0) for name in step.inputs),
        )
        for step in graph.steps
    ]


def _always(name: str, alike: Mapping[str, int]) -> str:
    return f"{name} is always {alike[name]}" if name in alike else ""


def given(graph: IntGraph, place: str) -> list[Layer]:
    """The inputs; `place`: who knows them. One that no output depends on is said to be so."""
    needed = graph.needed()
    return [
        Layer(
            name,
            "input",
            ", ".join(
                (
                    place,
                    _interval(spec.lo, spec.hi, spec.frac),
                    *(() if name in needed else ("NO OUTPUT DEPENDS ON IT",)),
                )
            ),
            (),
            spec.shape,
            0,
        )
        for name, spec in graph.inputs.items()
    ]


def results(graph: IntGraph, place: str) -> list[Layer]:
    """The outputs: of which value each is the rounding, or which question about a value it answers."""
    alike = fixed_outputs(graph)
    return [
        Layer(
            name,
            "output",
            ", ".join(filter(None, (place, _answer(graph, name, spec), _always(name, alike)))),
            (spec.value,),
            graph.values[spec.value].shape,
            0,
        )
        for name, spec in graph.outputs.items()
    ]


def _answer(graph: IntGraph, name: str, spec: OutputSpec) -> str:
    if spec.threshold is None:
        return ", ".join(
            filter(None, (f"shift {spec.shift}" if spec.shift else "", _interval(spec.lo, spec.hi, spec.frac)))
        )
    try:
        value, bound = compared(graph, name, spec)
    except OtherQuestion as error:
        return f"NOT what it asks: {error}"
    index = ", ".join(map(str, spec.threshold.index))
    return f"asks {spec.threshold}: whether {value}[{index}] >= {bound:.9g}"


def _interval(lo: int, hi: int, frac: int) -> str:
    return f"[{lo}, {hi}] in units of 2^{-frac}"


def legend(graph: IntGraph) -> dict[str, str]:
    """What each operator computes that occurs, in one sentence."""
    found = {type(step.op).__name__: type(step.op) for step in graph.steps}
    return {name: _sentence(cls) for name, cls in sorted(found.items())}


def _sentence(cls: type[Operator]) -> str:
    lines = (cls.__doc__ or "").strip().split("\n\n")[0]
    return " ".join(lines.split())


def numbers(op: Operator) -> str:
    """The attributes, long lists by their length and ends."""
    shown = [(f.name, getattr(op, f.name)) for f in fields(op)]  # type: ignore[arg-type]  # every operator is a dataclass
    return ", ".join(f"{name} {short(value)}" for name, value in shown if value is not None)


def short(value: Any) -> str:
    """A number, text or list, long lists by their length and ends."""
    if isinstance(value, tuple):
        if len(value) > MOST_SHOWN:
            return f"[{value[0]}, .., {value[-1]}] ({len(value)} entries)"
        return f"[{', '.join(map(short, value))}]"
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value).lower() if isinstance(value, bool) else str(value)
