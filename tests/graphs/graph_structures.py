"""Small graphs that people build all the time: residuals, gates, squared means, products of tensors whose scales moved."""

from __future__ import annotations

import numpy as np
from graph_grower import Grower
from graph_makers import Maker, some_axes

STRUCTURES: dict[str, Maker] = {}


def structure(function: Maker) -> Maker:
    STRUCTURES[function.__name__] = function
    return function


def moved(g: Grower, x: str) -> str | None:
    """Something that only moves the scale."""
    kind = g.whole(0, 5)
    if kind == 0:
        return g.add("Mul", [x, g.constant(np.array(g.power()), g.dtype(x))])
    if kind == 1:
        return g.add("Div", [x, g.constant(np.array(g.power()), g.dtype(x))])
    rank = len(g.shape(x))
    if kind == 2 and rank >= 3:
        return g.add("GlobalAveragePool", [x])
    if kind == 3 and rank:
        axes = some_axes(g, rank)
        if g.case.opset < 18:
            return g.add("ReduceMean", [x], axes=axes)
        return g.add("ReduceMean", [x, g.integers(axes)])
    if kind == 4:
        y = g.partner(x)
        return y and g.add("Mean", [x, y]) if g.case.opset >= 8 else g.add("Mean", [x, x])
    return g.add("Mul", [g.constant(np.full((1,) * rank, 0.5), g.dtype(x)), x])


def curved(g: Grower, x: str) -> str | None:
    """A function of it that is no line."""
    op = g.choose(["Relu", "Sigmoid", "Tanh", "Abs", "Softmax"])
    if op in ("Relu", "Abs"):
        return g.add(op, [x])
    if op == "Softmax" and not g.shape(x):
        return None
    return g.add(op, [g.tamed(x)])


@structure
def residual(g: Grower, op: str) -> str | None:
    x = g.any_float()
    y = g.choose([moved, curved])(g, x)
    return y and g.add(g.choose(["Add", "Sub", "Add"]), [x, y] if g.chance(0.5) else [y, x])


@structure
def gated(g: Grower, op: str) -> str | None:
    """x * f(x)."""
    x = g.any_float()
    y = g.choose([moved, curved])(g, x)
    return y and g.add("Mul", [x, y] if g.chance(0.5) else [y, x])


@structure
def squared(g: Grower, op: str) -> str | None:
    """f(x)^2 of something that only moved the scale."""
    y = moved(g, g.any_float())
    return y and g.add("Mul", [y, y])


@structure
def moved_twice(g: Grower, op: str) -> str | None:
    """The product of two tensors whose scales moved."""
    x = g.any_float()
    a = moved(g, x)
    b = moved(g, a if a and g.chance(0.5) else x)
    if a is None or b is None or g.dtype(a) != g.dtype(b):
        return None
    return g.add("Mul", [a, b])


@structure
def moved_matmul(g: Grower, op: str) -> str | None:
    """A matrix product of two computed tensors, one of which moved its scale."""
    x = g.pick("f", lambda s: len(s) >= 2)
    y = x and moved(g, x)
    if x is None or y is None or len(g.shape(y)) < 2:
        return None
    rank = len(g.shape(y))
    turned = g.add("Transpose", [y], perm=[*range(rank - 2), rank - 1, rank - 2])
    return turned and g.add("MatMul", [x, turned] if g.chance(0.5) else [turned, x])


@structure
def moved_then_dense(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) >= 1)
    y = x and moved(g, x)
    if y is None or not g.shape(y):
        return None
    return g.add("MatMul", [y, g.constant(g.normal(g.shape(y)[-1], 3), g.dtype(y))])


@structure
def variance(g: Grower, op: str) -> str | None:
    """mean(x^2) - mean(x)^2."""
    x = g.pick("f", lambda s: len(s) >= 1)
    if x is None:
        return None

    def mean(name: str) -> str | None:
        axis = [len(g.shape(name)) - 1]
        return (
            g.add("ReduceMean", [name], axes=axis)
            if g.case.opset < 18
            else g.add("ReduceMean", [name, g.integers(axis)])
        )

    square = g.add("Mul", [x, x])
    first, second = square and mean(square), mean(x)
    again = second and g.add("Mul", [second, second])
    return first and again and g.add("Sub", [first, again])


@structure
def there_and_back(g: Grower, op: str) -> str | None:
    """A power of two that is taken back, or an order of axes; what lies between may be an output, so that nothing folds it."""
    x = g.pick("f", lambda s: len(s) >= 1)
    if x is None:
        return None
    if g.chance(0.3):
        perm = [int(a) for a in g.rng.permutation(len(g.shape(x)))]
        turned = g.add("Transpose", [x], perm=perm)
        return turned and g.add("Transpose", [turned], perm=[perm.index(a) for a in range(len(perm))])
    factor, dtype = g.power(), g.dtype(x)
    first = g.add(g.choose(["Mul", "Div"]), [x, g.constant(np.array(factor), dtype)])
    between = first and (curved(g, first) if g.chance(0.4) else first)
    return between and g.add(g.choose(["Mul", "Div"]), [between, g.constant(np.array(factor), dtype)])
