"""A deployment: the programs of one task under one geometry, the trainer, and proofs of training made and verified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit import hashing
from tacit.api import integers
from tacit.api.objects import Commitment, Program, Weights
from tacit.api.parameters import check, check_count, check_named
from tacit.api.secret import Secret
from tacit.api.storage import Stored
from tacit.errors import InputError, InvalidProof
from tacit.exact import outside, unmasked
from tacit.program.intervals import OutOfField
from tacit.train import file
from tacit.train.bounds import Interval
from tacit.train.description import refused
from tacit.train.emit import DATA, MODEL, NEXT
from tacit.train.network import float_weights
from tacit.train.options import reals
from tacit.train.order import batches
from tacit.train.programs import Programs
from tacit.train.proof import BOUND
from tacit.train.trainer import Ints, Trainer, Trajectory, check_records
from tacit.words import some

if TYPE_CHECKING:
    from tacit.data import Schema
    from tacit.train.report import TrainingReport

Model = Mapping[str, npt.NDArray[Any]]
#: Of a description with the digests of its programs (docs/protocol/protocol.md, section 1).
TAG = hashing.tag(16)


@dataclass(frozen=True)
class Held:
    """A private model: its integers, and the secret of the commitment to them."""

    weights: Model
    secret: Secret = field(repr=False)

    @property
    def commitment(self) -> Commitment:
        """The public part."""
        return self.secret.commitment


@dataclass(frozen=True)
class Update:
    """What a node makes of a base: the next integers (of a private next with their secret), and the proof."""

    weights: dict[str, Ints] = field(repr=False)
    proof: bytes = field(repr=False)
    secret: Secret | None = field(default=None, repr=False)

    @property
    def held(self) -> Held:
        """The next as a base of what follows. Raises InputError for a public one."""
        if self.secret is None:
            raise InputError("the next is public: its integers are the base", slug="visibility", place="next")
        return Held(self.weights, self.secret)


class Deployment(Stored):
    """Programs of one task: `train` (T steps), `infer`, `dataset`, `evaluate`; all public, all from the same description.

    `initial`: the weights that the model came with, in integers: a first base. A deployment that was loaded has none.
    """

    def __init__(self, programs: Programs, all: Mapping[str, Program], initial: Model | None = None) -> None:
        self.programs, self.all = programs, dict(all)
        self.train, self.infer, self.dataset = all["train"], all["infer"], all["dataset"]
        self.evaluate = all.get("evaluate")
        self.report: TrainingReport | None = None
        self._initial = initial
        self._kept: tuple[dict[str, Ints], Secret] | None = None

    # --- what it is

    @property
    def description(self) -> Any:
        """What the programs are made from (`tacit.train.description`)."""
        return self.programs.description

    @cached_property
    def digest(self) -> bytes:
        """32 bytes: of the description and of all programs."""
        parts = [self.description.encode()]
        parts += [bytes.fromhex(program.digest) for program in self.all.values()]
        return hashing.digest(TAG, *(piece for part in parts for piece in (len(part).to_bytes(8, "big"), part)))

    @property
    def records(self) -> int:
        """Records of a shard: what an average weighs an update by."""
        return int(self.description.records)

    @property
    def parameters(self) -> list[tuple[str, tuple[int, ...], int, int]]:
        """(name, shape, least, greatest) of the model's integer tensors."""
        shapes = self.description.plan.network.shapes()
        return [(name, shapes[name], *self._ends[name]) for name in self.description.plan.network.parameters]

    @property
    def _ends(self) -> dict[str, Interval]:
        try:
            return self.programs.bounds.ends
        except OutOfField as error:  # of a description that nobody compiled
            raise refused(f"its steps leave the field: {error}") from None

    @property
    def initial(self) -> dict[str, Ints]:
        """The first base. Raises InputError (slug base) where there is none."""
        if self._initial is None:
            raise InputError("a deployment that was loaded has no weights", slug="base", place="initial")
        return self.integers(self._initial)

    def integers(self, weights: Model) -> dict[str, Ints]:
        """Real weights as integers, nearest. Raises InputError for one that is missing or out of its interval."""
        out = {}
        self._check_names(weights, "weights")
        for name, shape, lo, hi in self.parameters:
            real = reals(weights[name], f"weights, {name}")
            if real.size != int(np.prod(shape)):
                got = f"got {list(real.shape)}"
                raise InputError(f"expected shape {list(shape)}, {got}", slug="shape", place=f"weights, {name}")
            found = np.floor(real.reshape(shape) * 2.0 ** self.programs.fracs[name] + 0.5)
            if (got := outside(found, lo, hi)) is not None:
                low, high, value = (end * 2.0 ** -self.programs.fracs[name] for end in (lo, hi, got))
                raise InputError(f"expected weights in [{low:g}, {high:g}], got {value:g}", slug="range", place=name)
            out[name] = found.astype(np.int64)
        return out

    def real(self, model: Model) -> dict[str, npt.NDArray[np.float64]]:
        """The real weights that integers stand for. Raises InputError for one that is missing."""
        self._check_names(model, "model")
        values = {name: reals(values, f"model, {name}") for name, values in model.items()}
        return float_weights(self.description.plan.network, values, self.programs.fracs)

    def check_model(self, model: Model, place: str) -> None:
        """Names, shapes and intervals of a model's integers. Raises InputError naming what differs."""
        self._check_names(model, place)
        for name, shape, lo, hi in self.parameters:
            values = np.asarray(unmasked(model[name], f"{place}, {name}"))
            if values.dtype != np.int64 or values.shape != tuple(shape):
                got = f"{values.dtype} of shape {list(values.shape)}"
                raise InputError(
                    f"expected int64 of shape {list(shape)}, got {got}", slug="shape", place=f"{place}, {name}"
                )
            if (got := outside(values, lo, hi)) is not None:
                raise InputError(
                    f"expected integers in [{lo}, {hi}], got {got}", slug="range", place=f"{place}, {name}"
                )

    def _check_names(self, model: Model, place: str) -> None:
        wanted = {name for name, *_ in self.parameters}
        if not isinstance(model, Mapping):
            raise InputError(f"expected weights by name, got {type(model).__name__}", slug="type", place=place)
        if set(model) != wanted:
            differs = some(sorted(map(str, wanted ^ set(model))))
            raise InputError(
                f"expected the weights {some(sorted(wanted))}; {differs} differ", slug="missing", place=place
            )

    # --- training

    def order(self, seed: bytes) -> Ints | None:
        """(T, B): the records of every step, from the seed; None where nothing is drawn."""
        plan = self.description.plan
        if self.description.places.order != "permutation":
            return None
        return batches(seed, self.records, plan.batch, plan.steps)

    def trainer(self, batch: int | None = None) -> Trainer:
        """The integer trainer of the plan; with another batch size only for comparisons."""
        plan = self.description.plan
        if batch is not None and batch != plan.batch:
            plan = replace(plan, batch=batch)
        return Trainer(plan, self.programs.bounds, self.programs.overflow)

    def fit(self, base: Model, x: Ints, y: Ints, seed: bytes | None = None) -> Trajectory:
        """T steps in integers: exactly what a proof says, without one. x (N, ...), y (N, targets).

        Raises InputError, and WitnessError where a weight leaves its interval.
        """
        self.check_model(base, "base")
        plan = self.description.plan
        check_records(plan, self.records, x, y)
        return self.trainer().fit(base, x, y, self._rows(seed))

    def _rows(self, seed: bytes | None) -> Ints | None:
        order = self.description.places.order
        if order == "permutation":
            if seed is None:
                raise InputError(
                    "batches are drawn from a seed",
                    slug="seed",
                    place="seed",
                    remedy="give the round's 32 bytes (--seed)",
                )
            return self.order(seed)
        plan = self.description.plan
        return None if order == "all" else np.arange(plan.steps * plan.batch).reshape(plan.steps, plan.batch)

    # --- commitments

    def weights(self, model: Model, program: str = "infer") -> Weights:
        """A public model's integers for `tacit.commit_model` and `tacit.verify` with the program `infer` or `evaluate`."""
        if program not in ("infer", "evaluate") or program not in self.all:
            raise InputError(f"expected infer or evaluate, got {program!r}", slug="program", place="program")
        self.check_model(model, "model")
        return Weights(self.all[program].digest, MODEL, self._pieces(model))

    def _pieces(self, model: Model) -> dict[str, Ints]:
        return self.programs.training.piece_values(model)

    def commit_base(self, model: Model, *, proofs: int | None = None, children: int = 0) -> Held:
        """A private model. `proofs`, `children`: as for `tacit.commit_model`."""
        self.check_model(model, "base")
        secret = integers.commit(
            self.train, MODEL, self._pieces(model), proofs=proofs, children=children, others=self._others
        )
        return Held(dict(model), secret)

    def _public_base(self, model: Model) -> Secret:
        """The commitment to a public base; of the last one it is kept, since all nodes of a round have the same."""
        if self._kept is not None:
            known, secret = self._kept
            if all(np.array_equal(values, known[name]) for name, values in model.items()):
                return secret
        secret = integers.commit_public(self.train, MODEL, self._pieces(model))
        self._kept = {name: np.array(values) for name, values in model.items()}, secret
        return secret

    @property
    def _others(self) -> list[Program]:
        return [program for name, program in self.all.items() if name != "train"]

    def commit_data(self, records: Mapping[str, Ints], *, proofs: int | None = None, children: int = 0) -> Secret:
        """A commitment to a shard's integers (`Schema.encode`): x, y, id.

        As many records as training takes, or as an evaluation does. Raises InputError (slug records: another number).
        """
        check("records", records, Mapping)
        program = self.program_of(np.size(records["id"])) if "id" in records else self.train
        others = [other for other in self.all.values() if other is not program]
        return integers.commit(program, DATA, dict(records), proofs=proofs, children=children, others=others)

    def program_of(self, count: int, place: str = "records") -> Program:
        """The program whose shards have so many records: `train` or `evaluate`. Raises InputError (slug records)."""
        if count == self.records:
            return self.train
        tested = self.description.evaluate
        if self.evaluate is not None and count == tested:
            return self.evaluate
        wanted, sizes = f"the {self.records} records that the deployment is for", str(self.records)
        if self.evaluate is not None and tested != self.records:
            wanted = f"the {self.records} records that training takes, or the {tested} of an evaluation"
            sizes = f"{self.records} or {tested}"
        raise InputError(
            f"expected {wanted}, got {count}",
            slug="records",
            place=place,
            remedy=f"compile for {count} records, or cut the table into shards of {sizes}",
        )

    # --- proofs

    def prove(
        self,
        base: Model | Held,
        data: Secret,
        records: Mapping[str, Ints],
        *,
        seed: bytes | None = None,
        context: bytes = b"",
        proofs: int | None = None,
    ) -> Update:
        """Train on a committed shard and prove it. `data`: its secret; `records`: its integers.

        `base`: public integers, or what is held of a private model. `seed`: 32 bytes that batches are drawn from. `context`:
        bytes that the proof is bound to. `proofs`: the allowance of a private next. Spends one proof of every private commitment.
        Raises InputError, WitnessError, AllowanceExceeded.
        """
        check_count("proofs", 1 if proofs is None else proofs)
        held = self._held(base)
        check_named("records", records, "x", "y")
        trajectory = self.fit(held.weights, records["x"], records["y"], seed)
        secrets = {MODEL: held.secret, DATA: data}
        given = self.programs.training.given(trajectory)
        given |= self.programs.training.batch_values(self.description.plan, self._rows(seed))
        next_secret = None
        if self.description.places.next == "private":
            next_secret = integers.commit(
                self.train, NEXT, self._pieces(trajectory.weights), proofs=proofs, others=self._others
            )
            secrets[NEXT] = next_secret
        else:
            given |= self.programs.training.next_values(trajectory.weights)
        try:
            argument = integers.prove(self.train, secrets, given, context)
        except InputError as error:
            if error.slug != "execution":
                raise
            # What the trainer made of base and records holds for them, so others were committed to.
            raise InputError(
                "the base or the records are not those that were committed to",
                slug="committed",
                place="records",
                remedy="give the integers of the commitments; a proof was counted as refused",
            ) from None
        return Update(trajectory.weights, argument, next_secret)

    def _held(self, base: Model | Held) -> Held:
        private = self.description.places.base == "private"
        if isinstance(base, Held) != private:
            wanted = "what `commit_base` or an update gives" if private else "integers by name"
            raise InputError(
                f"the base is {'private' if private else 'public'}: expected {wanted}", slug="visibility", place="base"
            )
        if isinstance(base, Held):
            return base
        self.check_model(base, "base")
        return Held(dict(base), self._public_base(base))

    def verify(
        self,
        base: Model | Commitment,
        next: Model | Commitment,
        data: Commitment,
        proof: bytes,
        *,
        seed: bytes | None = None,
        context: bytes = b"",
        security: int = 128,
    ) -> None:
        """Accept that `next` is what T declared steps make of `base` on the committed shard, in the seed's order.

        Models are public integers or commitments, as the deployment says. Raises InvalidProof, or InputError for what
        is no model. Nothing is said of the data but that it is what was committed to, and lies in the schema's intervals.
        """
        commitments = {MODEL: self._commitment(base, "base"), DATA: data}
        publics = self.programs.training.batch_values(self.description.plan, self._rows(seed))
        if self.description.places.next == "private":
            if not isinstance(next, Commitment):
                raise InvalidProof("expected the commitment of the next", slug="commitments", place=NEXT)
            commitments[NEXT] = next
        else:
            if isinstance(next, Commitment):
                raise InvalidProof("expected the integers of the next", slug="commitments", place=NEXT)
            self.check_model(next, "next")
            publics |= self.programs.training.next_values(next)
        integers.verify(self.train, proof, commitments, publics, context, security, BOUND)

    def _commitment(self, model: Model | Commitment, place: str) -> Commitment:
        if isinstance(model, Commitment):
            if self.description.places.base == "public":
                raise InvalidProof("expected the integers of the base", slug="commitments", place=place)
            return model
        if self.description.places.base == "private":
            raise InvalidProof("expected the commitment of the base", slug="commitments", place=place)
        self.check_model(model, place)
        return self._public_base(model).commitment

    # --- the file

    def check(self, schema: Schema | None = None) -> None:
        """Make every program once more from the description (the dataset's from the schema), and compare.

        Whoever did not compile a deployment should, before its proofs mean anything to him. Raises ProgramError: slug program,
        naming the program that is another; slug schema, where its file names another schema, whose integers are alike.
        """
        from tacit.data import Schema

        check("schema", schema, Schema, optional=True)
        file.check(self, schema)

    @classmethod
    def _of_file(cls, data: bytes) -> Deployment:
        return cls(*file.read(data))

    def _to_file(self) -> bytes:
        return file.written(self.description.encode(), self.all)

    def __repr__(self) -> str:
        plan = self.description.plan
        return f"<tacit.train.Deployment {self.description.name!r} {self.digest.hex()[:16]} steps={plan.steps}>"


def deployed(
    programs: Programs, schema: Schema, weights: Model, proofs: int, security: int, optimize: str
) -> Deployment:
    """All programs under one geometry. Raises ProgramError."""
    from tacit import data
    from tacit.data.told import notes

    made = {"train": programs.training.program, "infer": programs.inference[0]}
    made["dataset"] = data.program(schema, programs.description.records)
    if programs.evaluation is not None:
        made["evaluate"] = programs.evaluation
    found = integers.deploy(
        [program.encode() for program in made.values()],
        proofs=proofs,
        security=security,
        optimize=optimize,
        architectures={1: programs.inference[1]},
        notes={2: notes(schema)},
    )
    return Deployment(programs, dict(zip(made, found, strict=True)), weights)
