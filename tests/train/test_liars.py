"""Provers that skip `execute`: false steps are committed to and proven all the same, and every verifier refuses.

Scales of few bits and tables of few rows: the toy prover is plain Python, and so is the second verifier.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from toy import cases, programs
from toy.audit import audit
from trained import Case, case, dense
from training_programs import emitted, fitted, givens

from tacit.errors import ProgramError
from tacit.program.builder import Settings
from tacit.reference import Refused
from tacit.reference.program import decode_program
from tacit.train import loss
from tacit.train.step import AFTER
from tacit.train.tape import Scales
from tacit.train.trainer import Trainer, Trajectory
from tacit.uniqueness import second_witness

TINY = Scales(inputs=2, activations=2, activation_bits=4, errors=3, error_bits=5, weights=12)
NARROW = Settings(6, 6)


@pytest.fixture(autouse=True)
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sigmoid that ends at 4, in 32 rows."""
    monkeypatch.setattr(loss, "FLAT", 4.0)


def tiny(order: str = "permutation", momentum: float = 0.0) -> Case:
    made = case(dense(2, 1), "logistic", chunks=(2,), batch=1, scales=TINY, order=order, momentum=momentum, rate=0.5)
    made.plan = replace(made.plan, record=replace(made.plan.record, interval=(-4, 3), frac=2))
    return Case(made.plan, made.steps, made.overflow, order=order)


class Liar(Trainer):
    """Changes what step `at` makes of the weights, and goes on honestly from there."""

    def __init__(self, made: Case, at: int, change: Callable[[Any, Any], Any]) -> None:
        super().__init__(made.plan, made.bounds, made.overflow)
        self.left, self.change = at, change

    def _step(self, graph: Any, weights: Any, speeds: Any, x: Any, y: Any) -> dict[str, Any]:
        found = super()._step(graph, weights, speeds, x, y)
        if self.left == 0:
            found |= {f"{AFTER} {n}": self.change(w[None], found[f"{AFTER} {n}"]) for n, w in weights.items()}
        self.left -= 1
        return found


def proven(made: Case, found: Trajectory) -> cases.Case:
    training = emitted(made, "private", "public", NARROW)
    program = decode_program(training.program.encode())
    given = {name: np.asarray(v).reshape(-1).tolist() for name, v in givens(made, training, found).items()}
    return cases.prove_case(program, programs.TWO_LEVELS, given, max_fold=6)


@pytest.mark.parametrize("order", ["permutation", "committed"])
def test_an_honest_trainer_is_accepted(order: str) -> None:
    made = tiny(order)
    found = proven(made, fitted(made))
    assert found.run.check() == []
    found.verify()


CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "one more": lambda before, after: after + 1,
    "left out": lambda before, after: np.broadcast_to(before, after.shape),
    "negated": lambda before, after: before - (after - before),
    "twice": lambda before, after: after + (after - before),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("at", [0, 1])
def test_a_false_step_is_refused(change: str, at: int) -> None:
    """Injected, skipped, turned or doubled at step `at`: the updates are false, and no more than that."""
    made = tiny()
    found = proven(made, Liar(made, at, CHANGES[change]).fit(made.base(), made.x, made.y, made.rows))
    assert found.run.check()
    assert all("update" in relation for relation in found.run.check())
    cells: dict[int | None, list[int]] = {i: found.slabs[s.name].cells for i, s in enumerate(found.program.slabs)}
    assert found.proof.witness is not None
    assert audit(found.proof.claims, found.program, {**cells, None: found.proof.witness.cells})
    with pytest.raises(Refused) as caught:
        found.verify()
    assert caught.value.slug == "final_claim"


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_no_solver_finds_another_next(momentum: float) -> None:
    """Base, records and rows as they are: the snapshots and the next have one value, by a search that knows no trainer."""
    made = tiny("committed", momentum)
    training = emitted(made, "private", "public", NARROW)
    given = givens(made, training, fitted(made))
    program = replace(training.program, inputs=())
    slabs = {name: values for name, values in given.items() if not name.startswith(("steps", "momenta", "next"))}
    verdict = second_witness(program, givens=slabs)
    assert verdict.unique, (verdict.answer, verdict.reason)
    # Without an update nothing bounds the snapshots: that is no program.
    loose = replace(program, zeros=tuple(zero for zero in program.zeros if not zero.name.startswith("update c0")))
    with pytest.raises(ProgramError):
        second_witness(loose, givens=slabs)
