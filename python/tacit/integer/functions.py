"""Functions on real numbers that tables hold, by the names that an architecture calls them."""

from __future__ import annotations

from collections.abc import Callable
from math import erf as _erf_of_one
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import ProgramError

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]

#: A row may be off by this, in units of the table's results: half of it is rounding, the rest the mathematics library's.
OFF = 1.0


def erf(x: Array) -> Array:
    return np.asarray(np.vectorize(_erf_of_one, otypes=[np.float64])(x))


def sigmoid(x: Array) -> Array:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))))


def gelu_tanh(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "erf": erf,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
}


def check_rows(place: str, function: str | None, lo: int, outs: tuple[int, ...], at: float, gives: float) -> None:
    """Every row of a table is its function's, rounded; a table of no function holds one value. Raises ProgramError."""
    if function is None:
        if len(set(outs)) > 1:
            raise ProgramError(
                "expected a table of a named function, got rows of none", slug="architecture", place=place
            )
        return
    if function not in FUNCTIONS:
        raise ProgramError(
            f"expected a function of {', '.join(FUNCTIONS)}, got {function!r}"[:200], slug="architecture", place=place
        )
    exact = FUNCTIONS[function](np.arange(lo, lo + len(outs)) * 2.0**-at) * 2.0**gives
    off = np.abs(exact - np.array(outs, dtype=np.float64))
    if not np.all(off <= OFF):
        worst = int(np.argmax(~(off <= OFF)))
        raise ProgramError(
            f"expected the rows of {function}, got {outs[worst]} in row {lo + worst}, not {exact[worst]:.1f}",
            slug="architecture",
            place=place,
        )
