"""How float operators become integer ones; importing this package registers every rule."""

from tacit.quantize.rules import (
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
