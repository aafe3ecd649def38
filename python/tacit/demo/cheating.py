"""Nodes that cheat, each in a way of its own, and what the checks say of it: the second half of `tacit demo federated`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tacit import data, train
from tacit.data.dataset import Dataset
from tacit.demo import hospitals
from tacit.demo.hospitals import Federation, Hospital
from tacit.errors import TacitError
from tacit.network.aggregate import Rule
from tacit.network.training import ShardData, TrainedDeployment

Model = dict[str, Any]
#: An argument that does not fit what it is checked against: its work was done for another statement, or it says what is not true.
OTHER_STATEMENT = ("grinding", "final_claim", "merkle")


@dataclass(frozen=True)
class Refusal:
    """What somebody tried, the slugs that may come, the one that came, and why in words."""

    text: str
    expected: tuple[str, ...]
    slug: str
    why: str


class Liar(TrainedDeployment):
    """Trains and proves honestly, and then hands in something else."""

    def __init__(self, made: train.Deployment, lie: Callable[[Any], tuple[Model, bytes]]) -> None:
        super().__init__(made)
        self._lie = lie

    def prove(self, base: Any, data: ShardData, seed: bytes, context: bytes) -> tuple[Model, bytes]:
        return self._lie(_Work(self.deployment, dict(base), data, seed, context))


@dataclass(frozen=True)
class _Work:
    """What a node was asked to do."""

    made: train.Deployment
    base: Model
    data: ShardData
    seed: bytes
    context: bytes

    def done(self, **others: Any) -> tuple[Model, bytes]:
        """Honestly, or with something else in the place of what was asked for."""
        asked = {"base": self.base, "seed": self.seed, "context": self.context, **others}
        made = asked.pop("made", self.made)
        base = asked.pop("base")
        update = made.prove(base, self.data.secret, self.data.records, **asked)
        return update.weights, update.proof


def _moved(change: Callable[[Any, Any], Any]) -> Callable[[_Work], tuple[Model, bytes]]:
    """The honest proof beside other weights."""

    def lie(work: _Work) -> tuple[Model, bytes]:
        weights, proof = work.done()
        return {name: change(values, work.base[name]) for name, values in weights.items()}, proof

    return lie


def _one_more(work: _Work) -> tuple[Model, bytes]:
    weights, proof = work.done()
    name = next(iter(weights))
    weights[name] = weights[name].copy()
    weights[name].flat[0] += 1
    return weights, proof


def _liked_order(work: _Work) -> tuple[Model, bytes]:
    return work.done(seed=bytes(32))


def _other_round(work: _Work) -> tuple[Model, bytes]:
    return work.done(context=b"another round")


def _other_base(work: _Work) -> tuple[Model, bytes]:
    return work.done(base={name: values + 1 for name, values in work.base.items()})


def _other_rate(described: data.Schema) -> Callable[[_Work], tuple[Model, bytes]]:
    def lie(work: _Work) -> tuple[Model, bytes]:
        faster = train.compile(
            train.mlp(len(hospitals.COLUMNS), 16, len(hospitals.CLASSES)),
            schema=described,
            optimizer=replace(hospitals.TRAINING, rate=1.0),
            records=hospitals.RECORDS,
            proofs=32,
            optimize="time",
        )
        secret = faster.commit_data(work.data.records)
        update = faster.prove(_as(faster, work), secret, work.data.records, seed=work.seed, context=work.context)
        return work.made.integers(faster.real(update.weights)), update.proof

    return lie


def _as(faster: train.Deployment, work: _Work) -> Model:
    return faster.integers(work.made.real(work.base))


def lies(described: data.Schema) -> list[tuple[str, str, Callable[[_Work], tuple[Model, bytes]]]]:
    """What nodes hand in: in words, why it fails, how."""
    return [
        ("It trained nothing and sends the base back", "the proof says other weights", _moved(lambda new, base: base)),
        ("It negates its update", "the proof says other weights", _moved(lambda new, base: 2 * base - new)),
        (
            "It counts its update ten times",
            "the proof says other weights",
            _moved(lambda new, base: base + 2 * (new - base)),
        ),
        ("It adds 1 to one integer of one weight", "one unit of 2^-28 is too much", _one_more),
        ("It draws an order of records that it likes", "batches follow from the round's seed", _liked_order),
        ("It hands in a proof for another round", "a proof is bound to its round", _other_round),
        ("It trains from another base", "the base is the announced one", _other_base),
        ("It trains four times as fast", "the rate stands in the program", _other_rate(described)),
    ]


def refusals(made: train.Deployment, described: data.Schema, folder: Path) -> list[Refusal]:
    """Every cheat against one federation: at the door, and in two rounds of four."""
    tables = hospitals.split(skewed=False)
    federation = hospitals.federation(made, described, tables, folder, Rule())
    found = _at_the_door(federation, folder)
    for hospital in federation.hospitals:
        node = hospitals.joined(hospital, federation, folder)
        federation.server.register(*node.registration())
    tried = lies(described)
    for first in range(0, len(tried), hospitals.HOSPITALS):
        found += _in_a_round(federation, tried[first : first + hospitals.HOSPITALS])
    return found


def _in_a_round(federation: Federation, tried: list[Any]) -> list[Refusal]:
    hospitals.opened(federation)
    for hospital, (_, _, lie) in zip(federation.hospitals, tried, strict=False):
        assert hospital.node is not None
        hospital.node.deployment = Liar(federation.deployment, lie)
        federation.server.receive(hospital.node.answer(federation.server.brief()))
    hospitals.closed(federation)
    row = federation.server.store.round(federation.server.digest)
    assert row is not None
    slugs = {entry.node: entry.slug for entry in federation.server.store.entries(federation.server.digest, row.round)}
    return [
        Refusal(text, OTHER_STATEMENT, slugs.get(hospital.key.public) or "", why)
        for hospital, (text, why, _) in zip(federation.hospitals, tried, strict=False)
    ]


def _at_the_door(federation: Federation, folder: Path) -> list[Refusal]:
    """Manifests that do not hold, and records that are not valid."""
    first, second = federation.hospitals[0], federation.hospitals[1]

    def tried(text: str, expected: str, why: str, hospital: Hospital, signed: bytes) -> Refusal:
        node = hospitals.joined(hospital, federation, folder / text[:24].replace(" ", "-"), signed)
        outcome = federation.server.register(*node.registration())
        return Refusal(text, (expected,), outcome.state, why)

    itself = hospitals.manifest(first, federation, issuer=first.key)
    other = hospitals.manifest(second, federation)
    return [
        tried("It signs its own manifest", "issuer_unknown", "only issuers vouch for data", first, itself),
        tried("It shows another hospital's manifest", "manifest_node", "it names the node", first, other),
        _twice(federation, first),
        _two_labels(federation, first),
    ]


def _dataset_of(federation: Federation, records: Mapping[str, Any]) -> str:
    """Commit to these integers and prove them valid: the slug of the refusal."""
    made = federation.deployment
    try:
        secret = made.commit_data(records)
        opened = Dataset.opened(made.dataset, federation.schema, secret, (0, 1 << 20))
        data.prove_dataset(made.dataset, opened)
    except TacitError as error:
        return error.slug
    return ""


def _twice(federation: Federation, hospital: Hospital) -> Refusal:
    records = {name: values.copy() for name, values in hospital.records.items()}
    for values in records.values():
        values[1] = values[0]
    slug = _dataset_of(federation, records)
    return Refusal("It counts one record twice", ("execution",), slug, "ids of a valid dataset increase")


def _two_labels(federation: Federation, hospital: Hospital) -> Refusal:
    records = {name: values.copy() for name, values in hospital.records.items()}
    records["y"][0] = 1
    slug = _dataset_of(federation, records)
    return Refusal("It gives a record two diagnoses", ("execution",), slug, "a label is one-hot")


def flipped(made: train.Deployment, described: data.Schema, folder: Path) -> tuple[float, float]:
    """Accuracy after a round of four honest hospitals, and with one that turned all its diagnoses round: its proof holds."""
    tables = hospitals.split(skewed=False)
    found = []
    for kind in ("honest", "false"):
        own = tables
        if kind == "false":
            false = dict(tables.hospitals[0])
            names = np.array(hospitals.CLASSES)
            false["diagnosis"] = names[(false["diagnosis"] == names[0]).astype(int)]
            own = hospitals.Split((false, *tables.hospitals[1:]), tables.test)
        place = folder / kind
        place.mkdir(parents=True)
        federation = hospitals.federation(made, described, own, place, Rule())
        for hospital in federation.hospitals:
            federation.server.register(*hospitals.joined(hospital, federation, place).registration())
        hospitals.opened(federation)
        for hospital in federation.hospitals:
            assert hospital.node is not None
            federation.server.receive(hospital.node.answer(federation.server.brief()))
        found.append(hospitals.accuracy(made, hospitals.closed(federation), tables.test, described))
    return found[0], found[1]
