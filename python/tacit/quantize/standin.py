"""A network of the same architecture whose weights nobody chose, and the ranges that go with it.

Structure is what a graph says without its weights: nodes, shapes, attributes, and constants of one number that stand in a
program anyway. `stand_in` keeps it and fills every other constant by a fixed rule from its shape; `nominal` says how large
every tensor is then, with room where a checkpoint cannot be rescaled to fit (`tacit.quantize.equalise`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil, floor, log2, prod, sqrt

import numpy as np

from tacit.errors import InputError, QuantizationError
from tacit.graph import Graph, Node
from tacit.quantize.calibration import Array, Calibration
from tacit.quantize.equalise import classes

#: Of the generator whose numbers are the same in every version of NumPy.
SEED = 2026
#: A bias, as a share of a unit; a factor lies within this of 1; what scaled inputs reach.
BIAS, FACTOR, UNIT = 0.25, 0.5, 2.0
#: Columns of an input that differ by more than this factor are brought to like size.
UNEVEN = 8.0
#: Room of a tensor that cannot be rescaled; of the input of a function that becomes constant, beside where it does so; the
#: least magnitude of what a softmax reads.
ROOM, BEYOND, SOFTMAX = 4.0, 8.0, 16.0
#: Samples that are drawn from declared ranges.
DRAWN = 64


def check_ranges(graph: Graph, ranges: Mapping[str, tuple[float, float]]) -> None:
    """Raise InputError unless there are ranges of all inputs, and perhaps of outputs."""
    for name in graph.inputs:
        if name not in ranges:
            raise InputError(
                f"expected a range for each of {', '.join(graph.inputs)}, got {', '.join(ranges) or 'none'}",
                slug="architecture_only",
                place=f"input {name}",
                remedy=f'for example {{"{name}": (-1.0, 1.0)}}',
            )
    for name, ends in ranges.items():
        if name not in (*graph.inputs, *graph.outputs):
            raise InputError(
                f"expected ranges of inputs and outputs: {', '.join((*graph.inputs, *graph.outputs))}",
                slug="architecture_only",
                place=name,
                remedy="other tensors are rescaled, and need none",
            )
        if not (np.all(np.isfinite(ends)) and np.shape(ends) == (2,) and ends[0] < ends[1]):
            raise InputError(
                f"expected two finite numbers in order, got {ends}",
                slug="architecture_only",
                place=name,
                remedy="give the least and the greatest value that it may have",
            )


def drawn(graph: Graph, ranges: Mapping[str, tuple[float, float]]) -> dict[str, Array]:
    """Samples (DRAWN, d..) spread evenly over the declared ranges of the inputs. Raises InputError."""
    check_ranges(graph, ranges)
    generator = np.random.RandomState(SEED)
    return {name: generator.uniform(*ranges[name], size=(DRAWN, *graph.shapes[name])) for name in graph.inputs}


def stand_in(graph: Graph, inputs: Mapping[str, Array]) -> Graph:
    """The graph with constants made from shapes, and from the ranges of the inputs' columns, (2, n) by name.

    Raises QuantizationError where a constant's size has no such rule.
    """
    generator = np.random.RandomState(SEED)
    constants: dict[str, Array] = {}
    ends = dict(inputs)
    for node in graph.nodes:
        for place, name in enumerate(node.inputs):
            if name in graph.constants and name not in constants:
                constants[name] = _made(
                    graph, node, place, generator, ends.get(node.inputs[1 - place] if place < 2 else "")
                )
        _follow(graph, node, constants, ends)
    return replace(graph, constants=constants, origin=None)


def _made(graph: Graph, node: Node, place: int, generator: np.random.RandomState, ends: Array | None) -> Array:
    """He's rule for what multiplies sums, numbers about 1 for factors, small ones for what is added.

    `ends`: of the other operand's columns, where it is still in the units of an input: they are centred and brought to
    UNIT, as a network does that is trained on such inputs, or scales them first.
    """
    given = graph.constants[node.inputs[place]]
    if node.operator.shown.one_number and given.size == 1:
        return given
    size = np.ones(1) if ends is None else _sizes(ends)
    if node.op == "Conv" and place == 1:
        return np.asarray(generator.normal(size=given.shape) * sqrt(2 / prod(given.shape[1:])) / size.max())
    if node.op == "MatMul":
        made = generator.normal(size=given.shape) * sqrt(2 / given.shape[-2 if place else -1])
        told = place == 1 and size.size == given.shape[-2]
        return np.asarray(made / (size[:, None] if told else size.max()))
    along = ends is not None and size.size == given.size
    if node.operator.product == "entries":
        if along:
            return np.asarray((size if node.op == "Div" else 1 / size).reshape(given.shape))
        return np.asarray(generator.uniform(1 - FACTOR, 1 + FACTOR, size=given.shape))
    if node.operator.sums and along and ends is not None:
        return np.asarray((ends.mean(0) * (-1 if node.op == "Add" else 1)).reshape(given.shape))
    if node.operator.added is not None and place >= node.operator.added:
        return np.asarray(generator.normal(size=given.shape) * BIAS)
    raise QuantizationError(
        f"expected constants whose size follows from the architecture, got those of a {node.op}",
        slug="architecture_only",
        place=graph.sources.get(node.name, node.name),
        remedy="compile this model without architecture_only",
    )


def _sizes(ends: Array) -> Array:
    """By what columns are divided, one each: the same for all, but where they are uneven."""
    size = np.where(ends.any(0), np.abs(ends).max(0), 1.0) / UNIT
    return size if size.max() > UNEVEN * size.min() else np.full_like(size, size.max())


def _follow(graph: Graph, node: Node, constants: Mapping[str, Array], ends: dict[str, Array]) -> None:
    """Column ends of the result, where the node only shifts an input's columns or moves them as they are."""
    x, out = node.inputs[0], node.outputs[0]
    if x not in ends or graph.shapes[out][-1:] != graph.shapes[x][-1:]:
        return
    if node.op == "Reshape":
        ends[out] = ends[x]
    elif node.operator.sums and node.inputs[1] in constants and constants[node.inputs[1]].size == ends[x].shape[1]:
        ends[out] = ends[x] + constants[node.inputs[1]].reshape(-1) * (1 if node.op == "Add" else -1)


