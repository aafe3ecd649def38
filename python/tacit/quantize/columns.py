"""Columns of very different magnitude: one fine scale outside, one scale a group of like columns inside.

An input whose last axis mixes ages and incomes has no single scale: at the incomes' the ages are a few integers, at the
ages' the incomes pass the field in a product. So the input is declared at the finest scale that any of its columns asks
for, which makes it *wide*; views, sums and constants keep it so. Where it meets weights, its columns are grouped by the
scale that they ask for, each group is rounded to a scale of its own, and

    x W = sum over groups of x_g W_g,        (x * w)_g = x_g * w_g:

products of ordinary size, added up at one scale, or joined again. A column asks for `bits` bits of half the interval that it
spans, not of its magnitude: 2000 to 2020 are twenty years apart, however late they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log2

import numpy as np

from tacit.graph import Node
from tacit.integer.operators.arithmetic import Added
from tacit.integer.operators.layout import Cut, Join
from tacit.integer.operators.linear import Contract, Take
from tacit.integer.operators.rounding import Commit, Round
from tacit.integer.scale import Value
from tacit.quantize.quantizer import MOST_PARAMETER, WIDEST, Array, Quantizer

#: A column that would have this many bits fewer than the rest is uneven; bits between the finest and the coarsest column, at
#: most; bits of a column's magnitude above its span, at most.
UNEVEN, SPREAD, OFFSET = 3, 24, 10
#: Bits of room beyond `headroom` in a group: columns as they come, before any scaling, have long tails.
ROOM = 2
#: Bits by which the scales of two groups' products may differ.
MOST_APART = 16
#: Fractional bits of what a softmax reads: differences of less change shares by that part.
SOFTMAX_FRAC = 11
#: How many bits the columns of a group may differ by: the first that makes no more than MOST_PIECES pieces.
WIDTHS, MOST_PIECES = (3, 6, 12), 48
#: Pieces that columns are cut out in, at most, where a matrix of no more than so many entries does it.
FEW_PIECES, MOST_MATRIX = 3, 1 << 14

_LABELS = "abcdefghij"


def _headroom(q: Quantizer, tensor: str) -> float:
    """Room beyond what was seen; none beyond what was declared."""
    return 1.0 if tensor in q.calibration.declared else q.options.headroom


def wanted(q: Quantizer, tensor: str, bits: int) -> Array:
    """The frac that each column asks for: `bits` signed bits of half its span, headroom included; inf where it is zero."""
    low, high = q.calibration.columns[tensor]
    headroom = _headroom(q, tensor)
    magnitude = np.maximum(np.abs(low), np.abs(high)) * headroom
    room = np.maximum((high - low) / 2 * headroom, magnitude * 2.0**-OFFSET)
    room = np.maximum(room, magnitude.max() * 2.0**-SPREAD)
    with np.errstate(divide="ignore"):
        fracs = np.floor(np.log2(((1 << (bits - 1)) - 1) / room))
    return np.where(magnitude > 0, fracs, np.inf)


def reach(q: Quantizer, tensor: str) -> Array:
    """The magnitude of each column as a share of the tensor's; ones where columns are not told apart."""
    ends = q.calibration.columns[tensor]
    if ends.shape[1] != q.graph.shapes[tensor][-1]:
        return np.ones(q.graph.shapes[tensor][-1])
    return np.asarray(np.abs(ends).max(0) / q.calibration.magnitude(tensor))


def unseen(q: Quantizer, tensor: str, bits: int) -> int:
    """The frac of a column that was zero in calibration: as if 1 had been seen. What is larger is refused, not rounded away."""
    room = max(1.0, q.calibration.magnitude(tensor) * 2.0**-SPREAD) * q.options.headroom
    return floor(log2(((1 << (bits - 1)) - 1) / room))


def uneven(q: Quantizer, tensor: str, frac: float) -> bool:
    """Whether a column, of more than a few in sixty-four, asks for a scale that is finer than `frac` by UNEVEN bits."""
    columns = q.calibration.columns.get(tensor)
    if columns is None or columns.shape[1] < 2:
        return False
    fracs = wanted(q, tensor, q.bits)
    seen = np.isfinite(fracs)
    return int((fracs[seen] >= frac + UNEVEN).sum()) > int(seen.sum()) // 64


def input_scale(q: Quantizer, tensor: str) -> tuple[int, int]:
    """The input's frac and bits: those of its finest column where some user can tell columns apart, or of the finest user."""
    bits = q.options.input_bits or q.bits
    frac = q.target(tensor, bits)
    if q.options.input_bits is not None:
        return frac, bits
    for node in reversed(q.graph.nodes):  # from the end: what follows a tensor is known before it, and looked at once
        for made in node.outputs:
            asked(q, made)
            _told_apart(q, made)
    found = frac
    room = q.calibration.room(tensor, q.options.headroom)
    if uneven(q, tensor, frac) and _told_apart(q, tensor):
        fracs = wanted(q, tensor, bits)
        found = int(np.where(np.isfinite(fracs), fracs, unseen(q, tensor, bits)).max())
    found = max(found, min(frac + SPREAD, asked(q, tensor)))
    found = min(found, floor(log2(WIDEST / room)) - 1)  # a sum may double it
    return (frac, bits) if found <= frac else (found, ceil(log2(room * 2.0**found + 1)) + 1)


