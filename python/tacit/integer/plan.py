"""An architecture as its plan, for comparing with another one's: what a model's maker draws, and how it is connected.

The plan leaves out numbers: roundings, clamps, clips and changes of scale stand where precision needs them, and where they stand
depends on ranges; factors, constants and the bounds of clips are numbers as weights are. What is left are products, windows,
functions, slopes, maxima and sums, each with what it is of: an input, a parameter, an earlier one, and in which order of axes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from math import prod
from typing import NamedTuple, TypeAlias

from tacit.integer.graph import IntGraph, Operator, Step
from tacit.integer.layers import short
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
from tacit.program.affine import Shape

#: What only changes precision, or where in memory a value stands.
PRECISION = (Round, RoundDivide, Times, Commit, Within, RoundClip, Offset, Expand)


#: Characters of a layer that an error says.
MOST_WORDS = 300


class Slope(NamedTuple):
    """slope * 2^-power, as near as so many bits can say."""

    slope: int
    power: int

    def __str__(self) -> str:
        return f"{self.slope * 2.0**-self.power:.3g}"


Token: TypeAlias = tuple["str | Slope", ...]


@dataclass(frozen=True)
class _Ref:
    """A value as what it is a view of: `name`; its sign; axes of more than one entry of what was reshaped and permuted."""

    name: str
    sign: int = 1
    views: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join(("-" * (self.sign < 0) + self.name, *self.views))


@dataclass
class _Plan:
    """The tokens so far, and what every value is of them."""

    graph: IntGraph
    tokens: list[Token] = field(default_factory=list)
    refs: dict[str, _Ref] = field(default_factory=dict)
    parameters: int = 0

    def of(self, name: str) -> _Ref:
        """What a value is; parameters are numbered as they come."""
        if name not in self.refs:
            if name in self.graph.parameters:
                self.parameters += 1
            self.refs[name] = _Ref(f"weights {self.parameters}" if name in self.graph.parameters else name)
        return self.refs[name]

    def step(self, step: Step) -> None:
        operands = [self.of(name) for name in step.inputs]
        words = _words(self.graph, step)
        if words is None:
            self.refs[step.output] = _viewed(self.graph, step, operands[0])
            return
        if isinstance(step.op, Added):  # the sign of weights is theirs
            signs = [
                1 if name in self.graph.parameters else sign
                for name, sign in zip(step.inputs, step.op.signs, strict=True)
            ]
            operands = [_Ref(ref.name, ref.sign * sign, ref.views) for ref, sign in zip(operands, signs, strict=True)]
        self.tokens.append((*words, "of", *map(str, operands)))
        self.refs[step.output] = _Ref(f"#{len(self.tokens)}")


def plan(graph: IntGraph) -> list[Token]:
    """The steps that a model's maker would draw, in order, each with what it is of; then the outputs."""
    made = _Plan(graph)
    for step in graph.steps:
        made.step(step)
    for name, output in graph.outputs.items():
        asked = () if output.threshold is None else (str(output.threshold),)
        made.tokens.append(("output", name, *asked, "of", str(made.of(output.value))))
    return made.tokens


def _viewed(graph: IntGraph, step: Step, source: _Ref) -> _Ref:
    """Axes of one entry do not count: an order of the others, or another shape of them."""
    op, (before, after) = step.op, (graph.values[name].shape for name in (step.inputs[0], step.output))
    if isinstance(op, Offset) or (isinstance(op, Added) and step.inputs[0] not in graph.parameters):
        return _Ref(source.name, source.sign * (op.sign if isinstance(op, Offset) else op.signs[0]), source.views)
    if isinstance(op, Permute):
        order = [i for i in op.perm if before[i] > 1]
        if order == sorted(order):
            return source
        ranks = {axis: rank for rank, axis in enumerate(sorted(order))}
        return _with(source, f"by {short(tuple(ranks[i] for i in order))}")
    if isinstance(op, Reshape) and _long(before) != _long(after):
        return _with(source, f"as {short(_long(after))} of {short(_long(before))}")
    return source


def _with(source: _Ref, view: str) -> _Ref:
    """One more view; what undoes the last one leaves neither."""
    if source.views and _undoes(view, source.views[-1]):
        return _Ref(source.name, source.sign, source.views[:-1])
    return _Ref(source.name, source.sign, (*source.views, view))


def _undoes(view: str, last: str) -> bool:
    kind, _, what = view.partition(" ")
    if kind == "as":
        return last == "as " + " of ".join(reversed(what.split(" of ")))
    perm = [int(i) for i in what.strip("[]").split(", ")] if "(" not in what else []
    return bool(perm) and last == f"by {short(tuple(perm.index(i) for i in range(len(perm))))}"


def _long(shape: Shape) -> Shape:
    return tuple(n for n in shape if n > 1)


def _words(graph: IntGraph, step: Step) -> Token | None:
    """What a step draws; None where it draws nothing."""
    op, shape = step.op, str(list(graph.values[step.output].shape))
    match op:
        case RoundRelu():
            return "relu", shape
        case Saturate(lo=0, at=None):
            return "relu", shape
        case RoundTable() | RoundLine():
            return "function", op.function or "one value", shape
        case RoundLeaky():
            return "leaky relu", Slope(op.slope, op.power), shape
        case RoundMax():
            return ("maximum and relu" if op.relu else "maximum"), f"{op.axes} axes", shape
        case Added():
            return ("sum", shape) if len(step.inputs) > 1 else None
        case Saturate() | Permute() | Reshape():
            return None
    if isinstance(op, PRECISION):
        return None
    weights = f"{sum(prod(graph.values[n].shape) for n in step.inputs if n in graph.parameters)} weights"
    return (type(op).__name__, *_structure(op), shape, weights)


def _structure(op: Operator) -> Iterator[str]:
    """Attributes that say what is connected: text and whole lists, not widths or bounds."""
    for f in fields(op):  # type: ignore[arg-type]  # every operator is a dataclass
        value = getattr(op, f.name)
        if isinstance(value, str | tuple) and value:
            yield f"{f.name} {value if isinstance(value, str) else list(value)}"


def first_difference(one: IntGraph, other: IntGraph) -> str | None:
    """Where two plans part, in words; None where they are the same."""
    a, b = plan(one), plan(other)
    for i in range(max(len(a), len(b))):
        x, y = (p[i] if i < len(p) else ("nothing more",) for p in (a, b))
        if not _same(x, y):
            return f"layer {i + 1}: expected {_said(x)}, got {_said(y)}"
    return None


def _said(token: Token) -> str:
    """In words, cut where a list is long."""
    words = " ".join(map(str, token))
    return words if len(words) <= MOST_WORDS else f"{words[:MOST_WORDS]} .."


def _same(one: Token, other: Token) -> bool:
    if len(one) != len(other):
        return False
    for x, y in zip(one, other, strict=True):
        if isinstance(x, Slope) and isinstance(y, Slope):
            off = 2.0**-x.power + 2.0**-y.power
            if abs(x.slope * 2.0**-x.power - y.slope * 2.0**-y.power) > off:
                return False
        elif x != y:
            return False
    return True
