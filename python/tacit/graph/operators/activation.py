"""Functions of one number: Relu, LeakyRelu, Clip, Sigmoid, Tanh, Erf, Gelu."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tacit.graph import functions
from tacit.graph.registry import (
    HIDDEN,
    REAL,
    Array,
    Attribute,
    Attrs,
    Shown,
    always,
    canonical,
    gradient,
    kind_float,
)
from tacit.graph.shapes import same_shape


def _at_zero(attrs: Attrs, sizes: Sequence[int | None]) -> bool:
    """Clipping at 0 scales as a ReLU does, clipping at another bound does not."""
    return all(not np.isfinite(attrs[key]) or attrs[key] == 0 for key in ("min", "max"))


def _logit(y: float) -> float | None:
    """The x whose sigmoid is y."""
    return math.log(y / (1 - y)) if 0 < y < 1 else None


@canonical("Relu", same_shape, shown=HIDDEN, elementwise=True, homogeneous=always, keeps_scale=True, keeps_errors=True)
def relu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """max(x, 0)."""
    return np.maximum(inputs[0], 0.0)


@gradient("Relu")
def relu_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """1 above 0, 0 elsewhere, at 0 too."""
    return [grad * (inputs[0] > 0)]


@canonical(
    "LeakyRelu",
    same_shape,
    shown=Shown(("alpha",)),
    kind=kind_float,
    elementwise=True,
    homogeneous=always,
    keeps_scale=True,
    keeps_errors=True,
    attributes={"alpha": REAL},
)
def leaky_relu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x for x >= 0, else alpha * x. Attribute ``alpha``: float."""
    x = inputs[0]
    return np.where(x >= 0, x, attrs["alpha"] * x)


@gradient("LeakyRelu")
def leaky_relu_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """1 from 0 on, alpha below."""
    return [grad * np.where(inputs[0] >= 0, 1.0, attrs["alpha"])]


@canonical(
    "Clip",
    same_shape,
    shown=Shown(("min", "max")),
    elementwise=True,
    homogeneous=_at_zero,
    keeps_scale=True,
    keeps_errors=True,
    limits=("min", "max"),
    attributes={"min": REAL, "max": REAL},
)
def clip(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """min(max(x, min), max). Attributes ``min``, ``max``: float, -inf and inf when there is no bound."""
    return np.clip(inputs[0], attrs["min"], attrs["max"])


@gradient("Clip")
def clip_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """1 strictly between the bounds, 0 elsewhere."""
    return [grad * ((inputs[0] > attrs["min"]) & (inputs[0] < attrs["max"]))]


@canonical(
    "Sigmoid",
    same_shape,
    shown=HIDDEN,
    kind=kind_float,
    elementwise=True,
    gives=(0.0, 1.0),
    flat=12.0,
    tabulated=True,
    inverse=_logit,
)
def sigmoid(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """1 / (1 + exp(-x)), written with tanh so that nothing overflows."""
    return functions.sigmoid(inputs[0])


@gradient("Sigmoid")
def sigmoid_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """y (1 - y)."""
    return [grad * output * (1 - output)]


@canonical(
    "Tanh", same_shape, shown=HIDDEN, kind=kind_float, elementwise=True, gives=(-1.0, 1.0), flat=6.25, tabulated=True
)
def tanh(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """tanh(x)."""
    return np.tanh(inputs[0])


@gradient("Tanh")
def tanh_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """1 - y^2."""
    return [grad * (1 - output**2)]


@canonical(
    "Erf", same_shape, shown=HIDDEN, kind=kind_float, elementwise=True, gives=(-1.0, 1.0), flat=3.25, tabulated=True
)
def erf(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """The error function, 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return functions.erf(inputs[0])


@gradient("Erf")
def erf_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """2/sqrt(pi) exp(-x^2)."""
    return [grad * functions.erf_slope(inputs[0])]


@canonical(
    "Gelu",
    same_shape,
    shown=HIDDEN,
    kind=kind_float,
    elementwise=True,
    tabulated=True,
    attributes={"approximate": Attribute(words=("none", "tanh"))},
)
def gelu(attrs: Attrs, inputs: Sequence[Array]) -> Array:
    """x * Phi(x). Attribute ``approximate``: "none" or "tanh".

    Phi(x) = (1 + erf(x / sqrt(2))) / 2, or approximately (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))) / 2.
    """
    x = inputs[0]
    return functions.gelu_tanh(x) if attrs["approximate"] == "tanh" else functions.gelu(x)


@gradient("Gelu")
def gelu_gradient(attrs: Attrs, inputs: Sequence[Array], output: Array, grad: Array) -> Sequence[Array]:
    """Phi(x) + x Phi'(x)."""
    slope = functions.gelu_tanh_slope if attrs["approximate"] == "tanh" else functions.gelu_slope
    return [grad * slope(inputs[0])]
