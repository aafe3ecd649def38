"""What an integer can be, whatever the inputs: one interval a value, carried through the integer graph.

A rounding that has room for its whole reach has a witness for every input. For sums of products with weights,
x = sum w a with a in [lo, hi], the bound is

    P hi + N (-lo)   where lo <= 0 <= hi, P >= sum of the w > 0 and N >= sum of the -w > 0 of any one row,

with P and N rounded up to powers of two: what a program shows of the weights by it is an exponent. `declared` takes the
intervals that the weights' proof of validity shows instead: coarser, but it needs no weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Interval = tuple[int, int]


@dataclass(frozen=True)
class Reach:
    """A value of this shape has its integers in [lo, hi]. `weights`: those of a parameter, where they may be looked at."""

    shape: Shape
    lo: int
    hi: int
    weights: Array | None = None

    @property
    def ends(self) -> Interval:
        return self.lo, self.hi


@dataclass(frozen=True)
class Overflow:
    """What becomes of values beyond the bits of a rounding.

    `widen`: digits for all that they can be; else values are clamped to the bits, unless `room` more are enough for all.
    `declared`: weights are bounded by their declared intervals instead of their own sums.
    """

    widen: bool = False
    room: int = 2
    declared: bool = False

    def takes(self, bits: int, need: int) -> bool:
        """Whether a rounding to `bits` that needs more takes them all."""
        return self.widen or need <= bits + self.room


def signed_bits(lo: int, hi: int) -> int:
    """The least signed bits that hold [lo, hi]."""
    return max(hi.bit_length() if hi > 0 else 0, (-1 - lo).bit_length() if lo < 0 else 0) + 1


def rounded(ends: Interval, shift: int) -> Interval:
    """round(x / 2^shift), halves up, for x in the interval."""
    half = 1 << shift >> 1
    return (ends[0] + half) >> shift, (ends[1] + half) >> shift


def within(ends: Interval, bounds: Interval) -> Interval:
    """The interval cut to bounds: what of it has a witness. Where they do not meet, the bounds."""
    lo, hi = max(ends[0], bounds[0]), min(ends[1], bounds[1])
    return (lo, hi) if lo <= hi else bounds


def hull(reaches: Sequence[Reach], *more: int) -> Interval:
    """The least interval around all of these."""
    return min([r.lo for r in reaches] + list(more)), max([r.hi for r in reaches] + list(more))


def scaled(ends: Interval, coef: int) -> Interval:
    """coef * x."""
    a, b = coef * ends[0], coef * ends[1]
    return min(a, b), max(a, b)


def power_above(value: float) -> int:
    """The least power of two that is at least the value."""
    return 1 << max(0, ceil(value) - 1).bit_length()


def around_zero(ends: Interval, count: int) -> Interval:
    """A sum of at most `count` values of the interval."""
    return count * min(ends[0], 0), count * max(ends[1], 0)


def product(a: Reach, b: Reach, kept: tuple[str, str], out: str) -> Interval:
    """A sum of products: `kept`: the labels of a's and b's axes, `out`: of the result's."""
    extents = dict(zip(kept[0] + kept[1], (*a.shape, *b.shape), strict=True))
    terms = prod(n for label, n in extents.items() if label not in out)
    corners = [x * y for x in a.ends for y in b.ends]
    if a.weights is None and b.weights is None:
        return around_zero((min(corners), max(corners)), terms)
    weights, x, labels = (a.weights, b, kept[0]) if a.weights is not None else (b.weights, a, kept[1])
    assert weights is not None
    axes = tuple(i for i, label in enumerate(labels) if label not in out)
    # What the other side alone sums over meets each weight so many times.
    times = prod(n for label, n in extents.items() if label not in out and label not in labels)
    plus, minus = (
        power_above(times * float(part.sum(axis=axes).max(initial=0.0)))
        for part in (np.maximum(weights, 0.0), np.maximum(-weights, 0.0))
    )
    both = power_above(times * float(np.abs(weights).sum(axis=axes).max(initial=0.0)))
    below, above = max(-x.lo, 0), max(x.hi, 0)
    most = both * max(below, above)
    return -min(most, plus * below + minus * above), min(most, plus * above + minus * below)
