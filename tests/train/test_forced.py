"""What a prover of training may not do: every committed entry is forced, and so is every weight on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from execution import Execution, execute, table_rows
from nets import Net
from trained import ACTS, Case, case, dense, flat, residual
from training_programs import emitted, fitted, givens, run

from tacit import program as pg
from tacit.errors import WitnessError
from tacit.graph import Graph
from tacit.train.step import AFTER, SPEED_AFTER
from tacit.train.trainer import Trainer, Trajectory


def pooled(pool: str) -> Graph:
    """The smallest network with a convolution, a pool and a dense layer."""
    net = Net(1, x=(1, 1, 4, 4))
    return net.graph(net.dense(flat(net, net.pool(pool, ACTS["relu"](net, net.conv("x", 2, 3, 1)), 2, 2)), 2))


TOYS: dict[str, Callable[[], Case]] = {
    "logistic": lambda: case(dense(3, 1), "logistic", chunks=(2,), batch=2),
    "softmax": lambda: case(dense(2, 3, 2), chunks=(2,), batch=2, order="permutation"),
    "numbers": lambda: case(dense(2, 2), "mse", chunks=(1, 1), batch=2),
    "tanh": lambda: case(dense(2, 2, 2, act=ACTS["tanh"]), chunks=(2,), batch=2),
    "gelu": lambda: case(dense(2, 2, 2, act=ACTS["gelu"]), chunks=(2,), batch=2),
    "momentum": lambda: case(dense(2, 2, 2), chunks=(2,), batch=2, momentum=0.9, decay=0.01, order="all"),
    "frozen": lambda: case(dense(2, 2, 2), chunks=(2,), batch=2, frozen=("c1",)),
    "maximum": lambda: case(pooled("MaxPool"), chunks=(2,), batch=1),
    "mean": lambda: case(pooled("AveragePool"), chunks=(2,), batch=1),
}


class Judge:
    """Which relations of an execution are false once a tensor is replaced: only those that read it are looked at."""

    def __init__(self, execution: Execution) -> None:
        self.execution, program = execution, execution.program
        self.tables = [table_rows(table.kind) for table in program.tables]
        reads: list[set[int]] = []
        for einsum in program.einsums:
            reads.append(self._read(einsum.a, reads) | self._read(einsum.b, reads))
        self.lookups = [
            (lookup, self._read(lookup.input, reads) | self._read(lookup.output, reads)) for lookup in program.lookups
        ]
        self.zeros = [(zero, self._read(zero.expr, reads)) for zero in program.zeros]
        self.einsums = dict(enumerate(reads))

    @staticmethod
    def _read(expr: pg.Expr, einsums: list[set[int]]) -> set[int]:
        found = set()
        for term in expr.terms:
            found |= {term.source.index} if isinstance(term.source, pg.FromTensor) else einsums[term.source.index]
        return found

    def refuses(self, index: int, values: Any) -> bool:
        run, tensor = self.execution, self.execution.program.tensors[index]
        if values.min() < tensor.lo or values.max() > tensor.hi:
            return True
        kept = {i: v for i, v in run.einsums.items() if index not in self.einsums[i]}
        other = replace(run, tensors=run.tensors | {index: values}, einsums=kept, multiplicities=[])
        if any(index in read and np.any(other.expr(zero.expr, zero.shape)) for zero, read in self.zeros):
            return True
        return any(index in read and not self._holds(other, lookup) for lookup, read in self.lookups)

    def _holds(self, run: Execution, lookup: pg.Lookup) -> bool:
        lo, outs = self.tables[lookup.table]
        ins, out = run.expr(lookup.input, lookup.shape), run.expr(lookup.output, lookup.shape)
        row = (ins >> lookup.shift) - lo
        good = (ins & ((1 << lookup.shift) - 1)) == 0
        good &= (row >= 0) & (row < outs.size)
        return bool((good & (outs[np.where(good, row, 0)] == out)).all())


def forced(execution: Execution, rng: np.random.Generator, most: int) -> None:
    """Each tensor that is not a given: every entry (of many, some) off by little and by much."""
    program, judge = execution.program, Judge(execution)
    givens = {i for i, slab in enumerate(program.slabs) if slab.name != "next"}
    for index, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, pg.Constant) or (
            isinstance(tensor.place, pg.Slab) and tensor.place.index in givens
        ):
            continue
        if tensor.name.startswith("batches"):
            continue
        values = execution.tensors[index]
        for at in rng.permutation(values.size)[:most]:
            for delta in (1, -1, int(rng.integers(2, 1 << 16))):
                changed = values.copy()
                changed.reshape(-1)[at] += delta
                assert judge.refuses(index, changed), f"{tensor.name}[{at}] + {delta}"


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("private", [True, False])
def test_no_entry_is_free(name: str, private: bool) -> None:
    made = TOYS[name]()
    side = "private" if private else "public"
    forced(run(made, emitted(made, side, side)), np.random.default_rng(0), 6)


@pytest.mark.parametrize("make", [TOYS["maximum"], TOYS["softmax"], lambda: case(residual(), chunks=(1,), batch=1)])
def test_no_entry_is_free_where_entries_tie(make: Callable[[], Case]) -> None:
    """Records whose features are all the same, from a base of zeros: every window, score and slope is at its edge."""
    made = make()
    made.x[:] = 64
    base = {name: np.zeros_like(values) for name, values in made.base().items()}
    training = emitted(made, "private", "private")
    forced(execute(training.program, givens(made, training, fitted(made, base), base)), np.random.default_rng(0), 3)


class Cheat(Trainer):
    """Changes what step `at` makes of a weight (or momentum), and goes on honestly from there."""

    def __init__(self, made: Case, at: int, kind: str, change: Callable[[Any, Any], Any]) -> None:
        super().__init__(made.plan, made.bounds, made.overflow)
        self.left, self.kind, self.change = at, kind, change

    def _step(self, graph: Any, weights: Any, speeds: Any, x: Any, y: Any) -> dict[str, Any]:
        found = super()._step(graph, weights, speeds, x, y)
        if self.left == 0:
            name = f"{self.kind} c0"
            before = weights["c0"] if self.kind == AFTER else speeds.get("c0", 0)
            found[name] = np.asarray(self.change(np.asarray(before)[None], found[name]))
        self.left -= 1
        return found


def one_more(before: Any, after: Any) -> Any:
    changed = after.copy()
    changed.reshape(-1)[0] += 1
    return changed


#: What a cheat makes of (weights before a step, those after it).
CHANGES: dict[str, Callable[[Any, Any], Any]] = {
    "one more": one_more,
    "left out": lambda before, after: np.broadcast_to(before, after.shape),
    "twice": lambda before, after: after + (after - before),
    "times ten": lambda before, after: before + 10 * (after - before),
    "negated": lambda before, after: before - (after - before),
    "zero": lambda before, after: np.zeros_like(after),
}


def refused(made: Case, found: Trajectory, kind: str) -> None:
    training = emitted(made, "private", "public")
    with pytest.raises(WitnessError) as caught:
        execute(training.program, givens(made, training, found))
    assert str(caught.value.place).startswith(kind)


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("change", CHANGES)
def test_a_step_is_what_it_is(change: str, at: int) -> None:
    """Injected, skipped, scaled and negated updates at every step of two chunks, all else recomputed from them."""
    made = case(dense(3, 2, 2, act=ACTS["tanh"]), chunks=(2, 2), batch=2)
    cheat = Cheat(made, at, AFTER, CHANGES[change])
    refused(made, cheat.fit(made.base(), made.x, made.y, made.rows), "update c0")


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("change", CHANGES)
def test_a_momentum_is_what_it_is(change: str, at: int) -> None:
    """All steps behind follow the false momentum: only its own relation is false."""
    made = case(dense(3, 2, 2, act=ACTS["tanh"]), chunks=(2, 1), batch=2, momentum=0.5)

    cheat = Cheat(made, at, SPEED_AFTER, CHANGES[change])
    refused(made, cheat.fit(made.base(), made.x, made.y, made.rows), "momentum c0")


def test_the_first_momentum_is_zero() -> None:
    made = case(dense(3, 2, 2), chunks=(2,), batch=2, momentum=0.5)

    class Running(Trainer):
        def _step(self, graph: Any, weights: Any, speeds: Any, x: Any, y: Any) -> dict[str, Any]:
            start = {name: np.full(values.shape, 64) for name, values in weights.items()}
            return super()._step(graph, weights, speeds or start, x, y)

    found = Running(made.plan, made.bounds, made.overflow).fit(made.base(), made.x, made.y, made.rows)
    with pytest.raises(WitnessError):
        execute(emitted(made).program, givens(made, emitted(made), found))


def test_batches_are_those_that_are_public() -> None:
    """Another order, a batch twice, one left out: the trainer's weights are no witness for the rows that a verifier has."""
    made = case(dense(3, 2, 2), chunks=(2, 1), batch=2, order="permutation")
    training, honest = emitted(made), made.rows
    other = [honest[::-1], np.concatenate([honest[:1], honest[:1], honest[2:]]), np.roll(honest.reshape(-1), 1)]
    for rows in other:
        found = made.trainer.fit(made.base(), made.x, made.y, np.asarray(rows).reshape(honest.shape))
        with pytest.raises(WitnessError):
            execute(training.program, givens(made, training, found))


def test_frozen_weights_stay() -> None:
    made = case(dense(3, 2, 2), chunks=(2,), batch=2, frozen=("c0",))
    training = emitted(made)
    found = fitted(made)
    found.weights["c0"] = found.weights["c0"] + np.eye(*found.weights["c0"].shape, dtype=np.int64)
    with pytest.raises(WitnessError) as caught:
        execute(training.program, givens(made, training, found))
    assert str(caught.value.place).startswith("frozen c0")
