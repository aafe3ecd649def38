"""The integer operators, by families; `OPERATORS` has every one by its name."""

from tacit.integer.graph import OPERATORS
from tacit.integer.operators import (  # noqa: F401  (each registers its operators)
    activation,
    layout,
    linear,
    normalisation,
    pooling,
    rounding,
    saturation,
    selection,
)

__all__ = ["OPERATORS"]
