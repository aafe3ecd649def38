"""Makers: one function for every ONNX operator, which adds it with random attributes.

A maker returns the name of its result, or None where nothing came of it. Those of layouts and windows are in
`graph_layouts`; all are in MAKERS, by operator.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from graph_grower import Grower

Maker = Callable[[Grower, str], "str | None"]
MAKERS: dict[str, Maker] = {}

#: The opset an operator came with, or came with a form that the importers take.
SINCE = {"HardSwish": 14, "Gelu": 20, "GreaterOrEqual": 12, "LessOrEqual": 12, "Expand": 8, "Erf": 9}


def maker(*names: str) -> Callable[[Maker], Maker]:
    def register(function: Maker) -> Maker:
        MAKERS.update(dict.fromkeys(names, function))
        return function

    return register


def axis_in(g: Grower, rank: int, since: int = 11) -> int:
    """An axis, counted from the back at times where the opset allows it."""
    axis = g.whole(0, rank - 1)
    return axis - rank if g.chance(0.3) and g.case.opset >= since else axis


def some_axes(g: Grower, rank: int) -> list[int]:
    """One axis or more, perhaps out of order."""
    count = g.whole(1, rank)
    axes = [int(a) for a in g.rng.permutation(rank)[:count]]
    return [a - rank if g.chance(0.2) and g.case.opset >= 11 else a for a in axes]


# --- one number -------------------------------------------------------------------------------------------------------


@maker("Relu", "Abs", "Neg")
def plain(g: Grower, op: str) -> str | None:
    return g.add(op, [g.any_float()])


@maker("Sigmoid", "Tanh", "Erf", "HardSwish")
def saturating(g: Grower, op: str) -> str | None:
    return g.add(op, [g.tamed(g.any_float())])


@maker("Gelu")
def gelu(g: Grower, op: str) -> str | None:
    return g.add(op, [g.tamed(g.any_float())], approximate=g.choose([None, "none", "tanh"]))


@maker("HardSigmoid")
def hard_sigmoid(g: Grower, op: str) -> str | None:
    alpha, beta = g.choose([None, 0.2, 1 / 6, 0.5, 0.25, 1.0]), g.choose([None, 0.5, 0.0, 0.3])
    return g.add(op, [g.tamed(g.any_float())], alpha=alpha, beta=beta)


@maker("LeakyRelu")
def leaky_relu(g: Grower, op: str) -> str | None:
    return g.add(op, [g.any_float()], alpha=g.choose([None, 0.01, 0.1, 0.25, 0.5, 1 / 3, 1.0, 2.0, -0.5, 0.0]))


@maker("PRelu")
def prelu(g: Grower, op: str) -> str | None:
    x = g.any_float()
    shape = g.shape(x)
    if not shape:
        return None
    own = g.choose([shape, shape[-1:], (1,), (1,) * len(shape), (*shape[1:2], *(1,) * (len(shape) - 2))])
    return g.add(op, [x, g.constant(g.normal(*own, scale=g.choose([0.25, 0.25, 1.0])), g.dtype(x))])


@maker("Clip")
def clip(g: Grower, op: str) -> str | None:
    x = g.any_float()
    size = g.largest(x)
    low, high = sorted(float(f"{v:.3g}") for v in g.rng.uniform(-size, size, 2))
    low, high = g.choose([(low, high), (low, None), (None, high), (0.0, size / 2), (0.0, None), (None, None)])
    if g.case.opset < 11:
        return g.add(op, [x], min=low, max=high)
    bounds = ["" if b is None else g.constant(np.array(b), g.dtype(x)) for b in (low, high)]
    return g.add(op, [x, *bounds])


@maker("Pow")
def power(g: Grower, op: str) -> str | None:
    x = g.any_float()
    exponent = g.choose([2.0, 2.0, 2.0, 3.0, 3.0, 1.0, 4.0, 5.0, 6.0, 7.0, 8.0])
    shape = g.choose([(), (1,)])
    whole = g.case.opset >= 12 and g.chance(0.3)
    return g.add(op, [x, g.constant(np.full(shape, exponent), np.int64 if whole else g.dtype(x))])


# --- arithmetic -------------------------------------------------------------------------------------------------------


@maker("Add", "Sub", "Mul")
def arithmetic(g: Grower, op: str) -> str | None:
    x = (g.pick("i") if g.chance(0.05) else None) or g.any_float()
    other = g.partner(x) if g.chance(0.45) else g.operand(x)
    if other is None:
        return None
    return g.add(op, [x, other] if g.chance(0.7) else [other, x])


@maker("Div")
def divide(g: Grower, op: str) -> str | None:
    x = g.any_float()
    return g.add(op, [x, g.operand(x, zero=False)])


@maker("Sum", "Mean", "Max", "Min")
def many(g: Grower, op: str) -> str | None:
    x = g.any_float()
    if op in ("Sum", "Mean") and g.case.opset < 8:
        others = [n for n in g.values if g.shape(n) == g.shape(x) and g.dtype(n) == g.dtype(x)]
        return g.add(op, [x, *(g.choose(others) for _ in range(g.whole(0, 2)))])
    names = [x]
    for _ in range(g.choose([0, 1, 1, 1, 2, 3])):
        other = g.partner(x) if g.chance(0.6) else g.operand(x)
        names.insert(g.whole(0, len(names)), other or x)
    return g.add(op, names)


@maker("Gemm")
def gemm(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) == 2)
    if x is None:
        return None
    turn_x, turn_y = g.whole(0, 1), g.whole(0, 1)
    m, k = g.shape(x)[::-1] if turn_x else g.shape(x)
    y = None
    if g.chance(0.35):
        y = g.pick("f", lambda s: len(s) == 2 and s[1 if turn_y else 0] == k)
        if y is not None and g.dtype(y) != g.dtype(x):
            return None
    on_left = y is None and g.chance(0.15)
    if on_left:  # constant @ x
        m, k = k, m
        rows = g.choose([1, 2, 3, 5])
        y = g.constant(g.normal(*((m, rows) if turn_y else (rows, m)), scale=g.magnitude()), g.dtype(x))
        x, y, turn_x, turn_y, m, n = y, x, turn_y, turn_x, rows, k
    else:
        n = g.choose([1, 2, 3, 4, 8]) if y is None else g.shape(y)[0 if turn_y else 1]
    if y is None:
        y = g.constant(g.normal(*((n, k) if turn_y else (k, n)), scale=g.magnitude()), g.dtype(x))
    names = [x, y]
    if g.case.opset < 11 or g.chance(0.6):
        own = g.choose([(n,), (1,), (), (m, 1), (m, n), (1, n)])
        addend = g.pick("f", lambda s: s in ((n,), (m, n), (m, 1), (1, n))) if g.chance(0.3) else None
        names.append(addend or g.constant(g.normal(*own, scale=g.magnitude()), g.dtype(x)))
    alpha = g.choose([None, None, 0.5, 2.0, 0.25, 0.3, -1.0])
    beta = g.choose([None, None, 0.5, 2.0, 0.0, 0.7])
    return g.add(op, names, alpha=alpha, beta=beta, transA=turn_x or None, transB=turn_y or None)


@maker("MatMul")
def matmul(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) >= 1)
    if x is None:
        return None
    shape, kind = g.shape(x), g.whole(0, 9)
    if kind <= 3:  # by a constant on the right
        lead = g.choose([(), (), (), (1,), shape[:-2] if len(shape) > 2 else ()])
        own = (*lead, shape[-1], g.choose([1, 2, 3, 4, 7]))
        own = shape[-1:] if g.chance(0.15) else own
        return g.add(op, [x, g.constant(g.normal(*own, scale=g.magnitude()), g.dtype(x))])
    if kind <= 5 and len(shape) >= 2:  # on the left
        own = (g.choose([1, 2, 3, 5]), shape[-2])
        return g.add(op, [g.constant(g.normal(*own, scale=g.magnitude()), g.dtype(x)), x])

    def fits(other: tuple[int, ...]) -> bool:
        return len(other) >= 1 and other[-2 if len(other) > 1 else 0] == shape[-1]

    y = g.pick("f", fits)
    if y is not None and g.dtype(y) == g.dtype(x) and g.chance(0.6):
        return g.add(op, [x, y])
    if len(shape) < 2:
        return g.add(op, [x, x])
    swap = [*range(len(shape) - 2), len(shape) - 1, len(shape) - 2]
    turned = g.add("Transpose", [x], perm=swap)
    return turned and g.add(op, [x, turned] if g.chance(0.5) else [turned, x])


# --- sums, means, maxima ----------------------------------------------------------------------------------------------


@maker("ReduceSum", "ReduceMean", "ReduceSumSquare")
def reduce(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) > 0)
    if x is None:
        return None
    axes = None if g.chance(0.15) else some_axes(g, len(g.shape(x)))
    keep = g.choose([None, 0, 1])
    if g.case.opset < (13 if op == "ReduceSum" else 18):
        return g.add(op, [x], axes=axes, keepdims=keep)
    idle = g.choose([None, 0, 1]) if axes is None else None
    return g.add(op, [x] if axes is None else [x, g.integers(axes)], keepdims=keep, noop_with_empty_axes=idle)


@maker("ArgMax", "ArgMin")
def argmax(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) > 0)
    if x is None:
        return None
    axis = None if g.chance(0.15) else axis_in(g, len(g.shape(x)))
    last = g.choose([None, 0, 1]) if g.case.opset >= 12 else None
    found = g.add(op, [x], axis=axis, keepdims=g.choose([None, 0, 1]), select_last_index=last)
    return g.add("Cast", [found], to=1) if found and g.chance(0.5) else found


@maker("Softmax")
def softmax(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) > 0)
    if x is None:
        return None
    rank = len(g.shape(x))
    axis = g.choose([None, -1 if g.case.opset >= 11 else rank - 1, axis_in(g, rank)])
    found = g.add(op, [g.tamed(x)], axis=axis)
    if found and g.case.opset >= 13 and axis in (None, -1, rank - 1):
        g.unit_sum.append(found)
    return found


@maker("LpNormalization")
def lp_normalization(g: Grower, op: str) -> str | None:
    """Of a softmax along the last axis: the only norm that is known."""
    x = g.unit_sum[-1] if g.unit_sum and g.chance(0.7) else softmax(g, "Softmax")
    if x is None or x not in g.unit_sum:
        return None
    return g.add(op, [x], axis=-1, p=1)


@maker("BatchNormalization")
def batch_normalization(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) >= 2)
    if x is None:
        return None
    n, dtype = g.shape(x)[1], g.dtype(x)
    size = max(g.largest(x), 1e-3)
    spread = (g.rng.random(n) + 0.05) * size**2
    parameters = [g.normal(n, scale=g.magnitude()), g.normal(n), g.normal(n, scale=size), spread]
    epsilon = g.choose([None, 1e-5, 1e-3])
    return g.add(op, [x, *(g.constant(p, dtype) for p in parameters)], epsilon=epsilon)


# --- yes and no -------------------------------------------------------------------------------------------------------


@maker("Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compare(g: Grower, op: str) -> str | None:
    x = g.any_float()
    if g.chance(0.4):
        other = g.partner(x)
    elif g.chance(0.5):
        level = np.quantile(np.stack(g.values[x]), g.choose([0.2, 0.5, 0.8]))
        other = g.constant(np.array(float(f"{level:.3g}")), g.dtype(x))
    else:
        other = g.operand(x)
    found = other and g.add(op, [x, other] if g.chance(0.7) else [other, x])
    return g.add("Cast", [found], to=1) if found and g.chance(0.4) else found


def a_bool(g: Grower) -> str | None:
    return (g.pick("b") if g.chance(0.6) else None) or g.add("Greater", [g.any_float(), g.constant(np.array(0.0))])


@maker("Not")
def negate(g: Grower, op: str) -> str | None:
    x = a_bool(g)
    return x and g.add(op, [x])


@maker("And", "Or", "Xor")
def logic(g: Grower, op: str) -> str | None:
    x = a_bool(g)
    if x is None or g.dtype(x).kind != "b":
        return None
    if g.chance(0.2):
        return g.add(op, [x, g.constant(g.rng.random(g.shape(x)) < 0.5, np.bool_)])
    y = g.partner(x) if g.chance(0.6) else None
    if y is None:
        base = g.pick("f", lambda s: s == g.shape(x))
        y = base and g.add("Less", [base, g.constant(np.array(g.number()), g.dtype(base))])
    return y and g.add(op, [x, y])


@maker("Cast")
def cast(g: Grower, op: str) -> str | None:
    """Only casts that keep every value."""
    x = g.pick("bi" if g.chance(0.8) else "f")
    if x is None:
        return None
    to = {"bool": [1, 1, 7, 6, 11], "int64": [1, 6], "int32": [1, 7], "float32": [11], "float64": [1]}
    return g.add(op, [x], to=g.choose(to[g.dtype(x).name]))
