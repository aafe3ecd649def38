"""What nodes and verifiers may try with proofs of training: each is refused, with its reason (docs/attacks.md)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from tacit.api.secret import Secret
from tacit.data import Records, Schema
from tacit.errors import InputError, InvalidProof, TacitError, WitnessError
from tacit.train import SGD, Deployment, Update, compile, mlp

SCHEMA = Schema.array((4,), -8, 8, 2)
SEED, CONTEXT = bytes(range(32)), b"round 1"
RECORDS = 12


def compiled(optimizer: SGD | None = None, **options: Any) -> Deployment:
    plan = optimizer or SGD(0.25, 4, 3)
    return compile(mlp(4, 3, 2), schema=SCHEMA, optimizer=plan, records=RECORDS, evaluate=0, **options)


def shard(seed: int = 0, *, flipped: bool = False) -> Records:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, RECORDS)
    x = np.clip(rng.normal(size=(RECORDS, 4)) + 2 * label[:, None] - 1, -8, 8)
    return SCHEMA.encode((x, [str(n) for n in (1 - label if flipped else label)]))


@dataclass
class Round:
    """One node's honest contribution to a round."""

    task: Deployment
    base: Any
    data: Secret
    records: Records
    update: Update

    @property
    def next(self) -> Any:
        private = self.task.description.places.next == "private"
        return self.update.held.commitment if private else self.update.weights

    def verify(self, **other: Any) -> None:
        task = other.pop("task", self.task)
        base = self.base if isinstance(self.base, dict) else self.base.commitment
        given: dict[str, Any] = {
            "base": base, "next": self.next, "data": self.data.commitment, "proof": self.update.proof, "seed": SEED,
            "context": CONTEXT,
        } | other  # fmt: skip
        task.verify(given.pop("base"), given.pop("next"), given.pop("data"), given.pop("proof"), **given)


def contributed(task: Deployment, records: Records | None = None, base: Any = None) -> Round:
    records = shard() if records is None else records
    data = task.commit_data(records, proofs=4)
    if base is None:
        base = task.initial
        if task.description.places.base == "private":
            base = task.commit_base(base, proofs=4)
    update = task.prove(base, data, records, seed=SEED, context=CONTEXT, proofs=4)
    return Round(task, base, data, records, update)


@cache
def public() -> Round:
    return contributed(compiled())


@cache
def private() -> Round:
    return contributed(compiled(base="private", next="private"))


def refused(made: Round, **other: Any) -> InvalidProof:
    with pytest.raises(InvalidProof) as caught:
        made.verify(**other)
    return caught.value


def test_an_honest_round_is_accepted() -> None:
    for made in (public(), private()):
        made.verify()
        found = made.task.fit(made.task.initial, made.records["x"], made.records["y"], SEED)
        assert all(np.array_equal(found.weights[name], values) for name, values in made.update.weights.items())


@pytest.mark.parametrize("order", ["committed", "permutation"])
@pytest.mark.parametrize(("base", "next"), [("public", "private"), ("private", "public")])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_every_place_proves(base: str, next: str, order: str, momentum: float) -> None:
    contributed(compiled(SGD(0.25, 4, 3, momentum=momentum, order=order), base=base, next=next)).verify()


def test_steps_over_all_records_prove() -> None:
    contributed(compiled(SGD(((2, 0.5), (1, 0.125)), None, 3, decay=0.01), frozen=["b0"])).verify()


#: What a node says is its next, of (base, honest next).
NEXTS: dict[str, Callable[[Any, Any], Any]] = {
    "lazy": lambda base, after: base,
    "sign flip": lambda base, after: base - (after - base),
    "times ten": lambda base, after: base + 10 * (after - base),
    "one more": lambda base, after: after + (np.arange(after.size).reshape(after.shape) == 0),
    "zero": lambda base, after: np.zeros_like(after),
    "noise": lambda base, after: after + np.random.default_rng(0).integers(-5, 6, after.shape),
}


@pytest.mark.parametrize("name", NEXTS)
def test_another_next_is_refused(name: str) -> None:
    made = public()
    changed = {n: NEXTS[name](made.base[n], values) for n, values in made.update.weights.items()}
    refused(made, next=changed)


