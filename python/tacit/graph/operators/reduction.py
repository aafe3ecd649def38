"""ReduceSum, ReduceMean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    ASCENDING,
    FLAG,
    HIDDEN,
    Array,
    Attrs,
    Shape,
    always,
    canonical,
    gradient,
    kind_arithmetic,
    kind_float,
)


def reduced_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    axes = attrs["axes"]
    return tuple(
        1 if axis in axes else extent for axis, extent in enumerate(shapes[0]) if attrs["keepdims"] or axis not in axes
    )


def _spread(attrs: Attrs, shape: Shape, grad: Array) -> Array:
    kept = tuple(1 if axis in attrs["axes"] else extent for axis, extent in enumerate(shape))
    return np.broadcast_to(grad.reshape(kept), shape)


@canonical(
    "ReduceSum",
    reduced_shape,
    shown=HIDDEN,
    kind=kind_arithmetic,
    homogeneous=always,
    attributes={"axes": ASCENDING, "keepdims": FLAG},
)
def reduce_sum(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Sum over ``axes`` (ascending, at least one); ``keepdims``: 1 keeps them with extent 1, 0 drops them."""
    return np.asarray(inputs[0].sum(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))


@gradient("ReduceSum")
def reduce_sum_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To every entry of the sum."""
    return [_spread(attrs, inputs[0].shape, grad)]


@canonical(
    "ReduceMean",
    reduced_shape,
    shown=HIDDEN,
    kind=kind_float,
    homogeneous=always,
    keeps_range=True,
    attributes={"axes": ASCENDING, "keepdims": FLAG},
)
def reduce_mean(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Mean over ``axes`` (ascending, at least one); ``keepdims`` as in ReduceSum."""
    return np.asarray(inputs[0].mean(axis=attrs["axes"], keepdims=bool(attrs["keepdims"])))


@gradient("ReduceMean")
def reduce_mean_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To every entry its share."""
    x = inputs[0]
    return [_spread(attrs, x.shape, grad) * (grad.size / x.size)]
