"""The training program against the trainer: what the trainer makes satisfies every relation, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from execution import Execution, check_execution, execute
from trained import NETWORKS, Case, case

from tacit import program as pg
from tacit.program import addresses
from tacit.train.emit import BATCHES, Places, Training, next_tensor, training_program
from tacit.train.programs import TOTAL
from tacit.train.trainer import Trajectory

PLACES = [
    Places(base, next_, order)
    for base, next_, order in (
        ("public", "public", "permutation"),
        ("private", "private", "committed"),
        ("private", "public", "all"),
    )
]


def emitted(made: Case, places: Places) -> Training:
    plan = made.plan
    data = (
        ("x", made.x.shape, *plan.record.interval),
        ("y", made.y.shape, *plan.record.label_interval),
        ("id", made.x.shape[:1], 0, (1 << 48) - 1),
    )
    return training_program(plan, made.bounds, TOTAL, data, places)


def givens(
    made: Case, training: Training, places: Places, rows: np.ndarray | None
) -> tuple[Trajectory, dict[str, np.ndarray]]:
    """All that a prover gives, by address."""
    base = made.base()
    found = made.trainer.fit(base, made.x, made.y, rows)
    program = training.program
    of = dict(enumerate(addresses(program.slabs, program.tensors)))
    values: dict[str, np.ndarray] = {}
    for index, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, pg.Slab):
            role = program.slabs[tensor.place.index].name
            if role == "data":
                own = {"x": made.x, "y": made.y, "id": np.arange(len(made.x))}
            else:
                own = training.piece_values(base if role == "model" else found.weights)
            values[of[index]] = own[tensor.name]
    values |= training.given(found)
    if places.next == "public":
        values |= {next_tensor(name): weights for name, weights in found.weights.items()}
    if places.order == "permutation":
        assert rows is not None
        values[BATCHES] = rows
    return found, values


def run(made: Case, places: Places) -> Execution:
    if places.order == "all":
        made.plan = replace(made.plan, batch=len(made.x))
        made.__post_init__()
        made.plan = replace(made.plan, batch=len(made.x))
    rows = made.rows if places.order == "committed" else None
    if places.order == "permutation":
        rows = np.random.default_rng(1).permutation(len(made.x)).reshape(made.rows.shape)
    training = emitted(made, places)
    _, values = givens(made, training, places, rows)
    return execute(training.program, values)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_trainers_steps_are_a_witness(name: str) -> None:
    made = case(NETWORKS[name](), chunks=(2, 1))
    check_execution(run(made, PLACES[0]))
