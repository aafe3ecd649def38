"""Add, Sub, Mul, Div: entry by entry, broadcast."""

from __future__ import annotations

from collections.abc import Sequence

from tacit.graph.registry import (
    HIDDEN,
    Array,
    Attrs,
    Shown,
    always,
    canonical,
    gradient,
    kind_arithmetic,
    kind_float,
)
from tacit.graph.shapes import broadcast_shape, unbroadcast

KEPT, WEIGHED = frozenset({"keeps"}), frozenset({"weighs", "keeps"})
#: A constant factor of one number is a coefficient of the program.
FACTOR = Shown(one_number=True)


def by_one_number(attrs: Attrs, sizes: Sequence[int | None]) -> bool:
    """A product with one constant number is homogeneous; one with weights takes any scale on either side."""
    return any(size == 1 for size in sizes[1:])


@canonical(
    "Add",
    broadcast_shape,
    shown=HIDDEN,
    kind=kind_arithmetic,
    elementwise=True,
    sums=True,
    added=0,
    homogeneous=always,
    keeps_errors=True,
    columns=KEPT,
)
def add(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x + y, broadcast; a constant, if any, is the second input."""
    return inputs[0] + inputs[1]


@gradient("Add")
def add_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To both as it is, summed where an operand was repeated."""
    return [unbroadcast(grad, x.shape) for x in inputs]


@canonical(
    "Sub",
    broadcast_shape,
    shown=HIDDEN,
    kind=kind_arithmetic,
    elementwise=True,
    sums=True,
    added=0,
    homogeneous=always,
    keeps_errors=True,
    columns=KEPT,
)
def sub(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x - y, broadcast; y is never a constant (x - c becomes x + (-c)), x may be."""
    return inputs[0] - inputs[1]


@gradient("Sub")
def sub_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To the second with a minus."""
    return [unbroadcast(grad, inputs[0].shape), unbroadcast(-grad, inputs[1].shape)]


@canonical(
    "Mul",
    broadcast_shape,
    shown=FACTOR,
    kind=kind_arithmetic,
    elementwise=True,
    product="entries",
    homogeneous=by_one_number,
    keeps_errors=True,
    columns=WEIGHED,
)
def mul(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x * y, broadcast; a constant, if any, is the second input."""
    return inputs[0] * inputs[1]


@gradient("Mul")
def mul_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Times the other factor."""
    x, y = inputs
    return [unbroadcast(grad * y, x.shape), unbroadcast(grad * x, y.shape)]


@canonical(
    "Div",
    broadcast_shape,
    shown=FACTOR,
    kind=kind_float,
    elementwise=True,
    product="entries",
    homogeneous=by_one_number,
    columns=WEIGHED,
    unimported="x / c is imported as x * (1/c)",
)
def div(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x / c, broadcast, c a constant without zeros."""
    return inputs[0] / inputs[1]


@gradient("Div")
def div_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """1 / c, and -x / c^2."""
    x, c = inputs
    return [unbroadcast(grad / c, x.shape), unbroadcast(-grad * x / c**2, c.shape)]
