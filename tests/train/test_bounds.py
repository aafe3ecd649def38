"""What weights, momenta and steps can be: data and bases that push as far as they can stay within what is promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from trained import NETWORKS, Case, case, dense

from tacit.train.loss import LOSSES
from tacit.train.step import AFTER, SPEED_AFTER
from tacit.train.trainer import Trainer


class Free(Trainer):
    """Goes on where a weight has left its interval: how far it goes is what is asked."""

    def _check(self, weights: Any) -> None:
        pass


def within(values: Any, ends: tuple[int, int], name: str) -> None:
    assert values.min() >= ends[0], name
    assert values.max() <= ends[1], name


def pushed(made: Case, sign: int, rng: np.random.Generator) -> None:
    """Every entry of x at an end, labels against predictions, a base at its ends: all weights and momenta on the way."""
    record = made.plan.record
    lo, hi = record.interval
    made.x[:] = hi if sign > 0 else lo if sign < 0 else rng.choice([lo, hi], made.x.shape)
    low, high = record.label_interval
    made.y[:] = rng.choice([low, high], made.y.shape) if made.plan.loss.name != "mse" else (low if sign > 0 else high)
    base = {}
    for name, values in made.base().items():
        ends = made.bounds.ends[name]
        base[name] = np.full_like(values, ends[sign > 0]) if sign else rng.choice(ends, values.shape)
    found = Free(made.plan, made.bounds, made.overflow).fit(base, made.x, made.y, made.rows)
    for chunk in found.after:
        for name, values in chunk.items():
            within(values, made.bounds.grown[name], name)
    for chunk in found.speeds:
        for name, values in chunk.items():
            within(values, made.bounds.speeds[name], name)


@pytest.mark.parametrize("sign", [1, -1, 0])
@pytest.mark.parametrize("name", NETWORKS)
def test_no_step_leaves_the_bounds(name: str, sign: int) -> None:
    pushed(case(NETWORKS[name](), chunks=(4,), batch=2), sign, np.random.default_rng(0))


@pytest.mark.parametrize("sign", [1, -1, 0])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("momentum", "decay"), [(0.9, 0.0), (0.99, 0.0), (0.3, 0.0), (0.0, 0.1), (0.9, 0.05)])
def test_momenta_and_decays_stay_within_theirs(loss: str, momentum: float, decay: float, sign: int) -> None:
    """One layer, all steps on the same records: what pushes once pushes always."""
    made = case(dense(3, 2), loss, chunks=(32,), batch=2, momentum=momentum, decay=decay, order="all")
    pushed(made, sign, np.random.default_rng(0))


@pytest.mark.parametrize("momentum", [0.1, 0.3, 0.5, 0.75, 0.9, 0.95, 0.99])
def test_momenta_of_the_largest_gradients_are_not_clamped(momentum: float) -> None:
    """M[t+1] = round(mu M[t]) + G for a G that is the largest the tables allow, at every step: nothing is cut off."""
    made = case(dense(3, 1), "logistic", chunks=(1,), batch=2, momentum=momentum, order="all")
    step = made.trainer._step
    graph = made.trainer._graph(made.plan.cs[0])
    # A prediction of 0 where 1 is right, for records whose entries are all at the far end.
    made.x[:], made.y[:] = made.plan.record.interval[0], 1
    weights = {name: np.full(v.shape, made.bounds.ends[name][v.ndim > 1]) for name, v in made.base().items()}
    first = step(graph, weights, {}, made.x, made.y)
    speeds: dict[str, Any] = {}
    for _ in range(int(20 / (1 - momentum))):
        found = step(graph, weights, speeds, made.x, made.y)
        speeds = {name: found[f"{SPEED_AFTER} {name}"][0] for name in made.bounds.speeds}
    for name, (lo, hi) in made.bounds.speeds.items():
        exact = first[f"{SPEED_AFTER} {name}"][0] / (1 - momentum)
        assert np.abs(exact).min() > 0
        within(speeds[name], (lo + 1, hi - 1), name)
        assert np.abs(speeds[name] - exact).max() <= np.abs(exact).max() / 16 + 1 / (1 - momentum)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_takes_off_what_it_is_said_to(momentum: float) -> None:
    """With inputs anywhere in their intervals, honest or not."""
    made = case(dense(3, 3, 2), chunks=(8,), momentum=momentum)
    graph, rng = made.trainer._graph(made.plan.cs[0]), np.random.default_rng(0)
    for _ in range(50):
        weights = {n: rng.choice(made.bounds.grown[n], v.shape) for n, v in made.base().items()}
        speeds = {n: rng.choice(ends, weights[n].shape) for n, ends in made.bounds.speeds.items()}
        x = rng.choice(made.plan.record.interval, (4, 3))
        y = np.eye(2, dtype=np.int64)[rng.integers(0, 2, 4)]
        found = made.trainer._step(graph, weights, speeds, x, y)
        for name, before in weights.items():
            most = (made.bounds.grown[name][1] - made.bounds.ends[name][1]) / made.plan.steps
            assert np.abs(found[f"{AFTER} {name}"][0] - before).max() <= most, name
