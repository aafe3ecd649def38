"""The trainer: the step's own integers, one step after the other. What it gives is what the program takes, bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError, WitnessError
from tacit.exact import outside, unmasked
from tacit.integer.graph import IntGraph
from tacit.integer.reach import Overflow
from tacit.program.builder import int_array
from tacit.train.bounds import Bounds, made_total
from tacit.train.step import AFTER, SPEED_AFTER, Plan, X, Y, training_step
from tacit.train.tape import before_of, speed_of
from tacit.train.threads import short_work

Ints = npt.NDArray[np.int64]
Weights = Mapping[str, Any]


@dataclass(frozen=True)
class Trajectory:
    """All weights on the way. For every chunk, by weight: `after` (T', ...) each step, and momenta; `weights`: the last ones."""

    after: tuple[dict[str, Ints], ...]
    speeds: tuple[dict[str, Ints], ...]
    weights: dict[str, Ints]


class Trainer:
    """The integer graphs of a plan's steps, made once."""

    def __init__(self, plan: Plan, bounds: Bounds, overflow: Overflow | None) -> None:
        self.plan, self.bounds, self.overflow = plan, bounds, overflow
        self._graphs: dict[int, IntGraph] = {}

    def _graph(self, c: int) -> IntGraph:
        if c not in self._graphs:
            self._graphs[c] = made_total(training_step(self.plan, 1, c, self.bounds.inputs()), self.overflow)
        return self._graphs[c]

    def fit(self, base: Weights, x: Ints, y: Ints, batches: Ints | None) -> Trajectory:
        """T steps from the base. x (N, features..), y (N, targets) integers; `batches` (T, B): records of every step, or all.

        Raises WitnessError where a weight leaves the interval that it has after the last step (or the loss cannot go on,
        of a plan that refuses instead of saturating).
        """
        with short_work(self._products(len(x) if batches is None else batches.shape[1])):
            return self._fit(base, x, y, batches)

    def _products(self, batch: int) -> int:
        """About how many a pass over all steps takes; more where weights are shared."""
        shapes = self.plan.network.graph.shapes
        return batch * sum(self.plan.chunks) * sum(prod(shapes[name]) for name in self.plan.network.parameters)

    def _fit(self, base: Weights, x: Ints, y: Ints, batches: Ints | None) -> Trajectory:
        plan = self.plan
        weights = {name: int_array(base[name]) for name in plan.network.parameters}
        speeds: dict[str, Ints] = {}
        after, momenta = list[dict[str, list[Ints]]](), list[dict[str, list[Ints]]]()
        moving = [name for name in plan.network.parameters if name not in plan.network.frozen]
        step = 0
        for steps, c in zip(plan.chunks, plan.cs, strict=True):
            after.append({name: [] for name in moving})
            momenta.append({name: [] for name in moving} if plan.momentum else {})
            for _ in range(steps):
                rows = np.arange(len(x)) if batches is None else batches[step]
                found = self._step(self._graph(c), weights, speeds, x[rows], y[rows])
                for name in moving:
                    weights[name] = found[f"{AFTER} {name}"][0]
                    after[-1][name].append(weights[name])
                    if plan.momentum:
                        speeds[name] = found[f"{SPEED_AFTER} {name}"][0]
                        momenta[-1][name].append(speeds[name])
                step += 1
        self._check(weights)
        return Trajectory(tuple(map(_stacked, after)), tuple(map(_stacked, momenta)), weights)

    def _step(self, graph: IntGraph, weights: Weights, speeds: Weights, x: Ints, y: Ints) -> dict[str, Ints]:
        inputs: dict[str, Ints] = {X: x[None], Y: y[None]}
        for name in weights:
            inputs[before_of(name)] = weights[name][None]
            if (speed := speed_of(name)) in graph.inputs:
                shape = graph.inputs[speed].shape
                inputs[speed] = speeds[name][None] if name in speeds else np.zeros(shape, np.int64)
        values = graph.run(inputs)
        return {name: values[spec.value] for name, spec in graph.outputs.items()}

    def _check(self, weights: Weights) -> None:
        for name, (lo, hi) in self.bounds.ends.items():
            low, high = int(weights[name].min()), int(weights[name].max())
            if low < lo or high > hi:
                raise WitnessError(
                    f"the weight {low if low < lo else high} has left [{lo}, {hi}]",
                    place=name,
                    remedy="train with a lower rate, or compile with more bits of weights",
                )


def _stacked(found: Mapping[str, list[Ints]]) -> dict[str, Ints]:
    return {name: np.stack(rows) for name, rows in found.items()}


def check_records(plan: Plan, records: int, x: Ints, y: Ints) -> None:
    """Shapes and intervals of a node's data. Raises InputError naming what differs."""
    record = plan.record
    wanted = {
        "x": ((records, *record.features), record.interval, x),
        "y": ((records, record.targets), record.label_interval, y),
    }
    for name, (shape, (lo, hi), values) in wanted.items():
        unmasked(values, name)
        if not isinstance(values, np.ndarray) or values.dtype != np.int64:
            got = values.dtype if isinstance(values, np.ndarray) else type(values).__name__
            raise InputError(
                f"expected an array of int64, got {got}",
                slug="type",
                place=name,
                remedy="schema.encode(table) makes it",
            )
        if values.shape != shape:
            raise InputError(f"expected shape {list(shape)}, got {list(values.shape)}", slug="shape", place=name)
        if (worst := outside(values, lo, hi)) is not None:
            raise InputError(f"expected integers in [{lo}, {hi}], got {worst}", slug="range", place=name)
