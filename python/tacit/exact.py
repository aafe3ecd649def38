"""Numbers as callers give them, to float64 and int64: a whole number that would become another one is refused. And the one
way in which real numbers become integers at a scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError

#: Whole numbers up to this magnitude are float64 exactly, and none beyond is safe.
EXACT = 2**53


def unmasked(values: Any, place: str) -> Any:
    """The same, if nothing in it is masked: what stands behind a mask is a fill, and no value. Raises InputError."""
    if np.ma.is_masked(values):
        raise InputError(
            f"expected a value everywhere, got {int(np.ma.getmaskarray(values).sum())} masked ones",
            slug="missing_value",
            place=place,
            remedy="give values without a mask: leave them out, or fill them in yourself (numpy.ma.filled)",
        )
    return values


def inexact(values: npt.NDArray[Any]) -> int | None:
    """The first whole number of the array, of an integer type or Python's own, beyond 2^53; None if there is none."""
    if values.dtype.kind in "iu" and values.dtype.itemsize > 4:
        beyond = values > EXACT
        if values.dtype.kind == "i":
            beyond |= values < -EXACT
        found = values[beyond]
        return int(found.flat[0]) if found.size else None
    if values.dtype.kind == "O":
        return next((x for x in values.flat if isinstance(x, int) and abs(x) > EXACT), None)
    return None


def as_floats(values: npt.NDArray[Any], place: str) -> npt.NDArray[np.float64]:
    """The array as float64. Raises InputError for a whole number beyond 2^53; TypeError, ValueError, OverflowError."""
    wrong = inexact(values)
    if wrong is not None:
        raise InputError(
            f"expected whole numbers of a magnitude of at most 2^53, got {str(wrong)[:40]}", slug="inexact", place=place
        )
    return values.astype(np.float64)


def as_integers(values: Any, place: str) -> npt.NDArray[np.int64]:
    """Integers as int64, flat. Raises InputError where they are of another type, or do not fit."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(
            f"expected integers, got {array.dtype}",
            slug="dtype",
            place=place,
            remedy="tacit.compile makes the integers",
        )
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise InputError(
            f"expected integers below 2^63, got {int(array.max())}",
            slug="range",
            place=place,
            remedy="tacit.compile makes the integers",
        )
    # Aligned, too: what was read out of a message may lie anywhere.
    return np.require(array.reshape(-1), dtype=np.int64, requirements=["C", "A"])


def rounded(values: npt.NDArray[np.float64], frac: int) -> npt.NDArray[np.float64]:
    """The whole numbers nearest to values * 2^frac, halves up."""
    exact = values * 2.0**frac
    whole = np.floor(exact)
    whole += exact - whole >= 0.5  # exact + 0.5 could round up by itself
    return np.asarray(whole)


def quantized(
    values: npt.NDArray[np.float64], frac: int, interval: tuple[int, int], place: str
) -> npt.NDArray[np.int64]:
    """Integers of real values at the scale 2^-frac, of the same shape; nearest, halves up.

    Raises InputError (slugs not_finite, range) naming the place, the first value that does not fit, and the range.
    """
    if not np.all(np.isfinite(values)):
        raise InputError("a value that is not a finite number", slug="not_finite", place=place)
    scaled = rounded(values, frac)
    outside = (scaled < interval[0]) | (scaled > interval[1])
    if np.any(outside):
        low, high = (end * 2.0**-frac for end in interval)
        raise InputError(
            f"expected values in [{low:g}, {high:g}], got {values[outside].flat[0]:g}",
            slug="range",
            place=place,
            remedy="compile for a wider range (ranges=.., --range), or with samples that cover such values",
        )
    return np.ascontiguousarray(scaled.astype(np.int64))


def outside(values: npt.NDArray[Any], lo: int, hi: int) -> Any:
    """The first value that is not in [lo, hi], or not a number; None where all are."""
    wrong = ~((values >= lo) & (values <= hi))
    return values[wrong][0] if wrong.any() else None
