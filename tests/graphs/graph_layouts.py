"""Makers of operators that move values, and of those with windows."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from graph_grower import Grower
from graph_makers import axis_in, maker, some_axes

FURTHEST = 2**31 - 1


@maker("Identity", "Dropout")
def same(g: Grower, op: str) -> str | None:
    return g.add(op, [g.pick("fib") or g.any_float()])


def any_tensor(g: Grower, least: int = 1) -> str | None:
    """A tensor of some rank, of floats mostly."""
    return g.pick("f" if g.chance(0.9) else "ib", lambda s: len(s) >= least)


@maker("Transpose")
def transpose(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    perm = [int(a) for a in g.rng.permutation(len(g.shape(x)))]
    return g.add(op, [x], perm=None if g.chance(0.2) else perm)


def factors(g: Grower, total: int) -> list[int]:
    """Extents with this product."""
    extents, rest = list[int](), total
    for _ in range(g.whole(0, 3)):
        divisors = [d for d in range(1, rest + 1) if rest % d == 0]
        extents.append(g.choose(divisors))
        rest //= extents[-1]
    extents.insert(g.whole(0, len(extents)), rest)
    return extents


@maker("Reshape")
def reshape(g: Grower, op: str) -> str | None:
    x = any_tensor(g, 0)
    if x is None:
        return None
    shape = g.shape(x)
    asked = factors(g, prod(shape))
    for axis, extent in enumerate(asked):
        if axis < len(shape) and shape[axis] == extent and g.chance(0.3):
            asked[axis] = 0
    if g.chance(0.3):
        asked[g.whole(0, len(asked) - 1)] = -1
    allow = g.choose([None, 0, 1]) if g.case.opset >= 14 and 0 not in asked else None
    return g.add(op, [x, g.integers(asked)], allowzero=allow)


@maker("Flatten")
def flatten(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    rank = len(g.shape(x))
    axis = g.whole(-rank if g.case.opset >= 11 else 0, rank)
    return g.add(op, [x], axis=None if g.chance(0.3) else axis)


@maker("Squeeze")
def squeeze(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: 1 in s)
    if x is None:
        return None
    ones = [axis for axis, extent in enumerate(g.shape(x)) if extent == 1]
    axes = None if g.chance(0.2) else [a for a in ones if g.chance(0.7)] or ones[:1]
    if g.case.opset < 13:
        return g.add(op, [x], axes=axes)
    return g.add(op, [x] if axes is None else [x, g.integers(axes)])


@maker("Unsqueeze")
def unsqueeze(g: Grower, op: str) -> str | None:
    x = any_tensor(g, 0)
    if x is None or len(g.shape(x)) > 4:
        return None
    count = g.choose([1, 1, 2]) if len(g.shape(x)) < 4 else 1
    rank = len(g.shape(x)) + count
    axes = [int(a) for a in g.rng.permutation(rank)[:count]]
    axes = [a - rank if g.case.opset >= 11 and g.chance(0.2) else a for a in axes]
    return g.add(op, [x], axes=axes) if g.case.opset < 13 else g.add(op, [x, g.integers(axes)])


@maker("Expand")
def expand(g: Grower, op: str) -> str | None:
    x = any_tensor(g, 0)
    if x is None:
        return None
    asked = [g.choose([n, n, 1]) if n != 1 else g.choose([1, 2, 3]) for n in g.shape(x)]
    if g.chance(0.3) and len(asked) < 4:
        asked.insert(0, g.choose([1, 2]))
    return g.add(op, [x, g.integers(asked)])


@maker("Concat")
def concat(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    shape, names = g.shape(x), [x]
    axis = axis_in(g, len(shape))

    def fits(other: tuple[int, ...]) -> bool:
        return len(other) == len(shape) and all(
            m == n for i, (m, n) in enumerate(zip(other, shape, strict=True)) if i != axis % len(shape)
        )

    for _ in range(g.choose([0, 1, 1, 1, 2, 3])):
        other = g.pick(g.dtype(x).kind, fits)
        if g.chance(0.25) and g.dtype(x).kind == "f":
            own = list(shape)
            own[axis] = g.choose([1, 2])
            other = g.constant(g.normal(*own, scale=g.magnitude()), g.dtype(x))
        if other is not None and g.dtype(other) == g.dtype(x):
            names.insert(g.whole(0, len(names)), other)
    return g.add(op, names, axis=axis)


@maker("Split")
def split(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    axis = axis_in(g, len(g.shape(x)))
    extent = g.shape(x)[axis]
    count = g.whole(1, min(extent, 4))
    cuts = sorted(int(c) for c in g.rng.permutation(extent - 1)[: count - 1] + 1) if extent > 1 else []
    sizes = np.diff([0, *cuts, extent]).tolist()
    if extent % count == 0 and g.chance(0.4):
        return g.add(op, [x], count, axis=axis, num_outputs=count if g.case.opset >= 18 else None)
    if g.case.opset < 13:
        return g.add(op, [x], len(sizes), axis=axis, split=sizes)
    if g.case.opset >= 18 and g.chance(0.3):
        part = -(-extent // count)
        if part * (count - 1) < extent:
            return g.add(op, [x], count, axis=axis, num_outputs=count)
    return g.add(op, [x, g.integers(sizes)], len(sizes), axis=axis)


@maker("Slice")
def cut(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    shape = g.shape(x)
    axes = some_axes(g, len(shape)) if g.chance(0.8) else list(range(g.whole(1, len(shape))))
    new = g.case.opset >= 10
    starts, ends, steps = [], [], []
    for axis in axes:
        n = shape[axis]
        step = g.choose([1, 1, 2, 3, -1, -2]) if new else 1
        chosen = range(g.whole(0, n - 1), n, step) if step > 0 else range(g.whole(0, n - 1), -1, step)
        last = chosen[g.whole(0, len(chosen) - 1)]
        end = last + (1 if step > 0 else -1)
        ends.append(-n - 1 if end < 0 else g.choose([end, end, FURTHEST]) if step > 0 else end)
        starts.append(chosen[0] - n if g.chance(0.3) else chosen[0])
        steps.append(step)
    if not new:
        return g.add(op, [x], starts=starts, ends=ends, axes=axes)
    names = [x, g.integers(starts), g.integers(ends)]
    if axes != list(range(len(axes))) or any(s != 1 for s in steps) or g.chance(0.5):
        names.append(g.integers(axes))
        if any(s != 1 for s in steps) or g.chance(0.5):
            names.append(g.integers(steps))
    return g.add(op, names)


@maker("Gather")
def gather(g: Grower, op: str) -> str | None:
    x = any_tensor(g)
    if x is None:
        return None
    axis = axis_in(g, len(g.shape(x)))
    extent = g.shape(x)[axis]
    own = g.choose([(), (1,), (2,), (3,), (5,), (2, 2)])
    indices = g.rng.integers(-extent if g.case.opset >= 11 else 0, extent, own)
    return g.add(op, [x, g.constant(indices, np.int64)], axis=axis)


@maker("Pad")
def pad(g: Grower, op: str) -> str | None:
    x = g.pick("f", lambda s: len(s) >= 1)
    if x is None:
        return None
    shape = g.shape(x)
    mode = g.choose(["constant", "constant", "constant", "reflect", "edge", *(["wrap"] if g.case.opset >= 19 else [])])
    most = [min(n - 1, 2) if mode == "reflect" else min(n, 2) if mode == "wrap" else 2 for n in shape]
    pads = [g.whole(0, m) if g.chance(0.6) else 0 for m in (*most, *most)]
    if mode == "constant" and g.chance(0.25):
        pads[g.whole(0, len(pads) - 1)] = -1
    value = g.choose([None, 0.0, g.number()])
    if g.case.opset < 11:
        return g.add(op, [x], pads=pads, mode=mode, value=value if mode == "constant" else None)
    names = [x, g.integers(pads)]
    if mode == "constant" and value is not None:
        names.append(g.constant(np.array(value), g.dtype(x)))
    if g.case.opset >= 18 and g.chance(0.3):
        axes = some_axes(g, len(shape))
        pads = [pads[a] for a in axes] + [pads[len(shape) + a % len(shape)] for a in axes]
        names = [x, g.integers(pads), names[2] if len(names) > 2 else "", g.integers(axes)]
    return g.add(op, names, mode=mode)


# --- windows ----------------------------------------------------------------------------------------------------------


def image(g: Grower) -> str | None:
    return g.pick("f", lambda s: len(s) in (3, 4))


def windows(g: Grower, spatial: tuple[int, ...], dilated: bool, most: int) -> dict[str, Any] | None:
    """Kernel, strides, dilations and pads that fit; `most`: 1 where pads are smaller than the kernel, 2 for any."""
    rank = len(spatial)
    kernel = [g.whole(1, min(3, n)) if g.chance(0.9) else n for n in spatial]
    strides = [g.choose([1, 1, 2, 3]) for _ in spatial] if g.chance(0.7) else None
    dilations = [g.choose([1, 2]) for _ in spatial] if dilated and g.chance(0.3) else None
    kind = g.whole(0, 4)
    automatic = g.choose(["SAME_UPPER", "SAME_LOWER", "VALID"]) if kind == 0 else None
    pads = None
    if kind >= 3:
        pads = [g.whole(0, k - 1 if most == 1 else 2) for k in (*kernel, *kernel)]
    if automatic in ("SAME_UPPER", "SAME_LOWER") and dilations:
        dilations = None
    for axis, n in enumerate(spatial):
        room = n + (pads[axis] + pads[rank + axis] if pads else 0)
        if (dilations[axis] if dilations else 1) * (kernel[axis] - 1) + 1 > room:
            return None
    return {
        "kernel_shape": kernel,
        "strides": strides,
        "dilations": dilations,
        "pads": pads,
        "auto_pad": automatic,
    }


@maker("Conv")
def conv(g: Grower, op: str) -> str | None:
    x = image(g)
    if x is None:
        return None
    _, channels, *spatial = g.shape(x)
    attrs = windows(g, tuple(spatial), True, 2)
    if attrs is None:
        return None
    group = g.choose([1, 1, channels, *(d for d in range(1, channels + 1) if channels % d == 0)])
    out = group * g.choose([1, 1, 2, 3])
    weight = g.normal(out, channels // group, *attrs["kernel_shape"], scale=g.magnitude())
    names = [x, g.constant(weight, g.dtype(x))]
    if g.chance(0.5):
        names.append(g.constant(g.normal(out, scale=g.magnitude()), g.dtype(x)))
    if g.chance(0.3):
        attrs["kernel_shape"] = None
    return g.add(op, names, **attrs, group=None if group == 1 else group)


@maker("MaxPool", "AveragePool")
def pool(g: Grower, op: str) -> str | None:
    x = image(g)
    if x is None:
        return None
    dilated = g.case.opset >= (10 if op == "MaxPool" else 19)
    attrs = windows(g, g.shape(x)[2:], dilated, 1)
    if attrs is None:
        return None
    # ceil_mode and auto_pad do not go together; nor does ceil_mode with count_include_pad here (docs/reference/operators.md).
    ceil = 1 if attrs["auto_pad"] is None and g.case.opset >= 10 and g.chance(0.3) else None
    if op == "AveragePool" and not ceil:
        attrs["count_include_pad"] = g.choose([None, 0, 1])
    return g.add(op, [x], **attrs, ceil_mode=ceil)


@maker("GlobalAveragePool", "GlobalMaxPool")
def global_pool(g: Grower, op: str) -> str | None:
    x = image(g)
    return x and g.add(op, [x])
