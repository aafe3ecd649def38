"""Functions of one real number: what float operators mean, and what tables hold by the names that an architecture calls them."""

from __future__ import annotations

from collections.abc import Callable
from math import erf as _erf_of_one
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Function = Callable[[Array], Array]


def erf(x: Array) -> Array:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return np.asarray(np.vectorize(_erf_of_one, otypes=[np.float64])(x))


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), written with tanh so that nothing overflows."""
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def gelu(x: Array) -> Array:
    """x (1 + erf(x / sqrt(2))) / 2."""
    return np.asarray(0.5 * x * (1 + erf(x / np.sqrt(2))))


def gelu_tanh(x: Array) -> Array:
    """x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2."""
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))


FUNCTIONS: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "erf": erf,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
}
