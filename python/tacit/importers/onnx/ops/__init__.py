"""The operators, grouped by what they do; importing this package fills the registries."""

from tacit.importers.onnx.ops import (
    activation,
    arithmetic,
    classical,
    layout,
    linear,
    normalisation,
    pad,
    pooling,
    reduction,
    selection,
    slices,
)

__all__ = [
    "activation",
    "arithmetic",
    "classical",
    "layout",
    "linear",
    "normalisation",
    "pad",
    "pooling",
    "reduction",
    "selection",
    "slices",
]
