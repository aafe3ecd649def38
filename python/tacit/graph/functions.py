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


def erf_slope(x: Array) -> Array:
    """2/sqrt(pi) exp(-x^2)."""
    return np.asarray(2 / np.sqrt(np.pi) * np.exp(-(x**2)))


def gelu_slope(x: Array) -> Array:
    """Phi(x) + x phi(x), phi the normal density."""
    return np.asarray(0.5 * (1 + erf(x / np.sqrt(2))) + x * np.exp(-0.5 * x**2) / np.sqrt(2 * np.pi))


def gelu_tanh_slope(x: Array) -> Array:
    """(1 + t) / 2 + x (1 - t^2) u' / 2 with t = tanh(u), u = sqrt(2/pi) (x + 0.044715 x^3)."""
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    slope = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return np.asarray(0.5 * (1 + t) + 0.5 * x * (1 - t**2) * slope)


FUNCTIONS: dict[str, Function] = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "erf": erf,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "gelu_slope": gelu_slope,
    "gelu_tanh_slope": gelu_tanh_slope,
}
