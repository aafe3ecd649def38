"""Units of fitted models: what was fitted on a table's columns reads them as the table has them, and training as the schema does.

A model that was fitted on named columns saw the table: a number v, where the schema keeps (v - center) / scale. Categories, codes
and flags are the same numbers in both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tacit.graph.nodes import Array

if TYPE_CHECKING:
    from tacit.data import Column, Schema


def as_table(layers: list[tuple[Array, Array]], schema: Schema) -> list[tuple[Array, Array]]:
    """Layers that read a table's units and predict in them, as layers that do both in the schema's units.

    Columns and targets stand in the schema's order already.
    """
    centers, scales = _units([schema.columns[entry.column] for entry in schema.entries])
    (w, b), *rest = layers
    layers = [(w * scales[:, None], b + centers @ w), *rest]
    if schema.label.targets:
        centers, scales = _units(schema.label.targets)
        *first, (w, b) = layers
        layers = [*first, (w / scales, (b - centers) / scales)]
    return layers


def _units(columns: list[Column] | tuple[Column, ...]) -> tuple[Array, Array]:
    """Center and scale of each; what is no number column is kept as it is."""
    found = [(0.0, 1.0) if column.scale is None else (column.scale.center, column.scale.scale) for column in columns]
    return np.array([center for center, _ in found]), np.array([scale for _, scale in found])
