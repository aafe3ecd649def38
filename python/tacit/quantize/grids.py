"""Public numbers that depend on weights or samples, on grids that tell little.

A program is public, and its tables, bounds and scales are chosen by what the network does on hidden samples. A table that
ended where the calibrated values end told two digits of a hidden range: enough to read a model of two weights off its
program. So such numbers take values of a grid: a table spans a power of two (`rows`), the scale that a bound's integer
stands in is that at which the bound itself fills the bits, less whole bits (`on_grid`).
"""

from __future__ import annotations

from itertools import count
from math import ceil, copysign, floor, log2

from tacit.integer.scale import EPSILON

#: Where an interval of width 4 begins, in units of a quarter of its width: about zero, or mostly to one side of it.
SIDES = (-2, -1, -3)


def rows(low: float, high: float, most: int, finest: int) -> tuple[int, int, int]:
    """First and last row and frac of a table whose rows hold [low, high]; at most 2^most rows, no finer than `finest`.

    The rows span a power of two in real units, [-2, 2), [-1, 3) or [-3, 1) times another: as many as are paid for, since a
    table is padded to a power of two. Calibrated ends with room of half their magnitude fit one of the three as finely as
    any table of 2^most rows.
    """
    width = high - low
    for power in count(ceil(log2(width)) if width > 0 else 1 - finest):
        frac = min(finest, most - power)
        for side in SIDES:
            quarter = 2.0 ** (power - 2 + frac)
            first, last = floor(side * quarter), ceil((side + 4) * quarter) - 1
            if first <= floor(low * 2.0**frac + 0.5) and floor(high * 2.0**frac + 0.5) <= last:
                return first, last, frac
    raise AssertionError  # a wide enough power holds any two numbers


def on_grid(finest: float, anchor: float) -> float:
    """The finest scale that is at most `finest` and differs from `anchor` by whole bits."""
    return anchor - ceil(anchor - finest - EPSILON)


def octave(value: float) -> float:
    """The power of two at or below the magnitude, with the value's sign."""
    return copysign(2.0 ** floor(log2(abs(value))), value)
