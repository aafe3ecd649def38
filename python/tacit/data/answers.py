"""What a program `infer` of a deployment answers, in a schema's words: shares by class, targets in their units.

Names and units are no part of a proof: they are the schema's, and as good as the schema is the published one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tacit.errors import InputError

if TYPE_CHECKING:
    from tacit.api.objects import Program
    from tacit.data.schema import Schema

#: The input and the output of every program that predicts.
INPUT, OUTPUT = "x", "prediction"


def predictions(schema: Schema, values: Any) -> list[dict[str, float]]:
    """`Schema.predictions`."""
    found = np.asarray(values, dtype=np.float64)
    if found.size % schema.labels or not found.size:
        raise InputError(
            f"expected {schema.labels} numbers a record, got shape {list(found.shape)}",
            slug="shape",
            place="prediction",
            remedy="give the output `prediction` of a program that was compiled with this schema",
        )
    found = found.reshape(-1, schema.labels)
    if schema.classes is None:
        scales = [(target.name, target.scale) for target in schema.label.targets]
        return [
            {name: s.center + s.scale * float(v) for (name, s), v in zip(scales, row, strict=True) if s is not None}
            for row in found
        ]
    if schema.labels == 1:
        found = np.concatenate([1 - found, found], axis=1)
    return [{name: float(v) for name, v in zip(schema.classes, row, strict=True)} for row in found]


def heads(schema: Schema) -> list[str]:
    """What stands above each prediction: the class, or the target with its unit."""
    if schema.classes is not None:
        return list(schema.classes)
    return [f"{target.name} ({target.unit})" if target.unit else target.name for target in schema.label.targets]


def check_predicts(program: Program, schema: Schema) -> None:
    """Whether a program predicts from records of this schema, as far as shapes, ranges and scales say. Raises InputError."""
    x, y = program.inputs.get(INPUT), program.outputs.get(OUTPUT)
    good = x is not None and y is not None and x.shape[1:] == schema.features and x.frac == schema.frac
    if x is not None and y is not None and good:
        good = (x.lo, x.hi) == schema.interval and prod(y.shape) == x.shape[0] * schema.labels
    if not good:
        raise InputError(
            f"expected a program that predicts from {schema.features} to {schema.labels} numbers a record, "
            f"got one from {_ports(program.inputs)} to {_ports(program.outputs)}",
            slug="schema",
            place="schema",
            remedy="give the schema that the deployment was compiled with, or leave the schema out",
        )


def _ports(ports: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {tuple(port.shape)}" for name, port in list(ports.items())[:4]) or "nothing"
