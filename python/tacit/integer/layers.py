"""An architecture as a table of layers, for people; and as its plan, for comparing with another one's.

The plan leaves out every number: roundings, clamps and changes of scale stand where precision needs them, and where they
stand depends on ranges. What is left is what a model's maker draws: products, windows, functions, maxima, and how they are
connected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tacit.integer.fixed import fixed, fixed_outputs
from tacit.integer.graph import IntGraph, Operator, OutputSpec, Step
from tacit.integer.operators import (
    Added,
    Commit,
    Expand,
    Offset,
    Permute,
    Reshape,
    Round,
    RoundClip,
    RoundDivide,
    RoundLeaky,
    RoundLine,
    RoundMax,
    RoundRelu,
    RoundTable,
    Saturate,
    Times,
    Within,
)
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
    wanted = {output.value for output in graph.outputs.values()}
    for step in reversed(graph.steps):
        wanted.update(step.inputs if step.output in wanted else ())
    return [
        Layer(
            name,
            "input",
            ", ".join(
                (
                    place,
                    _interval(spec.lo, spec.hi, spec.frac),
                    *(() if name in wanted else ("NO OUTPUT DEPENDS ON IT",)),
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
    return ", ".join(f"{name} {_short(value)}" for name, value in shown if value is not None)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        if len(value) > MOST_SHOWN:
            return f"[{value[0]}, .., {value[-1]}] ({len(value)} entries)"
        return f"[{', '.join(map(_short, value))}]"
    if isinstance(value, float):
        return f"{value:.9g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


# --- the plan ---------------------------------------------------------------------------------------------------------

#: What only changes precision, or where in memory a value stands.
PRECISION = (Round, RoundDivide, Times, Commit, Within, RoundClip, Offset, Expand)
#: What lies in another order or shape: which of these are needed depends on how a product wants its operands.
ORDER = (Permute, Reshape)


def plan(graph: IntGraph) -> list[tuple[str, ...]]:
    """The steps that a model's maker would draw, without their numbers, in order."""
    return [token for step in graph.steps if (token := _token(graph, step)) is not None]


def _token(graph: IntGraph, step: Step) -> tuple[str, ...] | None:
    op, shape = step.op, str(list(graph.values[step.output].shape))
    match op:
        case RoundRelu():
            return "relu", shape
        case Saturate(lo=0, at=None):
            return "relu", shape
        case RoundTable() | RoundLine():
            return "function", op.function or "one value", shape
        case RoundLeaky():
            return "leaky relu", shape
        case RoundMax():
            return ("maximum and relu" if op.relu else "maximum"), f"{op.axes} axes", shape
        case Added():
            return ("sum", shape) if len(step.inputs) > 1 else None
        case Saturate():
            return None
    if isinstance(op, (*PRECISION, *ORDER)):
        return None
    weights = f"{sum(graph.parameters[n].real.size for n in step.inputs if n in graph.parameters)} weights"
    return (type(op).__name__, *_structure(op), shape, weights)


def _structure(op: Operator) -> Iterator[str]:
    """Attributes that say what is connected: text and lists, not widths or bounds."""
    for f in fields(op):  # type: ignore[arg-type]  # every operator is a dataclass
        value = getattr(op, f.name)
        if isinstance(value, str | tuple) and value:
            yield f"{f.name} {_short(value)}"


def first_difference(one: IntGraph, other: IntGraph) -> str | None:
    """Where two plans part, in words; None where they are the same."""
    a, b = plan(one), plan(other)
    for i in range(max(len(a), len(b))):
        x, y = (p[i] if i < len(p) else ("nothing more",) for p in (a, b))
        if x != y:
            return f"layer {i + 1}: expected {' '.join(x)}, got {' '.join(y)}"
    return None
