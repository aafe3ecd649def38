"""The importers of ONNX operators, by families; importing this package fills their registry."""

from tacit.importers.onnx.ops import (
    activation,
    arithmetic,
    classical,
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
    "classical",
    "convolution",
    "layout",
    "linear",
    "normalisation",
    "pooling",
    "reduction",
    "selection",
]