@pytest.mark.parametrize("name", NEXTS)
def test_another_private_next_is_refused(name: str) -> None:
    """The commitment of other weights, validly made: its identity is another."""
    made = private()
    base = made.base.weights
    changed = {n: NEXTS[name](base[n], values) for n, values in made.update.weights.items()}
    other = made.task.commit_base(changed, proofs=4)
    refused(made, next=other.commitment)


def test_another_base_data_seed_or_context_is_refused() -> None:
    made = public()
    task = made.task
    name = next(iter(made.base))
    base = {**made.base, name: made.base[name] + 1}
    rolled = np.roll(np.arange(RECORDS), 1)
    others: list[dict[str, Any]] = [
        {"base": base},
        {"base": made.update.weights},
        {"data": task.commit_data(shard(1)).commitment},
        {"data": task.commit_data(made.records).commitment},  # equal values under another commitment
        {"data": task.commit_data({k: v[rolled] if k != "id" else v for k, v in made.records.items()}).commitment},
        {"seed": bytes(32)},
        {"seed": SEED[::-1]},
        {"context": b"round 2"},
        {"context": b""},
    ]
    for other in others:
        refused(made, **other)
    made.verify()


def test_private_bases_are_their_commitments() -> None:
    made = private()
    again = made.task.commit_base(made.base.weights, proofs=4).commitment
    refused(made, base=again)
    refused(made, base=made.next)
    refused(made, next=made.base.commitment)
    refused(made, base=made.next, next=made.base.commitment)


def test_one_commitment_is_not_base_and_next() -> None:
    made = private()
    for one in (made.base.commitment, made.next):
        assert refused(made, base=one, next=one).slug in ("slabs", "commitments", "role", "slab")


def test_sides_are_what_the_deployment_says() -> None:
    open_, hidden = public(), private()
    refused(open_, base=hidden.base.commitment)
    refused(open_, next=hidden.next)
    refused(hidden, base=open_.base)
    refused(hidden, next=open_.update.weights)
    with pytest.raises(InputError):
        hidden.task.prove(open_.base, hidden.data, hidden.records, seed=SEED)
    with pytest.raises(InputError):
        open_.task.prove(hidden.base, open_.data, open_.records, seed=SEED)
    with pytest.raises(InputError):
        _ = open_.update.held


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer": SGD(0.5, 4, 3)},
        {"optimizer": SGD(0.25, 4, 2)},
        {"optimizer": SGD(0.25, 3, 3)},
        {"optimizer": SGD(0.25, 4, 3, momentum=0.5)},
        {"optimizer": SGD(0.25, 4, 3, decay=0.01)},
        {"optimizer": SGD(0.25, 4, 3, order="committed")},
        {"loss": "logistic"},
        {"frozen": ["w0"]},
        {"overflow": "refuse"},
        {"next": "private"},
    ],
    ids=str,
)
def test_another_task_is_another_program(other: dict[str, Any]) -> None:
    """Rate, steps, batch, loss, ..: a proof of one is none of the other, whatever else is the same."""
    made, task = public(), compiled(**other)
    assert task.digest != made.task.digest
    assert task.train.digest != made.task.train.digest
    with pytest.raises(TacitError):
        made.verify(task=task)


def test_every_byte_of_a_proof_counts() -> None:
    made, rng = public(), np.random.default_rng(0)
    proof = made.update.proof
    wrong = [b"", proof[:-1], proof + b"\0", proof[:100], bytes(len(proof)), bytes(1 << 16)]
    for at in rng.integers(0, len(proof), 40):
        wrong.append(proof[:at] + bytes([proof[at] ^ (1 << int(rng.integers(8)))]) + proof[at + 1 :])
    for other in wrong:
        refused(made, proof=other)


