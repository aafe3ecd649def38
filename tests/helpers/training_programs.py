"""Training programs of `trained` cases, and what a prover gives for them: the trainer's own integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from execution import Execution, execute
from trained import Case

from tacit import program as pg
from tacit.program import addresses
from tacit.program.builder import Settings
from tacit.train.emit import SETTINGS, Places, Training, training_program
from tacit.train.trainer import Trajectory

Array = Any


def emitted(made: Case, base: str = "public", next: str = "public", settings: Settings = SETTINGS) -> Training:
    """The program of the case's steps."""
    record = made.plan.record
    data = (
        ("x", made.x.shape, *record.interval),
        ("y", made.y.shape, *record.label_interval),
        ("id", made.x.shape[:1], 0, (1 << 48) - 1),
    )
    return training_program(made.plan, made.bounds, made.overflow, data, Places(base, next, made.order), settings)


def fitted(made: Case, base: dict[str, Array] | None = None) -> Trajectory:
    """What the trainer makes of the case's records."""
    return made.trainer.fit(made.base() if base is None else base, made.x, made.y, made.rows)


def givens(
    made: Case, training: Training, found: Trajectory, base: dict[str, Array] | None = None
) -> dict[str, np.ndarray]:
    """All tensors that a prover gives, by address: slabs, batches, snapshots, a public next."""
    program = training.program
    values: dict[str, np.ndarray] = {}
    slabs = {
        "model": training.piece_values(made.base() if base is None else base),
        "data": {"x": made.x, "y": made.y, "id": np.arange(len(made.x))},
        "next": training.piece_values(found.weights),
    }
    for tensor, address in zip(program.tensors, addresses(program.slabs, program.tensors), strict=True):
        if isinstance(tensor.place, pg.Slab):
            values[address] = slabs[program.slabs[tensor.place.index].name][tensor.name]
    values |= training.given(found)
    if len(program.slabs) == 2:
        values |= training.next_values(found.weights)
    if made.order == "permutation":
        values |= training.batch_values(made.plan, made.rows)
    return values


def run(made: Case, training: Training, found: Trajectory | None = None) -> Execution:
    """The execution of an honest prover, every relation checked."""
    return execute(training.program, givens(made, training, fitted(made) if found is None else found))
