"""ReduceSum, ReduceMean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    HIDDEN,
    Array,
    Attrs,
    Shape,
    always,
    canonical,
    kind_arithmetic,
    kind_float,
)


def reduced_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    axes = attrs["axes"]
    return tuple(
        1 if axis in axes else extent for axis, extent in enumerate(shapes[0]) if attrs["keepdims"] or axis not in axes
    )


@canonical("ReduceSum", reduced_shape, shown=HIDDEN, kind=kind_arithmetic, homogeneous=always)
def reduce_sum(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Sum over ``axes`` (ascending, at least one); ``keepdims``: 1 keeps them with extent 1, 0 drops them."""
    return np.asarray(inputs[0].sum(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))


@canonical("ReduceMean", reduced_shape, shown=HIDDEN, kind=kind_float, homogeneous=always, keeps_range=True)
def reduce_mean(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Mean over ``axes`` (ascending, at least one); ``keepdims`` as in ReduceSum."""
    return np.asarray(inputs[0].mean(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))
