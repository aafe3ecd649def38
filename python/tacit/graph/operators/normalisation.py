"""Softmax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    AXIS,
    HIDDEN,
    Array,
    Attrs,
    canonical,
    gradient,
    kind_float,
)
from tacit.graph.shapes import same_shape


@canonical(
    "Softmax", same_shape, shown=HIDDEN, kind=kind_float, gives=(0.0, 1.0), shares=True, attributes={"axis": AXIS}
)
def softmax(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """exp(x) / sum of exp(x) along ``axis``, the maximum subtracted first."""
    shifted = np.exp(inputs[0] - inputs[0].max(axis=attrs["axis"], keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=attrs["axis"], keepdims=True))


@gradient("Softmax")
def softmax_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """y (grad - sum of y grad along the axis)."""
    return [output * (grad - (output * grad).sum(axis=attrs["axis"], keepdims=True))]
