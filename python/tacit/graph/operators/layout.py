"""Operators that move values: Reshape, Transpose, Concat, Pad, Slice."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tacit.graph.registry import (
    AXES,
    AXIS,
    COUNTS,
    EXTENTS,
    HIDDEN,
    WHOLES,
    Array,
    Attrs,
    Shape,
    always,
    canonical,
    gradient,
)


def _reshape_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    shape: Shape = attrs["shape"]
    if math.prod(shape) != math.prod(shapes[0]):
        raise ValueError(f"{math.prod(shapes[0])} entries cannot have shape {list(shape)}")
    return shape


@canonical(
    "Reshape",
    _reshape_shape,
    shown=HIDDEN,
    moves=True,
    homogeneous=always,
    keeps_scale=True,
    keeps_range=True,
    keeps_errors=True,
    columns=frozenset({"keeps"}),
    attributes={"shape": EXTENTS},
)
def reshape(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The same entries in row-major order. Attribute ``shape``: the output's, complete (no 0 or -1)."""
    return inputs[0].reshape(attrs["shape"])


@gradient("Reshape")
def reshape_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """The same entries."""
    return [grad.reshape(inputs[0].shape)]


def _transpose_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    perm = attrs["perm"]
    if sorted(perm) != list(range(len(shapes[0]))):
        raise ValueError(f"perm {list(perm)} does not permute {len(shapes[0])} axes")
    return tuple(shapes[0][axis] for axis in perm)


@canonical(
    "Transpose",
    _transpose_shape,
    shown=HIDDEN,
    moves=True,
    homogeneous=always,
    keeps_scale=True,
    keeps_range=True,
    keeps_errors=True,
    attributes={"perm": AXES},
)
def transpose(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Axis i of the output is axis perm[i] of the input. Attribute ``perm``."""
    return inputs[0].transpose(attrs["perm"])


@gradient("Transpose")
def transpose_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Back."""
    return [grad.transpose(np.argsort(attrs["perm"]))]


def _concat_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    axis, first = attrs["axis"], shapes[0]
    for shape in shapes:
        if len(shape) != len(first) or any(shape[i] != first[i] for i in range(len(first)) if i != axis):
            raise ValueError(f"the pieces differ outside axis {axis}")
    return (*first[:axis], sum(shape[axis] for shape in shapes), *first[axis + 1 :])


@canonical(
    "Concat",
    _concat_shape,
    shown=HIDDEN,
    moves=True,
    added=0,
    homogeneous=always,
    keeps_errors=True,
    columns=frozenset({"keeps"}),
    attributes={"axis": AXIS},
)
def concat(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The inputs one after the other along ``axis``; some may be constants."""
    return np.concatenate(inputs, axis=attrs["axis"])


@gradient("Concat")
def concat_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Each its piece."""
    return np.split(grad, np.cumsum([x.shape[attrs["axis"]] for x in inputs])[:-1], attrs["axis"])


def _pad_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    pads, rank = attrs["pads"], len(shapes[0])
    if len(pads) != 2 * rank:
        raise ValueError(f"{len(pads)} pads for {rank} axes")
    return tuple(pads[i] + shapes[0][i] + pads[rank + i] for i in range(rank))


@canonical(
    "Pad",
    _pad_shape,
    shown=HIDDEN,
    moves=True,
    homogeneous=always,
    keeps_scale=True,
    keeps_errors=True,
    attributes={"pads": COUNTS},
)
def pad(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Zeros around the input. Attribute ``pads``: [begin..., end...], one each for every axis, at least 0.

    Another value c is written as pad(x - c) + c, so that every use of padding means zeros.
    """
    pads, rank = attrs["pads"], inputs[0].ndim
    return np.pad(inputs[0], [(pads[i], pads[rank + i]) for i in range(rank)])


@gradient("Pad")
def pad_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """What is not padding."""
    pads = attrs["pads"]
    return [grad[tuple(slice(pads[i], pads[i] + n) for i, n in enumerate(inputs[0].shape))]]


def _slice_shape(attrs: Attrs, shapes: Sequence[Shape]) -> Shape:
    shape = list(shapes[0])
    for start, end, axis, step in zip(attrs["starts"], attrs["ends"], attrs["axes"], attrs["steps"], strict=True):
        chosen = range(start, end, step)
        if chosen and not (0 <= chosen[0] < shape[axis] and 0 <= chosen[-1] < shape[axis]):
            raise ValueError(f"slice [{start}:{end}:{step}] leaves axis {axis}")
        shape[axis] = len(chosen)
    return tuple(shape)


@canonical(
    "Slice",
    _slice_shape,
    shown=HIDDEN,
    moves=True,
    homogeneous=always,
    keeps_scale=True,
    keeps_range=True,
    keeps_errors=True,
    columns=frozenset({"reads"}),
    attributes={"starts": COUNTS, "ends": WHOLES, "axes": AXES, "steps": WHOLES},
)
def slice_(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """Entries range(start, end, step) of each listed axis. Attributes ``starts``, ``ends``, ``axes``, ``steps``.

    As in ``range``, an end of -1 with a negative step means "down to entry 0 inclusive"; nothing counts from the back.
    """
    x = inputs[0]
    for start, end, axis, step in zip(attrs["starts"], attrs["ends"], attrs["axes"], attrs["steps"], strict=True):
        x = np.take(x, range(start, end, step), axis=axis)
    return x


@gradient("Slice")
def slice_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """To the entries that were taken."""
    out = np.zeros(inputs[0].shape)
    index = [range(extent) for extent in inputs[0].shape]
    for start, end, axis, step in zip(attrs["starts"], attrs["ends"], attrs["axes"], attrs["steps"], strict=True):
        index[axis] = range(start, end, step)
    out[np.ix_(*index)] = grad
    return [out]