def asked(q: Quantizer, tensor: str) -> int:
    """The frac that users ask for which see only a small part of a tensor's range, behind views and sums too.

    A tanh of numbers up to 1000 depends on those up to 6: at the scale of 1000 it would be told little of them.
    """
    if tensor in q.asked:
        return q.asked[tensor]
    found = -1000
    for node in q.users.get(tensor, []):
        out = node.outputs[0]
        known = node.operator
        if known.flat is not None and q.calibration.magnitude(tensor) > 4 * known.flat:
            found = max(found, q.bits - 1 - ceil(log2(known.flat)))
        elif known.shares:
            found = max(found, SOFTMAX_FRAC)
        elif known.limits:
            found = max(found, q.target(out))
        elif known.moves or known.sums:
            found = max(found, asked(q, out))
        elif node.op == "Mul" and node.inputs[1] in q.graph.constants and q.graph.constants[node.inputs[1]].size == 1:
            factor = abs(float(q.graph.constants[node.inputs[1]].reshape(-1)[0]))
            found = max(found, asked(q, out) + (floor(log2(factor)) if factor else -1000))
    q.asked[tensor] = found
    return found


def _told_apart(q: Quantizer, tensor: str) -> bool:
    """Whether some user takes columns out, compares them or multiplies them with weights of their own, behind sums or views."""

    def one(node: Node) -> bool:
        constants = [name for name in node.inputs if name in q.graph.constants]
        columns = node.operator.columns
        if "reads" in columns:
            return True
        entries = q.graph.constants[node.inputs[-1]].size if node.inputs[-1] in constants else 0
        if "weighs" in columns and entries > 1:
            return True
        same = q.graph.shapes[node.outputs[0]][-1:] == q.graph.shapes[tensor][-1:]
        passes = "keeps" in columns and (constants or not node.operator.product)
        return bool(passes) and (same or node.op == "Concat") and _told_apart(q, node.outputs[0])

    if tensor not in q.apart:
        q.apart[tensor] = any(map(one, q.users.get(tensor, [])))
    return q.apart[tensor]


@dataclass(frozen=True)
class Group:
    """Columns of one scale: their places along the last axis, and their rounded value. `seen`: whether one was not zero."""

    columns: tuple[int, ...]
    x: Value
    bits: int
    seen: bool


def groups(q: Quantizer, tensor: str, *apart: Array) -> list[Group]:
    """The tensor's columns in groups, rounded; none where one scale does for all, or where the value is not wide.

    Columns of a group ask for like scales, and are alike in `apart`, too. Those that were zero are a group of their own: what
    multiplies them is of any size.
    """
    v = q.value(tensor)
    if v.raw or v.bound <= 2.0 ** (q.bits + 3) or v.bound > WIDEST or not uneven(q, tensor, q.target(tensor)):
        return []
    v = q.laid(tensor)
    asked = wanted(q, tensor, q.bits)
    fracs = np.minimum(np.where(np.isfinite(asked), asked, unseen(q, tensor, q.bits)), v.frac)
    magnitude = np.abs(q.calibration.columns[tensor]).max(0) * _headroom(q, tensor)
    found = []
    for columns in _alike(asked, *apart):
        chosen = np.array(columns)
        frac = fracs[chosen].max()
        bits = max(q.bits, ceil(log2(float(magnitude[chosen].max()) * 2.0**frac + 1)) + 1)
        part = _gather(q, v.value, columns)
        x = q.emit(Round(round(v.frac - frac), bits + ROOM), [part], f"{tensor}.columns")
        found.append(Group(columns, x, bits, bool(magnitude[chosen].any())))
    return found


def _alike(*fracs: Array) -> list[tuple[int, ...]]:
    """Columns by scales, the coarsest first: in few pieces, none of them with columns too far apart."""
    for width in WIDTHS:
        level = np.stack([np.where(np.isfinite(f), _above(f) // width, -1) for f in fracs])
        n = level.shape[1]
        if 1 + np.count_nonzero(np.diff(level).any(0)) <= MOST_PIECES or n * n <= MOST_MATRIX:
            break
    return [tuple(np.flatnonzero(np.all(np.equal(level.T, one), 1)).tolist()) for one in np.unique(level.T, axis=0)]


def _above(fracs: Array) -> Array:
    """By how much each finite entry is above the least of them."""
    seen = np.isfinite(fracs)
    return np.where(seen, fracs, 0.0) - (fracs[seen].min() if seen.any() else 0.0)


def _gather(q: Quantizer, value: Value, columns: tuple[int, ...]) -> Value:
    """These columns, in this order: piece by piece, or where they are scattered by a product with a public matrix, raw then."""
    n, width = value.shape[-1], len(columns)
    breaks = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(columns)) if b != a + 1), width]
    if len(breaks) > 2 + FEW_PIECES and n * width <= MOST_MATRIX:
        return q.emit(Take(columns), [value], f"{value.name}.columns")
    parts = []
    for i, j in pairwise(breaks):
        starts = (*(0 for _ in value.shape[:-1]), columns[i])
        if (*value.shape[:-1], j - i) == value.shape:
            return value
        cut = Cut(starts, (1,) * len(starts), (*value.shape[:-1], j - i))
        parts.append(q.emit(cut, [value], f"{value.name}.cut"))
    return parts[0] if len(parts) == 1 else q.emit(Join(len(value.shape) - 1), parts, f"{value.name}.join")