def test_a_prover_cannot_use_other_integers_than_committed_ones() -> None:
    made = public()
    records, task = made.records, made.task
    flipped = Records({**records, "y": records["y"][:, ::-1].copy()})
    with pytest.raises(InputError) as caught:
        task.prove(made.base, task.commit_data(records), flipped, seed=SEED, context=CONTEXT)
    assert caught.value.slug == "committed"
    hidden = private()
    name = next(iter(hidden.base.weights))
    other = replace(hidden.base, weights={**hidden.base.weights, name: hidden.base.weights[name] + 5})
    with pytest.raises(InputError):
        hidden.task.prove(other, hidden.task.commit_data(records), records, seed=SEED, context=CONTEXT)


def at_the_ends(task: Deployment, inside: bool) -> dict[str, Any]:
    """Weights at the ends of their intervals, or as far from these as T steps can carry one."""
    base = {}
    for name, shape, lo, hi in task.parameters:
        room = hi - task.programs.bounds.grown[name][1] if inside else 0
        odd = np.arange(int(np.prod(shape))).reshape(shape) % 3 == 0
        base[name] = np.where(odd, lo - room, hi + room).astype(np.int64)
    return base


def test_a_hostile_base_stops_nobody() -> None:
    """Weights as large as they can be, and all 0: the step is total, so honest nodes have a proof."""
    task = public().task
    for base in (at_the_ends(task, inside=True), {n: np.zeros(s, np.int64) for n, s, *_ in task.parameters}):
        contributed(task, base=base).verify()


def test_a_weight_that_leaves_its_interval_is_named_before_anything_is_spent() -> None:
    """The rest of the interval: a base so near its ends that steps carry a weight beyond has no next."""
    made = public()
    data = made.task.commit_data(made.records, proofs=1)
    with pytest.raises(WitnessError) as caught:
        made.task.prove(at_the_ends(made.task, inside=False), data, made.records, seed=SEED, context=CONTEXT)
    assert str(caught.value.place) in made.base
    made.task.prove(made.base, data, made.records, seed=SEED, context=CONTEXT)


@pytest.mark.parametrize("end", [0, 1])
def test_records_at_the_edges_prove(end: int) -> None:
    task = public().task
    records = shard()
    lo, hi = SCHEMA.interval
    edge = np.full_like(records["x"], (lo, hi)[end])
    contributed(task, Records({**records, "x": edge})).verify()
    with pytest.raises(InputError):
        task.fit(task.initial, edge + (2 * end - 1), records["y"], SEED)


def test_two_ones_train() -> None:
    """Training speaks of what was committed to: that labels are one-hot is what the dataset's proof says."""
    records = Records({**public().records, "y": np.ones_like(public().records["y"])})
    contributed(public().task, records).verify()


def test_flipped_labels_are_no_proofs_matter() -> None:
    contributed(public().task, shard(flipped=True)).verify()


def test_counts_are_those_of_the_program() -> None:
    """Fewer or more records than the program says have no commitment; what an average weighs by is the program's N."""
    task, records = public().task, shard()
    assert task.records == RECORDS
    for part in (records.part(0, RECORDS - 1), Records({k: np.repeat(v, 2, 0) for k, v in records.items()})):
        with pytest.raises(TacitError):
            task.commit_data(part)
        with pytest.raises(InputError):
            task.fit(task.initial, part["x"], part["y"], SEED)


@pytest.mark.parametrize(
    "other",
    [
        {"seed": None}, {"seed": b"short"}, {"seed": "a" * 32}, {"seed": 5}, {"base": None}, {"base": {}}, {"next": []},
        {"next": {"w0": 1}}, {"base": 7}, {"security": 129},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_statement_has_a_clear_error(other: dict[str, Any]) -> None:
    with pytest.raises(TacitError):
        public().verify(**other)


def test_records_that_are_none_have_a_clear_error() -> None:
    task, records = public().task, shard()
    x, y = records["x"], records["y"]
    wrong = [
        (x.astype(float), y),
        (x[:3], y),
        (x, y[:, :1]),
        (x, y + 1),
        (x.tolist(), y),
        (None, y),
        (x.astype(np.int32), y),
    ]
    for a, b in wrong:
        with pytest.raises(InputError):
            task.fit(task.initial, a, b, SEED)  # type: ignore[arg-type]
