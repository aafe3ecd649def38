"""The float operators, by families; importing this package fills their registry."""

from tacit.graph.operators import (
    activation,
    arithmetic,
    convolution,
    layout,
    linear,
    normalisation,
    pooling,
    reduction,
    selection,
)

__all__ = [
    "activation",
    "arithmetic",
    "convolution",
    "layout",
    "linear",
    "normalisation",
    "pooling",
    "reduction",
    "selection",
]
