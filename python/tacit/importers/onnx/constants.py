"""Constant folding of the integer computations that exporters write around shapes, in the tensors' own types.

Only the operators below, on known values, with every result's size bounded before it is allocated.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx

from tacit.graph.builder import MAX_COMPUTED
from tacit.graph.nodes import Array
from tacit.importers.onnx.builder import Builder
from tacit.importers.onnx.calls import Call

Rule = Callable[[Call, Sequence[Any]], Array]
RULES: dict[str, Rule] = {}


def constant_folding(builder: Builder, call: Call) -> Array | None:
    """The value of a node whose inputs are all known, or None when it is not computed here."""
    if call.domain or len([name for name in call.outputs if name]) != 1:
        return None
    if call.op == "Constant":
        return constant_value(call)
    if call.op in ("Shape", "Size") and call.inputs[0] in builder.aliases:
        return _shape(call, builder.shapes[builder.aliases[call.inputs[0]]])
    if call.op not in RULES or any(name and name not in builder.values for name in call.inputs):
        return None
    values = [builder.values[name] if name else None for name in call.inputs]
    if any(value is not None and value.dtype.kind not in "fiub" for value in values):
        return None
    return compute(call, values)


def compute(call: Call, values: Sequence[Any]) -> Array:
    """What an operator of RULES (or Shape, or Size) makes of known values. Raises :class:`ModelError`."""
    if call.op in ("Shape", "Size"):
        return _shape(call, values[0].shape)
    try:
        return np.asarray(RULES[call.op](call, values))
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, ZeroDivisionError) as error:
        raise call.error(f"its constants cannot be computed: {error}") from error


def constant_value(call: Call) -> Array:
    """The value of a Constant node."""
    attrs = call.attrs
    if "value" in attrs:
        return np.asarray(onnx.numpy_helper.to_array(attrs["value"]))
    for name, dtype in (
        ("value_float", np.float32),
        ("value_floats", np.float32),
        ("value_int", np.int64),
        ("value_ints", np.int64),
    ):
        if name in attrs:
            return np.asarray(attrs[name], dtype=dtype)
    raise call.error("a constant that is not a tensor of numbers")


def _shape(call: Call, shape: Sequence[int]) -> Array:
    if call.op == "Size":
        return np.asarray(math.prod(shape), dtype=np.int64)
    start, end = call.attrs.get("start", 0), call.attrs.get("end", len(shape))
    return np.asarray(shape[start:end], dtype=np.int64)


def _bounded(shape: Sequence[int]) -> tuple[int, ...]:
    extents = tuple(int(extent) for extent in shape)
    if any(extent < 0 for extent in extents) or math.prod(extents) > MAX_COMPUTED:
        raise ValueError(f"shape {list(extents)} is too large")
    return extents


def _binary(function: Callable[..., Any]) -> Rule:
    def rule(call: Call, values: Sequence[Any]) -> Array:
        _bounded(np.broadcast_shapes(*(value.shape for value in values)))
        with np.errstate(all="ignore"):
            return np.asarray(function(*values))

    return rule


def _divide(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":
        if not np.all(y):
            raise ValueError("division by zero")
        quotient = x // y  # rounds down; ONNX rounds towards zero
        return np.asarray(quotient + ((x % y != 0) & ((x < 0) != (y < 0))), dtype=x.dtype)
    return np.asarray(np.divide(x, y))


_BINARY: dict[str, Callable[..., Any]] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": _divide,
    "Equal": np.equal,
    "Greater": np.greater,
    "Less": np.less,
    "GreaterOrEqual": np.greater_equal,
    "LessOrEqual": np.less_equal,
    "And": np.logical_and,
    "Or": np.logical_or,
    "Not": np.logical_not,
    "Where": np.where,
    "Min": lambda *values: functools.reduce(np.minimum, values),
    "Max": lambda *values: functools.reduce(np.maximum, values),
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Floor": np.floor,
    "Ceil": np.ceil,
    "Abs": np.abs,
}
for _name, _function in _BINARY.items():
    RULES[_name] = _binary(_function)


def rule(name: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return register


@rule("Identity")
def _identity(call: Call, values: Sequence[Any]) -> Array:
    return np.asarray(values[0])


@rule("Cast")
def _cast(call: Call, values: Sequence[Any]) -> Array:
    kind = onnx.helper.tensor_dtype_to_np_dtype(call.attrs["to"])
    if kind.kind in "iu" and values[0].dtype.kind == "f" and values[0].size:
        ends = np.iinfo(kind)
        least, greatest = np.trunc(values[0].min()), values[0].max()
        if not (least >= float(ends.min) and greatest < float(ends.max) + 1):  # not so for NaN
            raise ValueError(f"a number that {kind} does not hold")
    with np.errstate(all="ignore"):
        return np.asarray(values[0].astype(kind))


@rule("Gather")
def _gather(call: Call, values: Sequence[Any]) -> Array:
    axis = call.attrs.get("axis", 0)
    extent = values[0].shape[axis]
    indices = values[1]
    if indices.size and not (-extent <= indices.min() and indices.max() < extent):
        raise ValueError("an index is out of range")
    _bounded((values[0].size // extent * indices.size,))
    return np.asarray(np.take(values[0], indices % extent, axis=axis))


@rule("Concat")
def _concat(call: Call, values: Sequence[Any]) -> Array:
    _bounded((sum(value.size for value in values),))
    return np.concatenate(values, axis=call.attrs["axis"])


@rule("ConstantOfShape")
def _constant_of_shape(call: Call, values: Sequence[Any]) -> Array:
    fill = onnx.numpy_helper.to_array(call.attrs["value"]) if "value" in call.attrs else np.zeros(1, np.float32)
    return np.full(_bounded(values[0].reshape(-1)), fill.reshape(-1)[0], dtype=fill.dtype)


@rule("Range")
def _range(call: Call, values: Sequence[Any]) -> Array:
    start, limit, delta = (value.reshape(-1)[0] for value in values)
    count = max(math.ceil((float(limit) - float(start)) / float(delta)), 0)
    _bounded((count,))
    return np.asarray(start + np.arange(count) * delta, dtype=values[0].dtype)


@rule("Expand")
def _expand(call: Call, values: Sequence[Any]) -> Array:
    shape = _bounded(np.broadcast_shapes(values[0].shape, tuple(values[1].tolist())))
    return np.broadcast_to(values[0], shape)


@rule("Tile")
def _tile(call: Call, values: Sequence[Any]) -> Array:
    _bounded([values[0].size, *values[1].tolist()])
    return np.tile(values[0], values[1].tolist())


@rule("ReduceProd")
def _reduce_prod(call: Call, values: Sequence[Any]) -> Array:
    axes = tuple(call.attrs["axes"]) if "axes" in call.attrs else None
    if len(values) > 1 and values[1] is not None:
        axes = tuple(values[1].tolist())
    return np.asarray(
        np.prod(values[0], axis=axes, keepdims=bool(call.attrs.get("keepdims", 1)), dtype=values[0].dtype)
    )


@rule("Trilu")
def _trilu(call: Call, values: Sequence[Any]) -> Array:
    k = int(values[1].reshape(-1)[0]) if len(values) > 1 else 0
    return np.asarray(np.triu(values[0], k) if call.attrs.get("upper", 1) else np.tril(values[0], k))


@rule("NonZero")
def _non_zero(call: Call, values: Sequence[Any]) -> Array:
    return np.asarray(np.nonzero(values[0]), dtype=np.int64)


@rule("Unsqueeze")
def _unsqueeze(call: Call, values: Sequence[Any]) -> Array:
    axes = call.attrs.get("axes") if call.version < 13 else values[1].tolist()
    return np.asarray(np.expand_dims(values[0], tuple(axes or ())))


@rule("Squeeze")
def _squeeze(call: Call, values: Sequence[Any]) -> Array:
    axes = call.attrs.get("axes") if call.version < 13 else (values[1].tolist() if len(values) > 1 else None)
    return np.asarray(np.squeeze(values[0], None if axes is None else tuple(axes)))


@rule("Reshape")
def _reshape(call: Call, values: Sequence[Any]) -> Array:
    asked = values[1].reshape(-1).tolist()
    if not call.attrs.get("allowzero", 0):
        asked = [values[0].shape[axis] if extent == 0 else extent for axis, extent in enumerate(asked)]
    return np.asarray(values[0].reshape(asked))


@rule("Transpose")
def _transpose(call: Call, values: Sequence[Any]) -> Array:
    return np.asarray(values[0].transpose(call.attrs.get("perm")))


@rule("Slice")
def _slice(call: Call, values: Sequence[Any]) -> Array:
    if call.version < 10:
        starts, ends = call.attrs["starts"], call.attrs["ends"]
        axes, steps = call.attrs.get("axes"), None
    else:
        lists = [None if value is None else value.reshape(-1).tolist() for value in values[1:]] + [None, None]
        starts, ends, axes, steps = lists[:4]
    index: list[slice] = [slice(None)] * values[0].ndim
    for position, axis in enumerate(axes if axes is not None else range(len(starts))):
        index[axis] = slice(starts[position], ends[position], steps[position] if steps else 1)
    return np.asarray(values[0][tuple(index)])


#: Operators whose result has the numbers of their first operand, all of them, in another order perhaps.
ORDERS = frozenset({"Identity", "Cast", "Reshape", "Transpose", "Squeeze", "Unsqueeze"})
#: Those whose further operands only say which numbers of the first are where; and those that read no numbers of weights.
BY_PLACES = frozenset({*ORDERS, "Expand", "Tile", "Gather", "Slice", "ReduceProd", "Trilu"})
BY_SHAPES = frozenset({"Shape", "Size", "ConstantOfShape"})


def trace(builder: Builder, call: Call, value: Array) -> None:
    """Say of a folded value which weights of the file it depends on, and whether it is one of them, in any order.

    Some exporters keep weights in Constant nodes, all keep single numbers of the architecture there: these are no weights.
    """
    out = call.outputs[0]
    if not builder.tracked:
        return
    if call.op == "Constant":
        if value.size > 1 and value.dtype.kind == "f":
            builder.weigh(out, value)
        elif value.size > 1:
            builder.parts[out] = builder.moving(out)
        elif value.size == 1:
            builder.single(out, value)
        return
    reads = () if call.op in BY_SHAPES else call.inputs[:1] if call.op in BY_PLACES else call.inputs
    builder.parts[out] = frozenset[str]().union(*(builder.parts.get(name, frozenset()) for name in reads))
    origin = builder.origins.get(call.inputs[0]) if call.op in ORDERS else None
    if origin is None or value.dtype.kind != "f":
        return
    if call.op == "Cast":
        if np.array_equal(value, builder.values[call.inputs[0]]):  # nothing was rounded
            builder.origins[out] = origin
            if origin.of not in builder.numbers:
                builder.parts[out] = builder.moving(origin.of)
        return
    others = [builder.values[name] if name else None for name in call.inputs[1:]]
    moved = origin.moved(RULES[call.op](call, [origin.places, *others]))
    if moved is not None:
        builder.origins[out] = moved


#: (domain, name) of the operators that are computed here where their inputs are known.
FOLDED = {("", name) for name in (*RULES, "Constant", "Shape", "Size")}
