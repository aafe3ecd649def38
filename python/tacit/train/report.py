"""What integers lose: the same steps on the same public records in float64 and in integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit.train import floats
from tacit.train.optimizer import SGD, Factor
from tacit.train.order import batches

if TYPE_CHECKING:
    from tacit.data import Schema
    from tacit.train.deployment import Deployment

Array = npt.NDArray[Any]
#: Records that are drawn, at most, where none are given.
MOST_DRAWN = 4096
_SEED = bytes(32)


@dataclass(frozen=True)
class TrainingReport:
    """After one proof's steps: accuracy of both (of numbers: the root of the mean squared error), and how far weights are apart.

    Accuracy is the share of records whose class has the largest share; of one score (a flag), whose probability is at least 1/2
    where the label is 1, and below it where that is 0. Errors of numbers are in units of the labels' scales.
    `apart`: the largest difference of a weight, as a share of how far training moved any. `rates`: asked for, and taken.
    `drawn`: the records were drawn and say little of real ones.
    """

    records: int
    drawn: bool
    metric: str
    integers: float
    floats: float
    apart: float
    rates: tuple[tuple[float, float], ...]

    @property
    def lost(self) -> float:
        """What integers are worse by, as a share."""
        if self.metric == "accuracy":
            return self.floats - self.integers
        return (self.integers - self.floats) / max(self.floats, 1e-9)

    def __str__(self) -> str:
        rates = ", ".join(f"{asked:g} taken as {taken:g}" for asked, taken in self.rates)
        kind = "drawn" if self.drawn else "given"
        return (
            f"{self.metric} {self.integers:.4f} in integers, {self.floats:.4f} in float64, on {self.records} {kind} records; "
            f"weights {self.apart:.2%} of their way apart; rate {rates}"
        )


def report(made: Deployment, schema: Schema, optimizer: SGD, calibration: Any) -> TrainingReport:
    """Train both on public records; nothing private is looked at."""
    plan = made.description.plan
    x, y = drawn(made) if calibration is None else _given(made, schema, calibration)
    rows = None
    if made.description.places.order == "all":  # as many records as a step takes, repeated where there are fewer
        x, y = (values[np.arange(plan.batch) % len(values)] for values in (x, y))
    count, batch = len(x), min(plan.batch, len(x))
    if made.description.places.order != "all":
        # Repeated as often as the steps need: the comparison is between numbers, not between data.
        rows = batches(_SEED, count, batch, plan.steps)
    base = made.initial
    integers = made.trainer(batch).fit(base, x, y, rows).weights
    real_x, real_y = x * 2.0**-plan.record.frac, y * 2.0**-plan.record.label_frac
    rates = [rate for steps, rate in optimizer.schedule() for _ in range(steps)]
    picked = [slice(None)] * plan.steps if rows is None else list(rows)
    start = made.real(base)
    exact = floats.train(
        plan.network, plan.loss, start, [(real_x[r], real_y[r]) for r in picked], rates, plan.momentum, plan.decay
    )
    found = made.real(integers)
    moved = max(float(np.abs(exact[name] - start[name]).max()) for name in exact)
    apart = max(float(np.abs(exact[name] - found[name]).max()) for name in exact)
    values = [
        score(plan.loss.classes, floats.predictions(plan.network, plan.loss, weights, real_x), real_y)
        for weights in (found, exact)
    ]
    schedule, step = [], 0
    for steps, rate in optimizer.schedule():
        taken = Factor(plan.cs[_chunk(plan.chunks, step)], plan.power).real * plan.batch
        schedule.append((rate, taken))
        step += steps
    metric = "accuracy" if plan.loss.classes else "root mean squared error"
    return TrainingReport(
        count, calibration is None, metric, values[0], values[1], apart / max(moved, 1e-12), tuple(schedule)
    )


def score(classes: bool, predicted: Array, y: Array) -> float:
    """Accuracy of the largest (of one score: of its half), or the root of the mean squared error."""
    if not classes:
        return float(np.sqrt(((predicted - y) ** 2).mean()))
    if y.shape[1] == 1:
        return float(((predicted >= 0.5) == (y >= 0.5)).mean())
    return float((predicted.argmax(1) == y.argmax(1)).mean())


def _chunk(chunks: tuple[int, ...], step: int) -> int:
    """The chunk that a step is in."""
    return int(np.searchsorted(np.cumsum(chunks), step, side="right"))


def _given(made: Deployment, schema: Schema, calibration: Any) -> tuple[Array, Array]:
    encoded = schema.encode(calibration)
    return encoded["x"], encoded["y"]


def drawn(made: Deployment) -> tuple[Array, Array]:
    """Records of a seed: for each class a center, and noise around it."""
    record, rng = made.description.plan.record, np.random.default_rng(0)
    plan = made.description.plan
    count = min(MOST_DRAWN, max(512, plan.batch))
    lo, hi = record.interval
    classes = max(2, record.targets) if plan.loss.classes else 1
    label = rng.integers(0, classes, count)
    # About 1 in real units, as a schema's centers and scales make columns, or what the interval has room for.
    middle, spread = (
        min(max((lo + hi) / 2, -(2.0**record.frac)), 2.0**record.frac),
        min((hi - lo) / 8, 2.0**record.frac),
    )
    # Near enough that no model tells them apart for certain: where nothing is left to learn, roundings are all there is.
    centers = middle + 0.3 * spread * rng.normal(size=(classes, *record.features))
    x = np.clip(centers[label] + spread * rng.normal(size=(count, *record.features)), lo, hi)
    if not plan.loss.classes:
        w = rng.normal(size=(int(np.prod(record.features)), record.targets))
        y = (x.reshape(count, -1) - middle) @ w
        low, high = record.label_interval
        y = np.clip(np.round(y / max(1e-9, np.abs(y).max()) * min(-low, high)), low, high).astype(np.int64)
    elif record.targets == 1:
        y = label[:, None]
    else:
        y = np.eye(classes, dtype=np.int64)[label]
    return np.round(x).astype(np.int64), y
