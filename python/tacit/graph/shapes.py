"""Shape rules that several operators share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import Array, Attrs, Shape


def same_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    """The output has the shape of the only input."""
    return shapes[0]


def broadcast_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    """NumPy's (and ONNX's multidirectional) broadcasting; ``ValueError`` when the shapes do not fit."""
    return tuple(int(extent) for extent in np.broadcast_shapes(*shapes))


def unbroadcast(grad: Array, shape: Shape) -> Array:
    """The sum over the axes along which an operand of this shape was repeated."""
    lead = grad.ndim - len(shape)
    axes = tuple(range(lead)) + tuple(lead + i for i, n in enumerate(shape) if n == 1 and grad.shape[lead + i] != 1)
    return np.asarray(grad.sum(axes, keepdims=True)).reshape(shape) if axes else grad
