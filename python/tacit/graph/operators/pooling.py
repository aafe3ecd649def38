"""MaxPool, AveragePool, GlobalAveragePool."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    COUNTS,
    EXTENTS,
    HIDDEN,
    Array,
    Attribute,
    Attrs,
    Shape,
    always,
    canonical,
    gradient,
    kind_float,
)
from tacit.graph.windows import Window, gathered, patches

#: Attributes of windows.
WINDOW = {"kernel_shape": EXTENTS, "strides": EXTENTS, "dilations": EXTENTS, "pads": COUNTS}


def _window(attrs: Attrs) -> Window:
    return Window(attrs["kernel_shape"], attrs["strides"], attrs["dilations"], attrs["pads"])


def _pool_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    return (*shapes[0][:2], *_window(attrs).extents(shapes[0][2:]))


@canonical(
    "MaxPool",
    _pool_shape,
    shown=HIDDEN,
    homogeneous=always,
    keeps_scale=True,
    keeps_range=True,
    keeps_errors=True,
    attributes={**WINDOW},
)
def max_pool(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Largest entry of each window of x (n, c, spatial...); padding never wins, every window meets an entry of x.

    Attributes: ``kernel_shape``, ``strides``, ``dilations``, ``pads`` ([begin..., end...]).
    """
    window = _window(attrs)
    rank = len(window.kernel)
    padding = [(0, 0), (0, 0)] + [(window.pads[axis], window.pads[rank + axis]) for axis in range(rank)]
    padded = np.pad(inputs[0], padding, constant_values=-np.inf)
    seen = patches(padded, Window(window.kernel, window.strides, window.dilations, (0,) * (2 * rank)))
    return np.asarray(seen.max(axis=tuple(range(2, 2 + rank))))


@gradient("MaxPool")
def max_pool_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To the first largest entry of each window."""
    window = _window(attrs)
    rank = len(window.kernel)
    padding = [(0, 0), (0, 0)] + [(window.pads[axis], window.pads[rank + axis]) for axis in range(rank)]
    padded = np.pad(inputs[0], padding, constant_values=-np.inf)
    seen = patches(padded, Window(window.kernel, window.strides, window.dilations, (0,) * (2 * rank)))
    flat = seen.reshape(*seen.shape[:2], -1, *seen.shape[2 + rank :])
    first = np.expand_dims(flat.argmax(2), 2)
    chosen = (np.arange(flat.shape[2]).reshape(1, 1, -1, *[1] * rank) == first).reshape(seen.shape)
    return [gathered(chosen * np.expand_dims(grad, tuple(range(2, 2 + rank))), inputs[0].shape[2:], window)]


@canonical(
    "AveragePool",
    _pool_shape,
    shown=HIDDEN,
    kind=kind_float,
    homogeneous=always,
    keeps_range=True,
    attributes={**WINDOW, "count_include_pad": Attribute(least=1, most=1)},
)
def average_pool(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Mean of each window of x (n, c, spatial...), padding counted as zeros: the divisor is always the kernel's size.

    Attributes: ``kernel_shape``, ``strides``, ``dilations``, ``pads`` ([begin..., end...]), ``count_include_pad`` = 1.
    """
    window = _window(attrs)
    return np.asarray(patches(inputs[0], window).mean(axis=tuple(range(2, 2 + len(window.kernel)))))


@gradient("AveragePool")
def average_pool_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Each entry its share from every window."""
    window = _window(attrs)
    rank = len(window.kernel)
    share = np.expand_dims(grad, tuple(range(2, 2 + rank))) / float(np.prod(window.kernel))
    shape = (*grad.shape[:2], *window.kernel, *grad.shape[2:])
    return [gathered(np.broadcast_to(share, shape), inputs[0].shape[2:], window)]


def _global_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    if len(shapes[0]) < 3:
        raise ValueError("global pooling needs spatial axes")
    return (*shapes[0][:2], *([1] * (len(shapes[0]) - 2)))


@canonical("GlobalAveragePool", _global_shape, shown=HIDDEN, kind=kind_float, homogeneous=always, keeps_range=True)
def global_average_pool(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Mean over all spatial axes, which stay with extent 1."""
    return np.asarray(inputs[0].mean(axis=tuple(range(2, inputs[0].ndim)), keepdims=True))


@gradient("GlobalAveragePool")
def global_average_pool_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Each entry the same share."""
    x = inputs[0]
    return [np.broadcast_to(grad / float(np.prod(x.shape[2:])), x.shape)]
