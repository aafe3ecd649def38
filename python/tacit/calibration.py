"""Ranges of every tensor, from samples: the graph's own batches, and what the float network does on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError
from tacit.graph import Graph, evaluate_samples

Array = npt.NDArray[Any]


#: Columns that are told apart, at most.
MOST_COLUMNS = 4096


@dataclass(frozen=True)
class Calibration:
    """What the float network did on the calibration samples: [least, greatest] of every tensor.

    `columns`: the same along a tensor's last axis, (2, n), for tensors of at most MOST_COLUMNS.
    """

    ranges: Mapping[str, tuple[float, float]]
    samples: int
    columns: Mapping[str, Array] = field(default_factory=dict)

    def magnitude(self, tensor: str) -> float:
        """The largest absolute value; 1 where that is 0, or as good as 0 for a float32."""
        found = max(abs(self.ranges[tensor][0]), abs(self.ranges[tensor][1]))
        return found if found > 2.0**-126 else 1.0


def batches(graph: Graph, inputs: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """Runs of the graph's own batch: inputs (n, d..) or (n, b, d..) cut into arrays of the graph's shapes."""
    lists: dict[str, list[Array]] = {}
    for name in graph.inputs:
        if name not in inputs:
            raise InputError("missing", place=name)
        shape = graph.shapes[name]
        try:
            given = np.asarray(inputs[name])
        except ValueError as error:
            raise InputError(f"not an array of numbers: {error}", slug="dtype", place=name) from None
        if given.dtype.kind not in "biufO":
            raise InputError(f"expected real numbers, got {given.dtype}", slug="dtype", place=name)
        try:
            data = given.astype(np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"not an array of numbers: {error}", slug="dtype", place=name) from None
        if not np.all(np.isfinite(data)):
            raise InputError("a value that is not finite", place=name)
        if data.ndim == len(shape) + 1 and data.shape[1:] == shape:
            lists[name] = list(data)
        elif data.ndim == len(shape) and data.shape[1:] == shape[1:]:
            b = shape[0]
            lists[name] = [data[i : i + b] for i in range(0, len(data) - b + 1, b)]
        else:
            raise InputError(f"shape {list(data.shape)}, expected samples of shape {list(shape)}", place=name)
    count = min(len(items) for items in lists.values())
    if not count:
        raise InputError("no sample (fewer than one batch)", place=graph.name)
    for i in range(count):
        yield {name: items[i] for name, items in lists.items()}


def calibrate(graph: Graph, inputs: Mapping[str, Array]) -> Calibration:
    """Ranges of all tensors over the samples."""
    ranges: dict[str, tuple[float, float]] = {}
    columns: dict[str, Array] = {}
    count = 0
    for sample in batches(graph, inputs):
        for values in evaluate_samples(graph, {name: x[None] for name, x in sample.items()}):
            count += 1
            for name, x in (values | sample).items():
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