def _weights(q: Quantizer, parts: list[tuple[Group, Array]], label: str, frac: float) -> list[Value]:
    """One weight a group: their products' scales differ from `frac` by whole numbers of bits.

    Rounding a weight by half a unit moves the result by half a unit times the group's integers: each scale leaves
    `weight_bits` to the largest product of a weight and a full group, but for what would be MOST_APART finer than the rest.
    What multiplies zeros asks for nothing.
    """
    rooms = [q.weight_bits - 1 + g.bits - q.bits - log2(_largest(w)) + g.x.frac - frac for g, w in parts]
    least = min(floor(room) for room, (g, _) in zip(rooms, parts, strict=True) if g.seen or len(parts) == 1)
    shifts = [max(0, min(q.aligned(floor(room), room), least + MOST_APART)) for room in rooms]
    return [
        q.parameter(label, w, frac + shift - g.x.frac - _excess(w, frac + shift - g.x.frac))
        for (g, w), shift in zip(parts, shifts, strict=True)
    ]


def _largest(w: Array) -> float:
    return float(np.abs(w).max(initial=0)) or 1.0


def _excess(w: Array, frac: float) -> int:
    """By how many bits the weights' integers at this scale pass what a parameter takes."""
    return max(0, ceil(log2(_largest(w)) + frac) - MOST_PARAMETER + 1)


def by_columns(q: Quantizer, tensor: str, weight: Array, label: str, out: str) -> Value | None:
    """The raw product of the tensor and a matrix of weights, group by group; None where one scale does."""
    found = groups(q, tensor) if weight.ndim == 2 else []
    if not found:
        return None
    parts = [(g, w) for g in found if (w := weight[list(g.columns)]).any() or q.options.spare]
    if not any(g.seen for g, _ in parts):
        return None
    lead = _LABELS[: len(q.graph.shapes[tensor]) - 1]
    op = Contract(lead + "k", "kz", lead + "z")
    products = [
        q.emit(op, [g.x, w], out)
        for (g, _), w in zip(parts, _weights(q, parts, label, q.scale(q.rounding_tensor(out))), strict=True)
    ]
    frac = max(p.frac for p in products)
    added = Added((1,) * len(products), tuple(round(frac - p.frac) for p in products))
    return products[0] if len(products) == 1 else q.emit(added, products, out)


def product_by_columns(q: Quantizer, tensor: str, weight: Array, label: str, out: str) -> Value | None:
    """The tensor times a constant along its columns, group by group, each rounded and all joined; None where one scale does."""
    shape = q.graph.shapes[tensor]
    if q.graph.shapes[out] != shape or weight.shape[-1] != shape[-1] or weight.size != shape[-1]:
        return None
    fracs, lead = wanted(q, out, q.bits), _LABELS[: len(shape) - 1]
    found = groups(q, tensor, fracs)
    if not found:
        return None
    magnitude = np.abs(q.calibration.columns[out]).max(0) * q.options.headroom
    places: list[int] = []
    pieces: list[Value] = []
    for group in found:
        chosen = list(group.columns)
        asked = fracs[chosen][np.isfinite(fracs[chosen])]
        frac = float(asked.max()) if asked.size else float(q.target(out))
        bits = max(q.bits, ceil(log2(float(magnitude[chosen].max()) * 2.0**frac + 1)) + 1)
        part = weight.reshape(-1)[chosen]
        (w,) = _weights(q, [(group, part)], label, frac)
        raw = q.emit(Contract(lead + "k", "k", lead + "k"), [group.x, w], out)
        pieces.append(q.emit(Round(max(0, round(raw.frac - frac)), bits + ROOM), [raw], f"{out}.round"))
        places += chosen
    frac = max(p.frac for p in pieces)
    joined = q.emit(Join(len(shape) - 1), [q.finer(p, frac, f"{out}.scale") for p in pieces], f"{out}.groups")
    back = _gather(q, joined, tuple(int(i) for i in np.argsort(places)))
    return q.emit(Commit(), [back], f"{out}.back")  # nothing where it is not raw
