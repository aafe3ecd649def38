"""What jumps: comparisons with a constant, ArgMax."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tacit.graph.operators.reduction import reduced_shape
from tacit.graph.registry import (
    AXIS,
    FLAG,
    HIDDEN,
    Array,
    Attribute,
    Attrs,
    Shape,
    Shown,
    canonical,
    kind_bool,
    kind_int,
)
from tacit.graph.shapes import broadcast_shape

#: The bound of a comparison, one number, stands in the program.
BOUND, READ = Shown(one_number=True), frozenset({"reads"})


@canonical("Greater", broadcast_shape, shown=BOUND, kind=kind_bool, elementwise=True, jumps=True, columns=READ)
def greater(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x > c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] > inputs[1], dtype=np.float64)


@canonical("Less", broadcast_shape, shown=BOUND, kind=kind_bool, elementwise=True, jumps=True, columns=READ)
def less(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x < c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] < inputs[1], dtype=np.float64)


@canonical("GreaterOrEqual", broadcast_shape, shown=BOUND, kind=kind_bool, elementwise=True, jumps=True, columns=READ)
def greater_or_equal(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x >= c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] >= inputs[1], dtype=np.float64)


@canonical("LessOrEqual", broadcast_shape, shown=BOUND, kind=kind_bool, elementwise=True, jumps=True, columns=READ)
def less_or_equal(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 where x <= c, else 0; c a constant, broadcast."""
    return np.asarray(inputs[0] <= inputs[1], dtype=np.float64)


def _argmax_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    return reduced_shape({"axes": (attrs["axis"],), "keepdims": attrs["keepdims"]}, shapes)


@canonical(
    "ArgMax",
    _argmax_shape,
    shown=HIDDEN,
    kind=kind_int,
    jumps=True,
    scale_free=True,
    columns=READ,
    attributes={"axis": AXIS, "keepdims": FLAG, "select_last_index": Attribute(most=0)},
)
def argmax(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Index of the first largest entry along ``axis``. Attributes ``axis``, ``keepdims``, ``select_last_index`` = 0."""
    found = np.argmax(inputs[0], axis=attrs["axis"], keepdims=bool(attrs["keepdims"]))
    return np.asarray(found, dtype=np.float64)
