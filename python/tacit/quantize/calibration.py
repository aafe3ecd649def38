"""Ranges of every tensor, from samples: the graph's own batches, and what the float network does on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError
from tacit.exact import as_floats
from tacit.graph import Graph
from tacit.graph.evaluation import evaluate_sample, split_samples

Array = npt.NDArray[Any]


#: What an end may be passed by, relative to the larger one: 0.1 as a float32 is more than 0.1.
FLOAT32 = 2.0**-23
#: Columns that are told apart, at most.
MOST_COLUMNS = 4096


@dataclass(frozen=True)
class Calibration:
    """What the float network did on the calibration samples: [least, greatest] of every tensor.

    `columns`: the same along a tensor's last axis, (2, n), for tensors of at most MOST_COLUMNS. `declared`: inputs whose ranges
    were given: those need no headroom.
    """

    ranges: Mapping[str, tuple[float, float]]
    samples: int
    columns: Mapping[str, Array] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()

    def room(self, tensor: str, headroom: float) -> float:
        """The magnitude that there is room for."""
        return self.magnitude(tensor) * (1.0 if tensor in self.declared else headroom)

    def magnitude(self, tensor: str) -> float:
        """The largest absolute value; 1 where that is 0, or as good as 0 for a float32."""
        found = max(abs(self.ranges[tensor][0]), abs(self.ranges[tensor][1]))
        return found if found > 2.0**-126 else 1.0


def batches(graph: Graph, inputs: Mapping[str, Any]) -> list[dict[str, Array]]:
    """Runs of the graph's own batch, from arrays of which some may be no input's (labels, say). Raises InputError."""
    known = {name: values for name, values in inputs.items() if name in graph.inputs}
    return split_samples(known, {name: graph.shapes[name] for name in graph.inputs})


def calibrate(graph: Graph, inputs: Mapping[str, Array]) -> Calibration:
    """Ranges of all tensors over the samples."""
    ranges: dict[str, tuple[float, float]] = {}
    columns: dict[str, Array] = {}
    count = 0
    for sample in batches(graph, inputs):
        count += 1
        for name, x in evaluate_sample(graph, sample).items():
            ends = _ends(x)
            old = columns.get(name, ends)
            columns[name] = np.stack([np.minimum(ends[0], old[0]), np.maximum(ends[1], old[1])])
    for name, ends in columns.items():
        ranges[name] = (float(ends[0].min()), float(ends[1].max()))
    for name, (low, high) in ranges.items():
        if not np.isfinite(low) or not np.isfinite(high):
            raise InputError("the float network gives infinities or NaN in calibration", place=name)
    return Calibration(ranges, count, columns)


def _ends(x: Array) -> Array:
    """Least and greatest entry along the last axis, (2, n); of all entries, (2, 1), where that has too many."""
    rows = x.reshape(-1, x.shape[-1] if x.ndim and x.shape[-1] <= MOST_COLUMNS else 1)
    return np.stack([rows.min(0), rows.max(0)])


def declare(found: Calibration, graph: Graph, ranges: Mapping[str, tuple[Any, Any]]) -> Calibration:
    """The same with these ranges of inputs, (least, greatest) each: numbers, or one a column (the last axis).

    Raises InputError where they are no ranges, or where a sample lies outside.
    """
    ends, columns = dict(found.ranges), dict(found.columns)
    for name, given in ranges.items():
        if name not in graph.inputs:
            raise InputError("no such input", slug="ranges", place=name, remedy=f"inputs: {', '.join(graph.inputs)}")
        low, high = _declared(name, given, graph.shapes[name][-1] if graph.shapes[name] else 1)
        seen = columns[name]
        wide = np.broadcast_to(low, seen.shape[1:]), np.broadcast_to(high, seen.shape[1:])
        near = FLOAT32 * np.maximum(np.abs(wide[0]), np.abs(wide[1]))
        outside = np.flatnonzero((seen[0] < wide[0] - near) | (seen[1] > wide[1] + near))
        if outside.size:
            i = int(outside[0])
            where = f" in column {i}" if low.size > 1 else ""
            raise InputError(
                f"expected samples in [{wide[0][i]:g}, {wide[1][i]:g}]{where}, got {seen[0][i]:g} to {seen[1][i]:g}",
                slug="ranges",
                place=name,
            )
        ends[name] = float(low.min()), float(high.max())
        columns[name] = (
            np.stack(wide) if low.size > 1 else np.stack([np.maximum(seen[0], low), np.minimum(seen[1], high)])
        )
    return Calibration(ends, found.samples, columns, frozenset(ranges))


def _declared(name: str, given: Any, columns: int) -> tuple[Array, Array]:
    """Least and greatest as arrays of one entry or of one a column."""
    try:
        low, high = (np.atleast_1d(as_floats(np.asarray(end), name)) for end in given)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"expected (least, greatest), got {given!r}", slug="ranges", place=name) from None
    if low.shape != high.shape or low.shape not in ((1,), (columns,)):
        raise InputError(
            f"expected two numbers, or two rows of {columns}, got shapes {low.shape} and {high.shape}",
            slug="ranges",
            place=name,
        )
    if not np.all(np.isfinite([low, high])):
        raise InputError(f"expected finite numbers, got {given!r}", slug="ranges", place=name)
    if not np.all(low < high):
        raise InputError("expected each least below its greatest", slug="ranges", place=name)
    return low, high
