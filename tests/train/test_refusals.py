"""Updates that are none, each refused by the verifier: lazy, flipped, scaled, moved, of another base, task, round or table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from tacit import train
from tacit.api.secret import Secret
from tacit.data import Label, Records, Schema
from tacit.errors import InvalidProof

SEED, OTHER = bytes(range(32)), bytes(32)
CONTEXT = b"round 7 of node 3"
Model = dict[str, np.ndarray]


def compiled(schema: Schema, **changed: Any) -> train.Deployment:
    optimizer = train.SGD(rate=changed.pop("rate", 0.5), batch=4, steps=changed.pop("steps", 3))
    options = {"records": 8, "proofs": 16, "security": 100, "evaluate": 0, **changed}
    return train.compile(train.mlp(3, 3, 2), schema=schema, optimizer=optimizer, **options)


@dataclass(frozen=True)
class World:
    """A task, an update with its proof, and another table's commitment."""

    schema: Schema
    task: train.Deployment
    base: Model
    data: Secret
    update: train.Update
    other: Secret

    def verify(self, **changed: Any) -> None:
        """The update's verification, but for what is changed."""
        given = {
            "base": self.base,
            "next": self.update.weights,
            "data": self.data.commitment,
            "proof": self.update.proof,
        }
        given |= {"seed": SEED, "context": CONTEXT, "security": 100, **changed}
        task = given.pop("task", self.task)
        task.verify(**given)


def records(schema: Schema, seed: int) -> Records:
    rng = np.random.default_rng(seed)
    return schema.encode((rng.uniform(-1, 1, (8, 3)), rng.integers(0, 2, 8)))


@pytest.fixture(scope="module")
def world() -> World:
    schema = Schema.array((3,), -1, 1, Label.classes("kind", ["a", "b"]))
    task = compiled(schema)
    shard = records(schema, 1)
    data, other = task.commit_data(shard), task.commit_data(records(schema, 2))
    base = task.initial
    made = World(schema, task, base, data, task.prove(base, data, shard, seed=SEED, context=CONTEXT), other)
    made.verify()
    return made


def each(base: Model, after: Model, change: Callable[[Any, Any], Any]) -> Model:
    return {name: change(base[name], after[name]) for name in after}


#: What a node may hand in in place of its update, from the base and the honest next.
NEXTS: dict[str, Callable[[Any, Any], Any]] = {
    "lazy": lambda base, after: base,
    "flipped": lambda base, after: 2 * base - after,
    "ten times": lambda base, after: base + 10 * (after - base),
    "half": lambda base, after: base + (after - base) // 2,
    "one more": lambda base, after: after + np.eye(1, after.size, dtype=np.int64).reshape(after.shape),
    "nothing": lambda base, after: 0 * after,
}


@pytest.mark.parametrize("kind", NEXTS)
def test_a_next_that_is_not_the_steps(kind: str, world: World) -> None:
    with pytest.raises(InvalidProof):
        world.verify(next=each(world.base, world.update.weights, NEXTS[kind]))


def test_another_number_of_steps_is_not_the_next(world: World) -> None:
    """Steps left out: what two of the three steps make."""
    short = compiled(world.schema, steps=2)
    after = short.fit(world.base, *(records(world.schema, 1)[name] for name in "xy"), SEED).weights
    with pytest.raises(InvalidProof):
        world.verify(next=after)


@pytest.mark.parametrize("what", ["seed", "context", "data", "base", "order of data"])
def test_another_round_or_table(what: str, world: World) -> None:
    shard = records(world.schema, 1)
    turned = Records({name: values[::-1].copy() if name != "id" else values for name, values in shard.items()})
    changed: dict[str, Any] = {
        "seed": {"seed": OTHER},
        "context": {"context": b"round 8 of node 3"},
        "data": {"data": world.other.commitment},
        "base": {"base": each(world.base, world.base, lambda base, _: base + 1)},
        "order of data": {"data": world.task.commit_data(turned).commitment},
    }[what]
    with pytest.raises(InvalidProof):
        world.verify(**changed)


@pytest.mark.parametrize("changed", [{"rate": 0.25}, {"steps": 4}, {"records": 9}, {"scales": train.Scales(errors=10)}])
def test_another_task(changed: dict[str, Any], world: World) -> None:
    """Its programs have other digests, and commitments have other headers or the proof another program."""
    other = compiled(world.schema, **changed)
    assert other.digest != world.task.digest
    with pytest.raises(InvalidProof):
        world.verify(task=other)


def test_every_part_of_an_argument_counts(world: World) -> None:
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(world.update.proof), 12):
        proof = bytearray(world.update.proof)
        proof[at] ^= 1
        with pytest.raises(InvalidProof):
            world.verify(proof=bytes(proof))
    for proof in (b"", world.update.proof[:-1], world.update.proof + b"\0"):
        with pytest.raises(InvalidProof):
            world.verify(proof=proof)


def test_one_commitment_is_no_base_and_next(world: World) -> None:
    """A node that moves nothing and calls the base's own commitment its next."""
    task = compiled(world.schema, base="private", next="private")
    shard = records(world.schema, 1)
    held, data = task.commit_base(task.initial), task.commit_data(shard)
    update = task.prove(held, data, shard, seed=SEED)
    verify = partial(task.verify, held.commitment, data=data.commitment, proof=update.proof, seed=SEED, security=100)
    verify(next=update.held.commitment)
    with pytest.raises(InvalidProof):
        verify(next=held.commitment)
    with pytest.raises(InvalidProof):  # the weights of the next, under another commitment
        verify(next=task.commit_base(update.weights).commitment)
    with pytest.raises(InvalidProof):
        verify(next=update.weights)


def test_a_deployment_of_another_program_is_noticed(world: World) -> None:
    """Who did not compile a task makes its programs again."""
    from tacit.errors import ProgramError

    world.task.check(world.schema)
    other = compiled(world.schema, rate=0.25)
    for name in ("train", "infer", "dataset"):
        forged = train.Deployment(world.task.programs, {**world.task.all, name: other.all[name]})
        if other.all[name].digest == world.task.all[name].digest:
            forged.check(world.schema)  # the same program
            continue
        with pytest.raises(ProgramError) as error:
            forged.check(world.schema)
        assert error.value.place == name
    described = replace(world.task.description, records=16)
    assert described.encode() != world.task.description.encode()
