"""One step of a model as it was given, in integers, held against the gradients of the file."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from given_models import OnnxModel, as_in_file

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning
from tacit.train import SGD, Deployment, compile
from tacit.train.description import decode

RATE, BATCH = 0.25, 4


def compiled(model: OnnxModel, frac: int | None = None, **options: Any) -> tuple[Deployment, Schema]:
    columns = [Column.number(f"y{i}", -2, 2, center=0, scale=1) for i in range(model.targets)]
    schema = Schema.array(
        model.features, -2, 2, Label.numbers("y", columns), id="id", **({} if frac is None else {"frac": frac})
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        made = compile(
            model.proto(), schema=schema, optimizer=SGD(RATE, BATCH, 1, order="committed"), records=BATCH, **options
        )
    return made, schema


def check_step(model: OnnxModel, frac: int | None = None, **options: Any) -> Deployment:
    """One step of the integers, beside rate x gradient of the file. `frac`: of records."""
    made, schema = compiled(model, frac, **options)
    assert decode(made.description.encode()).encode() == made.description.encode()
    rng = np.random.default_rng(1)
    # About 1 in real units: nothing is clamped, which would be another step.
    x = rng.integers(-(1 << schema.frac), 1 << schema.frac, (BATCH, *model.features), endpoint=True)
    y = rng.integers(-(1 << schema.label_frac), 1 << schema.label_frac, (BATCH, model.targets), endpoint=True)
    start, after = made.real(made.initial), made.real(made.fit(made.initial, x, y).weights)
    exact = model.gradients(x * 2.0**-schema.frac, y * 2.0**-schema.label_frac)
    found = {}
    for name, values in after.items():
        of, moved = as_in_file(name, values - start[name], np.shape(model.weights.get(name.partition("/")[0], 0)))
        if of in model.weights:
            found[of] = moved
    frozen = {name for name in model.weights if name in made.description.plan.network.frozen}
    assert set(found) == set(exact)
    largest = max(float(np.abs(RATE * gradient).max()) for gradient in exact.values())
    for name, gradient in exact.items():
        wanted = np.zeros(gradient.shape) if name in frozen else -RATE * gradient
        np.testing.assert_allclose(found[name], wanted, atol=0.02 * largest + 2e-3, err_msg=name)
    return made
