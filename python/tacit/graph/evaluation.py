"""Float64 evaluation of a canonical graph, for calibration and comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tacit.errors import InputError
from tacit.exact import as_floats
from tacit.graph import operators as _operators  # noqa: F401 - fills the registry
from tacit.graph.nodes import Array, Graph, Shape


def split_samples(inputs: Mapping[str, Any], shapes: Mapping[str, Shape]) -> list[dict[str, Array]]:
    """One dictionary a sample, float64 arrays of exactly the shapes in ``shapes``; one sample at least.

    For shape ``(b, d...)`` an array is one sample of that shape, samples ``(n, b, d...)``, or rows ``(n, d...)``, of which b
    make a sample (what is left over is left out).
    Raises InputError: slugs missing, extra, dtype, inexact, not_finite, shape.
    """
    for name in shapes:
        if name not in inputs:
            raise InputError(
                f"expected samples of it, got those of {', '.join(inputs) or 'none'}", slug="missing", place=name
            )
    for name in inputs:
        if name not in shapes:
            raise InputError(f"expected samples of {', '.join(shapes)} only", slug="extra", place=name)
    lists = {name: _samples(name, inputs[name], shape) for name, shape in shapes.items()}
    counts = {name: len(samples) for name, samples in lists.items()}
    if len(set(counts.values())) > 1:
        each = ", ".join(f"{n} of {name}" for name, n in counts.items())
        raise InputError(f"expected as many samples of each input, got {each}", slug="shape", place=next(iter(counts)))
    total = next(iter(counts.values()), 0)
    if not total:
        raise InputError("no sample (fewer than one batch)", slug="shape", place=", ".join(shapes) or "inputs")
    return [{name: samples[index] for name, samples in lists.items()} for index in range(total)]


def _samples(name: str, given: Any, shape: Shape) -> list[Array]:
    """The samples of one input."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "biufO":
            raise InputError(f"expected real numbers, got {array.dtype}", slug="dtype", place=name)
        values = as_floats(array, name)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"not an array of numbers: {error}", slug="dtype", place=name) from None
    if not np.isfinite(values).all():
        raise InputError("a value that is not finite", slug="not_finite", place=name)
    if values.shape == shape:
        return [values]
    if values.ndim == len(shape) + 1 and values.shape[1:] == shape:
        return list(values)
    if shape and values.ndim == len(shape) and values.shape[1:] == shape[1:]:
        count = len(values) // shape[0]
        return list(values[: count * shape[0]].reshape(count, *shape))
    raise InputError(
        f"expected shape {list(shape)}, or samples of it with an axis in front, got {list(values.shape)}",
        slug="shape",
        place=name,
    )


def evaluate_samples(graph: Graph, inputs: Mapping[str, Any]) -> Iterator[dict[str, Array]]:
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


def evaluate(graph: Graph, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """Evaluate every tensor of ``graph`` that is not a constant, in float64, sample by sample.

    Inputs are given as in :func:`split_samples`. Every result has the sample axis in front: ``(n, *graph.shapes[tensor])``.
    Raises :class:`tacit.errors.InputError`.
    """
    samples = list(evaluate_samples(graph, inputs))
    return {name: np.stack([sample[name] for sample in samples]) for name in samples[0]}
