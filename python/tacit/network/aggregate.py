"""Aggregation in exact integers: everybody computes the same next model from the same contributions.

    mean          floor((2 sum_k N_k W_k + N) / (2 N)),  N = sum_k N_k           rounded half up, N_k from the deployments
    median        floor((a + b + 1) / 2) of the two middle values, a = b for an odd number     every node one vote
    trimmed mean  the b least and the b greatest values of every entry left out, then the mean of the rest, N_k = 1
    norm bound    with U = W_k - W and |U|^2 > C^2: refused, or U scaled to trunc(U q / 2^20), q = isqrt(floor(C^2 2^40 / |U|^2))

A mean, a median and a scaled update lie between values that are in the interval, so the next model is in it, too; that is checked
all the same. Sums stay in int64 under a bound that is checked, and go through Python's integers beyond it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

import numpy as np

from tacit.errors import InputError, InvalidProof
from tacit.network.context import check_interval, check_model
from tacit.network.interface import Ints, Model, Parameter
from tacit.program.borsh import U16, Bool, Enum, Int, Option, struct_of

_ROOM = 1 << 63
_SCALE = 20
#: Entries that go through Python's integers at a time.
_PART = 1 << 16


@dataclass(frozen=True)
class Mean:
    """The average, weighted by the number of records that each proof is about."""


@dataclass(frozen=True)
class Median:
    """The middle value of every entry."""


@dataclass(frozen=True)
class Trimmed:
    """The mean without the `cut` least and greatest values of every entry."""

    cut: int


@dataclass(frozen=True)
class Bound:
    """The Euclidean norm of an update is at most `norm` (in units of the integers); longer ones are refused, or scaled."""

    norm: int
    scale: bool = False


@dataclass(frozen=True)
class Rule:
    """How contributions become the next model."""

    way: Mean | Median | Trimmed = Mean()
    bound: Bound | None = None


RULE = struct_of(
    Rule,
    way=Enum((struct_of(Mean), struct_of(Median), struct_of(Trimmed, cut=U16))),
    bound=Option(struct_of(Bound, norm=Int("<Q"), scale=Bool())),
)


def bounded(rule: Rule, base: Model, next: Model, parameters: Sequence[Parameter]) -> dict[str, Ints]:
    """The contribution as it enters the aggregate: `next`, or with its update scaled to the bound.

    Raises InvalidProof (slug update_norm) where the bound refuses.
    """
    if rule.bound is None:
        return {name: next[name] for name, _, _, _ in parameters}
    most = rule.bound.norm**2
    found = sum(_square(next[name] - base[name]) for name, _, _, _ in parameters)
    if found <= most:
        return {name: next[name] for name, _, _, _ in parameters}
    if not rule.bound.scale:
        raise InvalidProof(
            f"expected an update of norm at most {rule.bound.norm}, got {isqrt(found)}",
            slug="update_norm",
            place="update",
        )
    factor = isqrt((most << (2 * _SCALE)) // found)
    return {name: base[name] + _scaled(next[name] - base[name], factor) for name, _, _, _ in parameters}


def aggregate(
    rule: Rule, contributions: Sequence[tuple[int, Model]], parameters: Sequence[Parameter]
) -> dict[str, Ints]:
    """The next model of (number of records, model) for every verified contribution; the order does not matter.

    Raises InputError (slug aggregate) where the rule has nothing to work on.
    """
    if not contributions or any(records < 1 for records, _ in contributions):
        raise InputError(
            f"expected contributions with records, got {[records for records, _ in contributions]}",
            slug="aggregate",
            place="contributions",
        )
    for _, model in contributions:
        check_model(model, parameters)
    counts = [records for records, _ in contributions]
    found = {}
    for name, shape, lowest, highest in parameters:
        parts = [model[name].reshape(-1) for _, model in contributions]
        if isinstance(rule.way, Mean):
            flat = _mean(parts, counts, max(-lowest, highest))
        elif isinstance(rule.way, Median):
            flat = _median(parts)
        else:
            flat = _trimmed(parts, rule.way.cut, max(-lowest, highest))
        check_interval(flat, lowest, highest, name)
        found[name] = flat.reshape(shape)
    return found


def _mean(parts: Sequence[Ints], counts: Sequence[int], most: int) -> Ints:
    """floor((2 sum N_k W_k + N) / (2 N)); |W_k| <= most."""
    total = sum(counts)
    if 2 * total * most + total < _ROOM:
        summed = np.full(parts[0].shape, total, np.int64)
        for part, count in zip(parts, counts, strict=True):
            summed += (2 * count) * part
        return np.asarray(summed // (2 * total), dtype=np.int64)
    flat = np.empty(parts[0].shape, np.int64)
    for at in range(0, flat.size, _PART):
        exact = [part[at : at + _PART].astype(object) for part in parts]
        doubled = np.sum([2 * count * part for part, count in zip(exact, counts, strict=True)], axis=0) + total
        flat[at : at + _PART] = (doubled // (2 * total)).astype(np.int64)
    return flat


def _median(parts: Sequence[Ints]) -> Ints:
    middle = len(parts) // 2
    ordered = np.sort(np.stack(parts), axis=0)
    if len(parts) % 2:
        return np.asarray(ordered[middle])
    # a + b would not fit where both are near 2^62: half of each, and what the halves leave.
    left, right = ordered[middle - 1], ordered[middle]
    return np.asarray((left >> 1) + (right >> 1) + (((left & 1) + (right & 1) + 1) >> 1))


def _trimmed(parts: Sequence[Ints], cut: int, most: int) -> Ints:
    if not 0 <= 2 * cut < len(parts):
        raise InputError(
            f"expected more than {2 * cut} contributions, {cut} being left out at either end, got {len(parts)}",
            slug="aggregate",
            place="trimmed mean",
        )
    ordered = np.sort(np.stack(parts), axis=0)[cut : len(parts) - cut]
    return _mean(list(ordered), [1] * len(ordered), most)


def _square(update: Ints) -> int:
    """The exact sum of squares: U = a 2^20 + b with 0 <= b < 2^20, U^2 = a^2 2^40 + a b 2^21 + b^2, if |U| < 2^40."""
    total = 0
    flat = update.reshape(-1)
    if flat.size and max(-int(flat.min()), int(flat.max())) < 1 << 40:
        for at in range(0, flat.size, _PART):
            part = flat[at : at + _PART]
            high, low = part >> 20, part & ((1 << 20) - 1)
            # 2^16 entries of less than 2^40 each
            total += (int(high @ high) << 40) + (int(high @ low) << 21) + int(low @ low)
        return total
    return sum(int(value) ** 2 for value in flat.tolist())


def _scaled(update: Ints, factor: int) -> Ints:
    """trunc(U factor / 2^20), factor < 2^20."""
    if update.size and max(-int(update.min()), int(update.max())) >= 1 << 42:
        exact = [(abs(value) * factor >> _SCALE) * (1 if value >= 0 else -1) for value in update.reshape(-1).tolist()]
        return np.array(exact, np.int64).reshape(update.shape)
    return np.asarray(np.sign(update) * (np.abs(update) * factor >> _SCALE), dtype=np.int64)
