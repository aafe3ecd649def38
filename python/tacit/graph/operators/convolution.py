"""Conv."""

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
    canonical,
    gradient,
    kind_arithmetic,
)
from tacit.graph.windows import Window, gathered, patches


def _window(attrs: Attrs, weight: Shape) -> Window:
    return Window(weight[2:], attrs["strides"], attrs["dilations"], attrs["pads"])


def _conv_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    x, weight = shapes[0], shapes[1]
    group = attrs["group"]
    if len(x) != len(weight):
        raise ValueError(f"weights with {len(weight)} axes")
    if group < 1 or weight[0] % group or x[1] != weight[1] * group:
        raise ValueError(f"{x[1]} channels with weights {list(weight)} in {group} groups")
    if len(shapes) == 3 and shapes[2] != (weight[0],):
        raise ValueError(f"a bias of shape {list(shapes[2])} for {weight[0]} channels")
    return (x[0], weight[0], *_window(attrs, weight).extents(x[2:]))


@canonical(
    "Conv",
    _conv_shape,
    shown=HIDDEN,
    kind=kind_arithmetic,
    product="sums",
    added=2,
    attributes={"strides": EXTENTS, "dilations": EXTENTS, "pads": COUNTS, "group": Attribute(least=1)},
)
def conv(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Cross-correlation of x (n, c, spatial...) with a constant weight (o, c/group, kernel...), 1-D or 2-D.

    Third input, optional: a constant bias (o). Attributes: ``strides``, ``dilations`` (one a spatial axis), ``pads``
    ([begin..., end...], zeros), ``group``.
    """
    x, weight = inputs[0], inputs[1]
    group = attrs["group"]
    window = _window(attrs, weight.shape)
    seen = patches(x, window)
    extents = window.extents(x.shape[2:])
    columns = seen.reshape(x.shape[0], group, -1, int(np.prod(extents)))  # (n, g, c/g * kernel, out)
    rows = weight.reshape(1, group, weight.shape[0] // group, -1)  # (1, g, o/g, c/g * kernel)
    result = np.matmul(rows, columns).reshape(x.shape[0], weight.shape[0], *extents)
    if len(inputs) == 3:
        result = result + inputs[2].reshape(1, -1, *([1] * len(extents)))
    return np.asarray(result)


@gradient("Conv")
def conv_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Every entry from the windows that saw it; every weight from what its windows saw; the bias from all."""
    x, weight = inputs[0], inputs[1]
    group, window = attrs["group"], _window(attrs, weight.shape)
    columns = patches(x, window).reshape(x.shape[0], group, -1, int(np.prod(grad.shape[2:])))
    rows = weight.reshape(1, group, weight.shape[0] // group, -1)
    found = grad.reshape(x.shape[0], group, weight.shape[0] // group, -1)
    of_weight = np.matmul(found, np.swapaxes(columns, -1, -2)).sum(0).reshape(weight.shape)
    seen = np.matmul(np.swapaxes(rows, -1, -2), found)
    of_x = gathered(seen.reshape(*x.shape[:2], *weight.shape[2:], *grad.shape[2:]), x.shape[2:], window)
    bias = [grad.sum(axis=(0, *range(2, grad.ndim)))] if len(inputs) == 3 else []
    return [of_x, of_weight, *bias]
