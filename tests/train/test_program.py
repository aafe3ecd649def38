"""The training program against the trainer: what the trainer makes satisfies every relation, wherever its tensors are."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from trained import ACTS, NETWORKS, Case, case, dense
from training_programs import emitted, fitted, run

from tacit import program as pg
from tacit.train.loss import LOSSES
from tacit.train.step import Plan
from tacit.train.trainer import Trainer

ORDERS = ("permutation", "committed", "all")
SIDES = ("public", "private")


def agrees(made: Case, base: str = "public", next: str = "public") -> None:
    """Execution holds, and the program's own values of the next are the trainer's."""
    found = fitted(made)
    execution = run(made, emitted(made, base, next), found)
    for index, tensor in enumerate(execution.program.tensors):
        if isinstance(tensor.place, pg.Public) and tensor.name.startswith("next "):
            assert np.array_equal(execution.tensors[index], found.weights[tensor.name.removeprefix("next ")])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_trainers_steps_are_a_witness(name: str) -> None:
    agrees(case(NETWORKS[name](), chunks=(2, 1), order="permutation"))


@pytest.mark.parametrize(("base", "next", "order"), list(product(SIDES, SIDES, ORDERS)))
def test_everywhere(base: str, next: str, order: str) -> None:
    agrees(case(dense(5, 4, 3), chunks=(2, 1), order=order), base, next)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("chunks", [(1,), (2, 1), (5,), (1, 1, 3)])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_chunks(chunks: tuple[int, ...], order: str, momentum: float) -> None:
    agrees(case(dense(4, 3, 2), chunks=chunks, order=order, momentum=momentum), "private", "private")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.01), (0.9, 0.0), (0.5, 0.1)])
def test_losses_momentum_and_decay(loss: str, momentum: float, decay: float) -> None:
    agrees(case(dense(4, 3, 2), loss, chunks=(2, 1), momentum=momentum, decay=decay, order="permutation"))


@pytest.mark.parametrize("overflow", ["total", "refuse"])
def test_rates_by_chunk_and_frozen_weights(overflow: str) -> None:
    made = case(dense(4, 4, 3), chunks=(2, 1, 2), cs=(8, 3, 1), frozen=("c0", "c1"), order="permutation")
    if overflow == "refuse":
        made = case(dense(4, 4, 3), chunks=(2, 1, 2), cs=(8, 3, 1), frozen=("c0", "c1"), overflow=None)
    agrees(made, "private", "private")
    agrees(made, "private", "public")
    base, found = made.base(), fitted(made).weights
    assert all(np.array_equal(base[name], found[name]) == (name in ("c0", "c1")) for name in base)


def test_chunks_do_not_change_what_is_computed() -> None:
    """Steps side by side or one by one: the same integers, of momenta too."""
    weights = []
    for chunks in ((6,), (4, 2), (1,) * 6):
        made = case(dense(4, 3, 2, act=ACTS["tanh"]), chunks=chunks, momentum=0.75, decay=0.01)
        weights.append(fitted(made).weights)
    for other in weights[1:]:
        assert all(np.array_equal(other[name], values) for name, values in weights[0].items())


def test_rates_are_those_of_their_chunks() -> None:
    """What the first chunk does is what a plan of it alone does; the second goes on from there."""
    made = case(dense(4, 2), chunks=(2, 2), cs=(8, 1))
    whole, start = fitted(made), made.base()
    x, y = made.x, made.y
    for part, c in enumerate((8, 1)):
        plan = Plan(**{**vars(made.plan), "cs": (c,), "chunks": (2,)})
        rows = made.rows[2 * part : 2 * part + 2]
        start = Trainer(plan, made.bounds, made.overflow).fit(start, x, y, rows).weights
        assert all(np.array_equal(whole.after[part][name][-1], values) for name, values in start.items())


@pytest.mark.parametrize(
    "names", [("y", "x", "before c0"), ("before c1", "speed before c1", "part c0"), ("c0.part", "x", "y")]
)
def test_names_of_tensors_mean_nothing(names: tuple[str, ...]) -> None:
    """A network may call its tensors like the inputs of a step."""
    graph = dense(3, 3, 2)
    values = [node.outputs[0] for node in graph.nodes][: len(names)]
    called = dict(zip(values, names, strict=True)) | {"x": "records"}

    def new(name: str) -> str:
        return called.get(name, name)

    nodes = tuple(replace(n, inputs=tuple(map(new, n.inputs)), outputs=tuple(map(new, n.outputs))) for n in graph.nodes)
    renamed = replace(
        graph, inputs=("records",), outputs=tuple(map(new, graph.outputs)), nodes=nodes,
        shapes={new(name): shape for name, shape in graph.shapes.items()},
    )  # fmt: skip
    made = case(renamed, chunks=(2,), momentum=0.5)
    agrees(made)
    plain = fitted(case(graph, chunks=(2,), momentum=0.5)).weights
    assert all(np.array_equal(fitted(made).weights[name], values) for name, values in plain.items())