def nominal(graph: Graph, seen: Calibration, declared: Mapping[str, tuple[float, float]]) -> Calibration:
    """Ranges of a checkpoint's tensors: those of the stand-in, on a grid, and room for what keeps its units.

    `declared`: ranges of outputs, by name.
    """
    fixed = classes(graph).fixed
    given: dict[str, tuple[float, float]] = {}
    for node in graph.nodes:
        found = _declared(node, given)
        if found is not None:
            given[node.outputs[0]] = found
    for node in graph.nodes:
        tensor = node.inputs[0]
        flat = node.operator.flat
        if flat is not None and tensor in seen.ranges and tensor not in graph.inputs and tensor not in given:
            given[tensor] = (-BEYOND * flat, BEYOND * flat)
    asked = {node.inputs[0] for node in graph.nodes if node.operator.shares}
    ranges, columns = dict(seen.ranges), dict(seen.columns)
    for tensor in seen.ranges:
        if tensor in graph.inputs:
            continue
        factor = ROOM if tensor in fixed else 1.0
        low, high = (_outward(x * factor) for x in seen.ranges[tensor])
        if tensor in asked:
            low, high = min(low, -SOFTMAX), max(high, SOFTMAX)
        low, high = given.get(tensor, (low, high))
        if tensor in graph.outputs:
            low, high = declared.get(tensor, (low, high))
        ranges[tensor] = (low, high)
        columns[tensor] = np.stack([np.full_like(seen.columns[tensor][0], end) for end in (low, high)])
    return Calibration(ranges, seen.samples, columns)


def _declared(node: Node, given: Mapping[str, tuple[float, float]]) -> tuple[float, float] | None:
    """Where a function's results lie, whatever it reads; of views, where their input does."""
    known = node.operator
    if known.gives is not None:
        return known.gives
    if known.limits is not None:
        low, high = (float(node.attrs[key]) for key in known.limits)
        return (low, high) if np.isfinite([low, high]).all() else None
    return given.get(node.inputs[0]) if known.keeps_range else None


def _outward(value: float) -> float:
    """The next of 1, 1.25, 1.5, 1.75 times powers of two that is no smaller in magnitude."""
    if abs(value) < 2.0**-126:
        return 0.0
    step = 2.0 ** (floor(log2(abs(value))) - 2)
    return float(np.copysign(ceil(abs(value) / step) * step, value))
