"""The operators, grouped by what they do; importing this package fills the registries."""

from tacit.importers.ops import (
    activation,
    arithmetic,
    classical,
    compare,
    layout,
    linear,
    normalize,
    pad,
    pool,
    reduce,
    select,
)

__all__ = [
    "activation",
    "arithmetic",
    "classical",
    "compare",
    "layout",
    "linear",
    "normalize",
    "pad",
    "pool",
    "reduce",
    "select",
]
