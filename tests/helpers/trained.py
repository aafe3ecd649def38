"""Small networks to train, as graphs, and random records for them: what several tests of training run over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from nets import Net

from tacit.graph import Graph
from tacit.integer.reach import Overflow
from tacit.train import floats
from tacit.train.bounds import Bounds, bounds
from tacit.train.loss import LOSSES
from tacit.train.network import network
from tacit.train.optimizer import Factor, factors
from tacit.train.order import batches
from tacit.train.programs import TOTAL
from tacit.train.step import Plan, Record, training_step
from tacit.train.tape import Scales
from tacit.train.trainer import Trainer

Array = Any
Act = Callable[[Net, str], str]


def function(op: str, **attrs: Any) -> Act:
    return lambda net, x: net.add(op, [x], net.shapes[x], **attrs)


ACTS: dict[str, Act] = {
    "relu": function("Relu"),
    "sigmoid": function("Sigmoid"),
    "tanh": function("Tanh"),
    "gelu": function("Gelu", approximate="none"),
    "gelu_tanh": function("Gelu", approximate="tanh"),
}


def flat(net: Net, x: str) -> str:
    return net.add("Reshape", [x], (1, int(np.prod(net.shapes[x]))))


def dense(*widths: int, act: Act = ACTS["relu"]) -> Graph:
    net, value = Net(1, x=(1, widths[0])), "x"
    for i, width in enumerate(widths[1:]):
        value = net.dense(value, width)
        value = act(net, value) if i < len(widths) - 2 else value
    return net.graph(value)


def images(act: Act, pool: str, stride: int = 1) -> Graph:
    """Convolution, activation, pool, strided convolution, activation, dense."""
    net = Net(3, x=(1, 2, 8, 8))
    value = net.pool(pool, act(net, net.conv("x", 3, 3, 1)), 2, 2)
    value = act(net, net.conv(value, 4, 3, 1, stride=2))
    return net.graph(net.dense(flat(net, value), 3))


def residual() -> Graph:
    net, act = Net(3, x=(1, 2, 4, 4)), ACTS["relu"]
    first = act(net, net.conv("x", 4, 3, 1))
    second = act(net, net.add("Add", [net.conv(first, 4, 3, 1), first], (1, 4, 4, 4)))
    mean = net.add("GlobalAveragePool", [second], (1, 4, 1, 1))
    return net.graph(net.dense(flat(net, mean), 3))


def views() -> Graph:
    """Everything that only moves, sums and scales."""
    net = Net(5, x=(1, 4, 6))
    value = net.add("Transpose", [net.dense("x", 4)], (1, 4, 4), perm=(0, 2, 1))
    left = net.add("Slice", [value], (1, 4, 2), starts=(0,), ends=(4,), axes=(2,), steps=(2,))
    right = net.add("Pad", [left], (1, 4, 3), pads=(0, 0, 1, 0, 0, 0))
    joined = net.relu(net.add("Concat", [value, right], (1, 4, 7), axis=2))
    halved = net.add("Mul", [joined, net.constant(np.array(0.5))], (1, 4, 7))
    summed = net.add("ReduceMean", [halved], (1, 7), axes=(1,), keepdims=0)
    less = net.add("Sub", [net.dense(summed, 5), net.dense(summed, 5)], (1, 5))
    return net.graph(net.dense(net.add("Tanh", [less], (1, 5)), 3))


NETWORKS: dict[str, Callable[[], Graph]] = {
    "linear": lambda: dense(6, 3),
    **{f"dense_{name}": (lambda act=act: dense(6, 5, 4, 3, act=act)) for name, act in ACTS.items()},
    **{
        f"images_{name}_{pool}": (lambda act=ACTS[name], pool=pool: images(act, pool))
        for name in ("relu", "tanh")
        for pool in ("AveragePool", "MaxPool")
    },
    "residual": residual,
    "views": views,
}


@dataclass
class Case:
    """A plan with random records: x, y integers; `order` as in `Places`: which of them a step takes."""

    plan: Plan
    steps: int
    overflow: Overflow | None = TOTAL
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    order: str = "committed"

    def __post_init__(self) -> None:
        plan, record = self.plan, self.plan.record
        count = {
            "committed": plan.batch * plan.steps,
            "permutation": plan.batch * max(1, plan.steps - 1) + 1,
            "all": plan.batch,
        }[self.order]
        self.x = self.rng.integers(*record.interval, (count, *record.features), endpoint=True)
        if plan.loss.name == "cross_entropy":
            self.y = np.eye(record.targets, dtype=np.int64)[self.rng.integers(0, record.targets, count)]
        else:
            self.y = self.rng.integers(*record.label_interval, (count, record.targets), endpoint=True)
        self.rows = np.tile(np.arange(plan.batch), (plan.steps, 1))
        if self.order == "committed":
            self.rows = np.arange(count).reshape(plan.steps, plan.batch)
        elif self.order == "permutation":
            self.rows = batches(bytes(32), count, plan.batch, plan.steps)
        self.bounds: Bounds = bounds(plan, self.overflow)
        self.fracs = training_step(plan, 1, plan.cs[0], self.bounds.inputs()).fracs

    def base(self) -> dict[str, Array]:
        """The network's own weights as integers."""
        return {
            name: np.floor(values * 2.0 ** self.fracs[name] + 0.5).astype(np.int64)
            for name, values in self.plan.network.weights.items()
        }

    @property
    def trainer(self) -> Trainer:
        return Trainer(self.plan, self.bounds, self.overflow)


def case(
    graph: Graph,
    loss: str = "cross_entropy",
    *,
    batch: int = 4,
    chunks: tuple[int, ...] = (2,),
    cs: tuple[int, ...] | None = None,
    rate: float = 0.5,
    scales: Scales | None = None,
    momentum: float = 0.0,
    decay: float = 0.0,
    frozen: tuple[str, ...] = (),
    overflow: Overflow | None = TOTAL,
    order: str = "committed",
) -> Case:
    trained = network(graph, end=LOSSES[loss].end, frozen=frozen)
    targets = trained.graph.shapes[trained.scores][-1]
    label = ((-512, 511), 8) if loss == "mse" else ((0, 1), 0)
    record = Record(trained.graph.shapes[trained.input][1:], (-256, 255), 8, targets, *label)
    found, power = factors([rate / batch])
    plan = Plan(
        trained, record, LOSSES[loss], scales or Scales(), batch, cs or tuple(found * len(chunks)), power, chunks,
        momentum, decay,
    )  # fmt: skip
    return Case(plan, plan.steps, overflow, order=order)


def moves(made: Case) -> tuple[dict[str, Array], dict[str, Array]]:
    """How far integers and floats move every weight."""
    plan = made.plan
    base = made.base()
    found = made.trainer.fit(base, made.x, made.y, made.rows).weights
    x, y = made.x * 2.0**-plan.record.frac, made.y * 2.0**-plan.record.label_frac
    start = {name: values * 2.0 ** -made.fracs[name] for name, values in base.items()}
    rates = [
        Factor(c, plan.power).real * plan.batch for c, n in zip(plan.cs, plan.chunks, strict=True) for _ in range(n)
    ]
    exact = floats.train(
        plan.network, plan.loss, start, [(x[r], y[r]) for r in made.rows], rates, plan.momentum, plan.decay
    )
    return (
        {name: found[name] * 2.0 ** -made.fracs[name] - start[name] for name in start},
        {name: exact[name] - start[name] for name in start},
    )
