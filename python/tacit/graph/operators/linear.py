"""MatMul."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    HIDDEN,
    Array,
    Attrs,
    Shape,
    canonical,
    gradient,
    kind_arithmetic,
)
from tacit.graph.shapes import unbroadcast


def _matmul_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    x, y = shapes
    if len(x) < 2 or len(y) < 2:
        raise ValueError("a matrix product needs two axes on both sides")
    if x[-1] != y[-2]:
        raise ValueError(f"inner extents {x[-1]} and {y[-2]} differ")
    batch = tuple(int(extent) for extent in np.broadcast_shapes(x[:-2], y[:-2]))
    return (*batch, x[-2], y[-1])


@canonical("MatMul", _matmul_shape, shown=HIDDEN, kind=kind_arithmetic, product="sums", columns=frozenset({"weighs"}))
def matmul(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x @ y as numpy.matmul, both with at least two axes, leading axes broadcast; either may be a constant."""
    return np.asarray(np.matmul(inputs[0], inputs[1]))


@gradient("MatMul")
def matmul_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """grad y^T and x^T grad, summed over axes that were repeated."""
    x, y = inputs
    return [
        unbroadcast(np.matmul(grad, np.swapaxes(y, -1, -2)), x.shape),
        unbroadcast(np.matmul(np.swapaxes(x, -1, -2), grad), y.shape),
    ]
