"""A weight may be called like anything that programs call their own: what is proven does not depend on names."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from nets import Net
from trained import ACTS

import tacit
from tacit.api import integers
from tacit.data import Schema
from tacit.errors import InvalidProof, ModelError
from tacit.graph.nodes import Graph, Node
from tacit.train import SGD, Deployment, compile

SCHEMA = Schema.array((3,), -2, 2, 2, id="id")
SEED, RECORDS = bytes(32), 6
#: Pairs that met: addresses of steps, momenta, rows and the next, a step's inputs, pieces, the input of an inference.
PAIRS = [
    ("w", "before w"), ("w", "speed before w"), ("speed before w", "before w"), ("w", "steps 0 w"), ("w", "momenta 0 w"),
    ("next w", "w"), ("w", "part w"), ("w", "w#1"), ("batches 0", "steps 1 batches 0"), ("x", "y"), ("a", "a of a step"),
    ("records of a step", "prediction"), ("correct", "output prediction"), ("after w", "value before w"), ("x~", "x"),
    ("model/w", "data/x"), (" ", "~"), ("next", "before"), ("h.rounded.clamp", "h"),
]  # fmt: skip


def graph(first: str, second: str) -> Graph:
    """Two dense layers, their weights under these names."""
    net = Net(3, x=(1, 3))
    made = net.graph(net.dense(ACTS["relu"](net, net.dense("x", 3)), 2))
    wide = [name for name in made.constants if made.constants[name].ndim == 2]
    new = dict(zip(wide, (first, second), strict=True))
    # Tensors that nodes make have names of their own, for a graph has one of each.
    taken = {name: f"made {name}" for name in made.shapes if name not in new}
    assert not set(taken.values()) & set(new.values())
    every = {**taken, **new}

    def renamed(node: Node) -> Node:
        return Node(node.name, node.op, tuple(every[n] for n in node.inputs), (every[node.outputs[0]],), node.attrs)

    return Graph(
        made.name,
        tuple(every[n] for n in made.inputs),
        tuple(every[n] for n in made.outputs),
        tuple(map(renamed, made.nodes)),
        {every[n]: value for n, value in made.constants.items()},
        {every[n]: shape for n, shape in made.shapes.items()},
        {},
    )


def compiled(first: str, second: str, **options: Any) -> Deployment:
    optimizer = SGD(0.5, 2, 3, momentum=0.5)
    return compile(graph(first, second), schema=SCHEMA, optimizer=optimizer, records=RECORDS, **options)


@cache
def plain() -> Deployment:
    return compiled("first", "second")


def records() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.integers(*SCHEMA.interval, (RECORDS, 3), endpoint=True)
    return {"x": x, "y": np.eye(2, dtype=np.int64)[rng.integers(0, 2, RECORDS)], "id": np.arange(RECORDS)}


@pytest.mark.parametrize("pair", PAIRS, ids=map(" & ".join, PAIRS))
def test_any_name_is_proven_alike(pair: tuple[str, str]) -> None:
    """Compiled, written, read, checked, proven and verified; the integers are those of the same weights under plain names."""
    first, second = pair
    made = compiled(first, second)
    task, own = Deployment.from_bytes(made.to_bytes()), made.initial
    task.check(SCHEMA)
    given = records()
    secret = task.commit_data(given)
    update = task.prove(own, secret, given, seed=SEED)
    task.verify(own, update.weights, secret.commitment, update.proof, seed=SEED)
    expected = plain().fit(plain().initial, given["x"], given["y"], SEED).weights
    for name, other in ((first, "first"), (second, "second")):
        assert np.array_equal(update.weights[name], expected[other]), name
    moved = {name: values.copy() for name, values in update.weights.items()}
    moved[second].flat[0] += 1
    with pytest.raises(InvalidProof):
        task.verify(own, moved, secret.commitment, update.proof, seed=SEED)


@pytest.mark.parametrize("pair", [("x", "next x"), ("w", "steps 0 w"), ("correct", "w#1"), ("data/x", "x")])
def test_private_models_of_any_name(pair: tuple[str, str]) -> None:
    """A private next is the base of the following proof, whatever its weights are called; a prediction and a count open it."""
    task = compiled(*pair, base="private", next="private")
    given = records()
    secret = task.commit_data(given)
    base = task.commit_base(task.initial)
    update = task.prove(base, secret, given, seed=SEED)
    assert update.secret is not None
    task.verify(base.commitment, update.secret.commitment, secret.commitment, update.proof, seed=SEED)
    x = np.zeros((1, 3))
    prediction = tacit.prove(task.infer, update.secret, x)
    tacit.verify(task.infer, prediction, model=update.secret.commitment)
    assert task.evaluate is not None
    counted = integers.prove_file(task.evaluate, {"model": update.secret, "data": secret}, {}, b"")
    commitments = {"model": update.secret.commitment, "data": secret.commitment}
    assert integers.verify_file(task.evaluate, counted, commitments, b"", 128)


def test_names_of_no_length_or_of_too_much_are_refused() -> None:
    longest = compiled("n" * 200, "w")
    Deployment.from_bytes(longest.to_bytes()).check(SCHEMA)
    for name in ("", "n" * 201, "n" * 5000):
        with pytest.raises(ModelError) as caught:
            compiled(name, "w")
        assert caught.value.slug == "name"
        assert len(str(caught.value)) < 300
