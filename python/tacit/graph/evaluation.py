"""Float64 evaluation of a canonical graph, for calibration and comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from tacit.errors import InputError
from tacit.exact import as_floats
from tacit.graph import operators as _operators  # noqa: F401 - fills the registry
from tacit.graph.nodes import Array, Graph, Shape


def split_samples(inputs: Mapping[str, Array], shapes: Mapping[str, Shape]) -> list[dict[str, Array]]:
    """One dictionary a sample, every array of exactly the shape in ``shapes``. Raises :class:`InputError`.

    An array for shape ``(b, d...)`` is one sample of that shape, samples ``(n, b, d...)`` or, if b = 1, ``(n, d...)``.
    """
    if set(inputs) != set(shapes):
        raise InputError(
            f"inputs {sorted(inputs)} given, {sorted(shapes)} expected", slug="input_names", place="inputs"
        )
    columns: dict[str, Array] = {}
    for name, shape in shapes.items():
        columns[name] = _samples(name, np.asarray(inputs[name]), shape)
    counts = {name: len(column) for name, column in columns.items()}
    if len(set(counts.values())) > 1:
        raise InputError(f"the inputs have different numbers of samples: {counts}", slug="input_shape", place="inputs")
    total = next(iter(counts.values()), 0)
    return [{name: column[index] for name, column in columns.items()} for index in range(total)]


def _samples(name: str, array: Array, shape: Shape) -> Array:
    """The array as (samples, *shape)."""
    place = f"input {name}"
    if array.dtype.kind not in "fiub":
        raise InputError(f"type {array.dtype} is not a number", slug="input_type", place=place)
    as_floats(array, place)
    if not np.isfinite(array).all():
        raise InputError("it has a NaN or an infinite entry", slug="not_finite", place=place)
    if array.shape == shape:
        return array[np.newaxis]
    if array.shape[1:] == shape and array.ndim == len(shape) + 1:
        return array
    if shape and shape[0] == 1 and array.ndim == len(shape) and array.shape[1:] == shape[1:]:
        return array[:, np.newaxis]
    raise InputError(
        f"shape {list(array.shape)} given, {list(shape)} expected, or samples of it with an axis in front",
        slug="input_shape",
        place=place,
    )


def evaluate_samples(graph: Graph, inputs: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    """As :func:`evaluate`, one sample at a time, arrays of shape ``graph.shapes[tensor]``: memory stays that of one."""
    for sample in split_samples(inputs, {name: graph.shapes[name] for name in graph.inputs}):
        yield evaluate_sample(graph, sample)


def evaluate_sample(graph: Graph, sample: Mapping[str, Array]) -> dict[str, Array]:
    """Inputs and node outputs for one sample; raises :class:`InputError` when a value is not finite."""
    values: dict[str, Array] = {name: np.asarray(array, dtype=np.float64) for name, array in sample.items()}
    for node in graph.nodes:
        arrays = [graph.constants[name] if name in graph.constants else values[name] for name in node.inputs]
        with np.errstate(all="ignore"):
            result = np.asarray(node.operator.evaluate(node.attrs, arrays), dtype=np.float64)
        if not np.isfinite(result).all():
            raise InputError(
                "its value overflows on this input", slug="not_finite", place=f"node {node.name} ({node.op})"
            )
        values[node.outputs[0]] = result
    return values


def evaluate(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Evaluate every tensor of ``graph`` that is not a constant, in float64, sample by sample.

    An input of graph shape ``(b, d...)`` is given as one sample of that shape, as samples ``(n, b, d...)``, or,
    when b = 1, as ``(n, d...)``. Every result has the sample axis in front: ``(n, *graph.shapes[tensor])``.
    Raises :class:`tacit.errors.InputError`.
    """
    samples: Sequence[dict[str, Array]] = list(evaluate_samples(graph, inputs))
    if not samples:
        raise InputError("there are no samples", slug="input_shape", place="inputs")
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
